//! deploy/policies: room in the quota, roles against what the verbs send, and budgets.

use std::collections::{BTreeMap, BTreeSet};

use rollouts_client::patch::{PatchRequest, Subresource};
use rollouts_client::{types::Rollout, verbs};
use serde_json::{Value, json};

use crate::environments::{ENVIRONMENTS, built, charts};
use crate::files::{find, root, title, yaml};

/// A quantity of Kubernetes in thousandths: `10m`, `1`, `16Mi`.
fn quantity(value: &Value) -> u64 {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 = text[..split].parse().unwrap_or_else(|_| panic!("{text} is not a quantity"));
    number
        * match &text[split..] {
            "m" => 1,
            "" => 1000,
            "Ki" => 1000 << 10,
            "Mi" => 1000 << 20,
            "Gi" => 1000 << 30,
            unit => panic!("{text}: unit {unit}"),
        }
}

/// What the pods of all Rollouts ask for when each runs two full sets, in the words of a quota.
fn two_full_sets(objects: &[Value]) -> BTreeMap<String, u64> {
    let mut needs = BTreeMap::new();
    for rollout in objects.iter().filter(|object| object["kind"] == "Rollout") {
        let autoscaler = objects.iter().find(|object| {
            object["kind"] == "HorizontalPodAutoscaler"
                && object["spec"]["scaleTargetRef"]["name"] == rollout["metadata"]["name"]
        });
        let replicas = autoscaler.map_or(&rollout["spec"]["replicas"], |by| &by["spec"]["maxReplicas"]);
        let pods = 2 * replicas.as_u64().unwrap_or_else(|| panic!("{}: no size", title(rollout)));
        *needs.entry("pods".to_owned()).or_default() += 1000 * pods;
        for container in rollout["spec"]["template"]["spec"]["containers"].as_array().unwrap() {
            for kind in ["requests", "limits"] {
                for (what, amount) in container["resources"][kind].as_object().unwrap() {
                    *needs.entry(format!("{kind}.{what}")).or_default() += pods * quantity(amount);
                }
            }
        }
    }
    needs
}

/// What a quota lacks for some needs.
fn lacking(quota: &Value, needs: &BTreeMap<String, u64>) -> Vec<String> {
    let hard = quota["spec"]["hard"].as_object().unwrap();
    let short =
        needs.iter().filter(|(what, need)| hard.get(*what).is_some_and(|hard| quantity(hard) < **need));
    short.map(|(what, need)| format!("{what}: {need} thousandths of {}", hard[what])).collect()
}

#[test]
fn the_quota_of_each_environment_has_room_for_two_full_sets() {
    for environment in ENVIRONMENTS {
        let platform = built(environment, "platform");
        let quota = find(&platform, "ResourceQuota/two-full-sets");
        for (way, objects) in [("manifests", built(environment, "apps")), ("charts", charts(environment))] {
            let needs = two_full_sets(&objects);
            assert_eq!(lacking(quota, &needs), Vec::<String>::new(), "{environment}, by {way}");
            // A limit that a pod must state is stated by all, or none of them starts.
            for what in quota["spec"]["hard"].as_object().unwrap().keys() {
                assert!(
                    !what.starts_with("requests.") && !what.starts_with("limits.")
                        || needs.contains_key(what)
                );
            }
        }
    }
}

#[test]
fn a_quota_that_is_too_small_is_found() {
    let platform = built("prod", "platform");
    let needs = two_full_sets(&built("prod", "apps"));
    assert_eq!(needs["pods"], 24_000);
    assert_eq!(needs["requests.cpu"], 240);
    for (what, small) in [("pods", "23"), ("requests.cpu", "239m"), ("limits.memory", "1535Mi")] {
        let mut quota = find(&platform, "ResourceQuota/two-full-sets").clone();
        quota["spec"]["hard"][what] = json!(small);
        assert_eq!(lacking(&quota, &needs).len(), 1, "{what}");
    }
}

#[test]
fn every_container_is_within_the_limit_range() {
    let platform = built("dev", "platform");
    let range = &find(&platform, "LimitRange/containers")["spec"]["limits"][0];
    for environment in ENVIRONMENTS {
        for rollout in built(environment, "apps").iter().filter(|object| object["kind"] == "Rollout") {
            for container in rollout["spec"]["template"]["spec"]["containers"].as_array().unwrap() {
                let least = quantity(&container["resources"]["requests"]["memory"]);
                let most = quantity(&container["resources"]["limits"]["memory"]);
                assert!(quantity(&range["min"]["memory"]) <= least);
                assert!(least <= most && most <= quantity(&range["max"]["memory"]));
            }
        }
    }
}

/// Two budgets over one pod make each eviction an error, and none lets a drain take all.
#[test]
fn outside_dev_one_budget_guards_each_pod() {
    for environment in ENVIRONMENTS {
        for objects in [built(environment, "apps"), charts(environment)] {
            for rollout in objects.iter().filter(|object| object["kind"] == "Rollout") {
                let labels = &rollout["spec"]["template"]["metadata"]["labels"];
                let budgets = objects.iter().filter(|object| {
                    object["kind"] == "PodDisruptionBudget"
                        && object["spec"]["selector"]["matchLabels"]
                            .as_object()
                            .unwrap()
                            .iter()
                            .all(|(key, value)| labels[key] == *value)
                });
                assert_eq!(budgets.count(), usize::from(environment != "dev"), "{}", title(rollout));
            }
        }
    }
}

/// What the roles bound to a group allow, as (group, resource, verb).
fn allowed(group: &str) -> BTreeSet<(String, String, String)> {
    let platform = built("dev", "platform");
    let mut allowed = BTreeSet::new();
    let bound = platform.iter().filter(|object| {
        object["kind"] == "RoleBinding"
            && object["subjects"].as_array().unwrap().iter().any(|subject| subject["name"] == group)
    });
    for binding in bound {
        let role = find(&platform, &format!("Role/{}", binding["roleRef"]["name"].as_str().unwrap()));
        for rule in role["rules"].as_array().unwrap() {
            let words =
                |field: &str| rule[field].as_array().unwrap().iter().map(|w| w.as_str().unwrap().to_owned());
            for group in words("apiGroups") {
                for resource in words("resources") {
                    allowed.extend(words("verbs").map(|verb| (group.clone(), resource.clone(), verb)));
                }
            }
        }
    }
    allowed
}

/// The right that sending a patch takes.
fn right(patch: &PatchRequest) -> (String, String, String) {
    let group = patch.target.api_version.split_once('/').map_or("", |(group, _)| group);
    let resource = match patch.subresource {
        Subresource::Main => patch.target.plural.clone(),
        Subresource::Status => format!("{}/status", patch.target.plural),
    };
    (group.to_owned(), resource, "patch".to_owned())
}

/// A Rollout in the middle of an update.
fn updating(aborted: bool) -> Rollout {
    serde_json::from_value(json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout",
        "metadata": { "name": "blue-green", "namespace": "dev", "generation": 2 },
        "spec": {
            "replicas": 1, "selector": { "matchLabels": { "app": "a" } },
            "strategy": { "blueGreen": { "activeService": "active" } },
            "template": { "metadata": {}, "spec": { "containers": [{ "name": "demo-app", "image": "a:v1" }] } },
        },
        "status": {
            "observedGeneration": "2", "stableRS": "old", "currentPodHash": "new", "abort": aborted,
            "blueGreen": { "activeSelector": "old" },
            "pauseConditions": [{ "reason": "BlueGreenPause", "startTime": "2026-01-01T00:00:00Z" }],
        },
    }))
    .unwrap()
}

#[test]
fn a_promoter_may_do_exactly_what_promote_abort_and_retry_send() {
    let rollout = updating(false);
    let sent: BTreeSet<_> = [
        verbs::promote(&rollout).unwrap(),
        verbs::promote_full(&rollout).unwrap(),
        verbs::abort(&rollout).unwrap(),
        verbs::retry(&updating(true)).unwrap(),
    ]
    .iter()
    .flatten()
    .map(right)
    .collect();
    let (promoter, viewer) =
        (allowed("progressive-delivery:promoter"), allowed("progressive-delivery:viewer"));
    assert_eq!(promoter.difference(&viewer).cloned().collect::<BTreeSet<_>>(), sent);

    let at = "2026-01-01T00:00:00Z".parse().unwrap();
    let others = [
        verbs::pause(&rollout).unwrap(),
        verbs::restart(&rollout, at).unwrap(),
        verbs::set_image(&rollout, "*", "a:v2").unwrap(),
    ];
    for patch in others.iter().flatten() {
        assert!(!promoter.contains(&right(patch)), "{patch:?}");
        assert!(allowed("progressive-delivery:deployer").contains(&right(patch)), "{patch:?}");
    }
}

#[test]
fn a_viewer_changes_nothing_and_nobody_sees_secrets_or_gives_rights() {
    let reads = |verb: &str| ["get", "list", "watch"].contains(&verb);
    assert!(allowed("progressive-delivery:viewer").iter().all(|(_, _, verb)| reads(verb)));
    for role in ["viewer", "promoter", "deployer"] {
        for (group, resource, verb) in allowed(&format!("progressive-delivery:{role}")) {
            assert!(![&group, &resource, &verb].contains(&&"*".to_owned()), "{role}");
            assert!(resource != "secrets" && !resource.contains("exec"), "{role}: {resource}");
            assert!(group != "rbac.authorization.k8s.io", "{role}: {resource}");
            let of_the_platform = ["resourcequotas", "limitranges", "networkpolicies"];
            assert!(
                reads(&verb) || !of_the_platform.contains(&resource.as_str()),
                "{role}: {verb} {resource}"
            );
        }
    }
    assert!(!allowed("progressive-delivery:deployer").contains(&(
        "argoproj.io".into(),
        "rollouts/status".into(),
        "patch".into()
    )));
}

/// The kinds of an Argo CD project are what the charts can render (`argocd::`), so that this compares with the charts.
#[test]
fn a_deployer_applies_the_kinds_of_the_project_and_no_other() {
    let project =
        yaml(&std::fs::read_to_string(root().join("argocd/projects/rollouts-project.yaml")).unwrap());
    let kinds = project["spec"]["namespaceResourceWhitelist"].as_array().unwrap();
    let kinds: BTreeSet<(String, String)> = kinds
        .iter()
        .map(|kind| {
            let plural = match kind["kind"].as_str().unwrap().to_lowercase() {
                kind if kind.ends_with("ss") => format!("{kind}es"),
                kind => format!("{kind}s"),
            };
            (kind["group"].as_str().unwrap().to_owned(), plural)
        })
        .collect();
    let deployer = allowed("progressive-delivery:deployer");
    let writes: BTreeSet<(String, String)> = deployer
        .iter()
        .filter(|(_, _, verb)| verb == "create")
        .map(|(group, resource, _)| (group.clone(), resource.clone()))
        .collect();
    assert_eq!(writes, kinds);
    for (group, resource) in &writes {
        for verb in ["get", "list", "watch", "update", "patch", "delete"] {
            assert!(
                deployer.contains(&(group.clone(), resource.clone(), verb.to_owned())),
                "{verb} {resource}"
            );
        }
    }
}
