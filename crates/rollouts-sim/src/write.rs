//! Changing the world by the API server's rules: identity, generation, conflicts, the status subresource,
//! deletion with finalizers and grace. Requests and controllers write through here alike.

use crate::json::{Text, Value, json};

use crate::controllers;
use crate::fields::{self, Managers, Tracked};
use crate::object;
use crate::refusal::Refusal;
use crate::resource::Resource;
use crate::schema;
use crate::store::Object;
use crate::world::{World, stamp};

/// Who writes, and how.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Writer<'a> {
    /// The field manager, as `managedFields` names it.
    pub(crate) manager: &'a str,
    /// Whether the object already carries the managedFields that it is to have (server-side apply).
    pub(crate) fields_given: bool,
    /// Everything is checked, nothing is kept.
    pub(crate) dry_run: bool,
}

impl Writer<'_> {
    pub(crate) const fn named(manager: &str) -> Writer<'_> {
        Writer { manager, fields_given: false, dry_run: false }
    }
}

/// The Argo Rollouts controller.
pub(crate) const ROLLOUTS: Writer<'static> = Writer::named("rollouts-controller");
/// Kubernetes' own controllers: ReplicaSets, endpoints, garbage collection.
pub(crate) const CONTROLLER_MANAGER: Writer<'static> = Writer::named("kube-controller-manager");
/// The node: status of pods.
pub(crate) const KUBELET: Writer<'static> = Writer::named("kubelet");
/// The ingress controller: addresses of Ingresses.
pub(crate) const INGRESS: Writer<'static> = Writer::named("traefik");
/// The scheduler: binding of pods.
pub(crate) const SCHEDULER: Writer<'static> = Writer::named("kube-scheduler");

/// Which part of an object a write may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// All but `status`, for kinds with a status subresource.
    Main,
    /// `status` only.
    Status,
}

/// How an object is to be deleted.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Deletion {
    /// Seconds for a pod; absent means its own.
    pub(crate) grace: Option<i64>,
    /// The collector's finalizer of a propagation policy.
    pub(crate) finalizer: Option<&'static str>,
    pub(crate) dry_run: bool,
}

impl World {
    /// Creates an object: `metadata.name` or `generateName`, and `metadata.namespace` for namespaced kinds.
    pub(crate) fn create(
        &mut self,
        by: Writer<'_>,
        resource: Resource,
        object: Value,
    ) -> Result<Object, Refusal> {
        let info = resource.info();
        let mut object = object;
        if let Some(why) = info.refused {
            return Err(Refusal::not_simulated(format!("creating a {}: {why}", info.kind)));
        }
        self.give_name(&mut object)?;
        let (ns, name) = (object::namespace(&object).to_owned(), object::name(&object).to_owned());
        self.check_namespace(resource, &ns, &name)?;
        if self.store.get(resource, &ns, &name).is_some() {
            return Err(Refusal::already_exists(resource, &name));
        }
        if info.status
            && let Some(fields) = object.as_object_mut()
        {
            fields.remove("status");
        }
        object["apiVersion"] = json!(resource.api_version());
        object["kind"] = json!(info.kind);
        schema::admit(self, resource, Part::Main, &mut object, None)?;
        controllers::admit(&object).map_err(Refusal::not_simulated)?;
        if resource == Resource::Pod
            && let Some(namespace) = self.store.get(Resource::Namespace, "", &ns)
        {
            schema::pod_security(namespace, &object)?;
        }
        self.enter(by, resource, object)
    }

    /// Creates an object that the program has built as admission would leave it, with its name and namespace. A test
    /// of who does so says that it would.
    pub(crate) fn create_admitted(
        &mut self,
        by: Writer<'_>,
        resource: Resource,
        object: Value,
    ) -> Result<Object, Refusal> {
        let (ns, name) = (object::namespace(&object), object::name(&object));
        self.check_namespace(resource, ns, name)?;
        if self.store.get(resource, ns, name).is_some() {
            return Err(Refusal::already_exists(resource, name));
        }
        self.enter(by, resource, object)
    }

    /// Keeps an admitted object as a new one: with an identity, a time and a manager.
    fn enter(&mut self, by: Writer<'_>, resource: Resource, mut object: Value) -> Result<Object, Refusal> {
        let info = resource.info();
        let uid = self.draw_uid();
        let meta = &mut object["metadata"];
        meta["uid"] = json!(uid);
        meta["creationTimestamp"] = json!(stamp(self.now()));
        if let Some(meta) = meta.as_object_mut() {
            for field in ["deletionTimestamp", "deletionGracePeriodSeconds", "generation", "resourceVersion"]
            {
                meta.remove(field);
            }
            if info.generation {
                meta.insert(Text::Own("generation"), json!(1));
            }
        }
        let tracked = if by.fields_given {
            Managers::take(&mut object).into()
        } else {
            fields::track_creation(resource, by.manager, &mut object, &stamp(self.now()))
        };
        self.keep(by, resource, object, tracked)
    }

    /// The object as it stands.
    pub(crate) fn existing(&self, resource: Resource, ns: &str, name: &str) -> Result<Object, Refusal> {
        self.store.get(resource, ns, name).cloned().ok_or_else(|| Refusal::not_found(resource, name))
    }

    /// Replaces an object's `part`. A `resourceVersion` in `object` must be the present one.
    pub(crate) fn replace(
        &mut self,
        by: Writer<'_>,
        resource: Resource,
        part: Part,
        object: Value,
    ) -> Result<Object, Refusal> {
        let (ns, name) = (object::namespace(&object), object::name(&object));
        let old = self.existing(resource, ns, name)?;
        check_precondition(resource, &old, &object)?;
        let new = merge_parts(resource, part, &old, object);
        // A client's status may bring managedFields along.
        let stated = part == Part::Status && new["metadata"].get("managedFields").is_some();
        let changes = if stated { Part::Main } else { part };
        self.admit_and_keep(by, resource, (part, changes), &old, new)
    }

    /// Keeps a new state of an object. `changes` is the part that it may differ in.
    fn admit_and_keep(
        &mut self,
        by: Writer<'_>,
        resource: Resource,
        (part, changes): (Part, Part),
        old: &Object,
        mut new: Value,
    ) -> Result<Object, Refusal> {
        schema::admit(self, resource, changes, &mut new, Some(old))?;
        if part == Part::Main {
            controllers::admit(&new).map_err(Refusal::not_simulated)?;
            if resource.info().generation && spec_differs(old, &new) {
                new["metadata"]["generation"] = json!(object::number(old, "/metadata/generation", 0) + 1);
            }
        }
        let managers = self.track(by, resource, part, old, &mut new);
        if !by.dry_run
            && object::deleting(&new)
            && object::items(&new, "/metadata/finalizers").next().is_none()
            && object::number(&new, "/metadata/deletionGracePeriodSeconds", 0) == 0
        {
            return Ok(self.remove(resource, &new).unwrap_or_else(|| old.clone()));
        }
        // A write that changes nothing makes no new version, as upstream.
        if managers == *old.managers() && unchanged(changes, old, &new) {
            return Ok(old.clone());
        }
        self.keep(by, resource, new, managers)
    }

    /// Replaces all but the status by what `change` makes of the present object.
    pub(crate) fn modify(
        &mut self,
        by: Writer<'_>,
        resource: Resource,
        ns: &str,
        name: &str,
        change: impl FnOnce(&mut Value),
    ) -> Result<Object, Refusal> {
        let old = self.existing(resource, ns, name)?;
        let mut new = Value::clone(&old);
        change(&mut new);
        if new == *old && !object::deleting(&old) {
            return Ok(old);
        }
        self.replace(by, resource, Part::Main, new)
    }

    /// Replaces the status by what `next` makes of the present one, which is null where there is none.
    pub(crate) fn modify_status(
        &mut self,
        by: Writer<'_>,
        resource: Resource,
        ns: &str,
        name: &str,
        next: impl FnOnce(&Value) -> Value,
    ) -> Result<Object, Refusal> {
        let old = self.existing(resource, ns, name)?;
        let status = next(&old["status"]);
        if status == old["status"] && !object::deleting(&old) {
            return Ok(old);
        }
        let kept = without(&old, &["status"]).map(|(key, value)| (key.clone(), value.clone()));
        let mut new = Value::Object(kept.collect());
        if !status.is_null() {
            new["status"] = status;
        }
        self.admit_and_keep(by, resource, (Part::Status, Part::Status), &old, new)
    }

    /// Deletes by the API server's rules: an object with finalizers, and a pod with grace, is only marked. A pod's
    /// grace is `grace` seconds, or its own `terminationGracePeriodSeconds`; the pod controller finishes it with 0.
    pub(crate) fn delete(
        &mut self,
        resource: Resource,
        ns: &str,
        name: &str,
        grace: Option<i64>,
    ) -> Result<Object, Refusal> {
        self.delete_with(resource, ns, name, Deletion { grace, ..Deletion::default() })
    }

    /// As [`World::delete`], with all that a request can ask for.
    pub(crate) fn delete_with(
        &mut self,
        resource: Resource,
        ns: &str,
        name: &str,
        how: Deletion,
    ) -> Result<Object, Refusal> {
        let old = self.existing(resource, ns, name)?;
        let grace = grace_period(resource, &old, how.grace);
        let mut new = Value::clone(&old);
        if let Some(finalizer) = how.finalizer {
            add_finalizer(&mut new, finalizer);
        }
        let held =
            object::items(&new, "/metadata/finalizers").next().is_some() || resource == Resource::Namespace;
        if how.dry_run {
            return Ok(old);
        }
        if grace == 0 && !held {
            return Ok(self.remove(resource, &old).unwrap_or(old));
        }
        let was = object::at(&old, "/metadata/deletionGracePeriodSeconds").and_then(Value::as_i64);
        let sooner = was.is_none_or(|was| grace < was);
        if object::deleting(&old) && !sooner && new == *old {
            return Ok(old);
        }
        if sooner {
            let at = self.now().saturating_add(jiff::SignedDuration::from_secs(grace)).unwrap_or(self.now());
            new["metadata"]["deletionTimestamp"] = json!(stamp(at));
            new["metadata"]["deletionGracePeriodSeconds"] = json!(grace);
        }
        if resource == Resource::Namespace {
            new["status"]["phase"] = json!("Terminating");
        }
        if resource.info().generation {
            new["metadata"]["generation"] = json!(object::number(&old, "/metadata/generation", 0) + 1);
        }
        Ok(self.put(resource, new, old.managers().clone()))
    }

    /// Takes an object out of the store at once, whatever it carries.
    pub(crate) fn remove(&mut self, resource: Resource, object: &Value) -> Option<Object> {
        let change = self.store.remove(resource, object::namespace(object), object::name(object))?;
        self.changed(&change);
        Some(change.object)
    }

    /// Who owns which fields now. What `object` says of it is taken out of it.
    fn track(
        &self,
        by: Writer<'_>,
        resource: Resource,
        part: Part,
        old: &Object,
        object: &mut Value,
    ) -> Managers {
        if by.fields_given {
            return Managers::take(object);
        }
        let subresource = if part == Part::Status { "status" } else { "" };
        fields::track_update(resource, (by.manager, subresource), Some(old), object, &stamp(self.now()))
    }

    fn keep(
        &mut self,
        by: Writer<'_>,
        resource: Resource,
        object: Value,
        tracked: impl Into<Tracked>,
    ) -> Result<Object, Refusal> {
        if by.dry_run {
            return Ok(Object::with(object, tracked));
        }
        Ok(self.put(resource, object, tracked))
    }

    fn put(&mut self, resource: Resource, object: Value, tracked: impl Into<Tracked>) -> Object {
        let change = self.store.put(resource, object, tracked);
        self.changed(&change);
        change.object
    }

    fn give_name(&mut self, object: &mut Value) -> Result<(), Refusal> {
        if !object["metadata"].is_object() {
            object["metadata"] = json!({});
        }
        let prefix = object::text(object, "/metadata/generateName").to_owned();
        if object::name(object).is_empty() && !prefix.is_empty() {
            let suffix = self.draw_suffix();
            object["metadata"]["name"] = json!(format!("{prefix}{suffix}"));
        }
        Ok(())
    }

    fn check_namespace(&self, resource: Resource, ns: &str, name: &str) -> Result<(), Refusal> {
        if !resource.info().namespaced {
            return Ok(());
        }
        let Some(namespace) = self.store.get(Resource::Namespace, "", ns) else {
            return Err(Refusal::not_found(Resource::Namespace, ns));
        };
        if object::deleting(namespace) {
            let why =
                format!("unable to create new content in namespace {ns} because it is being terminated");
            return Err(Refusal::forbidden(resource, name, &why));
        }
        Ok(())
    }
}

fn check_precondition(resource: Resource, old: &Value, new: &Value) -> Result<(), Refusal> {
    let name = object::name(old);
    let version = object::text(new, "/metadata/resourceVersion");
    if !version.is_empty() && version != object::text(old, "/metadata/resourceVersion") {
        let why =
            "the object has been modified; please apply your changes to the latest version and try again";
        return Err(Refusal::conflict(resource, name, why));
    }
    let uid = object::uid(new);
    if !uid.is_empty() && uid != object::uid(old) {
        let why = format!(
            "StorageError: invalid object, Code: 4, Key: {name}, ResourceVersion: 0, AdditionalErrorMsg: \
             Precondition failed: UID in precondition: {uid}, UID in object meta: {}",
            object::uid(old)
        );
        return Err(Refusal::conflict(resource, name, &why));
    }
    Ok(())
}

/// The new object: `part` from `new`, the rest and what only the server may set from `old`.
fn merge_parts(resource: Resource, part: Part, old: &Value, new: Value) -> Value {
    let mut merged = match part {
        Part::Main => new,
        Part::Status => {
            let mut merged = old.clone();
            merged["status"] = new["status"].clone();
            merged["metadata"]["managedFields"] = new["metadata"]["managedFields"].clone();
            merged
        }
    };
    if part == Part::Main && resource.info().status && merged.get("status") != old.get("status") {
        merged["status"] = old["status"].clone();
    }
    for field in ["uid", "creationTimestamp", "generation", "deletionTimestamp", "deletionGracePeriodSeconds"]
    {
        merged["metadata"][field] = old["metadata"][field].clone();
    }
    merged["metadata"]["resourceVersion"] = old["metadata"]["resourceVersion"].clone();
    merged["apiVersion"] = json!(resource.api_version());
    merged["kind"] = json!(resource.info().kind);
    drop_null(&mut merged, &["status"]);
    let only_server = ["generation", "deletionTimestamp", "deletionGracePeriodSeconds", "managedFields"];
    drop_null(&mut merged["metadata"], &only_server);
    merged
}

fn drop_null(value: &mut Value, fields: &[&str]) {
    if let Some(map) = value.as_object_mut() {
        map.retain(|key, v| !(v.is_null() && fields.contains(&key.as_str())));
    }
}

fn without<'a>(object: &'a Value, fields: &'a [&str]) -> impl Iterator<Item = (&'a Text, &'a Value)> {
    object.as_object().into_iter().flatten().filter(move |(key, _)| !fields.contains(&key.as_str()))
}

fn same(old: &Value, new: &Value, except: &[&str]) -> bool {
    let count = |v| without(v, except).count();
    count(old) == count(new)
        && without(old, except).all(|(key, value)| new.get(key).is_some_and(|new| new == value))
}

fn spec_differs(old: &Value, new: &Value) -> bool {
    !same(old, new, &["metadata", "status"])
}

fn unchanged(changes: Part, old: &Value, new: &Value) -> bool {
    match changes {
        Part::Main => old == new,
        Part::Status => old.get("status") == new.get("status") && old["metadata"] == new["metadata"],
    }
}

fn add_finalizer(object: &mut Value, finalizer: &str) {
    if !object["metadata"]["finalizers"].is_array() {
        object["metadata"]["finalizers"] = json!([]);
    }
    if let Some(list) = object["metadata"]["finalizers"].as_array_mut()
        && !list.iter().any(|f| f == finalizer)
    {
        list.push(json!(finalizer));
    }
}

fn grace_period(resource: Resource, object: &Value, asked: Option<i64>) -> i64 {
    if resource != Resource::Pod {
        return 0;
    }
    // A pod that no node runs yet, or that has finished, goes at once, as upstream.
    let phase = object::text(object, "/status/phase");
    if object::text(object, "/spec/nodeName").is_empty() || phase == "Failed" || phase == "Succeeded" {
        return 0;
    }
    asked.unwrap_or_else(|| object::number(object, "/spec/terminationGracePeriodSeconds", 30)).max(0)
}
