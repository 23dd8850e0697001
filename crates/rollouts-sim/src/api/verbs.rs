//! Create, get, list, replace and delete, as the API server answers them.

use crate::json::{Value, json};

use super::body::{self, Strictness};
use super::patch;
use super::route::{Query, Route};
use super::scale;
use super::select::Selection;
use crate::object;
use crate::refusal::Refusal;
use crate::resource::Resource;
use crate::store::Object;
use crate::world::World;
use crate::write::{Deletion, Part, Writer};

/// One request about a resource.
#[derive(Debug)]
pub(super) struct Call<'a> {
    pub(super) route: Route,
    pub(super) query: Query,
    pub(super) method: &'a str,
    pub(super) content_type: &'a str,
    pub(super) user_agent: &'a str,
    pub(super) body: &'a [u8],
    pub(super) dry_run: bool,
    pub(super) strictness: Strictness,
}

/// What a request led to.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) code: u16,
    pub(super) what: Outcome,
    pub(super) warnings: Vec<String>,
}

/// The answer's body.
#[derive(Debug)]
pub(super) enum Outcome {
    Object(Object),
    List(Vec<Object>),
    /// A Status or other value that has no other representation.
    Plain(Value),
}

impl Done {
    pub(super) fn ok(object: Object) -> Done {
        Done { code: 200, what: Outcome::Object(object), warnings: Vec::new() }
    }

    pub(super) fn created(object: Object) -> Done {
        Done { code: 201, ..Done::ok(object) }
    }

    pub(super) fn warn(self, warnings: Vec<String>) -> Done {
        Done { warnings, ..self }
    }
}

impl Call<'_> {
    /// Who writes: the query's manager, or the user agent up to its first slash.
    pub(super) fn writer(&self) -> Writer<'_> {
        let agent = self.user_agent.split('/').next().filter(|a| !a.is_empty()).unwrap_or("unknown");
        let manager = self.query.get("fieldManager").unwrap_or(agent);
        Writer { manager, fields_given: false, dry_run: self.dry_run }
    }

    fn object<'w>(&self, world: &'w World, name: &str) -> Result<&'w Object, Refusal> {
        let found = world.store.get(self.route.resource, &self.route.ns, name);
        found.ok_or_else(|| Refusal::not_found(self.route.resource, name))
    }
}

fn not_allowed() -> Refusal {
    Refusal::new(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")
}

/// Which part the URL's subresource names.
pub(super) fn part_of(call: &Call<'_>) -> Result<Part, Refusal> {
    let info = call.route.resource.info();
    match call.route.subresource.as_deref() {
        None => Ok(Part::Main),
        Some("status") if info.status => Ok(Part::Status),
        Some("log") => Err(Refusal::not_simulated("logs: simulated pods write none")),
        Some(
            known @ ("exec"
            | "attach"
            | "portforward"
            | "proxy"
            | "binding"
            | "ephemeralcontainers"
            | "resize"),
        ) => Err(Refusal::not_simulated(format!("{}/{known}", info.plural))),
        Some(_) => Err(Refusal::new(404, "NotFound", "the server could not find the requested resource")),
    }
}

/// Carries out a request.
pub(super) fn carry_out(world: &mut World, call: &Call<'_>) -> Result<Done, Refusal> {
    if call.route.resource == Resource::CustomResourceDefinition && call.method != "GET" {
        return Err(Refusal::not_simulated("changing CustomResourceDefinitions: the served kinds are fixed"));
    }
    let name = call.route.name.clone();
    let scaled = call.route.subresource.as_deref() == Some("scale") && call.route.resource.info().scale;
    match (call.method, name.as_deref()) {
        ("GET", Some(name)) if scaled => {
            Ok(Done::ok(Object::new(scale::view(call.route.resource, call.object(world, name)?))))
        }
        ("GET", Some(name)) => {
            part_of(call)?;
            Ok(Done::ok(call.object(world, name)?.clone()))
        }
        ("GET", None) => list(world, call),
        ("POST", None) => create(world, call),
        ("POST", Some(name)) if call.route.subresource.as_deref() == Some("eviction") => {
            evict(world, call, name)
        }
        ("PUT", Some(name)) if scaled => {
            let body = body::decode(call.content_type, call.body)?;
            scale::write(world, call, name, &body.value)
        }
        ("PUT", Some(name)) => replace(world, call, name),
        ("PATCH", Some(name)) => patch::patch(world, call, name),
        ("DELETE", Some(name)) => {
            if call.route.subresource.is_some() {
                return Err(not_allowed());
            }
            delete(world, call, name)
        }
        ("DELETE", None) => delete_collection(world, call),
        _ => Err(not_allowed()),
    }
}

/// The stored objects that a collection's URL and selectors name.
///
/// # Errors
/// 410 or 504 for a resourceVersion that is not the present one, where exactly that is asked for.
fn list(world: &World, call: &Call<'_>) -> Result<Done, Refusal> {
    let selection = Selection::of(&call.query, call.route.resource)?;
    if call.query.get("continue").is_some() {
        return Err(Refusal::bad_request("invalid continue token: lists are answered whole"));
    }
    check_version(world, &call.query)?;
    let all = world.store.list(call.route.resource, &call.route.ns);
    let found = all.filter(|o| selection.holds(o)).cloned().collect();
    Ok(Done { code: 200, what: Outcome::List(found), warnings: Vec::new() })
}

fn check_version(world: &World, query: &Query) -> Result<(), Refusal> {
    let present = world.store.revision();
    let Some(version) = query.get("resourceVersion") else { return Ok(()) };
    let asked: u64 = version
        .parse()
        .map_err(|_| Refusal::bad_request(format!("invalid resource version: {}", bad_version(version))))?;
    if asked > present {
        let message = format!("Timeout: Too large resource version: {asked}, current: {present}");
        return Err(Refusal::new(504, "Timeout", message));
    }
    if query.get("resourceVersionMatch") == Some("Exact") && asked != present {
        let message =
            format!("The resourceVersion for the provided list is too old: {asked}, current: {present}");
        return Err(Refusal::new(410, "Expired", message));
    }
    Ok(())
}

/// What is wrong with a resourceVersion that is no number.
pub(super) fn bad_version(version: &str) -> String {
    format!(
        "resourceVersion: Invalid value: \"{version}\": strconv.ParseUint: parsing \"{version}\": invalid syntax"
    )
}

/// The body names the kind of the URL, or no kind.
pub(super) fn check_kind(resource: Resource, body: &Value) -> Result<(), Refusal> {
    let info = resource.info();
    let (kind, version) = (object::text(body, "/kind"), object::text(body, "/apiVersion"));
    let expected = resource.api_version();
    if !version.is_empty() && version != expected {
        return Err(Refusal::bad_request(format!(
            "the API version in the data ({version}) does not match the expected API version ({expected})"
        )));
    }
    if !kind.is_empty() && kind != info.kind {
        return Err(Refusal::bad_request(format!(
            "{kind} in version \"{}\" cannot be handled as a {}: the object is of another kind",
            info.version, info.kind
        )));
    }
    Ok(())
}

/// Puts the URL's namespace and name into the body, where they must not differ.
pub(super) fn give_identity(call: &Call<'_>, name: Option<&str>, body: &mut Value) -> Result<(), Refusal> {
    let stated = object::namespace(body);
    let ns = call.route.ns.as_str();
    if !stated.is_empty() && stated != ns {
        return Err(Refusal::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        ));
    }
    let stated = object::name(body);
    if let Some(name) = name.filter(|name| !stated.is_empty() && stated != *name) {
        return Err(Refusal::bad_request(format!(
            "the name of the object ({stated}) does not match the name on the URL ({name})"
        )));
    }
    let metadata = &mut body["metadata"];
    if !ns.is_empty() {
        metadata["namespace"] = json!(ns);
    }
    if let Some(name) = name {
        metadata["name"] = json!(name);
    }
    Ok(())
}

/// A decoded body that is an object of the URL's kind, and the warnings about it.
fn decoded(call: &Call<'_>, name: Option<&str>) -> Result<(Value, Vec<String>), Refusal> {
    let body = body::decode(call.content_type, call.body)?;
    let mut object = body.value;
    if !object.is_object() {
        return Err(Refusal::bad_request("the body is not an object"));
    }
    if !object["metadata"].is_null() && !object["metadata"].is_object() {
        return Err(Refusal::bad_request(
            "json: cannot unmarshal into Go struct field .metadata of type ObjectMeta",
        ));
    }
    check_kind(call.route.resource, &object)?;
    let warnings = body::enforce(call.strictness, call.route.resource, &object, &body.duplicates)?;
    if object["metadata"].is_null() {
        object["metadata"] = json!({});
    }
    give_identity(call, name, &mut object)?;
    Ok((object, warnings))
}

fn create(world: &mut World, call: &Call<'_>) -> Result<Done, Refusal> {
    if call.route.resource.info().namespaced && call.route.ns.is_empty() {
        return Err(not_allowed());
    }
    let (object, warnings) = decoded(call, None)?;
    if !object::text(&object, "/metadata/resourceVersion").is_empty() {
        return Err(Refusal::new(500, "", "resourceVersion should not be set on objects to be created"));
    }
    Ok(Done::created(world.create(call.writer(), call.route.resource, object)?).warn(warnings))
}

fn replace(world: &mut World, call: &Call<'_>, name: &str) -> Result<Done, Refusal> {
    let (object, warnings) = decoded(call, Some(name))?;
    let resource = call.route.resource;
    if resource.info().custom && object::text(&object, "/metadata/resourceVersion").is_empty() {
        call.object(world, name)?;
        let why = "Invalid value: 0: must be specified for an update".to_owned();
        let mut refusal = Refusal::invalid(resource, name, &[("metadata.resourceVersion".into(), why)]);
        // This one check stands before the kind is known upstream, so that it names the resource.
        let kind = format!("{}.{}", resource.info().kind, resource.info().group);
        refusal.message = refusal.message.replacen(&kind, &resource.qualified(), 1);
        return Err(refusal);
    }
    Ok(Done::ok(world.replace(call.writer(), resource, part_of(call)?, object)?).warn(warnings))
}

/// The DeleteOptions of a body and a query.
fn deletion(call: &Call<'_>) -> Result<(Deletion, Value), Refusal> {
    let options =
        if call.body.is_empty() { json!({}) } else { body::decode(call.content_type, call.body)?.value };
    let of_query = call.query.get("gracePeriodSeconds").and_then(|text| text.parse().ok());
    let grace = options.get("gracePeriodSeconds").and_then(Value::as_i64).or(of_query);
    let policy =
        options.get("propagationPolicy").and_then(Value::as_str).or(call.query.get("propagationPolicy"));
    let orphan = options.get("orphanDependents").and_then(Value::as_bool);
    let policy = policy.or(orphan.map(|orphan| if orphan { "Orphan" } else { "Background" }));
    let finalizer = match policy {
        None | Some("Background") => None,
        Some("Foreground") => Some(crate::collect::FOREGROUND),
        Some("Orphan") => Some(crate::collect::ORPHAN),
        Some(other) => {
            let message = format!(
                "propagationPolicy: Unsupported value: \"{other}\": supported \
                 values: \"Foreground\", \"Background\", \"Orphan\", \"nil\""
            );
            return Err(Refusal::options("DeleteOptions", &message));
        }
    };
    let dry_run = call.dry_run || options["dryRun"] == json!(["All"]);
    Ok((Deletion { grace, finalizer, dry_run }, options))
}

fn check_preconditions(resource: Resource, object: &Value, wanted: &Value) -> Result<(), Refusal> {
    for (field, spelled, past) in
        [("uid", "UID", "deleted and then recreated"), ("resourceVersion", "ResourceVersion", "modified")]
    {
        let is = &object["metadata"][field];
        let Some(want) = wanted[field].as_str().filter(|want| is != want) else { continue };
        let (kind, name) = (resource.info().kind, object::name(object));
        let message = format!(
            "Operation cannot be fulfilled on {kind} \"{name}\": the {spelled} in the precondition ({want}) does not \
             match the {spelled} in record ({}). The object might have been {past}",
            is.as_str().unwrap_or_default()
        );
        return Err(Refusal { message, ..Refusal::conflict(resource, name, "") });
    }
    Ok(())
}

fn delete(world: &mut World, call: &Call<'_>, name: &str) -> Result<Done, Refusal> {
    let (how, options) = deletion(call)?;
    let resource = call.route.resource;
    let object = call.object(world, name)?.clone();
    check_preconditions(resource, &object, &options["preconditions"])?;
    let last = world.delete_with(resource, &call.route.ns, name, how)?;
    // What is gone at once is answered with a Status; a dry run of that too.
    let stays = !how.dry_run && world.store.get(resource, &call.route.ns, name).is_some();
    if resource == Resource::Pod || stays {
        return Ok(Done::ok(last));
    }
    let info = resource.info();
    let mut details = json!({"name": name, "kind": info.plural, "uid": object["metadata"]["uid"]});
    if !info.group.is_empty() {
        details["group"] = json!(info.group);
    }
    let status = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details});
    Ok(Done { code: 200, what: Outcome::Plain(status), warnings: Vec::new() })
}

fn delete_collection(world: &mut World, call: &Call<'_>) -> Result<Done, Refusal> {
    if call.route.resource.info().namespaced && call.route.ns.is_empty()
        || call.route.resource == Resource::Namespace
    {
        return Err(not_allowed());
    }
    let (how, _) = deletion(call)?;
    let selection = Selection::of(&call.query, call.route.resource)?;
    let all = world.store.list(call.route.resource, &call.route.ns);
    let found: Vec<Object> = all.filter(|o| selection.holds(o)).cloned().collect();
    for object in &found {
        world.delete_with(call.route.resource, &call.route.ns, object::name(object), how)?;
    }
    Ok(Done { code: 200, what: Outcome::List(found), warnings: Vec::new() })
}

/// Evicts a pod, which without a budget over it is a delete with its grace.
fn evict(world: &mut World, call: &Call<'_>, name: &str) -> Result<Done, Refusal> {
    if call.route.resource != Resource::Pod {
        return Err(not_allowed());
    }
    let pod = call.object(world, name)?.clone();
    let labels = &pod["metadata"]["labels"];
    let guarded = world
        .store
        .list(Resource::PodDisruptionBudget, &call.route.ns)
        .any(|budget| object::selected_by(&budget["spec"]["selector"], labels));
    if guarded {
        return Err(Refusal::not_simulated("evicting a pod that a PodDisruptionBudget selects"));
    }
    let body =
        if call.body.is_empty() { json!({}) } else { body::decode(call.content_type, call.body)?.value };
    let grace = body["deleteOptions"]["gracePeriodSeconds"].as_i64();
    world.delete_with(
        Resource::Pod,
        &call.route.ns,
        name,
        Deletion { grace, dry_run: call.dry_run, finalizer: None },
    )?;
    let status = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"});
    Ok(Done { code: 201, what: Outcome::Plain(status), warnings: Vec::new() })
}
