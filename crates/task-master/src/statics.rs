//! Checks of shipped files by themselves: what can be known without a cluster and without the tool.
//!
//! Each check compares what one file says with what another one says. None is content with a file's existence.

mod configuration;

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::cluster::object;
use crate::fault::Fault;
use crate::runbook::{ObjectRef, Root, Static};

/// Carries a check out; answers what was compared.
///
/// # Errors
/// The first thing that does not fit, with the file that says it.
pub fn check(root: &Root, check: &Static) -> Result<String, Fault> {
    match check {
        Static::Application { file, project } => application(root, file, project),
        Static::Configuration { folder } => configuration::check(root, folder),
        Static::Rendering { rendered, manifests } => {
            let committed = read_objects(root, rendered)?;
            let (same, extra) = compare(root, &committed, manifests)?;
            let extra = if extra.is_empty() {
                String::new()
            } else {
                format!("; only rendered: {}", extra.join(", "))
            };
            Ok(format!("{} and the manifests agree on {}{extra}", rendered.display(), same.join(", ")))
        }
    }
}

/// Reads a file of the repository.
pub(crate) fn read(root: &Root, path: &Path) -> Result<String, Fault> {
    let full = root.inside(path).map_err(|error| Fault::permanent(error.to_string()))?;
    std::fs::read_to_string(full)
        .map_err(|error| Fault::permanent(format!("cannot read {}: {error}", path.display())))
}

pub(crate) fn read_objects(root: &Root, path: &Path) -> Result<Vec<Value>, Fault> {
    object::of_manifest(path, &read(root, path)?)
}

/// Compares a new rendering with the committed one, object by object.
pub(crate) fn same_rendering(rendered: &Path, committed: &str, fresh: &str) -> Result<(), Fault> {
    let committed = object::of_manifest(rendered, committed)?;
    let fresh = object::of_manifest(Path::new("the new rendering"), fresh)?;
    let wrong =
        |what: String| Err(Fault::permanent(format!("{} is out of date: {what}", rendered.display())));
    for (one, other, there) in [(&committed, &fresh, "no longer rendered"), (&fresh, &committed, "not in it")]
    {
        for object in one {
            let Some(name) = object::reference(object) else { continue };
            match find(other, &name) {
                None => return wrong(format!("{} is {there}", object::words(&name))),
                Some(same) => {
                    if let Some(difference) = object::missing(object, same) {
                        return wrong(format!("{}: {difference}", object::words(&name)));
                    }
                }
            }
        }
    }
    Ok(())
}

/// Every object of the manifests is among the rendered ones with the same fields, but for what Helm adds.
/// Answers what agrees, and what is only rendered.
fn compare(
    root: &Root,
    rendered: &[Value],
    manifests: &[PathBuf],
) -> Result<(Vec<String>, Vec<String>), Fault> {
    let mut same: Vec<ObjectRef> = Vec::new();
    for file in manifests {
        for mut plain in read_objects(root, file)? {
            without_zero(&mut plain);
            let Some(name) = object::reference(&plain) else { continue };
            let words = object::words(&name);
            let wrong = |what: String| {
                Fault::permanent(format!("{} and the chart differ on {words}: {what}", file.display()))
            };
            let chart = find(rendered, &name).ok_or_else(|| wrong("it is not rendered".to_owned()))?;
            let chart = without_helm_labels(chart);
            if let Some(difference) =
                object::missing(&plain, &chart).or_else(|| object::missing(&chart, &plain))
            {
                return Err(wrong(difference));
            }
            same.push(name);
        }
    }
    let extra = rendered.iter().filter_map(object::reference).filter(|name| !same.contains(name));
    Ok((same.iter().map(object::words).collect(), extra.map(|name| object::words(&name)).collect()))
}

fn find<'a>(objects: &'a [Value], name: &ObjectRef) -> Option<&'a Value> {
    objects.iter().find(|object| object::reference(object).as_ref() == Some(name))
}

fn without_helm_labels(object: &Value) -> Value {
    let mut object = object.clone();
    for labels in ["/metadata/labels", "/spec/template/metadata/labels"] {
        if let Some(labels) = object.pointer_mut(labels).and_then(Value::as_object_mut) {
            labels.retain(|name, value| {
                !(name == "helm.sh/chart" || (name == "app.kubernetes.io/managed-by" && value == "Helm"))
            });
        }
    }
    object
}

/// Zero is none to the Rollouts controller, which drops it from the object: PRD §3.3 states it, and the chart does not.
fn without_zero(object: &mut Value) {
    if let Some(Value::Object(blue_green)) = object.pointer_mut("/spec/strategy/blueGreen") {
        let zero = |name: &str, value: &Value| name == "autoPromotionSeconds" && *value == 0;
        blue_green.retain(|name, value| !zero(name, value));
    }
}

/// The Application names its project, the project allows its source, destination and kinds, and the source's
/// path holds a chart with the values files that it names.
fn application(root: &Root, file: &Path, project: &Path) -> Result<String, Fault> {
    let app = one(root, file, "Application")?;
    let allowed = one(root, project, "AppProject")?;
    let wrong = |what: String| Err(Fault::permanent(format!("{}: {what}", file.display())));
    let text = |pointer: &str| app.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let list =
        |pointer: &str| allowed.pointer(pointer).and_then(Value::as_array).cloned().unwrap_or_default();

    let name = allowed.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
    if text("/spec/project") != name {
        return wrong(format!(
            "its project is {}, and {} is {name}",
            text("/spec/project"),
            project.display()
        ));
    }
    let repository = text("/spec/source/repoURL");
    if !list("/spec/sourceRepos").iter().any(|repo| repo == repository || repo == "*") {
        return wrong(format!("project {name} does not allow the source {repository}"));
    }
    let (server, namespace) = (text("/spec/destination/server"), text("/spec/destination/namespace"));
    let fits = |to: &Value| {
        (to["server"] == server || to["server"] == "*")
            && (to["namespace"] == namespace || to["namespace"] == "*")
    };
    if server.is_empty() || !list("/spec/destinations").iter().any(fits) {
        return wrong(format!("project {name} does not allow the destination {namespace} on {server}"));
    }
    let chart = PathBuf::from(text("/spec/source/path"));
    if !read(root, &chart.join("Chart.yaml"))?.contains("name:") {
        return wrong(format!("{} has no chart's name", chart.join("Chart.yaml").display()));
    }
    let values =
        app.pointer("/spec/source/helm/valueFiles").and_then(Value::as_array).cloned().unwrap_or_default();
    for values in values.iter().filter_map(Value::as_str) {
        read(root, &chart.join(values))?;
    }
    let kinds = rendered_kinds_are_allowed(root, &chart, namespace, &allowed)?;
    Ok(format!(
        "{} fits project {name}: source {}, destination {namespace}, kinds {}",
        file.display(),
        chart.display(),
        kinds.join(", ")
    ))
}

/// The kinds of the chart's committed rendering, which must all be allowed and lie in the destination.
fn rendered_kinds_are_allowed(
    root: &Root,
    chart: &Path,
    namespace: &str,
    project: &Value,
) -> Result<Vec<String>, Fault> {
    let rendered = chart.join("rendered/default.yaml");
    let allowed = project
        .pointer("/spec/namespaceResourceWhitelist")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let mut kinds = Vec::new();
    for object in read_objects(root, &rendered)? {
        let Some(name) = object::reference(&object) else { continue };
        let words = object::words(&name);
        let group = name.api_version.split_once('/').map_or("", |(group, _)| group);
        let fits = |kind: &Value| {
            (kind["group"] == group || kind["group"] == "*")
                && (kind["kind"] == name.kind || kind["kind"] == "*")
        };
        if !allowed.iter().any(fits) {
            return Err(Fault::permanent(format!(
                "the project does not allow {words}, which {} holds",
                rendered.display()
            )));
        }
        if name.namespace.as_deref().is_some_and(|is| is != namespace) {
            return Err(Fault::permanent(format!("{words} lies outside the destination {namespace}")));
        }
        if !kinds.contains(&name.kind) {
            kinds.push(name.kind);
        }
    }
    Ok(kinds)
}

fn one(root: &Root, file: &Path, kind: &str) -> Result<Value, Fault> {
    let objects = read_objects(root, file)?;
    let found = objects.into_iter().find(|object| object["kind"] == kind);
    found.ok_or_else(|| Fault::permanent(format!("{}: no {kind} in it", file.display())))
}
