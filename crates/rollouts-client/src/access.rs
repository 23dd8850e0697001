//! What each verb asks of the API server, as rules of RBAC.
//!
//! `docs/reference/rbac.md` shows the same table; a test records every request that a verb makes and compares. What
//! only makes an error better, such as the names that are offered for a wrong one, needs more and does without.

use serde::Serialize;
use serde_json::{Value, json};

/// The group of Argo Rollouts.
const ARGO: &str = "argoproj.io";

/// What has to be allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rule {
    /// The API group; empty for the core.
    pub group: &'static str,
    /// The plural, behind a slash the subresource.
    pub resource: &'static str,
    /// What is done with it, in the API's words.
    pub verb: &'static str,
    /// Whether the request is for the whole cluster, so that a Role cannot allow it.
    pub cluster: bool,
    /// When it is needed; always when empty.
    pub when: &'static str,
}

/// A verb and its rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Access {
    /// The verb as it is typed.
    pub verb: &'static str,
    /// All that it needs.
    pub rules: &'static [Rule],
}

const fn rule(group: &'static str, resource: &'static str, verb: &'static str) -> Rule {
    Rule { group, resource, verb, cluster: false, when: "" }
}

impl Rule {
    const fn when(self, when: &'static str) -> Rule {
        Rule { when, ..self }
    }

    const fn cluster(self) -> Rule {
        Rule { cluster: true, ..self }
    }

    /// `deployments.apps`, as kubectl names it.
    pub fn qualified(&self) -> String {
        if self.group.is_empty() {
            self.resource.to_owned()
        } else {
            format!("{}.{}", self.resource, self.group)
        }
    }
}

const GET: Rule = rule(ARGO, "rollouts", "get");
const PATCH: Rule = rule(ARGO, "rollouts", "patch");
const STATUS: Rule = rule(ARGO, "rollouts/status", "patch");
const SETS: Rule = rule("apps", "replicasets", "list");
const PODS: Rule = rule("", "pods", "list");
const SERVICE: Rule = rule("", "services", "get");
const SLICES: Rule = rule("discovery.k8s.io", "endpointslices", "list");
const RUNS: Rule = rule(ARGO, "analysisruns", "list");
const EVENTS: Rule = rule("", "events", "list");

/// Said in an explanation when it is not allowed, which then knows less.
const NOTED: &str = "else the explanation names it as unread";
/// Of a template that declares nothing no other is read.
const SCHEMAS: &str = "to compare schema versions";
/// A list that a lint does without.
const FEWER: &str = "else the rules that need it are silent";

const VIEW: &[Rule] = &[GET, SETS, PODS, SERVICE, RUNS];
const TO_STATUS: &[Rule] = &[GET, STATUS];
const TO_SPEC: &[Rule] = &[GET, PATCH];

/// The name of what any verb needs besides when it is given a reason, by `--reason`.
pub const REASON: &str = "reason";

/// Every verb, in the order of the help; at the end what [`REASON`] adds to any of them.
pub const ALL: &[Access] = &[
    Access {
        verb: "list",
        rules: &[
            rule(ARGO, "rollouts", "list"),
            rule(ARGO, "rollouts", "list").cluster().when("with --all-namespaces"),
            rule(ARGO, "rollouts", "watch").when("with --watch"),
            rule(ARGO, "rollouts", "watch").cluster().when("with --all-namespaces and --watch"),
        ],
    },
    Access { verb: "watch", rules: VIEW },
    Access { verb: "get", rules: VIEW },
    Access { verb: "status", rules: &[GET] },
    Access {
        verb: "explain",
        rules: &[
            GET,
            SETS.when(NOTED),
            PODS.when(NOTED),
            rule("", "services", "list").when(NOTED),
            SLICES.when(NOTED),
            rule("networking.k8s.io", "ingresses", "list").when(NOTED),
            RUNS.when(NOTED),
            EVENTS.when(NOTED),
            rule("", "pods/log", "get").when("of a container that has crashed; else named as unread"),
            rule(ARGO, "applications", "list").cluster().when("under Argo CD; else named as unread"),
        ],
    },
    Access {
        verb: "history",
        rules: &[
            GET,
            SETS,
            RUNS,
            EVENTS,
            rule(ARGO, "applications", "list").cluster().when("under Argo CD; else its syncs are not shown"),
        ],
    },
    Access { verb: "diff", rules: &[GET, SETS] },
    Access {
        verb: "lint",
        rules: &[
            GET.when("with --live"),
            SETS.when("to compare the schema versions of files with live ones"),
            rule("", "services", "list").when(FEWER),
            rule("networking.k8s.io", "ingresses", "list").when(FEWER),
            rule(ARGO, "analysistemplates", "list").when(FEWER),
            rule("autoscaling", "horizontalpodautoscalers", "list").when(FEWER),
        ],
    },
    Access { verb: "wait", rules: &[GET, SETS.when("for scaled-down")] },
    Access {
        verb: "promote",
        rules: &[
            GET,
            STATUS,
            PATCH.when("of what is paused by spec.paused"),
            SETS.when("without --no-wait, or to compare schema versions"),
            SERVICE.when("without --no-wait"),
            SLICES.when("without --no-wait"),
            PODS.when("without --no-wait"),
        ],
    },
    Access { verb: "abort", rules: TO_STATUS },
    Access { verb: "retry", rules: &[GET, STATUS, SETS.when(SCHEMAS)] },
    Access { verb: "pause", rules: TO_SPEC },
    Access {
        verb: "resume",
        rules: &[
            GET,
            STATUS.when("of a step or an update"),
            PATCH.when("of spec.paused"),
            SETS.when(SCHEMAS),
        ],
    },
    Access { verb: "restart", rules: TO_SPEC },
    Access {
        verb: "undo",
        rules: &[
            GET,
            SETS,
            PATCH.when("without workloadRef"),
            rule("apps", "deployments", "patch").when("with a workloadRef to one"),
            rule("apps", "replicasets", "patch").when("with a workloadRef to one"),
            rule("", "podtemplates", "patch").when("with a workloadRef to one"),
        ],
    },
    Access { verb: "set-image", rules: TO_SPEC },
    Access {
        verb: "create",
        rules: &[
            rule(ARGO, "analysistemplates", "get").when("with --from"),
            rule(ARGO, "clusteranalysistemplates", "get").cluster().when("with --from and --global"),
            rule(ARGO, "analysisruns", "create"),
            rule(ARGO, "analysisruns", "get").when("with --wait"),
        ],
    },
    Access {
        verb: "terminate",
        rules: &[rule(ARGO, "analysisruns", "get"), rule(ARGO, "analysisruns", "patch")],
    },
    Access {
        verb: "rollback",
        rules: &[
            GET,
            SETS,
            SERVICE,
            EVENTS,
            SLICES,
            PODS,
            rule("networking.k8s.io", "ingresses", "list")
                .when("of a canary behind an Ingress; else its status is believed"),
            rule(ARGO, "applications", "list")
                .cluster()
                .when("under Argo CD; else it is taken to do its work"),
            STATUS.when("to abort or promote"),
            PATCH.when("to undo"),
            rule("", "services", "patch").when("to repair a selector"),
        ],
    },
    Access {
        verb: REASON,
        rules: &[
            GET,
            PATCH,
            rule("authentication.k8s.io", "selfsubjectreviews", "create")
                .cluster()
                .when("by default whoever is authenticated may (system:basic-user)"),
        ],
    },
];

/// The rules of a verb.
pub fn of(verb: &str) -> Option<&'static Access> {
    ALL.iter().find(|access| access.verb == verb)
}

impl Access {
    /// A Role that allows it in a namespace, and a ClusterRole with what a Role cannot allow, where there is any.
    pub fn roles(&self, namespace: &str) -> Vec<Value> {
        let name = format!("rollout-{}", self.verb);
        let rules = |cluster: bool| -> Vec<Value> {
            let wanted = self.rules.iter().filter(|rule| rule.cluster == cluster);
            let mut by_resource: Vec<(&Rule, Vec<&str>)> = Vec::new();
            for rule in wanted {
                let same = by_resource
                    .iter_mut()
                    .find(|(known, _)| (known.group, known.resource) == (rule.group, rule.resource));
                match same {
                    Some((_, verbs)) => verbs.push(rule.verb),
                    None => by_resource.push((rule, vec![rule.verb])),
                }
            }
            let one = |(rule, verbs): (&Rule, Vec<&str>)| json!({"apiGroups": [rule.group], "resources": [rule.resource], "verbs": verbs});
            by_resource.into_iter().map(one).collect()
        };
        let role = |kind: &str, metadata: Value, rules: Vec<Value>| json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": metadata, "rules": rules});
        let own = json!({"name": name, "namespace": namespace});
        let mut roles = vec![role("Role", own, rules(false))];
        let everywhere = rules(true);
        if !everywhere.is_empty() {
            roles.push(role("ClusterRole", json!({"name": name}), everywhere));
        }
        roles
    }
}
