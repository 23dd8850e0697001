//! Defaults of the built-in kinds that a reader of the API can see.

use crate::json::{Map, Value, json};
use base64::Engine as _;

use crate::object;
use crate::resource::Resource;
use crate::world::World;

/// Fills in what the API server would. `old` is the present object of an update.
pub(super) fn fill(world: &mut World, resource: Resource, object: &mut Value, old: Option<&Value>) {
    match resource {
        Resource::Namespace => namespace(object),
        Resource::Pod => pod(object),
        Resource::ReplicaSet => replica_set(object),
        Resource::Service => service(world, object, old),
        Resource::Secret => secret(object),
        Resource::HorizontalPodAutoscaler => super::autoscaler::fill(object),
        Resource::Ingress => or(object, "status", || json!({"loadBalancer": {}})),
        Resource::NetworkPolicy => network_policy(&mut object["spec"]),
        Resource::RoleBinding | Resource::ClusterRoleBinding => binding(object),
        _ => {}
    }
}

fn or(object: &mut Value, field: &str, default: impl FnOnce() -> Value) {
    if !object.is_object() {
        *object = Value::Object(Map::new());
    }
    if object.get(field).is_none_or(Value::is_null) {
        object[field] = default();
    }
}

fn each(object: &mut Value, list: &str, mut f: impl FnMut(&mut Value)) {
    object.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten().for_each(&mut f);
}

fn namespace(object: &mut Value) {
    let name = object::name(object).to_owned();
    or(&mut object["metadata"], "labels", || json!({}));
    object["metadata"]["labels"]["kubernetes.io/metadata.name"] = json!(name);
    or(object, "spec", || json!({}));
    or(&mut object["spec"], "finalizers", || json!(["kubernetes"]));
    or(object, "status", || json!({"phase": "Active"}));
}

fn pod(object: &mut Value) {
    let spec = &mut object["spec"];
    pod_spec(spec);
    or(spec, "enableServiceLinks", || json!(true));
    or(spec, "serviceAccountName", || json!("default"));
    let account = spec["serviceAccountName"].clone();
    or(spec, "serviceAccount", || account);
    or(spec, "priority", || json!(0));
    or(spec, "preemptionPolicy", || json!("PreemptLowerPriority"));
    for list in ["containers", "initContainers"] {
        each(spec, list, requests_from_limits);
    }
    let class = quality(spec);
    or(object, "status", || json!({"phase": "Pending", "qosClass": class}));
}

fn requests_from_limits(container: &mut Value) {
    let Some(limits) = container["resources"]["limits"].as_object().cloned() else { return };
    or(&mut container["resources"], "requests", || json!({}));
    for (name, limit) in limits {
        or(&mut container["resources"]["requests"], &name, || limit);
    }
}

/// The quality-of-service class: Guaranteed when every container's requests equal its limits.
fn quality(spec: &Value) -> &'static str {
    let resources: Vec<&Value> = object::items(spec, "/containers").map(|c| &c["resources"]).collect();
    let named = |r: &Value, which: &str| ["cpu", "memory"].iter().all(|n| r[which].get(*n).is_some());
    if resources.iter().all(|r| r["requests"].is_null() && r["limits"].is_null()) {
        "BestEffort"
    } else if resources.iter().all(|r| named(r, "limits") && r["requests"] == r["limits"]) {
        "Guaranteed"
    } else {
        "Burstable"
    }
}

fn pod_spec(spec: &mut Value) {
    or(spec, "restartPolicy", || json!("Always"));
    or(spec, "terminationGracePeriodSeconds", || json!(30));
    or(spec, "dnsPolicy", || json!("ClusterFirst"));
    or(spec, "securityContext", || json!({}));
    or(spec, "schedulerName", || json!("default-scheduler"));
    for list in ["containers", "initContainers"] {
        each(spec, list, container);
    }
    each(spec, "volumes", |volume| {
        for source in ["configMap", "secret", "downwardAPI", "projected"] {
            if volume.get(source).is_some() {
                or(&mut volume[source], "defaultMode", || json!(420));
            }
        }
    });
}

fn container(container: &mut Value) {
    let image = object::text(container, "/image");
    let tag = image.rsplit('/').next().and_then(|last| last.split_once(':')).map(|(_, tag)| tag);
    let floating = !image.contains('@') && tag.is_none_or(|tag| tag == "latest");
    let policy = if floating { "Always" } else { "IfNotPresent" };
    or(container, "imagePullPolicy", || json!(policy));
    or(container, "resources", || json!({}));
    or(container, "terminationMessagePath", || json!("/dev/termination-log"));
    or(container, "terminationMessagePolicy", || json!("File"));
    each(container, "ports", |port| or(port, "protocol", || json!("TCP")));
    each(container, "env", |env| {
        if let Some(reference) = env.pointer_mut("/valueFrom/fieldRef") {
            or(reference, "apiVersion", || json!("v1"));
        }
    });
    for name in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if let Some(probe) = container.get_mut(name) {
            default_probe(probe);
        }
    }
    for hook in ["/lifecycle/preStop/httpGet", "/lifecycle/postStart/httpGet"] {
        if let Some(get) = container.pointer_mut(hook) {
            default_get(get);
        }
    }
}

fn default_probe(probe: &mut Value) {
    for (field, default) in
        [("timeoutSeconds", 1), ("periodSeconds", 10), ("successThreshold", 1), ("failureThreshold", 3)]
    {
        or(probe, field, || json!(default));
    }
    if let Some(get) = probe.get_mut("httpGet") {
        default_get(get);
    }
}

fn default_get(get: &mut Value) {
    or(get, "path", || json!("/"));
    or(get, "scheme", || json!("HTTP"));
}

fn replica_set(object: &mut Value) {
    or(object, "spec", || json!({}));
    or(&mut object["spec"], "replicas", || json!(1));
    if object["spec"]["template"]["spec"].is_object() {
        pod_spec(&mut object["spec"]["template"]["spec"]);
    }
    or(object, "status", || json!({"replicas": 0}));
}

fn service(world: &mut World, object: &mut Value, old: Option<&Value>) {
    or(object, "spec", || json!({}));
    let spec = &mut object["spec"];
    or(spec, "type", || json!("ClusterIP"));
    or(spec, "sessionAffinity", || json!("None"));
    each(spec, "ports", |port| {
        or(port, "protocol", || json!("TCP"));
        let number = port["port"].clone();
        or(port, "targetPort", || number);
    });
    if spec["type"] != "ExternalName" {
        or(spec, "internalTrafficPolicy", || json!("Cluster"));
        or(spec, "ipFamilies", || json!(["IPv4"]));
        or(spec, "ipFamilyPolicy", || json!("SingleStack"));
        let kept = old.map(|o| object::text(o, "/spec/clusterIP").to_owned()).filter(|ip| !ip.is_empty());
        or(spec, "clusterIP", || json!(kept.unwrap_or_else(|| free_address(world))));
        let address = spec["clusterIP"].clone();
        or(spec, "clusterIPs", || json!([address]));
    }
    if spec["type"] == "NodePort" || spec["type"] == "LoadBalancer" {
        or(spec, "externalTrafficPolicy", || json!("Cluster"));
        let old_ports = old.map(|o| o["spec"]["ports"].clone()).unwrap_or_default();
        each(spec, "ports", |port| {
            let same = object::items(&old_ports, "").find(|p| p["port"] == port["port"]);
            let kept = same.and_then(|p| p.get("nodePort")).cloned();
            or(port, "nodePort", || kept.unwrap_or_else(|| json!(free_node_port(world))));
        });
    }
    or(object, "status", || json!({"loadBalancer": {}}));
}

/// A cluster address that no Service has, drawn from the seed.
fn free_address(world: &mut World) -> String {
    loop {
        let draw = world.draw();
        // .0 and .255 are valid in a /16 but look wrong; 10.96.0.1 and .10 belong to the cluster itself.
        let address = format!("10.96.{}.{}", draw[0].max(1), draw[1].clamp(1, 254));
        if !world.store.has_address(&address) {
            return address;
        }
    }
}

fn free_node_port(world: &mut World) -> u16 {
    let draw = world.draw();
    30000 + u16::from_be_bytes([draw[0], draw[1]]) % 2768
}

fn secret(object: &mut Value) {
    or(object, "type", || json!("Opaque"));
    let Some(plain) = object.as_object_mut().and_then(|o| o.remove("stringData")) else { return };
    or(object, "data", || json!({}));
    for (key, value) in plain.as_object().into_iter().flatten() {
        let bytes = value.as_str().unwrap_or_default();
        object["data"][key] = json!(base64::engine::general_purpose::STANDARD.encode(bytes));
    }
}

fn network_policy(spec: &mut Value) {
    let egress = spec.get("egress").is_some();
    or(spec, "policyTypes", || if egress { json!(["Ingress", "Egress"]) } else { json!(["Ingress"]) });
    for direction in ["ingress", "egress"] {
        each(spec, direction, |rule| each(rule, "ports", |port| or(port, "protocol", || json!("TCP"))));
    }
}

fn binding(object: &mut Value) {
    const GROUP: &str = "rbac.authorization.k8s.io";
    or(&mut object["roleRef"], "apiGroup", || json!(GROUP));
    each(object, "subjects", |subject| {
        if subject["kind"] == "User" || subject["kind"] == "Group" {
            or(subject, "apiGroup", || json!(GROUP));
        }
    });
}
