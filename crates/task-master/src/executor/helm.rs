//! Helm: rendering and linting of charts that we ship. Both change nothing and need no cluster.

use std::path::PathBuf;

use super::{Executor, Meaning, Outcome, Place, by_exit_code};
use crate::command::Command;
use crate::runner::Finished;

/// What can be asked of Helm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Intent {
    /// Render a chart; the manifests come on standard output.
    Template(Chart),
    /// Lint a chart, warnings included.
    Lint(Chart),
}

/// A chart and what to render it with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chart {
    /// Its folder, relative to the place's root.
    pub folder: PathBuf,
    /// The name of the release.
    pub release: String,
    /// The namespace of the release.
    pub namespace: String,
    /// Values files beyond the chart's own, later ones win; relative to the place's root.
    pub values: Vec<PathBuf>,
}

/// The executor.
#[derive(Debug, Clone, Copy, Default)]
pub struct Helm;

impl Executor for Helm {
    type Intent = Intent;

    fn command(&self, intent: &Intent, place: &Place) -> Command {
        let command = place.command("helm");
        let (command, chart) = match intent {
            // What is applied: without the pod of `helm test`.
            Intent::Template(chart) => {
                (command.args(["template", "--skip-tests"]).arg(&chart.release), chart)
            }
            Intent::Lint(chart) => (command.args(["lint", "--strict"]), chart),
        };
        command
            .arg(chart.folder.to_string_lossy())
            .arg(format!("--namespace={}", chart.namespace))
            .args(chart.values.iter().map(|file| format!("--values={}", file.display())))
    }

    fn outcome(&self, _: &Intent, finished: &Finished) -> Outcome {
        by_exit_code(finished, &[(0, Meaning::Done)])
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::finished;
    use super::*;

    fn chart() -> Chart {
        Chart {
            folder: "charts/blue-green-app".into(),
            release: "blue-green".to_owned(),
            namespace: "blue-green".to_owned(),
            values: vec!["charts/blue-green-app/values-preview-full.yaml".into()],
        }
    }

    #[test]
    fn commands() {
        let rest = "charts/blue-green-app --namespace=blue-green \
                    --values=charts/blue-green-app/values-preview-full.yaml";
        let cases = [
            (Intent::Template(chart()), format!("NO_COLOR=1 helm template --skip-tests blue-green {rest}")),
            (Intent::Lint(chart()), format!("NO_COLOR=1 helm lint --strict {rest}")),
        ];
        for (intent, line) in cases {
            assert_eq!(Helm.command(&intent, &Place::default()).to_string(), line);
        }
    }

    #[test]
    fn exit_codes() {
        let intent = Intent::Template(chart());
        assert_eq!(Helm.outcome(&intent, &finished(0, "kind: X", "WARNING: kubeconfig")), Outcome::Done);
        assert!(matches!(Helm.outcome(&intent, &finished(1, "", "Error: x")), Outcome::Failed { .. }));
    }
}
