//! What stands in an Application's namespace and in no Application, where its project wants to hear of it.

use crate::json::Value;

use super::project::fits;
use super::tracked_by;
use crate::object::{self, items, text};
use crate::resource::Resource;
use crate::world::World;

/// The warning, if the project asks for one and there is something to warn of.
pub(super) fn warning(world: &World, app: &Value, project: &Value) -> Option<String> {
    let monitor = &project["spec"]["orphanedResources"];
    if !monitor.is_object() || monitor["warn"] == false {
        return None;
    }
    let ns = text(app, "/spec/destination/namespace");
    let kinds = Resource::ALL.into_iter().filter(|resource| resource.info().namespaced);
    // Upstream does not look at what is made of other objects and changes all the time.
    let watched =
        kinds.filter(|kind| !matches!(kind, Resource::Event | Resource::Endpoints | Resource::EndpointSlice));
    let count = watched
        .flat_map(|resource| world.store.list(resource, ns).map(move |object| (resource, object)))
        .filter(|(_, object)| tracked_by(object).is_none())
        .filter(|(_, object)| items(object, "/metadata/ownerReferences").next().is_none())
        .filter(|(resource, object)| {
            !of_every_namespace(*resource, object) && !ignored(monitor, *resource, object)
        })
        .count();
    (count > 0 && !ns.is_empty()).then(|| format!("Application has {count} orphaned resources"))
}

fn of_every_namespace(resource: Resource, object: &Value) -> bool {
    matches!(
        (resource, object::name(object)),
        (Resource::ServiceAccount, "default") | (Resource::ConfigMap, "kube-root-ca.crt")
    )
}

fn ignored(monitor: &Value, resource: Resource, object: &Value) -> bool {
    let info = resource.info();
    items(monitor, "/ignore").any(|one| {
        let named = |field: &str, is: &str| text(one, field).is_empty() || fits(text(one, field), is);
        fits(text(one, "/group"), info.group)
            && named("/kind", info.kind)
            && named("/name", object::name(object))
    })
}
