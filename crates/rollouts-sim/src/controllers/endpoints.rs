//! The endpoints controllers: for each Service with a selector, its Endpoints and its one EndpointSlice.

use crate::json::{Value, json};

use super::pods;
use crate::object::{self, items, text};
use crate::resource::Resource;
use crate::store::Object;
use crate::world::World;
use crate::write::{CONTROLLER_MANAGER, Writer};

const SLICES: Writer<'static> = CONTROLLER_MANAGER;
const MANAGED_BY: &str = "endpointslice.kubernetes.io/managed-by";
/// The label by which a slice names its Service.
pub(crate) const SERVICE_NAME: &str = "kubernetes.io/service-name";

/// The container port behind a Service's port on one pod: a number, or the name of a container's port.
pub(crate) fn target_port(port: &Value, pod: &Value) -> Option<i64> {
    let own = port["port"].as_i64();
    match &port["targetPort"] {
        Value::Number(number) => number.as_i64(),
        Value::String(name) => items(pod, "/spec/containers")
            .flat_map(|container| items(container, "/ports"))
            .find(|candidate| text(candidate, "/name") == name.as_str())
            .and_then(|found| found["containerPort"].as_i64()),
        _ => own,
    }
}

/// The `endpoints` of a slice: every selected pod that has an address, ready or not, going or not.
fn slice_endpoints(selected: &[Object]) -> Vec<Value> {
    let endpoint = |pod: &Object| {
        let serving = pods::ready_since(pod).is_some();
        let terminating = object::deleting(pod);
        let mut endpoint = json!({
            "addresses": [text(pod, "/status/podIP")],
            "conditions": {"ready": serving && !terminating, "serving": serving, "terminating": terminating},
            "nodeName": text(pod, "/spec/nodeName"),
        });
        endpoint["targetRef"] = target(pod);
        endpoint
    };
    selected.iter().map(endpoint).collect()
}

/// The `subsets` of Endpoints: ready and not ready addresses. Pods that are going are in neither.
fn subsets(service: &Value, selected: &[Object]) -> Value {
    let staying: Vec<&Object> = selected.iter().filter(|pod| !object::deleting(pod)).collect();
    let Some(first) = staying.first() else { return Value::Null };
    let address = |pod: &&&Object| {
        let mut address = json!({"ip": text(pod, "/status/podIP"), "nodeName": text(pod, "/spec/nodeName")});
        address["targetRef"] = target(pod);
        address
    };
    let is_ready = |pod: &&&Object| pods::ready_since(pod).is_some();
    let ready: Vec<Value> = staying.iter().filter(is_ready).map(|pod| address(&pod)).collect();
    let unready: Vec<Value> = staying.iter().filter(|pod| !is_ready(pod)).map(|pod| address(&pod)).collect();
    let mut subset = json!({});
    if !ready.is_empty() {
        subset["addresses"] = ready.into();
    }
    if !unready.is_empty() {
        subset["notReadyAddresses"] = unready.into();
    }
    subset["ports"] = ports(service, first);
    vec![subset].into()
}

fn ports(service: &Value, pod: &Value) -> Value {
    let port = |port: &Value| {
        let mut out = json!({"port": target_port(port, pod), "protocol": "TCP"});
        if !text(port, "/name").is_empty() {
            out["name"] = port["name"].clone();
        }
        out
    };
    items(service, "/spec/ports").filter(|p| target_port(p, pod).is_some()).map(port).collect()
}

fn target(pod: &Value) -> Value {
    json!({
        "kind": "Pod", "namespace": object::namespace(pod), "name": object::name(pod), "uid": object::uid(pod),
    })
}

/// Writes what a Service's endpoints are now.
pub(super) fn run(world: &mut World, ns: &str, name: &str) {
    let Some(service) = world.store.get(Resource::Service, ns, name).cloned() else {
        // The slice goes with its owner; Endpoints has none upstream and is taken along here.
        let _ = world.delete(Resource::Endpoints, ns, name, None);
        return;
    };
    if service["spec"]["selector"].as_object().is_none_or(crate::json::Map::is_empty) {
        return;
    }
    let selected: Vec<Object> = world
        .store
        .list(Resource::Pod, ns)
        .filter(|pod| object::selected_by_map(&service["spec"]["selector"], &pod["metadata"]["labels"]))
        .filter(|pod| !text(pod, "/status/podIP").is_empty())
        .filter(|pod| !matches!(text(pod, "/status/phase"), "Succeeded" | "Failed"))
        .cloned()
        .collect();
    write_endpoints(world, &service, &selected);
    write_slice(world, &service, &selected);
}

fn write_endpoints(world: &mut World, service: &Value, selected: &[Object]) {
    let (ns, name) = (object::namespace(service), object::name(service));
    let subsets = subsets(service, selected);
    let set = |object: &mut Value| match subsets {
        Value::Null => {
            if let Some(object) = object.as_object_mut() {
                object.remove("subsets");
            }
        }
        subsets => object["subsets"] = subsets,
    };
    if world.store.get(Resource::Endpoints, ns, name).is_some() {
        let _ = world.modify(CONTROLLER_MANAGER, Resource::Endpoints, ns, name, set);
        return;
    }
    let labels = &service["metadata"]["labels"];
    let mut object = json!({"metadata": {"name": name, "namespace": ns}});
    if labels.is_object() {
        object["metadata"]["labels"] = labels.clone();
    }
    set(&mut object);
    let _ = world.create(CONTROLLER_MANAGER, Resource::Endpoints, object);
}

fn write_slice(world: &mut World, service: &Value, selected: &[Object]) {
    let (ns, name) = (object::namespace(service), object::name(service));
    let endpoints = Value::from(slice_endpoints(selected));
    let ports = selected.first().map_or(Value::Null, |pod| ports(service, pod));
    let known = slice_of(world, ns, name).map(|slice| object::name(slice).to_owned());
    if let Some(known) = known {
        let _ = world.modify(SLICES, Resource::EndpointSlice, ns, &known, |slice| {
            slice["endpoints"] = endpoints;
            slice["ports"] = ports;
        });
        return;
    }
    let mut slice = json!({
        "metadata": {
            "generateName": format!("{name}-"), "namespace": ns,
            "labels": {SERVICE_NAME: name, MANAGED_BY: "endpointslice-controller.k8s.io"},
            "ownerReferences": [object::owner_reference(Resource::Service, service)],
        },
        "addressType": "IPv4",
        "endpoints": endpoints,
        "ports": ports,
    });
    if let Some(labels) = service["metadata"]["labels"].as_object() {
        for (key, value) in labels {
            slice["metadata"]["labels"][key] = value.clone();
        }
    }
    let _ = world.create(SLICES, Resource::EndpointSlice, slice);
}

/// The slice that the controller keeps for a Service.
pub(crate) fn slice_of<'a>(world: &'a World, ns: &'a str, service: &str) -> Option<&'a Object> {
    world.store.list(Resource::EndpointSlice, ns).find(|slice| {
        object::label(slice, SERVICE_NAME) == Some(service) && object::label(slice, MANAGED_BY).is_some()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(name: &str, ready: bool, going: bool) -> Object {
        let mut pod = json!({
            "metadata": {"name": name, "namespace": "n"},
            "spec": {"nodeName": "x", "containers": [{"ports": [{"name": "http", "containerPort": 8080}]}]},
            "status": {
                "podIP": "10.0.0.1",
                "conditions": [{"type": "Ready", "status": if ready { "True" } else { "False" }}],
            },
        });
        if going {
            pod["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        }
        Object::new(pod)
    }

    #[test]
    fn ready_serving_and_terminating() {
        let pods = [pod("a", true, false), pod("b", false, false), pod("c", true, true)];
        let conditions: Vec<(bool, bool, bool)> = slice_endpoints(&pods)
            .iter()
            .map(|e| &e["conditions"])
            .map(|c| (c["ready"] == true, c["serving"] == true, c["terminating"] == true))
            .collect();
        assert_eq!(conditions, [(true, true, false), (false, false, false), (false, true, true)]);
        let service = json!({"spec": {"ports": [{"name": "http", "port": 80, "targetPort": "http"}]}});
        let subsets = subsets(&service, &pods);
        let names = |field: &str| -> Vec<&str> {
            items(&subsets[0], field).map(|address| text(address, "/targetRef/name")).collect()
        };
        assert_eq!((names("/addresses"), names("/notReadyAddresses")), (vec!["a"], vec!["b"]));
        assert_eq!(subsets[0]["ports"][0]["port"], 8080);
    }

    #[test]
    fn target_ports() {
        let pod = pod("a", true, false);
        for (port, expected) in [
            (json!({"port": 80}), Some(80)),
            (json!({"port": 80, "targetPort": 8080}), Some(8080)),
            (json!({"port": 80, "targetPort": "http"}), Some(8080)),
            (json!({"port": 80, "targetPort": "none"}), None),
        ] {
            assert_eq!(target_port(&port, &pod), expected, "{port}");
        }
    }
}
