//! What can go wrong, in the order of the troubleshooting guide.

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

const ROLLOUT: &str = "apis/argoproj.io/v1alpha1//rollouts/blue-green";
const ACTIVE: &str = "api/v1//services/blue-green-active";
const INGRESS: &str = "apis/networking.k8s.io/v1//ingresses/blue-green";
const GATED: Step = Step::Merge(
    ROLLOUT,
    r#"{"spec": {"strategy": {"blueGreen": {"prePromotionAnalysis": {"templates": [{"templateName": "gate"}]}}}}}"#,
);

/// A row of the table of a blue-green Rollout.
const fn of(name: &'static str, cause: &'static str, steps: &'static [Step]) -> Fault {
    Fault { name, cause, app: App::BlueGreen, steps }
}

/// A row of the table of a canary.
const fn canary(name: &'static str, cause: &'static str, steps: &'static [Step]) -> Fault {
    Fault { name, cause, app: App::Canary, steps }
}

pub(super) const FAULTS: &[Fault] = &[
    of("waits", "awaits-promotion", &[Step::Update("v2", &[]), Step::Pass(20)]),
    of("never-ready", "never-ready", &[Step::Update("v2", &[("NEVER_READY", "true")]), Step::Pass(30)]),
    of("crashes", "crash-loop", &[Step::Update("v2", &[("CRASH_AFTER", "2s")]), Step::Pass(25)]),
    of("image-missing", "image-not-pulled", &[Step::Update("missing", &[]), Step::Pass(20)]),
    of("slow-start", "liveness-restarts", &[Step::Update("v2", &[("START_AFTER", "5m")]), Step::Pass(50)]),
    of(
        "forbidden",
        "pod-security",
        &[Step::Container("securityContext", r#"{"allowPrivilegeEscalation": true}"#), Step::Pass(20)],
    ),
    of(
        "service-missing",
        "service-missing",
        &[
            Step::Merge(ROLLOUT, r#"{"spec": {"strategy": {"blueGreen": {"activeService": "nowhere"}}}}"#),
            Step::Pass(5),
        ],
    ),
    of(
        "wrong-selector",
        "service-selects-others",
        &[Step::Merge(ACTIVE, r#"{"spec": {"selector": {"tier": "web"}}}"#), Step::Pass(30)],
    ),
    of(
        "wrong-port",
        "target-port",
        &[
            Step::Merge(
                ACTIVE,
                r#"{"spec": {"ports": [{"name": "http", "port": 80, "targetPort": "web"}]}}"#,
            ),
            Step::Pass(30),
        ],
    ),
    of(
        "wrong-backend",
        "backend-missing",
        &[
            Step::Merge(
                INGRESS,
                r#"{"spec": {"rules": [
                    {"host": "blue-green.local", "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "blue-green-activ", "port": {"number": 80}}}}]}},
                    {"host": "p.local", "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "blue-green-preview", "port": {"number": 80}}}}]}}]}}"#,
            ),
            Step::Pass(30),
        ],
    ),
    of(
        "invalid-spec",
        "invalid-spec",
        &[Step::Merge(ROLLOUT, r#"{"spec": {"progressDeadlineSeconds": 0}}"#), Step::Pass(5)],
    ),
    of(
        "controller-down",
        "controller-silent",
        &[Step::Component("rollouts-controller?runs=false"), Step::Update("v2", &[]), Step::Pass(90)],
    ),
    of(
        "strayed-selector",
        "selects-nothing",
        &[
            Step::Component("rollouts-controller?runs=false"),
            Step::Merge(ACTIVE, r#"{"spec": {"selector": {"rollouts-pod-template-hash": "5d4cf9bb97"}}}"#),
            Step::Pass(30),
        ],
    ),
    of("no-replicas", "no-replicas", &[Step::Merge(ROLLOUT, r#"{"spec": {"replicas": 0}}"#), Step::Pass(40)]),
    of(
        "metric-bad",
        "metric-failed",
        &[
            gate!(
                r#""interval": "5s", "count": 5, "failureLimit": 1, "successCondition": "result[0] <= 0.05", "provider": {"prometheus": {"query": "vector(0.2)"}}"#
            ),
            GATED,
            Step::Update("v2", &[]),
            Step::Pass(40),
        ],
    ),
    of(
        "metric-unreadable",
        "metric-unmeasured",
        &[
            gate!(r#""successCondition": "result[0] == 1", "provider": {"prometheus": {"query": "sum(up"}}"#),
            GATED,
            Step::Update("v2", &[]),
            Step::Pass(90),
        ],
    ),
    of(
        "paused",
        "paused-by-person",
        &[Step::Merge(ROLLOUT, r#"{"spec": {"paused": true}}"#), Step::Pass(20)],
    ),
    canary("no-traffic", "metric-no-data", &[Step::Update("v2", &[]), Step::Pass(200)]),
    canary(
        "wrong-ingress",
        "ingress-missing",
        &[
            Step::Merge(
                "apis/argoproj.io/v1alpha1//rollouts/canary",
                r#"{"spec": {"strategy": {"canary": {"trafficRouting": {"nginx": {"stableIngress": "nowhere"}}}}}}"#,
            ),
            Step::Pass(5),
        ],
    ),
    canary(
        "template-missing",
        "template-missing",
        &[
            Step::Merge(
                "apis/argoproj.io/v1alpha1//rollouts/canary",
                r#"{"spec": {"strategy": {"canary": {"analysis": {"templates": [{"templateName": "nowhere"}]}}}}}"#,
            ),
            Step::Pass(5),
        ],
    ),
];
