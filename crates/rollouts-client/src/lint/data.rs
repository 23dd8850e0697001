//! Schema versions: two versions that no schema serves at once, and migrations that come at the wrong time.
//!
//! Two Rollouts of one name are the version that serves and the one that is to come: `main`'s rendering beside the
//! branch's, or the one that stands in a cluster beside a file.

use serde_json::Value;

use super::objects::{Subject, name, namespace};
use super::{Found, Objects, Rule};
use crate::names::{ARGOCD_HOOK, DATABASE, HELM_HOOK, SCHEMA_IN_PLACE, SCHEMA_VERSIONS};
use crate::schema::{self, Misread, Schema};

pub(super) const RULES: &[Rule] = &[
    Rule::error("schema-not-shared", "two versions that cannot stand on one database", not_shared),
    Rule::error("schema-out-of-place", "a version that does not work with the schema in place", out_of_place),
    Rule::error(
        "migration-without-hook",
        "a migration that does not run before the new version",
        without_hook,
    ),
];

const ANNOTATIONS: &str = "/spec/template/metadata/annotations";

/// What an object's annotations at a pointer say.
fn annotation<'a>(value: &'a Value, at: &str) -> impl Fn(&str) -> Option<&'a str> {
    let annotations = value.pointer(at);
    move |name| annotations?.get(name)?.as_str()
}

fn pointer(at: &str, name: &str) -> String {
    format!("{at}/{}", name.replace('/', "~1"))
}

fn declared(rollout: Subject<'_>) -> Result<Option<Schema>, Misread> {
    Schema::declared(annotation(rollout.value, ANNOTATIONS))
}

/// The Rollouts that declare schema versions; what cannot be read is found by `schema-out-of-place`.
fn declaring(objects: &Objects) -> impl Iterator<Item = (Subject<'_>, Schema)> {
    objects.rollouts().filter_map(|rollout| Some((rollout, declared(rollout).ok()??)))
}

fn not_shared(objects: &Objects) -> Vec<Found> {
    let live = |rollout: &Subject<'_>| objects.0.get(rollout.index).is_some_and(|object| object.live);
    let mut wrong = Vec::new();
    let all: Vec<(Subject<'_>, Schema)> = declaring(objects).collect();
    for (position, (one, of_one)) in all.iter().enumerate() {
        for (other, of_other) in &all[position + 1..] {
            if (name(one.value), namespace(one.value)) != (name(other.value), namespace(other.value)) {
                continue;
            }
            // What stands in a cluster serves; of two files the second is what is to come.
            let (serving, next, rollout) = match live(other) {
                true => (of_other, of_one, one),
                false => (of_one, of_other, other),
            };
            let Err(conflict) = schema::fits(serving, next, rollout.canary().is_some()) else { continue };
            let help = "expand first and take away later, or release it as blue-green with a database of its own: \
                        docs/blue-green-guide.md";
            let at = pointer(ANNOTATIONS, SCHEMA_VERSIONS);
            wrong.push(rollout.found(at, conflict.to_string()).help(help));
        }
    }
    wrong
}

fn out_of_place(objects: &Objects) -> Vec<Found> {
    let mut wrong = Vec::new();
    for rollout in objects.rollouts() {
        match declared(rollout) {
            Ok(None) => {}
            Ok(Some(schema)) => {
                if let Err(conflict) = schema.consistent() {
                    let at = pointer(ANNOTATIONS, SCHEMA_IN_PLACE);
                    wrong.push(rollout.found(at, conflict.to_string()));
                }
            }
            Err(misread) => {
                let at = pointer(ANNOTATIONS, misread.name);
                wrong.push(rollout.found(at, misread.to_string()));
            }
        }
    }
    for (rollout, schema) in declaring(objects) {
        for (index, job) in objects.neighbours(rollout.value, "Job") {
            // Of two renderings only the migration that is to come counts.
            if replaced(objects, index, job) {
                continue;
            }
            let annotation = annotation(job, "/metadata/annotations");
            let database = annotation(DATABASE).unwrap_or_default();
            let brings = match schema::in_place(&annotation) {
                Ok(Some(brings)) if database == schema.database => brings,
                Ok(_) => continue,
                Err(misread) => {
                    let at = pointer("/metadata/annotations", SCHEMA_IN_PLACE);
                    wrong.push(Found::new(index, at, misread.to_string()));
                    continue;
                }
            };
            if !schema.works_with.contains(&brings) {
                let message =
                    format!("migration {} brings schema {brings}, which it does not work with", name(job));
                wrong.push(rollout.found(pointer(ANNOTATIONS, SCHEMA_VERSIONS), message));
            }
        }
    }
    wrong
}

/// Whether a later Job has the name of this one.
fn replaced(objects: &Objects, index: usize, job: &Value) -> bool {
    objects.neighbours(job, "Job").any(|(later, other)| later > index && name(other) == name(job))
}

/// A Job that says which schema it brings, and that is applied together with the pods that need it.
fn without_hook(objects: &Objects) -> Vec<Found> {
    let wrong = objects.of("Job").filter_map(|(index, job)| {
        let annotation = annotation(job, "/metadata/annotations");
        annotation(SCHEMA_IN_PLACE)?;
        let hook = annotation(ARGOCD_HOOK).or_else(|| annotation(HELM_HOOK)).unwrap_or_default();
        let before = hook.split(',').any(|when| matches!(when.trim(), "PreSync" | "pre-upgrade"));
        let message = "a migration that runs beside the pods which need its schema";
        let help = "annotate it with argocd.argoproj.io/hook: PreSync";
        (!before)
            .then(|| Found::new(index, pointer("/metadata/annotations", SCHEMA_IN_PLACE), message).help(help))
    });
    wrong.collect()
}
