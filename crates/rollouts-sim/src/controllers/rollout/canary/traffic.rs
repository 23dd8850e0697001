//! The traffic step: the weight, told to the ingress by a second Ingress, and written into the status.
//!
//! The one router is nginx': an Ingress with the rules of the stable one, the canary Service, and the weight as an
//! annotation. It cannot verify a weight and knows no routes by header.

use std::sync::Arc;

use crate::json::{Value, json};
use rollouts_client::types::{TrafficWeights, WeightDestination};

use super::super::pass::Pass;
use super::sizes::Shares;
use super::spec::{Canary, Nginx};
use super::weights::{self, Doing};
use super::{services, sizing};
use crate::object::{self, items};
use crate::refusal::Refusal;
use crate::resource::Resource;
use crate::world::World;
use crate::write::ROLLOUTS;

const CLASS: &str = "kubernetes.io/ingress.class";
/// What the name of a canary Ingress ends with, and how long it may be.
const SUFFIX: &str = "-canary";
const LONGEST: usize = 253;

/// Brings the weight to what the state needs.
pub(super) fn reconcile(world: &mut World, pass: &mut Pass, canary: &Canary) -> Result<(), Refusal> {
    let Some(nginx) = canary.nginx() else {
        pass.weights = None;
        return Ok(());
    };
    let back_from = services::going_back(pass, canary);
    let doing = doing(pass, back_from.is_some());
    let sizing = sizing(pass, canary);
    let standing = pass.standing_weights();
    let shares = Shares::of(standing);
    let weight = weights::desired(doing, &sizing, shares);
    let max = canary.max_weight();
    if doing == Doing::Aborting && (weight == 0 || !canary.dynamic_stable_scale) {
        services::ensure(world, pass, &canary.canary_service, pass.stable().map(Arc::as_ref), false)?;
    }
    // The stable version must be able to carry what it is to carry.
    let carried = (max - weight) * sizing.replicas / max.max(1);
    if !sizing
        .stable
        .is_some_and(|stable| stable.available >= carried || sizing.enough(Some(stable), carried))
    {
        return Ok(());
    }
    if let Err(refusal) = set_weight(world, pass, canary, nginx, weight) {
        pass.event(world, true, "TrafficRoutingError", &refusal.message);
        return Err(refusal);
    }
    let hash = back_from.unwrap_or_else(|| pass.new_hash().to_owned());
    let new = TrafficWeights {
        canary: destination(weight, &hash, &canary.canary_service),
        stable: destination(
            max - weight,
            pass.rollout.stable_hash().unwrap_or_default(),
            &canary.stable_service,
        ),
        ..TrafficWeights::default()
    };
    if standing != Some(&new) {
        let message = format!("Traffic weight updated {}", change(shares, weight));
        pass.event(world, false, "TrafficWeightUpdated", &message);
        pass.weights = Some(new);
    }
    Ok(())
}

fn doing(pass: &Pass, going_back: bool) -> Doing {
    if going_back {
        Doing::GoingBack
    } else if pass.rollout.fully_promoted() {
        Doing::Settled
    } else if pass.aborted() {
        Doing::Aborting
    } else if pass.new.as_ref().is_none_or(|new| new.available() == 0) {
        Doing::Starting
    } else if pass.status().promote_full == Some(true) {
        Doing::PromotingInFull
    } else {
        Doing::Stepping
    }
}

fn destination(weight: i32, hash: &str, service: &str) -> WeightDestination {
    let mut destination = WeightDestination {
        weight,
        pod_template_hash: Some(hash.to_owned()).filter(|hash| !hash.is_empty()),
        ..WeightDestination::default()
    };
    destination.other.insert("serviceName".to_owned(), service.into());
    destination
}

/// A change of weight in upstream's words; nothing when only a version has changed.
fn change(shares: Option<Shares>, weight: i32) -> String {
    match shares {
        None => format!("to {weight}"),
        Some(shares) if shares.canary != weight => format!("from {} to {weight}", shares.canary),
        Some(_) => String::new(),
    }
}

fn set_weight(
    world: &mut World,
    pass: &Pass,
    canary: &Canary,
    nginx: &Nginx,
    weight: i32,
) -> Result<(), Refusal> {
    for stable in nginx.ingresses() {
        let Some(ingress) = world.store.get(Resource::Ingress, &pass.ns, stable).cloned() else {
            let why = Refusal::not_found(Resource::Ingress, stable);
            let why = format!("error retrieving stableIngress `{stable}` from cache: {why}");
            return Err(Refusal::bad_request(why));
        };
        let name = canary_name(pass.name(), stable);
        let wanted = canary_ingress(pass, canary, nginx, &ingress, weight)?;
        match world.store.get(Resource::Ingress, &pass.ns, &name).cloned() {
            Some(present) => update(world, pass, &present, &wanted, weight)?,
            None => create(world, pass, &name, wanted, weight)?,
        }
    }
    Ok(())
}

/// `<rollout>-<stable ingress>-canary`.
pub(super) fn canary_name(rollout: &str, stable: &str) -> String {
    let mut name = format!("{rollout}-{stable}");
    name.truncate(LONGEST - SUFFIX.len());
    name + SUFFIX
}

fn create(
    world: &mut World,
    pass: &Pass,
    name: &str,
    mut ingress: Value,
    weight: i32,
) -> Result<(), Refusal> {
    let message = format!("Creating canary ingress `{name}` with weight `{weight}`");
    pass.event(world, false, "CreatingCanaryIngress", &message);
    ingress["metadata"]["name"] = json!(name);
    ingress["metadata"]["namespace"] = json!(pass.ns);
    ingress["metadata"]["ownerReferences"] =
        json!([object::owner_reference(Resource::Rollout, &pass.object)]);
    world.create(ROLLOUTS, Resource::Ingress, ingress).map(drop)
}

fn update(
    world: &mut World,
    pass: &Pass,
    present: &Value,
    wanted: &Value,
    weight: i32,
) -> Result<(), Refusal> {
    let name = object::name(present);
    if !object::controlled_by(present, object::uid(&pass.object)) {
        let why = format!("canary ingress `{name}` controlled by different object");
        return Err(Refusal::bad_request(why));
    }
    // Annotations of others stay; the spec and its own are as wanted.
    let parts = ["/metadata/annotations", "/spec"];
    let fields = |part: &str| object::at(wanted, part).and_then(Value::as_object).into_iter().flatten();
    let stands = |part: &str| {
        fields(part)
            .all(|(key, value)| object::at(present, part).and_then(|present| present.get(key)) == Some(value))
    };
    if parts.into_iter().all(stands) {
        return Ok(());
    }
    let message = format!("Updating Ingress `{name}` to desiredWeight '{weight}'");
    pass.event(world, false, "PatchingCanaryIngress", &message);
    let change = |ingress: &mut Value| {
        for (key, value) in fields(parts[0]) {
            ingress["metadata"]["annotations"][key] = value.clone();
        }
        for (key, value) in fields(parts[1]) {
            ingress["spec"][key] = value.clone();
        }
    };
    world.modify(ROLLOUTS, Resource::Ingress, &pass.ns, name, change).map(drop)
}

/// The rules of the stable Ingress that lead to the stable Service, to the canary Service instead.
fn canary_ingress(
    pass: &Pass,
    canary: &Canary,
    nginx: &Nginx,
    stable: &Value,
    weight: i32,
) -> Result<Value, Refusal> {
    let mut rules = Vec::new();
    for rule in items(stable, "/spec/rules") {
        let mut rule = rule.clone();
        let mut ours = false;
        for path in rule.pointer_mut("/http/paths").and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some(name) = path.pointer_mut("/backend/service/name")
                && *name == json!(canary.stable_service)
            {
                *name = json!(canary.canary_service);
                ours = true;
            }
        }
        rules.extend(ours.then_some(rule));
    }
    if rules.is_empty() {
        let (ingress, service) = (object::name(stable), &canary.stable_service);
        return Err(Refusal::bad_request(no_rule(ingress, service)));
    }
    let mut annotations = json!({});
    if let Some(class) = object::annotation(stable, CLASS) {
        annotations[CLASS] = json!(class);
    }
    let prefix = nginx.prefix();
    for (key, value) in &nginx.additional_ingress_annotations {
        let key = if key.starts_with(prefix) { key.clone() } else { format!("{prefix}/{key}") };
        annotations[key] = json!(value);
    }
    for (key, value) in &nginx.canary_ingress_annotations {
        annotations[key] = json!(value);
    }
    annotations[format!("{prefix}/canary")] = json!("true");
    annotations[format!("{prefix}/canary-weight")] = json!(weight.to_string());
    if let Some(total) = canary.traffic_routing.as_ref().and_then(|routing| routing.max_traffic_weight) {
        annotations[format!("{prefix}/canary-weight-total")] = json!(total.to_string());
    }
    // Values are moved in: `json!` would copy them.
    let mut spec = json!({});
    spec["rules"] = rules.into();
    for field in ["tls", "ingressClassName"] {
        if let Some(value) = stable["spec"].get(field) {
            spec[field] = value.clone();
        }
    }
    tracing::trace!(rollout = pass.name(), weight, "canary ingress");
    let mut ingress = json!({"metadata": {}});
    ingress["metadata"]["annotations"] = annotations;
    ingress["spec"] = spec;
    Ok(ingress)
}

/// What is said of an Ingress without a rule for the stable Service.
pub(super) fn no_rule(ingress: &str, service: &str) -> String {
    format!("ingress `{ingress}` has no rules using service {service} backend")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_changes() {
        assert_eq!(canary_name("canary", "web"), "canary-web-canary");
        let long = canary_name(&"a".repeat(200), &"b".repeat(200));
        assert!(long.len() == LONGEST && long.ends_with("b-canary"), "{long}");
        let at = |canary| Some(Shares { canary, stable: 100 - canary });
        for (shares, weight, want) in [(None, 0, "to 0"), (at(0), 10, "from 0 to 10"), (at(10), 10, "")] {
            assert_eq!(change(shares, weight), want);
        }
    }
}
