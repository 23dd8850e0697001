//! What Git states beside what the cluster has.

use super::apply::Way;
use super::desired::{self, Desired};
use super::health::{self, Health};
use super::tracking_id;
use crate::json::{Value, json};
use crate::object;
use crate::resource::Resource;
use crate::store::Object;
use crate::world::World;
use rollouts_client::names::ARGOCD_TRACKING_ID;

/// One object that Git states, or that the Application made and Git states no more.
#[derive(Clone)]
pub(super) struct Item {
    pub(super) resource: Resource,
    pub(super) ns: String,
    pub(super) name: String,
    pub(super) desired: Option<Value>,
    pub(super) live: Option<Object>,
    pub(super) differs: bool,
}

/// All of them, and what Git states more than once.
pub(super) struct Comparison {
    pub(super) items: Vec<Item>,
    pub(super) repeated: Vec<String>,
}

/// Compares what these manifests state with the cluster.
///
/// # Errors
/// The first manifest that cannot be had in this Application.
pub(super) fn compare(world: &mut World, app: &Value, stated: &[Value]) -> Result<Comparison, String> {
    let Desired { objects, repeated } = desired::of(app, stated)?;
    let way = Way::of(app, &app["spec"]["syncPolicy"]["syncOptions"]);
    let mut items = Vec::new();
    for ((resource, ns, name), desired) in objects {
        let live = world.store.get(resource, &ns, &name).cloned();
        let mut item = Item { resource, ns, name, desired: Some(desired), live, differs: true };
        item.differs = way.differs(world, &item);
        items.push(item);
    }
    let known = |extra: &Item| items.iter().any(|item| item.key() == extra.key());
    let extra: Vec<Item> = tracked(world, app).into_iter().filter(|extra| !known(extra)).collect();
    items.extend(extra);
    Ok(Comparison { items, repeated })
}

/// The objects that carry this Application's mark, as if Git did not state them.
pub(super) fn tracked(world: &World, app: &Value) -> Vec<Item> {
    let mut found = Vec::new();
    for resource in Resource::ALL {
        for live in world.store.list(resource, "") {
            if object::annotation(live, ARGOCD_TRACKING_ID)
                .is_some_and(|id| id == tracking_id(app, resource, live))
            {
                let (ns, name) = (object::namespace(live).to_owned(), object::name(live).to_owned());
                found.push(Item {
                    resource,
                    ns,
                    name,
                    desired: None,
                    live: Some(live.clone()),
                    differs: true,
                });
            }
        }
    }
    found
}

impl Item {
    pub(super) fn key(&self) -> (Resource, &str, &str) {
        (self.resource, &self.ns, &self.name)
    }

    /// Whether Git states it no more.
    pub(super) fn extra(&self) -> bool {
        self.desired.is_none()
    }

    /// The state of the object in the cluster; nothing where its kind has none.
    pub(super) fn health(&self) -> Option<Health> {
        match &self.live {
            Some(live) => health::of(live).map(|(health, _)| health),
            None => health::is_judged(self.resource.info().kind).then_some(Health::Missing),
        }
    }

    /// As `status.resources` and the results of a sync name it.
    pub(super) fn named(&self) -> Value {
        let info = self.resource.info();
        json!({
            "group": info.group, "version": info.version, "kind": info.kind, "namespace": self.ns, "name": self.name,
        })
    }

    /// Whether a result or a filter names it.
    pub(super) fn is(&self, named: &Value) -> bool {
        let info = self.resource.info();
        let ns = object::text(named, "/namespace");
        object::text(named, "/group") == info.group
            && named["kind"] == info.kind
            && named["name"] == self.name.as_str()
            && (ns.is_empty() || ns == self.ns)
    }
}
