//! Revisions: creating the ReplicaSet of a new template, and keeping its number the highest.

use crate::json::{Value, json};
use rollouts_client::names;

use super::pass::Pass;
use super::typed::typed;
use super::{annotations, conditions, persist};
use crate::object;
use crate::refusal::Refusal;
use crate::resource::Resource;
use crate::world::World;
use crate::write::ROLLOUTS;

/// The number that the present template has to have: one more than any other's.
fn next(pass: &Pass) -> i64 {
    let others = pass.sets.iter().filter(|set| set.name() != pass.new_name());
    others.map(|set| set.revision()).max().unwrap_or(0) + 1
}

/// Creates the ReplicaSet of the present template, at size 0, and notes the new revision.
pub(super) fn create(world: &mut World, pass: &mut Pass) -> Result<(), Refusal> {
    let revision = next(pass);
    let set = replica_set(pass, revision);
    let name = object::name(&set).to_owned();
    let created = match world.create(ROLLOUTS, Resource::ReplicaSet, set) {
        Ok(_) => true,
        Err(refusal) if refusal.reason == "AlreadyExists" => {
            return collide(world, pass, refusal);
        }
        Err(refusal) => {
            let message = format!("Failed to create new replica set \"{name}\": {refusal}");
            pass.event(world, true, "ReplicaSetCreateError", &message);
            let condition =
                conditions::new("Progressing", "False", "ReplicaSetCreateError", &message, pass.now);
            persist::conditions(world, pass, vec![condition])?;
            return Err(refusal);
        }
    };
    set_revision(world, pass, &revision.to_string())?;
    if created {
        let message = format!("Created ReplicaSet {name} (revision {revision})");
        pass.event(world, false, "NewReplicaSetCreated", &message);
        let message = format!("Created new replica set \"{name}\"");
        let condition = conditions::new("Progressing", "True", "NewReplicaSetCreated", &message, pass.now);
        persist::initial(world, pass, condition)?;
    }
    Ok(())
}

/// Another ReplicaSet has the name already: the next try hashes differently.
fn collide(world: &mut World, pass: &Pass, refusal: Refusal) -> Result<(), Refusal> {
    world.modify_status(ROLLOUTS, Resource::Rollout, &pass.ns, pass.name(), |standing| {
        let mut status = standing.clone();
        status["collisionCount"] = json!(object::number(standing, "/collisionCount", 0) + 1);
        status
    })?;
    Err(refusal)
}

fn replica_set(pass: &Pass, revision: i64) -> Value {
    let hash = &pass.template_hash;
    let spec = &pass.object["spec"];
    let mut template = spec["template"].clone();
    if !template["metadata"].is_object() {
        template["metadata"] = json!({});
    }
    template["metadata"]["labels"][names::POD_TEMPLATE_HASH] = json!(hash);
    let mut selector = spec["selector"].clone();
    selector["matchLabels"][names::POD_TEMPLATE_HASH] = json!(hash);
    let annotations = annotations::of_revision(&pass.rollout, &Default::default(), revision, false);
    let mut set = json!({
        "metadata": {
            "name": format!("{}-{hash}", pass.name()),
            "namespace": pass.ns,
            "labels": template["metadata"]["labels"],
            "annotations": annotations,
            "ownerReferences": [object::owner_reference(Resource::Rollout, &pass.object)],
        },
        "spec": {"replicas": 0, "selector": selector, "template": template},
    });
    let min_ready = pass.rollout.spec.min_ready_seconds.unwrap_or(0);
    if min_ready > 0 {
        set["spec"]["minReadySeconds"] = json!(min_ready);
    }
    set
}

/// Brings the books of the present ReplicaSet up to date, or else the Rollout's revision.
///
/// When the ReplicaSet is written, the Rollout's revision waits for the next call: the order of upstream, which
/// makes two calls in a pass.
pub(super) fn sync(world: &mut World, pass: &mut Pass) -> Result<(), Refusal> {
    let Some(new) = pass.new.clone() else { return Ok(()) };
    let present = new.metadata.annotations.clone().unwrap_or_default();
    let wanted = annotations::of_revision(&pass.rollout, &present, next(pass), true);
    let min_ready = i64::from(pass.rollout.spec.min_ready_seconds.unwrap_or(0));
    let has = new.spec.other.get("minReadySeconds").and_then(|seconds| seconds.as_i64()).unwrap_or(0);
    if wanted != present || min_ready != has {
        let written = world.modify(ROLLOUTS, Resource::ReplicaSet, &pass.ns, new.name(), |set| {
            set["metadata"]["annotations"] = json!(wanted);
            if min_ready != has {
                set["spec"]["minReadySeconds"] = json!(min_ready);
            }
        })?;
        pass.new = Some(typed(&written)?);
        return Ok(());
    }
    let revision = present.get(names::REVISION).cloned().unwrap_or_default();
    set_revision(world, pass, &revision)?;
    if !pass.status().conditions.iter().flatten().any(|condition| condition.type_ == "Progressing") {
        let message = format!("Found new replica set \"{}\"", new.name());
        let condition = conditions::new("Progressing", "True", "FoundNewReplicaSet", &message, pass.now);
        persist::initial(world, pass, condition)?;
    }
    Ok(())
}

/// Fields of a Rollout's own that upstream's Go types leave out where they are zero. It writes the revision by an update
/// of the whole object, which takes them away from one that states them. Recorded: Argo CD then finds the Rollout
/// OutOfSync and applies it once more.
const ZEROS: &[(&str, &str)] = &[
    ("/spec", "minReadySeconds"),
    ("/spec", "paused"),
    ("/spec", "progressDeadlineAbort"),
    ("/spec/strategy/blueGreen", "autoPromotionSeconds"),
];

fn drop_zeros(rollout: &mut Value) {
    for (place, field) in ZEROS {
        if let Some(Value::Object(place)) = rollout.pointer_mut(place)
            && place.get(field).is_some_and(|value| *value == json!(0) || *value == json!(false))
        {
            place.remove(field);
        }
    }
}

fn set_revision(world: &mut World, pass: &mut Pass, revision: &str) -> Result<(), Refusal> {
    let has = object::annotation(&pass.object, names::REVISION).unwrap_or_default();
    if has == revision {
        return Ok(());
    }
    let written = world.modify(ROLLOUTS, Resource::Rollout, &pass.ns, pass.name(), |rollout| {
        rollout["metadata"]["annotations"][names::REVISION] = json!(revision);
        drop_zeros(rollout);
    })?;
    pass.take_in(&written)?;
    pass.event(world, false, "RolloutUpdated", &format!("Rollout updated to revision {revision}"));
    Ok(())
}
