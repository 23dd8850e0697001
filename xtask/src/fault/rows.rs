//! What the tables of faults have in common: paths, and how a row is written.

use super::{App, Fault, Step};

/// A template whose one metric is as it says; a later step has the promotion wait for it.
macro_rules! gate {
    ($metric:literal) => {
        Step::Create(
            "apis/argoproj.io/v1alpha1//analysistemplates",
            concat!(
                r#"{"apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisTemplate", "metadata": {"name": "gate"}, "#,
                r#""spec": {"metrics": [{"name": "errors", "#,
                $metric,
                "}]}}"
            ),
        )
    };
}

pub(super) use gate;

pub(super) const ROLLOUT: &str = "apis/argoproj.io/v1alpha1//rollouts/blue-green";
pub(super) const CANARY: &str = "apis/argoproj.io/v1alpha1//rollouts/canary";
pub(super) const ACTIVE: &str = "api/v1//services/blue-green-active";
pub(super) const INGRESS: &str = "apis/networking.k8s.io/v1//ingresses/blue-green";

/// The promotion waits for the analysis of [`gate`].
pub(super) const GATED: Step = Step::Merge(
    ROLLOUT,
    r#"{"spec": {"strategy": {"blueGreen": {"prePromotionAnalysis": {"templates": [{"templateName": "gate"}]}}}}}"#,
);

/// A row about the blue-green Rollout.
pub(super) const fn of(name: &'static str, causes: &'static [&'static str], steps: &'static [Step]) -> Fault {
    Fault { name, causes, app: App::BlueGreen, steps, simulated: true }
}

/// A row about the canary.
pub(super) const fn canary(
    name: &'static str,
    causes: &'static [&'static str],
    steps: &'static [Step],
) -> Fault {
    Fault { app: App::Canary, ..of(name, causes, steps) }
}

/// A row that only a real cluster shows: the simulator refuses what it takes, or does not do it.
pub(super) const fn real(
    name: &'static str,
    causes: &'static [&'static str],
    steps: &'static [Step],
) -> Fault {
    Fault { simulated: false, ..of(name, causes, steps) }
}
