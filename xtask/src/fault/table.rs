//! What can go wrong, in the order of the troubleshooting guide.

use scenario::faults::Component;

use super::rows::{ACTIVE, CANARY, GATED, INGRESS, ROLLOUT, canary, gate, of};
use super::{Fault, Step};

pub(super) const FAULTS: &[Fault] = &[
    of("waits", &["awaits-promotion"], &[Step::Update("v2", &[])]),
    of("never-ready", &["never-ready"], &[Step::Update("v2", &[("NEVER_READY", "true")])]),
    of("crashes", &["crash-loop"], &[Step::Update("v2", &[("CRASH_AFTER", "2s")])]),
    of("image-missing", &["image-not-pulled"], &[Step::Update("missing", &[])]),
    of("slow-start", &["liveness-restarts"], &[Step::Update("v2", &[("START_AFTER", "5m")])]),
    of(
        "forbidden",
        &["pod-security"],
        &[Step::Container("securityContext", r#"{"allowPrivilegeEscalation": true}"#)],
    ),
    of(
        "service-missing",
        &["service-missing"],
        &[Step::Merge(ROLLOUT, r#"{"spec": {"strategy": {"blueGreen": {"activeService": "nowhere"}}}}"#)],
    ),
    of(
        "wrong-selector",
        &["service-selects-others"],
        &[Step::Merge(ACTIVE, r#"{"spec": {"selector": {"tier": "web"}}}"#)],
    ),
    of(
        "wrong-port",
        &["target-port"],
        &[Step::Merge(ACTIVE, r#"{"spec": {"ports": [{"name": "http", "port": 80, "targetPort": "web"}]}}"#)],
    ),
    of(
        "wrong-backend",
        &["backend-missing"],
        &[Step::Merge(
            INGRESS,
            r#"{"spec": {"rules": [
                    {"host": "other.local", "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "blue-green-activ", "port": {"number": 80}}}}]}},
                    {"host": "p.local", "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "blue-green-preview", "port": {"number": 80}}}}]}}]}}"#,
        )],
    ),
    of(
        "invalid-spec",
        &["invalid-spec"],
        &[Step::Merge(ROLLOUT, r#"{"spec": {"progressDeadlineSeconds": 0}}"#)],
    ),
    of(
        "controller-down",
        &["controller-silent"],
        &[Step::Stop(Component::RolloutsController), Step::Update("v2", &[])],
    ),
    of(
        "strayed-selector",
        &["selects-nothing"],
        &[
            Step::Stop(Component::RolloutsController),
            Step::Merge(ACTIVE, r#"{"spec": {"selector": {"rollouts-pod-template-hash": "5d4cf9bb97"}}}"#),
        ],
    ),
    of("no-replicas", &["no-replicas"], &[Step::Merge(ROLLOUT, r#"{"spec": {"replicas": 0}}"#)]),
    of(
        "metric-bad",
        &["metric-failed"],
        &[
            gate!(
                r#""interval": "5s", "count": 5, "failureLimit": 1, "successCondition": "result[0] <= 0.05", "provider": {"prometheus": {"query": "vector(0.2)"}}"#
            ),
            GATED,
            Step::Update("v2", &[]),
        ],
    ),
    of(
        "metric-unreadable",
        &["metric-unmeasured"],
        &[
            gate!(r#""successCondition": "result[0] == 1", "provider": {"prometheus": {"query": "sum(up"}}"#),
            GATED,
            Step::Update("v2", &[]),
        ],
    ),
    of("paused", &["paused-by-person"], &[Step::Merge(ROLLOUT, r#"{"spec": {"paused": true}}"#)]),
    canary("no-traffic", &["metric-no-data"], &[Step::Update("v2", &[])]),
    canary(
        "wrong-ingress",
        &["ingress-missing"],
        &[Step::Merge(
            CANARY,
            r#"{"spec": {"strategy": {"canary": {"trafficRouting": {"nginx": {"stableIngress": "nowhere"}}}}}}"#,
        )],
    ),
    canary(
        "template-missing",
        &["template-missing"],
        &[Step::Merge(
            CANARY,
            r#"{"spec": {"strategy": {"canary": {"analysis": {"templates": [{"templateName": "nowhere"}]}}}}}"#,
        )],
    ),
];
