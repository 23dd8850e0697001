//! The objects that the cluster is born with, put into the API by server-side apply.
//!
//! Upstream's files are meant for kustomize, which fills in namespaces; that much is done here. Texts of our
//! own and upstream's files are applied under two managers, so that ours can add to an object of upstream's.

use std::time::{Duration, Instant};

use base64::Engine;
use kube::api::{Api, DynamicObject, Patch, PatchParams};
use kube::core::{ApiResource, GroupVersionKind};
use serde_json::Value;

use super::health::chain;
use super::pace;
use super::places::{ADDRESS, Places};
use super::secrets::Secrets;
use super::unit::Manifest;
use crate::run::{self, Error};

/// Kinds that live in no namespace.
const CLUSTER_WIDE: &[&str] = &[
    "Namespace",
    "ClusterRole",
    "ClusterRoleBinding",
    "CustomResourceDefinition",
    "IngressClass",
    "APIService",
];

/// The longest that a new kind may take until it is served.
const BOUND: Duration = Duration::from_secs(30);

/// One object and who applies it.
#[derive(Debug, PartialEq)]
struct Document {
    manager: &'static str,
    value: Value,
}

/// Applies every document in order; the same documents again change nothing.
///
/// # Errors
/// A file that cannot be read, a document that is no object, or what the API says.
pub(crate) async fn apply(
    client: &kube::Client,
    places: &Places,
    secrets: &Secrets,
    manifests: &[Manifest],
) -> Result<(), Error> {
    let mut defined = Vec::new();
    for manifest in manifests {
        for document in documents(places, secrets, manifest)? {
            put(client, document.manager, &document.value).await?;
            defined.extend(served_path(&document.value));
        }
    }
    // What follows may read the new kinds, and they are served a little later than they are accepted.
    for path in defined {
        wait_served(client, &path).await?;
    }
    Ok(())
}

/// The path under which a definition's objects are served; none for any other document.
fn served_path(value: &Value) -> Option<String> {
    if value["kind"] != "CustomResourceDefinition" {
        return None;
    }
    let spec = &value["spec"];
    let served = spec["versions"].as_array()?.iter().find(|version| version["served"] == true)?;
    let [group, version, plural] =
        [&spec["group"], &served["name"], &spec["names"]["plural"]].map(Value::as_str);
    Some(format!("/apis/{}/{}/{}?limit=1", group?, version?, plural?))
}

async fn wait_served(client: &kube::Client, path: &str) -> Result<(), Error> {
    let deadline = Instant::now() + BOUND;
    loop {
        let request = http::Request::get(path).body(Vec::new());
        let request = request.map_err(|error| Error::Found(format!("{path} is no path: {error}")))?;
        match client.request_text(request).await {
            Ok(_) => return Ok(()),
            Err(error) if Instant::now() > deadline => {
                return Err(Error::Found(format!("{path} is not served: {}", chain(&error))));
            }
            Err(_) => tokio::time::sleep(pace::LOOK).await,
        }
    }
}

fn documents(places: &Places, secrets: &Secrets, manifest: &Manifest) -> Result<Vec<Document>, Error> {
    match manifest {
        Manifest::Own(text) => {
            let text = fill(text, places, secrets)?;
            Ok(objects(&text, "our own")?
                .into_iter()
                .map(|value| Document { manager: "cluster", value })
                .collect())
        }
        Manifest::Upstream { program, files, namespace } => {
            let mut documents = Vec::new();
            for file in *files {
                for mut value in objects(&run::read_file(&program.kept_file(file)?)?, file)? {
                    name_space(&mut value, namespace);
                    documents.push(Document { manager: "cluster-upstream", value });
                }
            }
            Ok(documents)
        }
    }
}

/// Puts the values of this cluster in place of their names.
fn fill(text: &str, places: &Places, secrets: &Secrets) -> Result<String, Error> {
    let mut text = text.replace("ADDRESS", ADDRESS);
    let encode = |value: &str| base64::engine::general_purpose::STANDARD.encode(value);
    text = text.replace("WEBHOOK_SECRET", &encode(&secrets.webhook));
    for (name, file) in [
        ("AUTHORITY", "ca.crt"),
        ("SERVER_CERTIFICATE", "argocd-server.crt"),
        ("SERVER_KEY", "argocd-server.key"),
    ] {
        if text.contains(name) {
            text = text.replace(name, &encode(&run::read_file(&places.pki(file))?));
        }
    }
    Ok(text)
}

/// The objects of a text, which may hold several documents; empty ones are skipped.
///
/// # Errors
/// A document that is no YAML; `name` is for the message.
pub(crate) fn objects(text: &str, name: &str) -> Result<Vec<Value>, Error> {
    let mut values = Vec::new();
    for document in serde_yaml::Deserializer::from_str(text) {
        let value: Value = serde::Deserialize::deserialize(document)
            .map_err(|error| Error::Found(format!("{name}: not YAML: {error}")))?;
        values.extend((!value.is_null()).then_some(value));
    }
    Ok(values)
}

/// What kustomize's `namespace:` does, for the kinds at hand.
fn name_space(value: &mut Value, namespace: &str) {
    let kind = value["kind"].as_str().unwrap_or_default().to_owned();
    if !CLUSTER_WIDE.contains(&kind.as_str()) && value["metadata"]["namespace"].is_null() {
        value["metadata"]["namespace"] = namespace.into();
    }
    for subject in value.get_mut("subjects").and_then(Value::as_array_mut).into_iter().flatten() {
        if subject["kind"] == "ServiceAccount" && subject["namespace"].is_null() {
            subject["namespace"] = namespace.into();
        }
    }
}

/// The API of a kind by its `apiVersion`, in a namespace or cluster-wide.
pub(crate) fn api(
    client: &kube::Client,
    api_version: &str,
    kind: &str,
    namespace: Option<&str>,
) -> Api<DynamicObject> {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
    match namespace {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, &resource),
        None => Api::all_with(client.clone(), &resource),
    }
}

/// Applies one object, whole, under the name of a manager.
///
/// # Errors
/// What the API says.
pub(crate) async fn put(client: &kube::Client, manager: &str, value: &Value) -> Result<(), Error> {
    let text = |field: &Value| field.as_str().unwrap_or_default().to_owned();
    let (version, kind, name) =
        (text(&value["apiVersion"]), text(&value["kind"]), text(&value["metadata"]["name"]));
    let api = api(client, &version, &kind, value["metadata"]["namespace"].as_str());
    let parameters = PatchParams::apply(manager).force();
    api.patch(&name, &parameters, &Patch::Apply(value))
        .await
        .map(|_| ())
        .map_err(|error| Error::Found(format!("cannot apply {kind} {name}: {}", chain(&error))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::table;
    use crate::cluster::unit::{Action, Step};

    #[test]
    fn a_namespace_is_given_to_what_needs_one_and_to_subjects() {
        let text = "kind: RoleBinding\nmetadata: {name: a}\nsubjects: [{kind: ServiceAccount, name: a}, {kind: User, name: b}]\n\
                    ---\nkind: ClusterRole\nmetadata: {name: c}\n---\n# nothing\n";
        let mut values = objects(text, "test").unwrap();
        values.iter_mut().for_each(|value| name_space(value, "argocd"));
        assert_eq!(values.len(), 2);
        assert_eq!(values[0]["metadata"]["namespace"], "argocd");
        assert_eq!(values[0]["subjects"][0]["namespace"], "argocd");
        assert!(values[0]["subjects"][1]["namespace"].is_null());
        assert_eq!(values[1].to_string(), r#"{"kind":"ClusterRole","metadata":{"name":"c"}}"#);
    }

    #[test]
    fn a_definition_is_served_under_its_first_served_version() {
        let text = "kind: CustomResourceDefinition\nspec: {group: argoproj.io, names: {plural: rollouts}, \
                    versions: [{name: v0, served: false}, {name: v1alpha1, served: true}]}\n";
        let value = objects(text, "test").unwrap().remove(0);
        assert_eq!(served_path(&value).as_deref(), Some("/apis/argoproj.io/v1alpha1/rollouts?limit=1"));
        assert_eq!(served_path(&serde_json::json!({ "kind": "Namespace" })), None);
    }

    #[test]
    fn our_own_texts_are_objects_with_names_and_no_role_is_everything() {
        let places = Places::new(Some(std::path::Path::new("/state")));
        for node in table::nodes(&places) {
            let Action::Do(Step::Apply(manifests)) = node.action else { continue };
            for manifest in manifests {
                let Manifest::Own(text) = manifest else { continue };
                for value in objects(text, node.name).unwrap() {
                    assert!(value["metadata"]["name"].is_string(), "{}: {value}", node.name);
                    let rules = value["rules"].as_array().cloned().unwrap_or_default();
                    let all = |rule: &Value, field: &str| rule[field].to_string().contains("\"*\"");
                    assert!(!rules.iter().any(|rule| all(rule, "verbs")), "{}: all verbs", node.name);
                }
            }
        }
    }
}
