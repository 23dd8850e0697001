//! An Application that is being deleted: with the finalizer, its objects go first.

use super::{CONTROLLER, NAMESPACE, apply, compare};
use crate::object::{self, items};
use crate::resource::Resource;
use crate::store::Object;
use crate::world::World;

const FINALIZER: &str = "resources-finalizer.argocd.argoproj.io";

/// Deletes what is left of the Application's objects, and then lets it go.
pub(super) fn run(world: &mut World, app: &Object) {
    let asked = |one: &&crate::json::Value| one.as_str().is_some_and(|one| one.starts_with(FINALIZER));
    let Some(finalizer) = items(app, "/metadata/finalizers").find(asked).cloned() else { return };
    let left = compare::tracked(world, app);
    for item in left.iter().filter(|item| !item.live.as_ref().is_some_and(|live| object::deleting(live))) {
        let policy = if finalizer == format!("{FINALIZER}/background") { "Background" } else { "Foreground" };
        // What is gone meanwhile is not there at the next look, which the deletion of the others brings.
        let _ = apply::delete(world, item, policy);
    }
    if !compare::tracked(world, app).is_empty() {
        return;
    }
    let gone = world.modify(CONTROLLER, Resource::Application, NAMESPACE, object::name(app), |app| {
        if let Some(list) = app["metadata"]["finalizers"].as_array_mut() {
            list.retain(|one| *one != finalizer);
        }
    });
    if let Err(refusal) = gone {
        tracing::debug!(application = object::name(app), "its finalizer was not taken away: {refusal}");
    }
}
