//! The representation that a client asks for in `Accept`: the object, its metadata only, or a table.

use crate::json::{Value, json};

use super::route::Query;
use super::table;
use super::verbs::Outcome;
use crate::refusal::Refusal;
use crate::resource::Resource;
use crate::store::Object;
use crate::world::World;

/// A representation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Full,
    Metadata,
    Table(Include),
}

/// What a table's rows carry of their objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Include {
    None,
    Metadata,
    Object,
}

impl Form {
    /// The first acceptable form.
    ///
    /// # Errors
    /// 406 when only forms that are not spoken here are accepted.
    pub(crate) fn of(accept: &str, query: &Query) -> Result<Form, Refusal> {
        let include = match query.get("includeObject") {
            Some("None") => Include::None,
            Some("Object") => Include::Object,
            _ => Include::Metadata,
        };
        let form = |clause: &str| {
            let mut parts = clause.split(';').map(str::trim);
            let media = parts.next().unwrap_or_default();
            if !matches!(media, "application/json" | "*/*" | "application/*") {
                return None;
            }
            match parts.find_map(|p| p.strip_prefix("as=")) {
                None => Some(Form::Full),
                Some("Table") => Some(Form::Table(include)),
                Some("PartialObjectMetadata" | "PartialObjectMetadataList") => Some(Form::Metadata),
                Some(_) => None,
            }
        };
        if accept.is_empty() {
            return Ok(Form::Full);
        }
        accept.split(',').find_map(form).ok_or_else(|| {
            let message = "only the following media types are accepted: application/json";
            Refusal::new(406, "NotAcceptable", message)
        })
    }
}

/// An outcome in the form that was asked for.
pub(super) fn outcome(world: &World, resource: Resource, form: Form, outcome: Outcome) -> Value {
    match outcome {
        Outcome::Plain(value) => value,
        Outcome::Object(object) => one(world, resource, form, &object),
        Outcome::List(objects) => list(world, resource, form, &objects),
    }
}

/// One object; a Scale or other subresource keeps its own form.
pub(crate) fn one(world: &World, resource: Resource, form: Form, object: &Object) -> Value {
    let own_kind = object["kind"] == resource.info().kind;
    match form {
        Form::Metadata if own_kind => partial(object),
        Form::Table(include) if own_kind => table::of(
            world,
            resource,
            std::slice::from_ref(object),
            include,
            &object["metadata"]["resourceVersion"],
        ),
        _ => object.whole(),
    }
}

fn list(world: &World, resource: Resource, form: Form, objects: &[Object]) -> Value {
    let version = json!(world.store.revision().to_string());
    let info = resource.info();
    match form {
        Form::Table(include) => table::of(world, resource, objects, include, &version),
        Form::Metadata => json!({
            "kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1",
            "metadata": {"resourceVersion": version}, "items": objects.iter().map(partial).collect::<Vec<_>>(),
        }),
        Form::Full => json!({
            "kind": format!("{}List", info.kind), "apiVersion": resource.api_version(),
            "metadata": {"resourceVersion": version},
            "items": objects.iter().map(|o| item(resource, o)).collect::<Vec<_>>(),
        }),
    }
}

/// An item of a list: built-in kinds do not repeat their kind, custom resources do, as upstream.
fn item(resource: Resource, object: &Object) -> Value {
    let mut item = object.whole();
    if !resource.info().custom
        && let Some(map) = item.as_object_mut()
    {
        map.shift_remove("kind");
        map.shift_remove("apiVersion");
    }
    item
}

/// `PartialObjectMetadata` of an object.
pub(super) fn partial(object: &Object) -> Value {
    let mut partial = json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object["metadata"]});
    object.managers().give(&mut partial);
    partial
}
