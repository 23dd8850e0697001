//! What a script says, as data. [`mod@crate::parse`] makes it from text, [`mod@crate::run`] carries it out.

use std::time::Duration;

use crate::faults::Component;
use crate::transcript::FactKind;

/// A whole script.
#[derive(Debug, Clone, PartialEq)]
pub struct Script {
    /// What it is about, in a line.
    pub title: String,
    /// The requirement and criterion ids that a passing run shows.
    pub shows: Vec<String>,
    /// The Rollout that verbs and waits mean.
    pub rollout: Named,
    /// What is chance in this scenario and so not in its transcript; its comment says why.
    pub varies: Vec<FactKind>,
    /// The steps, in order.
    pub steps: Vec<Step>,
}

/// An object by namespace and name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The namespace; the whole of it belongs to the scenario.
    pub namespace: String,
    /// The name.
    pub name: String,
}

/// A step: commands whose effects are observed together. It ends when the world has become quiet, so that
/// what a command set in motion is never seen only in the next step.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Its title, which is the section's title in the transcript.
    pub title: String,
    /// The line of its title, from 1.
    pub line: usize,
    /// What is chance in this step alone; its comment says why.
    pub varies: Vec<FactKind>,
    /// Its commands, in order.
    pub commands: Vec<Command>,
}

/// A command with its place in the text.
#[derive(Debug, Clone, PartialEq)]
pub struct Command {
    /// Its line, from 1.
    pub line: usize,
    /// As it stands in the script, without overlays.
    pub text: String,
    /// What to do.
    pub action: Action,
}

/// What a command does.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Server-side apply of every object of these files, in order, after the overlays.
    Apply {
        /// Paths relative to the workspace.
        files: Vec<String>,
        /// Changes of the objects on their way.
        overlays: Vec<Overlay>,
    },
    /// A new version: the image of the Rollout's only container, and exactly this environment.
    Set {
        /// The image.
        image: String,
        /// Names and values; what is not named here is dropped.
        env: Vec<(String, String)>,
    },
    /// Promote; with `full`, past every pause and analysis.
    Promote {
        /// Whether to skip what remains.
        full: bool,
    },
    /// Abort the update.
    Abort,
    /// Retry an aborted update.
    Retry,
    /// Pause by the spec, which blocks every switch until [`Action::Resume`].
    Pause,
    /// Take the spec's pause away.
    Resume,
    /// Back to the previous revision.
    Undo,
    /// Back to the last good version by whatever the state needs, proven by requests.
    Rollback {
        /// The host to ask.
        host: String,
    },
    /// Wait for a state.
    Wait {
        /// The state.
        condition: Condition,
        /// For how long at most.
        within: Duration,
    },
    /// Let time pass, observing.
    Hold(Duration),
    /// Ask until the answer is the expected one.
    Probe {
        /// The host.
        host: String,
        /// What is to answer.
        expect: Expect,
        /// For how long at most.
        within: Duration,
    },
    /// Start a load that runs until [`Action::StopLoad`]. There is one load at a time.
    StartLoad {
        /// The host.
        host: String,
        /// Requests a second.
        per_second: u32,
    },
    /// Replace all pods, a few at a time.
    Restart,
    /// Send requests and compare the share that a version answers with the asked one.
    Measure(Measure),
    /// Have a part of the cluster accept questions and never answer, or answer again.
    Hang {
        /// Which.
        component: Component,
        /// Whether it is to hang.
        hangs: bool,
    },
    /// Stop or start a part of the cluster.
    Component {
        /// Which.
        component: Component,
        /// Whether it is to run.
        runs: bool,
    },
    /// Kill the process of one pod, without a word to anyone.
    Kill {
        /// Of which revision.
        revision: String,
    },
    /// Git, and Argo CD over it.
    Git(Git),
    /// A change by hand of an object that is there.
    Edit(Overlay),
    /// A deletion by hand.
    Delete {
        /// Its kind.
        kind: String,
        /// Its name.
        name: String,
    },
    /// Stop the load and compare its account.
    StopLoad {
        /// How many requests may be lost.
        lost: Lost,
    },
}

/// What is done in the scenario's repository, which begins empty, and with the Application over it.
#[derive(Debug, Clone, PartialEq)]
pub enum Git {
    /// A commit after which the repository holds the objects of these files and nothing else.
    Commit {
        /// Paths relative to the workspace.
        files: Vec<String>,
        /// Changes of the objects on their way.
        overlays: Vec<Overlay>,
    },
    /// A commit that takes the last one back.
    Revert,
    /// The Application of a file, over the repository.
    Application {
        /// Its path relative to the workspace.
        file: String,
        /// Changes of it on its way.
        overlays: Vec<Overlay>,
    },
    /// A forge tells Argo CD of the last commit.
    Webhook,
    /// Somebody asks Argo CD to look.
    Refresh,
}

/// A measurement of a share.
#[derive(Debug, Clone, PartialEq)]
pub struct Measure {
    /// The host.
    pub host: String,
    /// Whose share.
    pub version: String,
    /// What it should be, per cent.
    pub percent: f64,
    /// By how many points it may differ.
    pub points: f64,
    /// Of so many requests.
    pub requests: u32,
    /// So many of them a second.
    pub per_second: u32,
}

/// What is expected of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expect {
    /// A proper answer by this version.
    Version(String),
    /// No proper answer: refused, no route, or an error status.
    Nothing,
}

/// What is expected of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lost {
    /// Exactly so many; in practice none.
    Exactly(u64),
    /// At least one: the control that shows that the instrument can count.
    Some,
}

/// A change of one object before it is applied.
#[derive(Debug, Clone, PartialEq)]
pub struct Overlay {
    /// Its line, from 1.
    pub line: usize,
    /// The kind of the object.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// One JSON Patch operation (RFC 6902).
    pub operation: json_patch::PatchOperation,
}

/// A state to wait for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// The Rollout's phase, as Argo names it, and a part of its message.
    Phase {
        /// `Healthy`, `Paused`, `Degraded` or `Progressing`.
        phase: String,
        /// Must be contained in the message; empty for any.
        message: String,
    },
    /// A Service selects this revision, by the name of the transcript (r1, r2 …).
    Selects {
        /// The Service.
        service: String,
        /// The revision.
        revision: String,
    },
    /// A revision wants so many pods, and all of them are ready.
    Scaled {
        /// The revision.
        revision: String,
        /// How many.
        pods: i64,
    },
    /// A revision has no pods left, wanted or there.
    ScaledDown {
        /// The revision.
        revision: String,
    },
    /// The newest analysis run of a kind has this phase.
    Analysis {
        /// Where.
        kind: AnalysisKind,
        /// `Running`, `Successful`, `Failed`, `Error` or `Inconclusive`.
        phase: String,
    },
    /// A canary has this share, as its Ingress says it.
    Weight(u32),
    /// The Rollout is at the step of this index, from 0.
    Step(i64),
    /// The Application is Synced on a commit, by the name of the transcript (c1, c2 …), and its sync has succeeded.
    Synced {
        /// The commit.
        commit: String,
    },
    /// The Application was OutOfSync at some moment of this step: Argo CD may have healed it by now.
    OutOfSync,
    /// The Application has this health: `Healthy`, `Progressing`, `Suspended`, `Degraded` or `Missing`.
    Health(String),
    /// A revision has no ready pod although it wants some.
    Unready {
        /// The revision.
        revision: String,
    },
    /// All pods of a revision wait to be restarted, after so many restarts. The wait doubles each time, so
    /// the number says how long they will be away.
    CrashLooping {
        /// The revision.
        revision: String,
        /// How often each of them was restarted before, at least.
        restarts: i64,
    },
}

/// Where an analysis runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnalysisKind {
    /// Before the active Service is switched.
    PrePromotion,
    /// After it.
    PostPromotion,
    /// As a step of a canary.
    Step,
    /// Beside the steps of a canary.
    Background,
}

impl AnalysisKind {
    /// The value of the label `rollout-type` on such a run.
    pub fn label(self) -> &'static str {
        match self {
            AnalysisKind::PrePromotion => "PrePromotion",
            AnalysisKind::PostPromotion => "PostPromotion",
            AnalysisKind::Step => "Step",
            AnalysisKind::Background => "Background",
        }
    }
}

impl Script {
    /// Whether it takes a part of the cluster away, which everything else there would miss.
    pub fn harms(&self) -> bool {
        let harms =
            |command: &Command| matches!(command.action, Action::Component { .. } | Action::Hang { .. });
        self.steps.iter().flat_map(|step| &step.commands).any(harms)
    }

    /// How long it may wait in all, which says roughly how long it takes beside others.
    pub fn patience(&self) -> Duration {
        let wait = |command: &Command| match &command.action {
            Action::Wait { within, .. } | Action::Probe { within, .. } | Action::Hold(within) => *within,
            _ => Duration::ZERO,
        };
        self.steps.iter().flat_map(|step| &step.commands).map(wait).sum()
    }

    /// Whether it needs Git and Argo CD.
    pub fn is_by_git(&self) -> bool {
        let by_git = |command: &Command| matches!(command.action, Action::Git(_));
        self.steps.iter().flat_map(|step| &step.commands).any(by_git)
    }

    /// The files that it applies or commits, in order, each once.
    pub fn files(&self) -> Vec<&str> {
        let mut files: Vec<&str> = Vec::new();
        for command in self.steps.iter().flat_map(|step| &step.commands) {
            for file in command.action.files() {
                if !files.contains(&file.as_str()) {
                    files.push(file);
                }
            }
        }
        files
    }
}

impl Action {
    /// The files that it reads.
    fn files(&self) -> &[String] {
        match self {
            Action::Apply { files, .. } | Action::Git(Git::Commit { files, .. }) => files,
            Action::Git(Git::Application { file, .. }) => std::slice::from_ref(file),
            _ => &[],
        }
    }

    /// Where lines that change its objects go; `None` where it has none.
    pub(crate) fn overlays(&mut self) -> Option<&mut Vec<Overlay>> {
        match self {
            Action::Apply { overlays, .. }
            | Action::Git(Git::Commit { overlays, .. } | Git::Application { overlays, .. }) => Some(overlays),
            _ => None,
        }
    }
}
