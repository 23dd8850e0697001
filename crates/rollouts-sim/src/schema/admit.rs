//! What becomes of an object on its way into the store: pruned, defaulted, validated, by kind.

use crate::json::{Text, Value, json};

use super::walk::{self, At, Fault};
use super::{Schema, defaults, names};
use crate::object;
use crate::refusal::Refusal;
use crate::resource::Resource;
use crate::world::World;
use crate::write::Part;

/// Makes `object` what the API server would store. `old` is the present object when this is an update of `part`.
///
/// Its names and labels must have their forms; unknown fields go; defaults are filled in; then the schema and the
/// rules of the kind must hold. A field that is as it stands in the store was admitted when it was written, and is
/// not looked at again.
pub(crate) fn admit(
    world: &mut World,
    resource: Resource,
    part: Part,
    object: &mut Value,
    old: Option<&Value>,
) -> Result<(), Refusal> {
    let schema = super::of(resource);
    let info = resource.info();
    if info.custom {
        walk::own_defaults(schema, object);
    }
    let fresh = fresh(part, object, old);
    let has = |name: &str| fresh.iter().any(|one| one == name);
    if has("metadata")
        && let Some((path, got, want)) =
            walk::wrong_type(super::metadata(), &object["metadata"], At::Root(""))
    {
        return Err(undecodable(resource, &format!("metadata.{path}"), got, want));
    }
    let wrong =
        |name: &Text| walk::wrong_type(walk::child(schema, true, name)?, &object[name], At::Root(name));
    if !info.custom
        && let Some((path, got, want)) = fresh.iter().find_map(wrong)
    {
        return Err(undecodable(resource, &path, got, want));
    }
    for name in &fresh {
        prune(schema, resource, object, name);
    }
    // A status alone has none of these defaults.
    if !info.custom && (part == Part::Main || object["status"].is_null()) {
        defaults::fill(world, resource, object, old);
    }
    let mut found = if has("metadata") { metadata_faults(resource, object) } else { Vec::new() };
    if info.custom {
        let faults = walk::faults_of(schema, object, old, &fresh);
        let unchecked =
            faults.iter().any(|(_, why)| !(why.ends_with(" is immutable") || why.starts_with("Duplicate")))
                && walk::has_rules(schema);
        found.extend(faults);
        if unchecked {
            found.push(fault("<nil>", UNCHECKED));
        }
    } else if part == Part::Main {
        let spec = object.get("spec").filter(|spec| old.is_none_or(|old| old.get("spec") != Some(*spec)));
        if let (Some(schema), Some(spec)) = (schema.field("spec"), spec) {
            found.extend(walk::faults(schema, spec, None, At::Root("spec")));
        }
        found.extend(kind_faults(resource, object, old));
    }
    if found.is_empty() { Ok(()) } else { Err(Refusal::invalid(resource, object::name(object), &found)) }
}

/// The top fields that are not as they stand in the store.
fn fresh(part: Part, object: &Value, old: Option<&Value>) -> Vec<Text> {
    let fields = object.as_object().into_iter().flatten();
    let differs = |name: &str, value: &Value| old.is_none_or(|old| old.get(name) != Some(value));
    let changed = fields.filter(|(name, value)| match part {
        Part::Main => differs(name, value),
        Part::Status => *name == "status",
    });
    changed.map(|(name, _)| name.clone()).collect()
}

/// Takes out of a top field what the kind does not have, and fills in a custom resource's defaults.
fn prune(schema: &'static Schema, resource: Resource, object: &mut Value, name: &str) {
    let Some(fields) = object.as_object_mut() else { return };
    let custom = resource.info().custom;
    let null = fields.get(name).is_none_or(Value::is_null);
    let Some(inner) = walk::child(schema, true, name).filter(|_| custom || !null || name == "eventTime")
    else {
        fields.shift_remove(name);
        return;
    };
    let Some(value) = fields.get_mut(name) else { return };
    walk::drop_unknown(inner, value, name);
    if custom {
        if name == "metadata" {
            walk::drop_nulls(super::metadata(), value, name);
        }
        walk::fill_defaults(inner, value, name);
    } else if !inner.open {
        walk::drop_nulls(inner, value, name);
    }
}

/// What the API server adds when it did not get to the rules of a CRD.
const UNCHECKED: &str = "Invalid value: null: some validation rules were not checked because the object was invalid; \
                         correct the existing errors to complete validation";

/// The refusal of a body whose types do not fit the kind.
fn undecodable(resource: Resource, path: &str, got: &str, want: &str) -> Refusal {
    let info = resource.info();
    let (kind, version) = (info.kind, info.version);
    Refusal::bad_request(format!(
        "{kind} in version \"{version}\" cannot be handled as a {kind}: json: cannot unmarshal {got} into Go struct \
         field {kind}.{path} of type {want}"
    ))
}

fn fault(field: impl Into<String>, why: impl Into<String>) -> Fault {
    (field.into(), why.into())
}

fn metadata_faults(resource: Resource, object: &Value) -> Vec<Fault> {
    let mut found = Vec::new();
    let name = object::name(object);
    let wrong = match resource {
        Resource::Namespace => names::label_fault(name),
        Resource::Service => names::label_1035_fault(name),
        Resource::Role | Resource::RoleBinding | Resource::ClusterRole | Resource::ClusterRoleBinding => {
            names::path_segment_fault(name)
        }
        _ => names::subdomain_fault(name),
    };
    if name.is_empty() {
        found.push(fault("metadata.name", "Required value: name or generateName is required"));
    } else if let Some(why) = wrong {
        found.push(fault("metadata.name", format!("Invalid value: \"{name}\": {why}")));
    }
    for (key, value) in object["metadata"]["labels"].as_object().into_iter().flatten() {
        if !names::is_qualified_name(key) {
            found.push(fault("metadata.labels", format!("Invalid value: \"{key}\": {}", names::QUALIFIED)));
        }
        if !value.as_str().is_some_and(names::is_label_value) {
            let why = format!(
                "Invalid value: {value}: a valid label must be an empty string or consist of alphanumeric \
                               characters, '-', '_' or '.', and must start and end with an alphanumeric character"
            );
            found.push(fault("metadata.labels", why));
        }
    }
    for key in object["metadata"]["annotations"].as_object().into_iter().flat_map(|a| a.keys()) {
        if !names::is_qualified_name(&key.to_lowercase()) {
            let why = format!("Invalid value: \"{key}\": {}", names::QUALIFIED);
            found.push(fault("metadata.annotations", why));
        }
    }
    found
}

fn kind_faults(resource: Resource, object: &Value, old: Option<&Value>) -> Vec<Fault> {
    match resource {
        Resource::Pod => pod_faults(object, old),
        Resource::ReplicaSet => replica_set_faults(object, old),
        Resource::Service => service_faults(object, old),
        Resource::Ingress => ingress_faults(object),
        Resource::HorizontalPodAutoscaler => super::autoscaler::faults(&object["spec"]),
        Resource::Secret | Resource::ConfigMap => immutable_faults(object, old),
        _ => Vec::new(),
    }
}

fn pod_spec_faults(spec: &Value, path: &str, found: &mut Vec<Fault>) {
    // An absent list is a fault of the schema already.
    if spec["containers"].as_array().is_some_and(Vec::is_empty) {
        found.push(fault(format!("{path}.containers"), "Required value"));
    }
    for (index, container) in object::items(spec, "/containers").enumerate() {
        let at = format!("{path}.containers[{index}]");
        let name = object::text(container, "/name");
        if !name.is_empty()
            && let Some(why) = names::label_fault(name)
        {
            found.push(fault(format!("{at}.name"), format!("Invalid value: \"{name}\": {why}")));
        }
        if object::text(container, "/image").is_empty() {
            found.push(fault(format!("{at}.image"), "Required value"));
        }
    }
}

/// A pod's spec with the few fields that may change taken out.
fn fixed_spec(pod: &Value) -> Value {
    let mut spec = pod["spec"].clone();
    for list in ["containers", "initContainers"] {
        for container in spec[list].as_array_mut().into_iter().flatten() {
            container["image"] = Value::Null;
        }
    }
    if let Some(spec) = spec.as_object_mut() {
        // Binding sets the node; it goes through the same path here.
        for free in [
            "activeDeadlineSeconds",
            "tolerations",
            "terminationGracePeriodSeconds",
            "nodeName",
            "initContainers",
        ] {
            if free != "initContainers" || spec.get(free).is_some_and(Value::is_null) {
                spec.remove(free);
            }
        }
    }
    spec
}

fn pod_faults(pod: &Value, old: Option<&Value>) -> Vec<Fault> {
    let mut found = Vec::new();
    pod_spec_faults(&pod["spec"], "spec", &mut found);
    if old.is_some_and(|old| old["spec"] != pod["spec"] && fixed_spec(old) != fixed_spec(pod)) {
        let why = "Forbidden: pod updates may not change fields other than `spec.containers[*].image`,\
                   `spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to \
                   existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was \
                   previously negative)";
        found.push(fault("spec", why));
    }
    found
}

fn replica_set_faults(set: &Value, old: Option<&Value>) -> Vec<Fault> {
    let mut found = Vec::new();
    let (selector, labels) = (&set["spec"]["selector"], &set["spec"]["template"]["metadata"]["labels"]);
    if !selector.is_object() {
        found.push(fault("spec.selector", "Required value"));
    } else if !object::selected_by(selector, labels) {
        let why = format!("Invalid value: {labels}: `selector` does not match template `labels`");
        found.push(fault("spec.template.metadata.labels", why));
    }
    if object::number(set, "/spec/replicas", 1) < 0 {
        let why = format!("Invalid value: {}: must be greater than or equal to 0", set["spec"]["replicas"]);
        found.push(fault("spec.replicas", why));
    }
    pod_spec_faults(&set["spec"]["template"]["spec"], "spec.template.spec", &mut found);
    if old.is_some_and(|old| old["spec"]["selector"] != *selector) {
        found.push(fault("spec.selector", format!("Invalid value: {selector}: field is immutable")));
    }
    found
}

fn service_faults(service: &Value, old: Option<&Value>) -> Vec<Fault> {
    let mut found = Vec::new();
    let spec = &service["spec"];
    let kind = object::text(spec, "/type");
    if !["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"].contains(&kind) {
        let known = "supported values: \"ClusterIP\", \"ExternalName\", \"LoadBalancer\", \"NodePort\"";
        found.push(fault("spec.type", format!("Unsupported value: \"{kind}\": {known}")));
    }
    let ports: Vec<&Value> = object::items(spec, "/ports").collect();
    if ports.is_empty() && kind != "ExternalName" && spec["clusterIP"] != "None" {
        found.push(fault("spec.ports", "Required value"));
    }
    for (index, port) in ports.iter().enumerate() {
        let number = object::number(port, "/port", 0);
        if !(1..=65535).contains(&number) {
            let why = format!("Invalid value: {number}: must be between 1 and 65535, inclusive");
            found.push(fault(format!("spec.ports[{index}].port"), why));
        }
        if ports.len() > 1 && object::text(port, "/name").is_empty() {
            found.push(fault(format!("spec.ports[{index}].name"), "Required value"));
        }
    }
    if let Some(old) = old {
        let (was, is) = (object::text(old, "/spec/clusterIP"), object::text(spec, "/clusterIP"));
        if kind != "ExternalName" && !was.is_empty() && was != is {
            let why = format!("Invalid value: [\"{is}\"]: may not change once set");
            found.push(fault("spec.clusterIPs[0]", why));
        }
    }
    found
}

fn ingress_faults(ingress: &Value) -> Vec<Fault> {
    let mut found = Vec::new();
    let spec = &ingress["spec"];
    if spec["defaultBackend"].is_null() && object::items(spec, "/rules").next().is_none() {
        let why = format!("Invalid value: {spec}: either `defaultBackend` or `rules` must be specified");
        found.push(fault("spec", why));
    }
    for (r, rule) in object::items(spec, "/rules").enumerate() {
        let host = object::text(rule, "/host");
        let plain = host.strip_prefix("*.").unwrap_or(host);
        if !host.is_empty()
            && let Some(why) = names::subdomain_fault(plain)
        {
            found.push(fault(format!("spec.rules[{r}].host"), format!("Invalid value: \"{host}\": {why}")));
        }
        for (p, path) in object::items(rule, "/http/paths").enumerate() {
            let at = format!("spec.rules[{r}].http.paths[{p}]");
            let kind = object::text(path, "/pathType");
            if !kind.is_empty() && !["Exact", "Prefix", "ImplementationSpecific"].contains(&kind) {
                let known = "supported values: \"Exact\", \"ImplementationSpecific\", \"Prefix\"";
                found
                    .push(fault(format!("{at}.pathType"), format!("Unsupported value: \"{kind}\": {known}")));
            }
            let text = object::text(path, "/path");
            if kind != "ImplementationSpecific" && !text.starts_with('/') {
                let why = format!("Invalid value: \"{text}\": must be an absolute path");
                found.push(fault(format!("{at}.path"), why));
            }
        }
    }
    found
}

fn immutable_faults(object: &Value, old: Option<&Value>) -> Vec<Fault> {
    let Some(old) = old.filter(|old| old["immutable"] == json!(true)) else { return Vec::new() };
    let fields = ["data", "binaryData", "immutable"].into_iter().filter(|f| old.get(f) != object.get(f));
    fields.map(|field| fault(field, "Forbidden: field is immutable when `immutable` is set")).collect()
}
