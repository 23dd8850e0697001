//! Argo CD's application controller: what Git states, compared with the cluster, reported, and made so.
//!
//! One pass over one Application does what upstream's two queues do, by the rules of argo-cd 3.6.1: it carries the
//! operation that is under way one step on, compares, reports, and decides whether a sync begins by itself. Git is read
//! by whoever holds the world (`repository`); between its answers the last one counts, as upstream's cache does.
//!
//! - [`known`]: what Git is known to hold, and when it is asked
//! - [`project`]: what an AppProject permits; [`mod@admit`]: what is refused because nothing here would carry it out
//! - [`desired`], [`compare`], [`apply`], [`three_way`]: the manifests, what differs, and how one of them is made so
//! - [`tasks`], [`sync`], [`operation`], [`automated`]: an operation by waves, its retries, and when one begins by itself
//! - [`health`], [`status`], [`orphans`]: what the Application says
//!
//! # What it leaves out
//! Applications stand in namespace argocd. There is one cluster, `https://kubernetes.default.svc`. Git is polled every
//! 120 seconds, without the jitter. No charts, kustomizations or hooks, no sync windows; roles of a project are stored, since
//! nobody is asked who they are. A PodDisruptionBudget has no health, because no controller here writes its status.

mod admit;
mod apply;
mod automated;
mod compare;
mod desired;
mod finalize;
mod health;
mod known;
mod operation;
mod orphans;
mod project;
#[cfg(test)]
mod random;
mod status;
mod sync;
mod tasks;
mod three_way;

use std::time::Duration;

use crate::json::Value;
use rollouts_client::names::{ARGOCD_SKIP_RECONCILE, ARGOCD_TRACKING_ID};

use crate::object;
use crate::queue::{Queue, Work};
use crate::resource::Resource;
use crate::store::{Change, Store};
use crate::world::World;
use crate::write::Writer;

pub(super) use self::admit::{application as admit_application, project as admit_project};
pub(crate) use self::known::ArgoCd;

/// Where Argo CD and its Applications are.
const NAMESPACE: &str = "argocd";
/// What its Events and its own writes to an Application name as their source.
const COMPONENT: &str = "argocd-application-controller";
const CONTROLLER: Writer<'static> = Writer::named(COMPONENT);

/// From a write to an Application to the look at it.
const APPLICATIONS: Duration = Duration::from_millis(10);
/// From a change of a tracked object to the look at its Application: upstream takes changes in batches.
const OBJECTS: Duration = Duration::from_millis(100);

/// Looks at one Application.
pub(super) fn run(world: &mut World, name: &str) {
    let Some(app) = world.store.get(Resource::Application, NAMESPACE, name).cloned() else {
        world.argocd.forget(name);
        return;
    };
    if object::annotation(&app, ARGOCD_SKIP_RECONCILE) == Some("true") {
        return;
    }
    if object::deleting(&app) {
        finalize::run(world, &app);
        return;
    }
    // Git's answer brings the next look.
    if known::ask(world, &app) {
        return;
    }
    let permitted = project::permitted(world, &app);
    let mut new = Value::clone(&app);
    let begun = operation::step(world, &mut new, &permitted);
    let compared = status::report(world, &mut new, &permitted);
    if !begun {
        automated::decide(world, &mut new, compared.as_deref());
    }
    status::write(world, &app, new);
}

/// Schedules the Applications that a change concerns.
pub(super) fn on_change(queue: &mut Queue, store: &Store, change: &Change) {
    let named = |name: &str| Work::Application { name: name.to_owned() };
    match change.resource {
        Resource::Application => queue.after(APPLICATIONS, named(object::name(&change.object))),
        Resource::AppProject => {
            let project = object::name(&change.object);
            for app in
                store.list(Resource::Application, NAMESPACE).filter(|app| project::name(app) == project)
            {
                queue.after(APPLICATIONS, named(object::name(app)));
            }
        }
        _ => {
            let tracked = [Some(&change.object), change.before.as_ref()].into_iter().flatten();
            for app in tracked.filter_map(|object| tracked_by(object)) {
                queue.after(OBJECTS, named(app));
            }
        }
    }
}

/// The Application that an object says it belongs to.
fn tracked_by(object: &Value) -> Option<&str> {
    object::annotation(object, ARGOCD_TRACKING_ID).and_then(|id| id.split_once(':')).map(|(app, _)| app)
}

/// What an object of this Application is marked with. An object that carries another's mark, such as a ReplicaSet with
/// its Rollout's annotations, is not the Application's.
fn tracking_id(app: &Value, resource: Resource, object: &Value) -> String {
    let info = resource.info();
    let ns = match object::namespace(object) {
        "" => object::text(app, "/spec/destination/namespace"),
        ns => ns,
    };
    format!("{}:{}/{}:{ns}/{}", object::name(app), info.group, info.kind, object::name(object))
}
