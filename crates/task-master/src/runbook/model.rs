//! What a runbook says, after everything that can be wrong with it by itself has been refused.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::targets::On;
use super::tree::Place;
use crate::executor::{helm, terraform};

/// A runbook: which steps carry which task out.
#[derive(Debug, Clone)]
pub struct Runbook {
    /// The file it came from.
    pub file: PathBuf,
    /// The bindings, in the order of the file.
    pub bindings: Vec<Binding>,
}

impl Runbook {
    /// The binding of a task; a task without one is manual.
    #[must_use]
    pub fn binding(&self, task: &str) -> Option<&Binding> {
        self.bindings.iter().find(|binding| binding.task == task)
    }
}

/// How one task is carried out, and how it is known to be so.
#[derive(Debug, Clone)]
pub struct Binding {
    /// The task's id in the plan.
    pub task: String,
    /// Where the binding stands.
    pub at: Place,
    /// The requirements and criteria that carrying it out shows.
    pub shows: Vec<Id>,
    /// What is done, in order.
    pub steps: Vec<Step>,
    /// What stays true once it is done. Empty where the steps' own checks say it.
    pub holds: Vec<Condition>,
    /// The changes that make its check fail, one for each target on which it has steps: the proof that the
    /// check looks at something.
    pub mutations: Vec<Mutation>,
}

/// An id and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Id {
    /// The id.
    pub name: String,
    /// Where.
    pub at: Place,
}

/// One step.
#[derive(Debug, Clone)]
pub struct Step {
    /// Where it stands.
    pub at: Place,
    /// The targets on which it belongs to the task.
    pub on: On,
    /// What it does.
    pub action: Action,
    /// How long one attempt at it may take.
    pub timeout: Duration,
    /// How often it is tried again after a transient failure.
    pub retries: usize,
}

/// What a step does.
#[derive(Debug, Clone)]
pub enum Action {
    /// Makes the cluster's objects as the files say, by server-side apply.
    Apply(Apply),
    /// Has Argo CD look away from an Application, or look again.
    Reconcile(Reconcile),
    /// One verb on a Rollout.
    Rollout(Rollout),
    /// Sends requests and looks at the answers.
    Probe(Probe),
    /// Sends requests and looks at their status only.
    Http(Http),
    /// Demands that series are there by which a canary is going to be judged.
    Metrics(Metrics),
    /// Waits until a condition holds.
    Wait(Condition),
    /// Says whether a condition holds now.
    Check(Condition),
    /// Carries steps out while a load is on, and accounts for every request.
    Load(Load),
    /// Checks shipped files without a cluster or a tool.
    Static(Static),
    /// Runs an external tool, or checks shipped files where it is missing.
    Tool(ToolStep),
    /// Runs a program.
    Run(Run),
}

/// Objects from files.
#[derive(Debug, Clone)]
pub struct Apply {
    /// Manifests, relative to the repository.
    pub files: Vec<PathBuf>,
    /// Fields whose live value stays when the object is there, as JSON pointers: what releases change.
    pub keep: Vec<String>,
    /// Values of the files that are another value on the target, whole texts: where a repository is.
    pub replace: BTreeMap<String, String>,
}

/// Fields of one object.
#[derive(Debug, Clone)]
pub struct Patch {
    /// Which.
    pub object: ObjectRef,
    /// A JSON merge patch; never empty.
    pub merge: serde_json::Value,
}

/// Whether Argo CD keeps an Application equal to Git.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reconcile {
    /// The Application's name; its namespace is `argocd`.
    pub application: String,
    /// Whether Argo CD is to leave it alone.
    pub skip: bool,
}

/// The name of a Rollout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// One verb on a Rollout.
#[derive(Debug, Clone)]
pub struct Rollout {
    /// Which.
    pub on: Named,
    /// What.
    pub verb: Verb,
}

/// What can be done to a Rollout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verb {
    /// Sets the tag of a container's image.
    SetImage {
        /// The container.
        container: String,
        /// The tag, which is the version.
        tag: String,
    },
    /// Brings the version of its template all the way: promotes where it pauses, until it is Healthy.
    Settle {
        /// The version (image tag) that must be active at the end.
        on: String,
    },
    /// Moves on from a pause: the new version becomes active, and that is proven.
    Promote {
        /// The active host on which it must answer afterwards; without it selector and endpoints are the proof.
        host: Option<String>,
    },
    /// Gives the new version up.
    Abort,
    /// Sets the template back to that of a version seen before.
    Undo {
        /// The version (image tag) to return to.
        to: String,
    },
    /// Back to a good version by whatever mechanism fits the state, verified by requests.
    Rollback {
        /// The version that must answer afterwards.
        to: String,
        /// The active host on which it must answer.
        host: String,
    },
    /// Holds it.
    Pause,
    /// Lets it go on.
    Resume,
}

/// Requests and what must answer them.
#[derive(Debug, Clone)]
pub struct Probe {
    /// Which version must answer on which host.
    pub answers: Vec<(String, String)>,
    /// The path.
    pub path: String,
    /// How many requests to each host.
    pub requests: u32,
    /// How many a second.
    pub rate: u32,
    /// For how long another version may still answer before that: the endpoints' way to the ingress takes time.
    pub within: Duration,
}

/// Requests and the status that must come back.
#[derive(Debug, Clone)]
pub struct Http {
    /// The host.
    pub host: String,
    /// The path.
    pub path: String,
    /// The status.
    pub status: u16,
}

/// Queries that must have an answer before a canary starts.
#[derive(Debug, Clone)]
pub struct Metrics {
    /// The namespace of the canary, in which the question is put.
    pub namespace: String,
    /// The queries; each must answer a number above 0.
    pub present: Vec<String>,
    /// For how long one may still be without an answer: what is counted now is scraped a little later.
    pub within: Duration,
}

/// Steps under a load.
#[derive(Debug, Clone)]
pub struct Load {
    /// The host that is loaded.
    pub host: String,
    /// The path.
    pub path: String,
    /// Requests a second.
    pub rate: u32,
    /// How many may be lost.
    pub lost: u64,
    /// What is done meanwhile. None of these is itself a load or a program.
    pub steps: Vec<Step>,
}

/// Something about the cluster that is so or not.
#[derive(Debug, Clone)]
pub enum Condition {
    /// About a Rollout. Every part that is given must hold.
    Rollout(RolloutIs),
    /// An object contains these fields with these values.
    Object(ObjectIs),
}

/// What is said about a Rollout. Versions are image tags.
#[derive(Debug, Clone)]
pub struct RolloutIs {
    /// Which.
    pub on: Named,
    /// Its phase, in Argo's words.
    pub phase: Option<String>,
    /// The version that the active Service selects, of a canary the stable one, and that has ready pods.
    pub active: Option<String>,
    /// The version that the preview Service selects, of a canary the canary one, and that has ready pods.
    pub preview: Option<String>,
    /// A version of which no pod is left.
    pub gone: Option<String>,
    /// Versions that its revisions have had.
    pub revisions: Vec<String>,
}

/// What is said about an object.
#[derive(Debug, Clone)]
pub struct ObjectIs {
    /// Which.
    pub object: ObjectRef,
    /// The fields that it must contain; never empty.
    pub contains: serde_json::Value,
}

/// Names any object of a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectRef {
    /// `v1`, `argoproj.io/v1alpha1`, …
    pub api_version: String,
    /// Its kind.
    pub kind: String,
    /// Its namespace, unless it is cluster-wide.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
}

/// What can be checked of shipped files by themselves.
#[derive(Debug, Clone)]
pub enum Static {
    /// An Argo CD Application fits its project and the repository.
    Application {
        /// The Application's manifest.
        file: PathBuf,
        /// The AppProject's manifest.
        project: PathBuf,
    },
    /// A Terraform configuration declares what it uses, and uses what it declares.
    Configuration {
        /// Its folder.
        folder: PathBuf,
    },
    /// The committed rendering of a chart and plain manifests describe the same objects.
    Rendering {
        /// The committed rendering.
        rendered: PathBuf,
        /// The manifests.
        manifests: Vec<PathBuf>,
    },
}

/// An external tool's part.
#[derive(Debug, Clone)]
pub struct ToolStep {
    /// Which tool, and what for.
    pub tool: Tool,
    /// What is checked instead where the tool is missing; empty: then it may not be missing.
    pub without: Vec<Static>,
}

/// An external tool and what it is to do.
#[derive(Debug, Clone)]
pub enum Tool {
    /// Terraform: apply, destroy or validate a configuration.
    Terraform {
        /// The configuration's folder.
        folder: PathBuf,
        /// Input variables.
        variables: BTreeMap<String, String>,
        /// What to do.
        action: TerraformAction,
    },
    /// kubectl: apply files where `kubectl diff` says that they differ.
    Kubectl {
        /// The manifests.
        files: Vec<PathBuf>,
    },
    /// Helm: render a chart and compare it with the committed rendering.
    Helm {
        /// The chart.
        chart: helm::Chart,
        /// The committed rendering.
        rendered: PathBuf,
    },
    /// Argo CD: sync an Application and wait until it is healthy.
    ArgoCd {
        /// The Application.
        app: String,
    },
}

/// What Terraform is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TerraformAction {
    /// Make the world as the configuration says.
    Apply,
    /// Remove it.
    Destroy,
    /// Check the configuration by itself, with its providers.
    Validate,
    /// Check that its files can be read and are formatted.
    Format,
}

impl TerraformAction {
    /// The verb that finds out whether anything is to be done.
    #[must_use]
    pub fn question(self) -> terraform::Verb {
        match self {
            Self::Apply => terraform::Verb::Plan,
            Self::Destroy => terraform::Verb::PlanDestroy,
            Self::Validate => terraform::Verb::Validate,
            Self::Format => terraform::Verb::Format,
        }
    }
}

/// A program and its check.
#[derive(Debug, Clone)]
pub struct Run {
    /// The program and its arguments; never a shell line.
    pub argv: Vec<String>,
    /// Variables for it.
    pub env: BTreeMap<String, String>,
    /// Where it runs, relative to the repository.
    pub folder: Option<PathBuf>,
    /// A program that says by exit code 0 that it is so already.
    /// Without one, a run that is cut off ends as unknown and waits for a person.
    pub check: Option<Vec<String>>,
    /// Files and folders that it is about. It is so while they are as they were when the program last ended well.
    pub of: Vec<PathBuf>,
}

/// What undoes a task's effect, and on which targets.
#[derive(Debug, Clone)]
pub struct Mutation {
    /// Where.
    pub on: On,
    /// What.
    pub change: Change,
}

/// A change of the world or of a shipped file.
#[derive(Debug, Clone)]
pub enum Change {
    /// Delete an object.
    Delete(ObjectRef),
    /// Change an object.
    Patch(Patch),
    /// Run a program.
    Run {
        /// The program and its arguments.
        argv: Vec<String>,
    },
    /// Change a shipped file.
    Edit {
        /// Which.
        file: PathBuf,
        /// A text that occurs in it.
        find: String,
        /// What stands there afterwards.
        with: String,
    },
}
