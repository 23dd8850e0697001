//! A new version by its image alone.

use serde_json::{Value, json};

use super::{Patches, VerbError, request};
use crate::patch::{PatchKind, Subresource};
use crate::types::{Container, Rollout};

/// Sets the image of a container, or of all with `*`; init containers count, as in Argo.
///
/// The plugin reads the whole object and writes it back. This patches the fields, each behind a test that
/// the container at that place still has its name, so that a change by someone else is not overwritten.
///
/// # Errors
/// When there is no such container, when the images are already those, or when the template lies in another
/// workload (`workloadRef`).
pub fn set_image(rollout: &Rollout, container: &str, image: &str) -> Patches {
    if let Some(reference) = &rollout.spec.workload_ref {
        let kind = reference.kind.clone().unwrap_or_default();
        return Err(VerbError::WorkloadRef { verb: "set image of", name: rollout.name().to_owned(), kind });
    }
    let all = containers(rollout);
    let named: Vec<_> = all.iter().filter(|(_, c)| container == "*" || c.name == container).collect();
    if named.is_empty() {
        let found = all.iter().map(|(_, container)| container.name.clone()).collect();
        let name = rollout.name().to_owned();
        return Err(VerbError::NoContainer { name, container: container.to_owned(), found });
    }
    let differing = named.into_iter().filter(|(_, container)| container.image.as_deref() != Some(image));
    let body: Vec<Value> = differing.flat_map(|(path, container)| replace(path, container, image)).collect();
    if body.is_empty() {
        return Err(VerbError::already(rollout, "set image of", format!("its image is {image}")));
    }
    Ok(vec![request(rollout, Subresource::Main, PatchKind::Json, Value::Array(body))])
}

/// Every container with the path to it.
fn containers(rollout: &Rollout) -> Vec<(String, &Container)> {
    let Some(template) = &rollout.spec.template else { return Vec::new() };
    let lists = [("initContainers", template.init_containers()), ("containers", template.containers())];
    let path = |field, index| format!("/spec/template/spec/{field}/{index}");
    lists
        .into_iter()
        .flat_map(|(field, list)| list.iter().enumerate().map(move |(index, c)| (path(field, index), c)))
        .collect()
}

fn replace(path: &str, container: &Container, image: &str) -> [Value; 2] {
    // "add" also replaces, and works where no image was set.
    [
        json!({"op": "test", "path": format!("{path}/name"), "value": container.name}),
        json!({"op": "add", "path": format!("{path}/image"), "value": image}),
    ]
}
