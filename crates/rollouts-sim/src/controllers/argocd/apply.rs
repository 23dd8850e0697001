//! How one object is compared and made as Git states it: by a client-side apply with three sides, or by a server-side
//! one.

use crate::json::{Value, json};
use http::Request;

use super::compare::Item;
use super::three_way;
use crate::object::{self, items, text};
use crate::resource::Resource;
use crate::world::World;

/// Where a client-side apply keeps what it stated last.
const LAST: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// The field manager of what Argo CD applies.
const MANAGER: &str = "argocd-controller";

/// How an Application's objects are compared and applied.
pub(super) struct Way {
    server_side: bool,
    /// Ignored differences are left alone by a sync, too.
    respects: bool,
    ignored: Value,
}

impl Way {
    /// By the options of a policy or of an operation.
    pub(super) fn of(app: &Value, options: &Value) -> Way {
        Way {
            server_side: option(options, "ServerSideApply"),
            respects: option(options, "RespectIgnoreDifferences"),
            ignored: app["spec"]["ignoreDifferences"].clone(),
        }
    }

    /// Whether a sync would change what is not ignored. What the cluster would refuse differs as well.
    pub(super) fn differs(&self, world: &mut World, item: &Item) -> bool {
        let Some(live) = &item.live else { return true };
        let Ok(then) = self.send(world, item, true) else { return true };
        let ignored = self.ignored(item);
        bare(live, &ignored) != bare(&then, &ignored)
    }

    /// Makes the object as Git states it, or only asks whether that could be done.
    ///
    /// # Errors
    /// The cluster's refusal.
    pub(super) fn apply(&self, world: &mut World, item: &Item, dry_run: bool) -> Result<String, String> {
        self.send(world, item, dry_run)?;
        let info = item.resource.info();
        let dot = if info.group.is_empty() { "" } else { "." };
        let done = match &item.live {
            _ if self.server_side => "serverside-applied",
            None => "created",
            Some(_) if item.differs => "configured",
            Some(_) => "unchanged",
        };
        Ok(format!("{}{dot}{}/{} {done}", info.singular, info.group, item.name))
    }

    fn send(&self, world: &mut World, item: &Item, dry_run: bool) -> Result<Value, String> {
        let Some(desired) = &item.desired else { return Err("nothing is stated of it".to_owned()) };
        let query = format!(
            "fieldManager={MANAGER}&fieldValidation=Strict{}",
            if dry_run { "&dryRun=All" } else { "" }
        );
        let path = path(item.resource, &item.ns, &item.name);
        let ignored = if self.respects && item.live.is_some() { self.ignored(item) } else { Vec::new() };
        let mut now = desired.clone();
        ignored.iter().for_each(|pointer| remove(&mut now, pointer));
        if self.server_side {
            let uri = format!("{path}?{query}&force=true");
            return send(world, "PATCH", &uri, "application/apply-patch+yaml", &now);
        }
        let stated = format!("{now}\n");
        let Some(live) = &item.live else {
            now["metadata"]["annotations"][LAST] = json!(stated);
            let collection = path.rsplit_once('/').map_or("", |(collection, _)| collection);
            return send(world, "POST", &format!("{collection}?{query}"), "application/json", &now);
        };
        let mut last = object::annotation(live, LAST)
            .and_then(|text| serde_json::from_str(text).ok())
            .unwrap_or_else(|| json!({}));
        ignored.iter().for_each(|pointer| remove(&mut last, pointer));
        let mut patch = three_way::patch(item.resource, &last, &now);
        patch["metadata"]["annotations"][LAST] = json!(stated);
        let media = if item.resource.info().custom {
            "application/merge-patch+json"
        } else {
            "application/strategic-merge-patch+json"
        };
        send(world, "PATCH", &format!("{path}?{query}"), media, &patch)
    }

    /// The fields of an object whose differences do not count.
    fn ignored(&self, item: &Item) -> Vec<String> {
        let info = item.resource.info();
        let mine = |one: &&Value| {
            let named = |field: &str, is: &str| {
                one[field].as_str().is_none_or(|wanted| wanted.is_empty() || wanted == is)
            };
            let fits = |field: &str, is: &str| super::project::fits(text(one, field), is);
            fits("/group", info.group)
                && fits("/kind", info.kind)
                && named("name", &item.name)
                && named("namespace", &item.ns)
        };
        let all = items(&self.ignored, "").filter(mine).flat_map(|one| items(one, "/jsonPointers"));
        all.filter_map(Value::as_str).map(str::to_owned).collect()
    }
}

/// Whether a list of sync options has one.
pub(super) fn option(options: &Value, name: &str) -> bool {
    let asked = items(options, "").filter_map(Value::as_str);
    asked.filter_map(|option| option.split_once('=')).any(|(option, value)| option == name && value == "true")
}

/// The part of an object that is compared.
fn bare(object: &Value, ignored: &[String]) -> Value {
    let mut bare = object.clone();
    if let Some(fields) = bare.as_object_mut() {
        fields.shift_remove("status");
    }
    if let Some(metadata) = bare["metadata"].as_object_mut() {
        metadata
            .retain(|name, _| !matches!(name.as_str(), "managedFields" | "resourceVersion" | "generation"));
    }
    if let Some(annotations) = bare["metadata"]["annotations"].as_object_mut() {
        annotations.shift_remove(LAST);
    }
    ignored.iter().for_each(|pointer| remove(&mut bare, pointer));
    bare
}

/// Takes out what a JSON pointer leads to.
fn remove(value: &mut Value, pointer: &str) {
    let Some((parent, last)) = pointer.rsplit_once('/') else { return };
    let last = last.replace("~1", "/").replace("~0", "~");
    match value.pointer_mut(parent) {
        Some(Value::Object(map)) => {
            map.shift_remove(&last);
        }
        Some(Value::Array(list)) => {
            if let Some(index) = last.parse().ok().filter(|index| *index < list.len()) {
                list.remove(index);
            }
        }
        _ => {}
    }
}

/// Where an object is served.
pub(super) fn path(resource: Resource, ns: &str, name: &str) -> String {
    let info = resource.info();
    let root = if info.group.is_empty() { "api".to_owned() } else { format!("apis/{}", info.group) };
    let space = if info.namespaced { format!("/namespaces/{ns}") } else { String::new() };
    format!("/{root}/{}{space}/{}/{name}", info.version, info.plural)
}

/// Deletes an object, and what it owns by this policy.
///
/// # Errors
/// The cluster's refusal.
pub(super) fn delete(world: &mut World, item: &Item, policy: &str) -> Result<(), String> {
    let body = json!({"propagationPolicy": policy});
    let path = path(item.resource, &item.ns, &item.name);
    send(world, "DELETE", &path, "application/json", &body).map(drop)
}

/// Asks the API as any client does.
///
/// # Errors
/// Its refusal, in its words.
pub(super) fn send(
    world: &mut World,
    method: &str,
    uri: &str,
    media: &str,
    body: &Value,
) -> Result<Value, String> {
    let request = Request::builder().method(method).uri(uri).header("content-type", media);
    let request = request.body(body.to_string().into_bytes()).map_err(|error| error.to_string())?;
    let response = world.handle(&request);
    let value: Value = serde_json::from_slice(response.body()).unwrap_or_default();
    if response.status().is_success() { Ok(value) } else { Err(text(&value, "/message").to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_take_out_and_missing_ones_do_nothing() {
        let mut value = json!({"a": {"b/c": 1, "d": [1, 2]}});
        for pointer in ["/a/b~1c", "/a/d/0", "/a/d/9", "/x/y", ""] {
            remove(&mut value, pointer);
        }
        assert_eq!(value, json!({"a": {"d": [2]}}));
    }
}
