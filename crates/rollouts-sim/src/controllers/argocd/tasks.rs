//! What a sync has to do, in which order.

use crate::json::Value;

use super::apply::option;
use super::compare::Item;
use super::desired;
use crate::object::items;
use crate::resource::Resource;

/// One object of a sync.
pub(super) struct Task {
    pub(super) item: Item,
    pub(super) wave: i64,
}

/// In the order in which they are done: by wave, kind and name. What Git states no more goes in the reverse order.
pub(super) fn of(asked: &Value, found: Vec<Item>) -> Vec<Task> {
    let filter: Vec<&Value> = items(asked, "/resources").collect();
    let chosen = |item: &Item| filter.is_empty() || filter.iter().any(|one| item.is(one));
    let wave = |item: &Item| item.desired.as_ref().or(item.live.as_deref()).map_or(0, desired::wave);
    let mut tasks: Vec<Task> =
        found.into_iter().filter(chosen).map(|item| Task { wave: wave(&item), item }).collect();
    let last = tasks.iter().filter(|task| !task.item.extra()).map(|task| task.wave).max().unwrap_or(0);
    let mut waves: Vec<i64> = tasks.iter().filter(|task| task.item.extra()).map(|task| task.wave).collect();
    waves.sort_unstable();
    waves.dedup();
    for task in tasks.iter_mut().filter(|task| task.item.extra()) {
        let at = waves.binary_search(&task.wave).unwrap_or(0);
        task.wave =
            if option(&asked["syncOptions"], "PruneLast") { last + 1 } else { waves[waves.len() - 1 - at] };
    }
    tasks.sort_by_key(|task| (task.wave, order(task.item.resource), task.item.name.clone()));
    tasks
}

/// What others need comes first; custom resources come last.
fn order(resource: Resource) -> usize {
    const FIRST: &[&str] = &[
        "Namespace",
        "NetworkPolicy",
        "ResourceQuota",
        "LimitRange",
        "PodDisruptionBudget",
        "ServiceAccount",
        "Secret",
        "ConfigMap",
        "ClusterRole",
        "ClusterRoleBinding",
        "Role",
        "RoleBinding",
        "Service",
        "Pod",
        "ReplicaSet",
        "HorizontalPodAutoscaler",
        "IngressClass",
        "Ingress",
    ];
    let kind = resource.info().kind;
    FIRST.iter().position(|first| *first == kind).unwrap_or(FIRST.len())
}

#[cfg(test)]
mod tests {
    use crate::json::json;

    use super::*;
    use crate::store::Object;

    fn item(resource: Resource, name: &str, wave: &str, extra: bool) -> Item {
        let annotations = json!({"argocd.argoproj.io/sync-wave": wave});
        let object =
            json!({"kind": resource.info().kind, "metadata": {"name": name, "annotations": annotations}});
        let live = extra.then(|| Object::new(object.clone()));
        let desired = (!extra).then_some(object);
        Item { resource, ns: "a".into(), name: name.into(), desired, live, differs: true }
    }

    #[test]
    fn waves_then_kinds_then_names_and_what_goes_in_reverse() {
        let items = || {
            vec![
                item(Resource::Rollout, "web", "0", false),
                item(Resource::Service, "b", "0", false),
                item(Resource::Service, "a", "0", false),
                item(Resource::ConfigMap, "first", "-1", false),
                item(Resource::ConfigMap, "old", "0", true),
                item(Resource::ConfigMap, "older", "3", true),
            ]
        };
        let order = |asked: Value| -> Vec<(String, i64)> {
            of(&asked, items()).into_iter().map(|task| (task.item.name, task.wave)).collect()
        };
        let named = |all: &[(&str, i64)]| {
            all.iter().map(|(name, wave)| ((*name).to_owned(), *wave)).collect::<Vec<_>>()
        };
        let by_wave = [("first", -1), ("older", 0), ("a", 0), ("b", 0), ("web", 0), ("old", 3)];
        assert_eq!(order(json!({})), named(&by_wave));
        let last = [("first", -1), ("a", 0), ("b", 0), ("web", 0), ("old", 1), ("older", 1)];
        assert_eq!(order(json!({"syncOptions": ["PruneLast=true"]})), named(&last));
        let one = json!({"resources": [{"group": "", "kind": "Service", "name": "b"}]});
        assert_eq!(order(one), named(&[("b", 0)]));
    }
}
