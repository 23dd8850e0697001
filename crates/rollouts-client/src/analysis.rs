//! The verbs on AnalysisRuns: one from a template, and its end, as values. Nothing is sent here.
//!
//! Source: argo-rollouts 1.10.2, `cmd/create`, `cmd/terminate` and `utils/analysis`. Deliberately different from it:
//! a run that has ended, or is being ended, is not terminated once more; an argument that the template does not know
//! is refused, where the plugin drops it in silence; so is a file that holds no template.

use serde_json::{Map, Value, json};

use crate::patch::{PatchKind, PatchRequest, Subresource, Target};
use crate::types::{AnalysisRun, AnalysisTemplate, ClusterAnalysisTemplate};

/// Label by which one of several controllers is addressed.
pub const INSTANCE_ID: &str = "argo-rollouts.argoproj.io/controller-instance-id";

/// Why a verb on an analysis was refused. Nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnalysisError {
    /// It has its verdict.
    #[error("nothing to do: terminate analysisrun {name}: it has ended {phase}")]
    Ended {
        /// The run.
        name: String,
        /// Its verdict.
        phase: String,
    },
    /// It is asked to end.
    #[error("nothing to do: terminate analysisrun {name}: it is being terminated")]
    Ending {
        /// The run.
        name: String,
    },
    /// Not a template, or of the other scope.
    #[error("create analysisrun: this is {found} and no {wanted}")]
    NoTemplate {
        /// The kind that is there.
        found: String,
        /// The kind that is wanted.
        wanted: &'static str,
    },
    /// The template has no such argument.
    #[error("create analysisrun: template {template} has no argument {argument}; it has: {}", known.join(", "))]
    UnknownArgument {
        /// The template.
        template: String,
        /// The argument.
        argument: String,
        /// Those that it has.
        known: Vec<String>,
    },
    /// The template leaves it open, and so does the caller.
    #[error("create analysisrun: argument {argument} of template {template} has no value")]
    Unresolved {
        /// The template.
        template: String,
        /// The argument.
        argument: String,
    },
}

impl AnalysisError {
    /// Whether the state that the verb asks for is the case already.
    pub fn already_so(&self) -> bool {
        matches!(self, AnalysisError::Ended { .. } | AnalysisError::Ending { .. })
    }
}

/// What a new run is to be called, and what it is given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewRun {
    /// Its whole name; wins over `generate_name`.
    pub name: Option<String>,
    /// The beginning of its name [default: the template's name and a dash].
    pub generate_name: Option<String>,
    /// Values for the template's arguments; of the same name the last one counts.
    pub arguments: Vec<(String, String)>,
    /// The controller that is to run it; its label replaces those of the template.
    pub instance_id: Option<String>,
}

/// Ends a run before its time. What it has measured until then decides its verdict.
///
/// # Errors
/// When it has ended, or is being ended.
pub fn terminate(run: &AnalysisRun) -> Result<PatchRequest, AnalysisError> {
    let name = run.metadata.name.clone().unwrap_or_default();
    if let Some(status) = run.status.as_ref().filter(|status| status.phase.completed()) {
        return Err(AnalysisError::Ended { name, phase: status.phase.to_string() });
    }
    if run.spec.terminate == Some(true) {
        return Err(AnalysisError::Ending { name });
    }
    let target = Target {
        api_version: AnalysisRun::API_VERSION.to_owned(),
        kind: AnalysisRun::KIND.to_owned(),
        plural: AnalysisRun::PLURAL.to_owned(),
        namespace: run.metadata.namespace.clone(),
        name,
    };
    let body = json!({"spec": {"terminate": true}});
    Ok(PatchRequest { target, subresource: Subresource::Main, kind: PatchKind::Merge, body })
}

/// The AnalysisRun of a template, which is an AnalysisTemplate or, if `global`, a ClusterAnalysisTemplate, from a
/// cluster or a file. As upstream's: the template itself under another kind and name, its arguments filled in.
///
/// # Errors
/// When it is no template of that kind, or the arguments do not fit.
pub fn run_of(template: &Value, global: bool, namespace: &str, new: &NewRun) -> Result<Value, AnalysisError> {
    let text = |pointer: &str| template.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let wanted = if global { ClusterAnalysisTemplate::KIND } else { AnalysisTemplate::KIND };
    if (text("/apiVersion"), text("/kind")) != (AnalysisTemplate::API_VERSION, wanted) {
        let found = match text("/kind") {
            "" => "an object without a kind".to_owned(),
            kind => format!("{} {kind}", text("/apiVersion")),
        };
        return Err(AnalysisError::NoTemplate { found, wanted });
    }
    let name = text("/metadata/name");
    let mut run = template.clone();
    let given: Vec<Value> =
        template.pointer("/spec/args").and_then(Value::as_array).cloned().unwrap_or_default();
    let filled = filled(name, &given, &new.arguments)?;
    run["kind"] = json!(AnalysisRun::KIND);
    let own = new.name.clone().unwrap_or_default();
    let generated = match (&new.name, &new.generate_name) {
        (Some(_), _) => String::new(),
        (None, Some(prefix)) => prefix.clone(),
        (None, None) => format!("{name}-"),
    };
    if !run["metadata"].is_object() {
        run["metadata"] = json!({});
    }
    run["metadata"]["name"] = json!(own);
    run["metadata"]["generateName"] = json!(generated);
    run["metadata"]["namespace"] = json!(namespace);
    if let Some(metadata) = run["metadata"].as_object_mut() {
        metadata.remove("resourceVersion");
    }
    if let Some(instance) = &new.instance_id {
        run["metadata"]["labels"] = json!({INSTANCE_ID: instance});
    }
    if !filled.is_empty() {
        run["spec"]["args"] = json!(filled);
    }
    Ok(run)
}

/// The template's arguments with the values that are given. A template without any takes all.
fn filled(template: &str, known: &[Value], given: &[(String, String)]) -> Result<Vec<Value>, AnalysisError> {
    let argument = |name: &str, value: &str| {
        Value::Object(Map::from_iter([("name".to_owned(), json!(name)), ("value".to_owned(), json!(value))]))
    };
    if known.is_empty() {
        return Ok(given.iter().map(|(name, value)| argument(name, value)).collect());
    }
    let mut known = known.to_vec();
    for (name, value) in given {
        let Some(found) = known.iter_mut().find(|one| one["name"].as_str() == Some(name)) else {
            let names = known.iter().filter_map(|one| one["name"].as_str()).map(str::to_owned).collect();
            let (template, argument) = (template.to_owned(), name.clone());
            return Err(AnalysisError::UnknownArgument { template, argument, known: names });
        };
        found["value"] = json!(value);
    }
    let open = known.iter().find(|one| one.get("value").is_none() && one.get("valueFrom").is_none());
    match open {
        Some(open) => Err(AnalysisError::Unresolved {
            template: template.to_owned(),
            argument: open["name"].as_str().unwrap_or_default().to_owned(),
        }),
        None => Ok(known),
    }
}
