//! What can go wrong beside the troubleshooting guide: each brings about a cause of `explain` that no entry there has,
//! or one in another way.

use scenario::faults::Component;

use super::rows::{CANARY, GATED, INGRESS, ROLLOUT, canary, gate, of, real};
use super::{Fault, Step};

/// The first step of the canary is a weight, the second waits for a person, and nothing is analysed.
const BY_HAND: Step = Step::Merge(
    CANARY,
    r#"{"spec": {"strategy": {"canary": {"analysis": null, "steps": [{"setWeight": 25}, {"pause": {}}]}}}}"#,
);

pub(super) const FAULTS: &[Fault] = &[
    of(
        "wrong-backend-port",
        &["backend-port"],
        &[Step::Merge(
            INGRESS,
            r#"{"spec": {"rules": [
                {"host": "other.local", "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "blue-green-active", "port": {"number": 8080}}}}]}}]}}"#,
        )],
    ),
    of(
        "aborted",
        &["aborted-by-person"],
        &[Step::Update("v2", &[]), Step::Until(&["awaits-promotion"]), Step::Abort],
    ),
    of(
        "too-slow",
        &["progress-deadline"],
        &[
            // The update comes first: the new minimum would else reach the old version's ReplicaSet as well, whose
            // pods then become available anew, and that is progress.
            Step::Update("v2", &[("READY_AFTER", "8s")]),
            Step::Merge(ROLLOUT, r#"{"spec": {"minReadySeconds": 19, "progressDeadlineSeconds": 20}}"#),
        ],
    ),
    of(
        "promotes-later",
        &["timed-pause"],
        &[
            Step::Merge(
                ROLLOUT,
                r#"{"spec": {"strategy": {"blueGreen": {"autoPromotionEnabled": true, "autoPromotionSeconds": 600}}}}"#,
            ),
            Step::Update("v2", &[]),
        ],
    ),
    of(
        "metric-between",
        &["metric-inconclusive"],
        &[
            gate!(
                r#""successCondition": "result[0] < 1", "failureCondition": "result[0] > 2", "provider": {"prometheus": {"query": "vector(1)"}}"#
            ),
            GATED,
            Step::Update("v2", &[]),
        ],
    ),
    of(
        "metric-measured",
        &["analysis-running"],
        &[
            gate!(
                r#""interval": "10s", "count": 30, "successCondition": "result[0] == 1", "provider": {"prometheus": {"query": "vector(1)"}}"#
            ),
            GATED,
            Step::Update("v2", &[]),
        ],
    ),
    of(
        "prometheus-down",
        &["metric-unmeasured"],
        &[
            Step::Stop(Component::Prometheus),
            gate!(
                r#""successCondition": "result[0] == 1", "provider": {"prometheus": {"query": "vector(1)"}}"#
            ),
            GATED,
            Step::Update("v2", &[]),
        ],
    ),
    canary("step-waits", &["pause-step"], &[BY_HAND, Step::Update("v2", &[])]),
    canary("step-passes", &["timed-pause"], &[Step::Update("v2", &[])]),
    canary(
        "ingress-skips",
        &["ingress-skips-stable"],
        &[Step::Merge(
            "apis/networking.k8s.io/v1//ingresses/canary",
            r#"{"spec": {"rules": [
                {"host": "other.local", "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "canary-canary", "port": {"number": 80}}}}]}}]}}"#,
        )],
    ),
    canary(
        "no-router",
        &["split-without-router", "pause-step"],
        &[
            BY_HAND,
            Step::Merge(CANARY, r#"{"spec": {"strategy": {"canary": {"trafficRouting": null}}}}"#),
            Step::Update("v2", &[]),
            Step::Until(&["pause-step"]),
            // The controller leaves its own Ingress behind, and a person tidies up.
            Step::Delete("apis/networking.k8s.io/v1//ingresses/canary-canary-canary"),
        ],
    ),
    real(
        "quota-full",
        &["quota"],
        &[
            Step::Create(
                "api/v1//resourcequotas",
                r#"{"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "pods"}, "spec": {"hard": {"pods": "3"}}}"#,
            ),
            Step::Update("v2", &[]),
        ],
    ),
    real(
        "no-such-node",
        &["unschedulable"],
        &[Step::Merge(ROLLOUT, r#"{"spec": {"template": {"spec": {"nodeSelector": {"disk": "nowhere"}}}}}"#)],
    ),
    real(
        "no-such-configmap",
        &["bad-configuration"],
        &[Step::Container("envFrom", r#"[{"configMapRef": {"name": "nowhere"}}]"#)],
    ),
    real(
        "no-such-account",
        &["pods-refused"],
        &[Step::Merge(ROLLOUT, r#"{"spec": {"template": {"spec": {"serviceAccountName": "nowhere"}}}}"#)],
    ),
    real(
        "no-such-secret",
        &["analysis-broken"],
        &[
            Step::Create(
                "apis/argoproj.io/v1alpha1//analysistemplates",
                r#"{"apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisTemplate", "metadata": {"name": "gate"}, "spec": {
                    "args": [{"name": "token", "valueFrom": {"secretKeyRef": {"name": "nowhere", "key": "token"}}}],
                    "metrics": [{"name": "errors", "successCondition": "true", "provider": {"web": {"url": "http://127.0.0.1:1/{{args.token}}"}}}]}}"#,
            ),
            GATED,
            Step::Update("v2", &[]),
        ],
    ),
];
