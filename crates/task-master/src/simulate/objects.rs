//! From objects as they are in files or a cluster to those that the model begins with. Pure.

use std::time::Duration;

use rollouts_client::image as reference;
use rollouts_client::names;
use rollouts_client::types::Rollout;
use serde_json::{Map, Value, json};
use task_manager::nearest::nearest;

use super::{Order, SimulateError, WhatIf};

/// What the model begins with.
#[derive(Debug)]
pub(super) struct Prepared {
    /// The Rollout at its present version.
    pub(super) rollout: Rollout,
    /// In the order in which they are created, the Rollout last.
    pub(super) objects: Vec<Value>,
    /// Kinds and names that the model does not take.
    pub(super) left_out: Vec<String>,
    /// The host that leads to the Service which users reach.
    pub(super) host: String,
    /// Its path.
    pub(super) path: String,
    /// Whether an Ingress had to be invented for the requests.
    pub(super) invented: bool,
}

/// The kinds that are taken.
const TAKEN: [&str; 4] = ["Service", "Ingress", "AnalysisTemplate", "ClusterAnalysisTemplate"];

/// The name of what is invented.
const INVENTED: &str = "simulated";

fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn name(object: &Value) -> &str {
    text(object, "/metadata/name")
}

pub(super) fn prepare(mut given: Vec<Value>, order: &Order) -> Result<Prepared, SimulateError> {
    let chosen = choose(&given, order)?;
    let mut rollout = given.remove(chosen);
    clean(&mut rollout, &order.namespace);
    let called = name(&rollout).to_owned();
    if rollout.pointer("/spec/workloadRef").is_some() {
        return Err(SimulateError::WorkloadRef(called));
    }
    if rollout.pointer("/spec/template/spec/containers/0").is_none() {
        return Err(SimulateError::NoContainer(called));
    }
    if let Some(spec) = rollout.get_mut("spec").and_then(Value::as_object_mut) {
        // A person's pause and a restart are of now, and not of the next version.
        spec.remove("paused");
        spec.remove("restartAt");
    }
    let namespace = text(&rollout, "/metadata/namespace").to_owned();
    let mut objects = vec![json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})];
    let mut left_out = Vec::new();
    for mut object in given {
        let kind = text(&object, "/kind").to_owned();
        if kind == "Ingress" && made_by_a_rollout(&object) || kind == "Namespace" {
            continue;
        }
        clean(&mut object, &namespace);
        let here = kind == "ClusterAnalysisTemplate" || text(&object, "/metadata/namespace") == namespace;
        match TAKEN.contains(&kind.as_str()) && here {
            true => objects.push(object),
            false => left_out.push(format!("{kind} {}", name(&object))),
        }
    }
    let parsed: Rollout = serde_json::from_value(rollout.clone()).map_err(|error| {
        SimulateError::Refused { object: format!("Rollout {called}"), message: error.to_string() }
    })?;
    let front = front(&parsed, &objects);
    let found = objects.iter().find_map(|object| way(object, &front));
    let invented = found.is_none();
    let (host, path) = found.unwrap_or_else(|| (format!("{INVENTED}.local"), "/".to_owned()));
    if invented {
        objects.push(ingress(&namespace, &host, &front, &objects));
    }
    objects.push(rollout);
    Ok(Prepared { rollout: parsed, objects, left_out, host, path, invented })
}

/// The place of the Rollout that is meant.
fn choose(given: &[Value], order: &Order) -> Result<usize, SimulateError> {
    let all = given.iter().enumerate().filter(|(_, object)| text(object, "/kind") == "Rollout");
    let all: Vec<(usize, &str)> = all.map(|(place, object)| (place, name(object))).collect();
    let names = || all.iter().map(|(_, name)| (*name).to_owned()).collect::<Vec<_>>();
    match (&order.name, all.as_slice()) {
        (None, [(only, _)]) => Ok(*only),
        (None, []) => Err(SimulateError::NoRollout { name: None, hint: String::new() }),
        (None, _) => Err(SimulateError::Several(names())),
        (Some(wanted), all) => match all.iter().find(|(_, name)| name == wanted) {
            Some((place, _)) => Ok(*place),
            None => {
                let hint = match nearest(wanted, all.iter().map(|(_, name)| *name)) {
                    Some(near) => format!("; did you mean {near}?"),
                    None if all.is_empty() => String::new(),
                    None => format!("; there are: {}", names().join(", ")),
                };
                Err(SimulateError::NoRollout { name: Some(wanted.clone()), hint })
            }
        },
    }
}

/// The Ingress that a controller has made for a canary; the model's makes its own.
fn made_by_a_rollout(object: &Value) -> bool {
    let owners = object.pointer("/metadata/ownerReferences").and_then(Value::as_array);
    owners.into_iter().flatten().any(|owner| owner["kind"] == "Rollout")
}

/// Takes away what a cluster has written.
fn clean(object: &mut Value, namespace: &str) {
    let kind = text(object, "/kind").to_owned();
    if let Some(fields) = object.as_object_mut() {
        fields.remove("status");
    }
    let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) else { return };
    let keep = ["name", "namespace", "labels", "annotations"];
    metadata.retain(|field, _| keep.contains(&field.as_str()));
    if kind != "ClusterAnalysisTemplate" {
        metadata.entry("namespace").or_insert_with(|| namespace.into());
    }
    if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
        for written in [names::REVISION, names::MANAGED_BY_ROLLOUTS, names::WORKLOAD_GENERATION] {
            annotations.remove(written);
        }
    }
    let Some(spec) = object.get_mut("spec").and_then(Value::as_object_mut) else { return };
    if kind == "Service" {
        for given in ["clusterIP", "clusterIPs", "healthCheckNodePort", "ipFamilies", "ipFamilyPolicy"] {
            spec.remove(given);
        }
        if let Some(selector) = spec.get_mut("selector").and_then(Value::as_object_mut) {
            selector.remove(names::POD_TEMPLATE_HASH);
        }
        for port in spec.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some(port) = port.as_object_mut() {
                port.remove("nodePort");
            }
        }
    }
    if kind == "Ingress" {
        // The model serves this class alone; which one it is changes nothing of the way.
        spec.insert("ingressClassName".to_owned(), "nginx".into());
    }
}

/// The Service that users reach: the active or the stable one, else the first that selects the pods.
fn front(rollout: &Rollout, objects: &[Value]) -> String {
    let strategy = &rollout.spec.strategy;
    let active = strategy.blue_green.as_ref().map(|blue_green| blue_green.active_service.clone());
    let stable = strategy.canary.as_ref().and_then(|canary| canary.stable_service.clone());
    let labels = rollout.spec.template.as_ref().and_then(|template| template.metadata.as_ref());
    let labels = labels.and_then(|metadata| metadata.labels.clone()).unwrap_or_default();
    let selects = |service: &&Value| {
        let selector = service.pointer("/spec/selector").and_then(Value::as_object);
        selector.is_some_and(|selector: &Map<String, Value>| {
            !selector.is_empty()
                && selector.iter().all(|(key, value)| labels.get(key).map(String::as_str) == value.as_str())
        })
    };
    let services = objects.iter().filter(|object| text(object, "/kind") == "Service");
    let any = services.filter(selects).map(|service| name(service).to_owned()).next();
    active.or(stable).or(any).unwrap_or_default()
}

/// Host and path of an Ingress that leads to a Service.
fn way(object: &Value, service: &str) -> Option<(String, String)> {
    if text(object, "/kind") != "Ingress" {
        return None;
    }
    object.pointer("/spec/rules")?.as_array()?.iter().find_map(|rule| {
        let host = rule["host"].as_str().filter(|host| !host.contains('*'))?;
        let path = rule
            .pointer("/http/paths")?
            .as_array()?
            .iter()
            .find(|path| text(path, "/backend/service/name") == service)?;
        let path = path["path"].as_str().filter(|path| path.starts_with('/')).unwrap_or("/");
        Some((host.to_owned(), path.to_owned()))
    })
}

fn ingress(namespace: &str, host: &str, service: &str, objects: &[Value]) -> Value {
    let given = objects.iter().find(|object| text(object, "/kind") == "Service" && name(object) == service);
    let port = given.and_then(|service| service.pointer("/spec/ports/0/port")).cloned().unwrap_or(json!(80));
    let backend = json!({"service": {"name": service, "port": {"number": port}}});
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
        "metadata": {"name": INVENTED, "namespace": namespace},
        "spec": {"ingressClassName": "nginx", "rules": [
            {"host": host, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}
        ]}
    })
}

/// The containers of the next version: the first one's image and environment, the others as they are.
pub(super) fn next_containers(rollout: &Rollout, what_if: &WhatIf) -> (Value, String, String) {
    let template = rollout.spec.template.as_ref().and_then(|template| template.spec.as_ref());
    let containers = template.map(|pod| serde_json::to_value(&pod.containers).unwrap_or_default());
    let mut containers = containers.unwrap_or_else(|| json!([{}]));
    let first = &mut containers[0];
    let image = text(first, "/image").to_owned();
    let (repository, present) = reference::split(&image);
    let present = present.unwrap_or("latest");
    let next = what_if.tag.clone().unwrap_or_else(|| format!("{present}-next"));
    first["image"] = format!("{repository}:{next}").into();
    let mut set = |name: &str, value: Option<String>| {
        let Some(value) = value else { return };
        let mut env = first["env"].as_array().cloned().unwrap_or_default();
        env.retain(|variable| variable["name"] != name);
        env.push(json!({"name": name, "value": value}));
        first["env"] = env.into();
    };
    let millis = |duration: Duration| format!("{}ms", duration.as_millis());
    set("ERROR_RATE", what_if.error_rate.map(|rate| rate.to_string()));
    set("LATENCY", what_if.latency.map(millis));
    set("START_AFTER", what_if.start_after.map(millis));
    set("NEVER_READY", what_if.never_ready.then(|| "true".to_owned()));
    (containers, present.to_owned(), next)
}
