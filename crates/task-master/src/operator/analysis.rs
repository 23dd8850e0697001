//! AnalysisRuns: one begun from a template, and runs ended before their time.

use std::time::Duration;

use rollouts_client::analysis::NewRun;
use rollouts_client::client::{Error, Rollouts};
use rollouts_client::types::{AnalysisPhase, AnalysisRun};
use serde_json::Value;
use task_manager::exit::Code;

use super::unknown::among;
use super::{OperatorError, on};
use crate::context::Context;

/// Where the template of a new analysis is.
#[derive(Debug, Clone, PartialEq)]
pub enum Template {
    /// In the target, by name.
    Named(String),
    /// At hand.
    Given(Box<Value>),
}

/// An analysis to begin.
#[derive(Debug, Clone, PartialEq)]
pub struct Beginning {
    /// Its template.
    pub template: Template,
    /// Whether that is a ClusterAnalysisTemplate.
    pub global: bool,
    /// Its name and arguments.
    pub new: NewRun,
    /// How long its verdict is waited for; not at all when absent.
    pub within: Option<Duration>,
}

/// Begins an analysis and returns it as it is then: just created, or with its verdict.
///
/// # Errors
/// As [`OperatorError`] says.
pub fn begin(
    context: &Context,
    namespace: &str,
    beginning: &Beginning,
) -> Result<AnalysisRun, OperatorError> {
    on(context, async |cluster| {
        let rollouts = cluster.rollouts(namespace);
        begun(&rollouts, beginning).await
    })
}

pub(super) async fn begun(rollouts: &Rollouts, beginning: &Beginning) -> Result<AnalysisRun, OperatorError> {
    let Beginning { template, global, new, within } = beginning;
    let template = match template {
        Template::Given(template) => (**template).clone(),
        Template::Named(name) => match rollouts.template(name, *global).await {
            Err(Error::NotFound { .. }) => return Err(no_template(rollouts, name, *global).await),
            template => template?,
        },
    };
    let run = rollouts.create_analysis_run(&template, *global, new).await?;
    let name = run.metadata.name.clone().unwrap_or_default();
    match within {
        Some(within) => Ok(rollouts.analysis_verdict(&name, *within).await?),
        None => Ok(run),
    }
}

/// Ends runs before their time, one after the other, and tells `see` of each that was.
///
/// # Errors
/// At the first that is not there, has ended, or is being ended; those before it stay ended.
pub fn terminate(
    context: &Context,
    namespace: &str,
    names: &[String],
    see: &mut dyn FnMut(&AnalysisRun),
) -> Result<(), OperatorError> {
    on(context, async |cluster| {
        let rollouts = cluster.rollouts(namespace);
        for name in names {
            see(&terminated(&rollouts, name).await?);
        }
        Ok(())
    })
}

pub(super) async fn terminated(rollouts: &Rollouts, name: &str) -> Result<AnalysisRun, OperatorError> {
    match rollouts.terminate_analysis_run(name).await {
        Err(Error::NotFound { .. }) => {
            let there = rollouts.analysis_run_names().await.unwrap_or_default();
            let place = format!(" in namespace {}", rollouts.namespace());
            let hint = hint(name, &there);
            Err(OperatorError::Absent { kind: "analysisrun", name: name.to_owned(), place, hint })
        }
        run => Ok(run?),
    }
}

async fn no_template(rollouts: &Rollouts, name: &str, global: bool) -> OperatorError {
    let there = rollouts.template_names(global).await.unwrap_or_default();
    let hint = hint(name, &there);
    let name = name.to_owned();
    match global {
        true => OperatorError::Absent { kind: "clusteranalysistemplate", name, place: String::new(), hint },
        false => {
            let place = format!(" in namespace {}", rollouts.namespace());
            OperatorError::Absent { kind: "analysistemplate", name, place, hint }
        }
    }
}

fn hint(wrong: &str, there: &[String]) -> String {
    let names: Vec<&str> = there.iter().map(String::as_str).collect();
    among(wrong, &names).unwrap_or_else(|| "; there is none".to_owned())
}

/// The exit code of a verdict: Inconclusive is one that a person has to give.
#[must_use]
pub fn verdict(run: &AnalysisRun) -> Code {
    match run.status.as_ref().map(|status| &status.phase) {
        Some(AnalysisPhase::Failed | AnalysisPhase::Error) => Code::Degraded,
        Some(AnalysisPhase::Inconclusive) => Code::Paused,
        _ => Code::Ok,
    }
}
