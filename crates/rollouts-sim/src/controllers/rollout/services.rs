//! The active and the preview Service: whom they select, and when that changes.

use crate::json::{Value, json};
use rollouts_client::names;

use super::pass::Pass;
use super::{analyses, pause, scale, status};
use crate::object;
use crate::refusal::Refusal;
use crate::resource::Resource;
use crate::world::World;
use crate::write::ROLLOUTS;

/// A Service of the Rollout as this pass knows it, its own switch taken in.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) name: String,
    /// The hash in its selector.
    pub(super) selects: Option<String>,
    pub(super) managed: bool,
}

impl Target {
    fn of(service: &Value) -> Target {
        Target {
            name: object::name(service).to_owned(),
            selects: service["spec"]["selector"][names::POD_TEMPLATE_HASH].as_str().map(str::to_owned),
            managed: object::annotation(service, names::MANAGED_BY_ROLLOUTS).is_some(),
        }
    }

    /// Reads a Service.
    ///
    /// # Errors
    /// That it is not there.
    pub(super) fn read(world: &World, ns: &str, name: &str) -> Result<Target, Refusal> {
        let service = world.store.get(Resource::Service, ns, name);
        service.map(|service| Target::of(service)).ok_or_else(|| Refusal::not_found(Resource::Service, name))
    }

    /// The hash, empty when it selects no single version.
    pub(super) fn hash(&self) -> &str {
        self.selects.as_deref().unwrap_or_default()
    }
}

/// Reads the preview Service (if the Rollout has one) and the active one.
pub(super) fn targets(world: &World, pass: &Pass) -> Result<(Option<Target>, Target), Refusal> {
    let strategy = pass.strategy();
    let read = |name: &str| Target::read(world, &pass.ns, name);
    let preview =
        strategy.preview_service.as_deref().filter(|name| !name.is_empty()).map(read).transpose()?;
    Ok((preview, read(&strategy.active_service)?))
}

/// The preview follows the new version at once, ready or not.
pub(super) fn reconcile_preview(
    world: &mut World,
    pass: &Pass,
    preview: Option<&mut Target>,
) -> Result<(), Refusal> {
    match preview {
        Some(preview) if !pass.halted() => switch(world, pass, preview, pass.new_hash()),
        _ => Ok(()),
    }
}

/// Whether promotion needs no pause: a fast rollback, a full promotion, or nothing to protect.
pub(super) fn fast_tracked(pass: &Pass, active: &Target) -> bool {
    status::fast_rollback(pass)
        || pass.status().promote_full == Some(true)
        || active.selects.is_none()
        || active.hash() == pass.new_hash()
}

/// What the active Service should select; `None` while it has to stay as it is.
///
/// The saturation of the new version is asked for before the abort: an update that was promoted and then crashes
/// is not switched back by an abort. That is upstream's order, and a blackout.
pub(super) fn active_choice(pass: &Pass, active: &Target) -> Option<String> {
    let new = pass.new.as_ref()?;
    if pass.halted() || !scale::ready_for_pause(pass) || !scale::saturated(pass, new) {
        return None;
    }
    if pass.rollout.aborted() {
        return Some(pass.rollout.stable_hash().unwrap_or_default().to_owned());
    }
    let promoted = fast_tracked(pass, active) || (pause::completed(pass) && analyses::pre_completed(pass));
    Some(if promoted { pass.new_hash().to_owned() } else { active.hash().to_owned() })
}

/// Switches the active Service when it is time.
pub(super) fn reconcile_active(world: &mut World, pass: &Pass, active: &mut Target) -> Result<(), Refusal> {
    match active_choice(pass, active) {
        Some(hash) => switch(world, pass, active, &hash),
        None => Ok(()),
    }
}

/// Has a Service select a version, and notes whose Service it is.
pub(super) fn switch(world: &mut World, pass: &Pass, target: &mut Target, hash: &str) -> Result<(), Refusal> {
    if target.selects.as_deref() == Some(hash) && target.managed {
        return Ok(());
    }
    world.modify(ROLLOUTS, Resource::Service, &pass.ns, &target.name, |service| {
        if !target.managed {
            service["metadata"]["annotations"][names::MANAGED_BY_ROLLOUTS] = json!(pass.name());
        }
        service["spec"]["selector"][names::POD_TEMPLATE_HASH] = json!(hash);
    })?;
    let message =
        format!("Switched selector for service '{}' from '{}' to '{hash}'", target.name, target.hash());
    pass.event(world, false, "SwitchService", &message);
    target.selects = Some(hash.to_owned());
    target.managed = true;
    Ok(())
}

/// Gives the Services of a Rollout that is gone back to their own selectors.
pub(super) fn release(world: &mut World, ns: &str, rollout: &str) {
    let managed: Vec<String> = world
        .store
        .list(Resource::Service, ns)
        .filter(|service| object::annotation(service, names::MANAGED_BY_ROLLOUTS) == Some(rollout))
        .map(|service| object::name(service).to_owned())
        .collect();
    for name in managed {
        // It was listed in this same moment.
        let _ = world.modify(ROLLOUTS, Resource::Service, ns, &name, |service| {
            for (parent, key) in [
                ("/metadata/annotations", names::MANAGED_BY_ROLLOUTS),
                ("/spec/selector", names::POD_TEMPLATE_HASH),
            ] {
                if let Some(map) = service.pointer_mut(parent).and_then(Value::as_object_mut) {
                    map.remove(key);
                }
            }
        });
    }
}
