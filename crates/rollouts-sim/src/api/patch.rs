//! PATCH: merge, JSON, strategic merge and server-side apply, on the main object and its subresources.

use crate::json::{self, Value, json};

use super::body::{self, Body, Strictness};
use super::strategic;
use super::verbs::{Call, Done, part_of};
use crate::fields;
use crate::object;
use crate::refusal::Refusal;
use crate::resource::Resource;
use crate::schema;
use crate::store::Object;
use crate::world::{World, stamp};

const ACCEPTED: &str = "the body of the request was in an unknown format - accepted media types include: \
                        application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml";

/// Carries out a PATCH.
pub(super) fn patch(world: &mut World, call: &Call<'_>, name: &str) -> Result<Done, Refusal> {
    let media = call.content_type.split(';').next().unwrap_or_default().trim();
    if media == "application/apply-patch+yaml" {
        return apply(world, call, name);
    }
    if call.query.get("force").is_some() {
        return Err(Refusal::options(
            "PatchOptions",
            "force: Forbidden: may not be specified for non-apply patch",
        ));
    }
    let resource = call.route.resource;
    let body = body::decode("application/json", call.body)?;
    let current = world.existing(resource, &call.route.ns, name)?;
    let scaled = call.route.subresource.as_deref() == Some("scale");
    let mut new = if scaled { super::scale::view(resource, &current) } else { current.whole() };
    match media {
        "application/merge-patch+json" if !body.value.is_object() => {
            let said =
                "error decoding patch: json: cannot unmarshal into Go value of type map[string]interface {}";
            return Err(Refusal::bad_request(said));
        }
        "application/merge-patch+json" => {
            json::outside(&mut new, |new| json_patch::merge(new, &(&body.value).into()));
        }
        "application/json-patch+json" => json_patch(&mut new, &body.value)?,
        "application/strategic-merge-patch+json" if !resource.info().custom => {
            strategic::patch(schema::of(resource), &mut new, &body.value);
        }
        "application/strategic-merge-patch+json" => {
            return Err(Refusal::new(415, "UnsupportedMediaType", ACCEPTED));
        }
        _ => return Err(Refusal::new(415, "UnsupportedMediaType", "415: Unsupported Media Type")),
    }
    if !new.is_object() || !new["metadata"].is_object() {
        return Err(Refusal::bad_request("the patch leaves no object"));
    }
    if scaled {
        return super::scale::write(world, call, name, &new);
    }
    let warnings = check(call, resource, &new, &body)?;
    same_identity(&current, &new)?;
    let object = world.replace(call.writer(), resource, part_of(call)?, new);
    Ok(Done::ok(object.map_err(|r| if r.code == 400 { invalid_patch(&body, &r.message) } else { r })?)
        .warn(warnings))
}

/// A patch whose result cannot be decoded into the kind.
fn invalid_patch(body: &Body, said: &str) -> Refusal {
    let why = format!("Invalid value: \"{}\": {said}", body.value);
    let mut refusal = Refusal::new(422, "Invalid", format!(" \"\" is invalid: patch: {why}"));
    refusal.details = json!({"causes": [{"reason": "FieldValueInvalid", "message": why, "field": "patch"}]});
    refusal
}

fn json_patch(new: &mut Value, patch: &Value) -> Result<(), Refusal> {
    let Some(operations) = patch.as_array() else {
        return Err(Refusal::bad_request(
            "error decoding patch: json: cannot unmarshal into Go value of type []jsonPatchOp",
        ));
    };
    if operations.len() > 10_000 {
        let message = "The allowed maximum operations in a JSON patch is 10000";
        return Err(Refusal::new(413, "RequestEntityTooLarge", message));
    }
    let rejected = |why: String| {
        let message = "the server rejected our request due to an error in our request";
        let mut refusal = Refusal::new(422, "Invalid", message);
        refusal.details = json!({"causes": [{"reason": "UnexpectedServerResponse", "message": why}]});
        refusal
    };
    let patch: json_patch::Patch = json::from_value(patch).map_err(|e| rejected(e.to_string()))?;
    json::outside(new, |new| json_patch::patch(new, &patch.0)).map_err(|e| rejected(e.to_string()))
}

fn check(call: &Call<'_>, resource: Resource, new: &Value, body: &Body) -> Result<Vec<String>, Refusal> {
    if call.strictness == Strictness::Ignore {
        return Ok(Vec::new());
    }
    let found = body::complaints(resource, new, &body.duplicates);
    if call.strictness == Strictness::Strict && !found.is_empty() {
        return Err(invalid_patch(body, &format!("strict decoding error: {}", found.join(", "))));
    }
    Ok(found)
}

fn same_identity(old: &Value, new: &Value) -> Result<(), Refusal> {
    for field in ["name", "namespace"] {
        let (was, is) = (&old["metadata"][field], &new["metadata"][field]);
        if was != is {
            let message =
                format!("the {field} of the object ({is}) does not match the {field} on the URL ({was})");
            return Err(Refusal::bad_request(message.replace('"', "")));
        }
    }
    Ok(())
}

/// Server-side apply: creates the object when there is none.
fn apply(world: &mut World, call: &Call<'_>, name: &str) -> Result<Done, Refusal> {
    let resource = call.route.resource;
    let Some(manager) = call.query.get("fieldManager") else {
        let why = "fieldManager: Required value: is required for apply patch";
        return Err(Refusal::options("PatchOptions", why));
    };
    if call.route.subresource.as_deref() == Some("scale") {
        return Err(Refusal::not_simulated("server-side apply of the scale subresource"));
    }
    let mut body = body::decode(call.content_type, call.body)?;
    if !body.value.is_object() {
        return Err(Refusal::bad_request("an apply configuration must be an object"));
    }
    check_config(call, name, &mut body)?;
    let live = world.store.get(resource, &call.route.ns, name).cloned();
    let subresource = call.route.subresource.as_deref().unwrap_or_default();
    if live.is_none() && !subresource.is_empty() {
        return Err(Refusal::not_found(resource, name));
    }
    let time = stamp(world.now());
    let present = live.as_ref().map(Object::whole).unwrap_or_default();
    let force = call.query.is("force");
    let version = object::text(&body.value, "/metadata/resourceVersion").to_owned();
    let mut merged = fields::apply(resource, (manager, subresource), &present, &body.value, force, &time)?;
    if !version.is_empty() {
        merged["metadata"]["resourceVersion"] = json!(version);
    }
    let writer = crate::write::Writer { manager, fields_given: true, ..call.writer() };
    if live.is_none() {
        return Ok(Done::created(world.create(writer, resource, merged)?));
    }
    Ok(Done::ok(world.replace(writer, resource, part_of(call)?, merged)?))
}

/// The rules for an apply configuration: its identity, and no field that the schema does not have.
fn check_config(call: &Call<'_>, name: &str, body: &mut Body) -> Result<(), Refusal> {
    let resource = call.route.resource;
    let config = &mut body.value;
    super::verbs::check_kind(resource, config)?;
    if config["apiVersion"].is_null() || config["kind"].is_null() {
        return Err(Refusal::bad_request("an apply configuration must have apiVersion and kind"));
    }
    if !config["metadata"].is_object() {
        config["metadata"] = json!({});
    }
    if config["metadata"].get("managedFields").is_some_and(|m| !m.is_null()) {
        return Err(Refusal::bad_request("metadata.managedFields must be nil"));
    }
    let sent = object::namespace(config).to_owned();
    super::verbs::give_identity(call, Some(name), config)?;
    let (group, version, kind) = (resource.info().group, resource.info().version, resource.info().kind);
    let identity = format!("{sent}/{name}; {group}/{version}, Kind={kind}");
    let undeclared = body::complaints(resource, config, &[]);
    if let Some(first) = undeclared.first() {
        let path = first.trim_start_matches("unknown field \"").trim_end_matches('"');
        let message = format!(
            "failed to create typed patch object ({identity}): .{path}: field not declared in schema"
        );
        return Err(Refusal::new(500, "", message));
    }
    if let Some(said) = fields::repeated_key(resource, config) {
        let message = format!("failed to create typed patch object ({identity}): {said}");
        return Err(Refusal::new(500, "", message));
    }
    if call.strictness == Strictness::Strict && !body.duplicates.is_empty() {
        let message = format!("error decoding YAML: duplicate field \"{}\"", body.duplicates.join("\", \""));
        return Err(Refusal::bad_request(message));
    }
    Ok(())
}
