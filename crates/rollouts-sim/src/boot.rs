//! What a fresh cluster already holds.

use crate::json::{Value, json};

use crate::fields::Managers;
use crate::resource::Resource;
use crate::world::{World, stamp};
use crate::write::Writer;

/// Creates the namespaces of every cluster, and the definitions of the custom resources.
pub(crate) fn fill(world: &mut World) {
    for name in ["default", "kube-node-lease", "kube-public", "kube-system"] {
        let namespace = json!({"metadata": {"name": name}});
        // The names are valid and the store is empty: this cannot be refused.
        let _ = world.create(Writer::named("kube-apiserver"), Resource::Namespace, namespace);
    }
    for resource in Resource::ALL.into_iter().filter(|r| r.info().custom) {
        let definition = definition(world, resource);
        world.store.put(Resource::CustomResourceDefinition, definition, Managers::default());
    }
}

/// The CustomResourceDefinition of a served kind, established; its schema is not repeated here.
fn definition(world: &mut World, resource: Resource) -> Value {
    let info = resource.info();
    let now = stamp(world.now());
    let mut subresources = json!({});
    if info.status {
        subresources["status"] = json!({});
    }
    if info.scale {
        subresources["scale"] = json!({
            "specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.HPAReplicas",
            "labelSelectorPath": ".status.selector",
        });
    }
    let names = json!({
        "plural": info.plural, "singular": info.singular, "kind": info.kind,
        "listKind": format!("{}List", info.kind), "shortNames": info.short,
    });
    let condition = |kind: &str, reason: &str, message: &str| json!({"type": kind, "status": "True", "lastTransitionTime": now, "reason": reason, "message": message});
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {
            "name": resource.qualified(), "uid": world.draw_uid(), "creationTimestamp": now, "generation": 1,
        },
        "spec": {
            "group": info.group, "names": names, "scope": if info.namespaced { "Namespaced" } else { "Cluster" },
            "conversion": {"strategy": "None"},
            "versions": [{
                "name": info.version, "served": true, "storage": true, "subresources": subresources,
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}},
            }],
        },
        "status": {
            "acceptedNames": names, "storedVersions": [info.version],
            "conditions": [
                condition("NamesAccepted", "NoConflicts", "no conflicts found"),
                condition("Established", "InitialNamesAccepted", "the initial names have been accepted"),
            ],
        },
    })
}
