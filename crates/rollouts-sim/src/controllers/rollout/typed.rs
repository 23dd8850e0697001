//! Objects as types, each state read once, and from what was read of the state before.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::json::{Value, json};
use rollouts_client::types::{AnalysisRun, ReplicaSet, Rollout};
use serde::de::DeserializeOwned;

use super::canary::spec::Canary;
use super::hash;
use crate::object;
use crate::refusal::Refusal;
use crate::store::Object;

/// What is read of a Rollout, once for each state of it.
pub(super) struct Asked {
    pub(super) rollout: Arc<Rollout>,
    pub(super) of_spec: Arc<OfSpec>,
    /// Whether its status is as a pass wrote it, and so what writing it again would come to.
    pub(super) own_status: bool,
    /// The status that was last written over it.
    sent: Mutex<Option<Value>>,
}

/// What follows from the spec, and so is the same in all states of a generation.
pub(super) struct OfSpec {
    pub(super) canary: Option<Arc<Canary>>,
    collisions: i64,
    pub(super) template_hash: String,
    pub(super) step_hash: String,
    /// Whether an analysis has a field of the Rollout as an argument, which may come and go with any write.
    by_field: bool,
    /// When it was found valid, as [`crate::store::Store::named`] counts: that hangs on the spec and on what it names.
    valid: Mutex<Option<(u64, u64)>>,
}

impl Asked {
    /// Most writes are of the status: then all but that is as in the state before.
    pub(super) fn read(object: &Value, earlier: Option<(Value, Arc<Asked>)>) -> Result<Asked, Refusal> {
        let collisions = object::number(object, "/status/collisionCount", 0);
        let generation = object::at(object, "/metadata/generation").and_then(Value::as_i64);
        let earlier = earlier.map(|(_, earlier)| earlier);
        let own_status =
            earlier.as_ref().is_some_and(|earlier| held(&earlier.sent).as_ref() == Some(&object["status"]));
        let same = |earlier: &Arc<Asked>| {
            let of = &earlier.rollout.metadata;
            generation.is_some() && of.generation == generation && earlier.of_spec.collisions == collisions
        };
        let (rollout, of_spec) = match earlier.filter(same) {
            Some(earlier) => {
                // Where nobody holds the earlier state, nothing of it is copied.
                let (rollout, of_spec) = Arc::try_unwrap(earlier).map_or_else(
                    |earlier| (Arc::clone(&earlier.rollout), Arc::clone(&earlier.of_spec)),
                    |earlier| (earlier.rollout, earlier.of_spec),
                );
                let mut rollout = Arc::unwrap_or_clone(rollout);
                rollout.metadata = parse(&object["metadata"])?;
                rollout.status = parse(&object["status"])?;
                (Arc::new(rollout), of_spec)
            }
            None => (Arc::new(parse(object)?), Arc::new(OfSpec::read(&object["spec"], collisions)?)),
        };
        Ok(Asked { rollout, of_spec, own_status, sent: Mutex::default() })
    }

    /// Notes the status that is about to be written over this state.
    pub(super) fn sent(&self, status: &Value) {
        *held(&self.sent) = Some(status.clone());
    }
}

impl OfSpec {
    fn read(spec: &Value, collisions: i64) -> Result<OfSpec, Refusal> {
        let strategy = &spec["strategy"]["canary"];
        Ok(OfSpec {
            canary: if strategy.is_null() { None } else { Some(Arc::new(parse(strategy)?)) },
            collisions,
            template_hash: hash::of(&spec["template"], collisions),
            step_hash: hash::of(&strategy["steps"], 0),
            by_field: mentions(&spec["strategy"], "fieldRef"),
            valid: Mutex::default(),
        })
    }

    /// Whether it was found valid, and nothing that it names has changed since.
    pub(super) fn is_valid(&self, named: (u64, u64)) -> bool {
        !self.by_field && *held(&self.valid) == Some(named)
    }

    /// Notes that it was found valid.
    pub(super) fn found_valid(&self, named: (u64, u64)) {
        *held(&self.valid) = Some(named);
    }
}

fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether a key stands anywhere in a value.
fn mentions(value: &Value, key: &str) -> bool {
    match value {
        Value::Object(members) => members.iter().any(|(known, inner)| known == key || mentions(inner, key)),
        Value::Array(items) => items.iter().any(|inner| mentions(inner, key)),
        _ => false,
    }
}

/// What a pass reads as a type.
pub(super) trait Typed: Send + Sync + Sized + 'static {
    /// Reads one state, given an earlier one and what was read of it.
    fn read(object: &Value, earlier: Option<(Value, Arc<Self>)>) -> Result<Self, Refusal>;
}

impl Typed for ReplicaSet {
    /// Of most states the template is as it was.
    fn read(object: &Value, earlier: Option<(Value, Arc<ReplicaSet>)>) -> Result<ReplicaSet, Refusal> {
        let template = &object["spec"]["template"];
        let Some((_, earlier)) =
            earlier.filter(|(was, _)| template.is_object() && was["spec"]["template"] == *template)
        else {
            return parse(object);
        };
        let mut rest = object.clone();
        rest["spec"]["template"].take();
        let mut set: ReplicaSet = parse(&rest)?;
        set.spec.template = Arc::unwrap_or_clone(earlier).spec.template;
        Ok(set)
    }
}

impl Typed for AnalysisRun {
    /// Of most states all but the status is as it was.
    fn read(object: &Value, earlier: Option<(Value, Arc<AnalysisRun>)>) -> Result<AnalysisRun, Refusal> {
        let Some((_, earlier)) = earlier.filter(|(was, _)| was["spec"] == object["spec"]) else {
            return parse(object);
        };
        let mut rest = object.clone();
        rest["spec"] = json!({});
        let mut run: AnalysisRun = parse(&rest)?;
        run.spec = Arc::unwrap_or_clone(earlier).spec;
        Ok(run)
    }
}

/// Reads a stored object as a type, once for each state of it.
pub(super) fn typed<T: Typed>(object: &Object) -> Result<Arc<T>, Refusal> {
    object.read_on(T::read)
}

fn parse<T: DeserializeOwned>(object: &Value) -> Result<T, Refusal> {
    T::deserialize(object).map_err(|error| Refusal::bad_request(format!("{}: {error}", object::name(object))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::Managers;

    /// Reads two states of one object, and the second one by itself.
    fn read<T: Typed + PartialEq + std::fmt::Debug>(first: &Value, second: &Value) {
        let state = |json: &Value| Object::with(json.clone(), Managers::default());
        for held in [false, true] {
            let before = state(first);
            let known = typed::<T>(&before).unwrap();
            let known = held.then_some(known);
            let after = state(second).after(&before);
            assert_eq!(typed::<T>(&after).unwrap(), typed::<T>(&state(second)).unwrap(), "{second}");
            assert!(known.is_none_or(|known| known == typed::<T>(&state(first)).unwrap()), "{first}");
        }
    }

    #[test]
    fn a_state_is_read_the_same_whatever_was_before_it() {
        let set = |replicas: i64, image: &str, ready: i64| {
            json!({
                "apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": "a", "generation": replicas},
                "spec": {"replicas": replicas, "selector": {}, "minReadySeconds": 1, "template": {
                    "metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": image}]},
                }},
                "status": {"replicas": replicas, "readyReplicas": ready},
            })
        };
        let first = set(1, "x", 0);
        for second in
            [set(1, "x", 1), set(2, "x", 1), set(2, "y", 1), json!({"metadata": {"name": "a"}, "spec": {}})]
        {
            read::<ReplicaSet>(&first, &second);
            read::<ReplicaSet>(&second, &first);
        }
        let run = |count: i64, terminate: bool, phase: &str| {
            json!({
                "metadata": {"name": "a"}, "spec": {"metrics": [{"name": "m", "count": count}], "terminate": terminate},
                "status": {"phase": phase},
            })
        };
        let first = run(1, false, "Running");
        for second in [run(1, false, "Failed"), run(2, false, "Running"), run(1, true, "Running")] {
            read::<AnalysisRun>(&first, &second);
        }
    }
}
