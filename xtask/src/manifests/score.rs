//! kube-score over every rendering, and over what stands together in each environment. What it finds and what is meant
//! so is explained here, check by check.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::cluster;
use crate::run::{self, Error};

/// What is explained everywhere.
const EVERYWHERE: &[(&str, &str)] = &[
    (
        "container-image-pull-policy",
        "a tag is never moved, and with Always no pod starts while the registry is away",
    ),
    (
        "container-ephemeral-storage-request-and-limit",
        "the root file system is read-only and there is no volume: nothing can be written",
    ),
    (
        "deployment-has-host-podantiaffinity",
        "topologySpreadConstraints spread the pods, where topologySpread.enabled says that there are nodes for it",
    ),
];

/// What is explained of a chart that stands alone, because the platform has it beside the chart.
const ALONE: &[(&str, &str)] = &[
    ("pod-networkpolicy", "deploy/policies has them, and the environments are scored with them"),
    (
        "deployment-has-poddisruptionbudget",
        "off by default: with few pods it keeps a node from being drained",
    ),
    ("deployment-replicas", "dev has one pod, and values for more"),
];

/// What is explained of an environment.
const TOGETHER: &[(&str, &str)] =
    &[("networkpolicy-targets-pod", "the pod of helm test is there while it runs only")];

/// And of dev.
const DEV: &[(&str, &str)] = &[
    ("deployment-has-poddisruptionbudget", "nobody is told when dev is away"),
    ("deployment-replicas", "dev has one pod"),
];

/// A CPU limit is not asked for: it slows an answer down while the node idles. Memory has one.
const NO_CPU_LIMIT: &str = "--ignore-container-cpu-limit";

/// What is scored together.
struct Set {
    files: Vec<PathBuf>,
    explained: Vec<(&'static str, &'static str)>,
}

/// Scores every set; an unexplained finding is an error, a warning too.
///
/// # Errors
/// What kube-score found, set by set.
pub(crate) fn check(kube_score: &Path) -> Result<(), Error> {
    let mut wrong = Vec::new();
    let sets = sets()?;
    for set in &sets {
        let mut objects = Vec::new();
        for file in &set.files {
            let path = run::root().join(file);
            objects.extend(cluster::objects(&run::read_file(&path)?, &file.display().to_string())?);
        }
        if let Err(error) = scored(kube_score, objects, &set.explained) {
            wrong.push(format!("{}: {error}", set.files[0].display()));
        }
    }
    if !wrong.is_empty() {
        return Err(Error::Found(wrong.join("\n")));
    }
    run::say(&format!("kube-score: {} sets, and what it finds is explained: {}", sets.len(), reasons()));
    Ok(())
}

fn scored(kube_score: &Path, objects: Vec<Value>, explained: &[(&str, &str)]) -> Result<(), Error> {
    let text: String = objects.into_iter().map(|object| format!("{}\n---\n", known(object))).collect();
    let mut command = run::command(kube_score);
    command.args([
        "score",
        "--kubernetes-version",
        "v1.34",
        "--exit-one-on-warning",
        "--output-format",
        "ci",
        NO_CPU_LIMIT,
    ]);
    for (check, _) in explained {
        command.args(["--ignore-test", check]);
    }
    run::feed(command.arg("-"), text.as_bytes()).map(drop)
}

/// kube-score knows no Rollout. It is shown the Deployment that a Rollout is besides its strategy, since all of what it
/// looks at is the same there.
fn known(mut object: Value) -> Value {
    let deployment = |at: &mut Value| {
        at["kind"] = json!("Deployment");
        at["apiVersion"] = json!("apps/v1");
    };
    if object["kind"] == "Rollout" {
        deployment(&mut object);
        for field in ["strategy", "progressDeadlineAbort"] {
            object["spec"].as_object_mut().map(|spec| spec.remove(field));
        }
    } else if object["kind"] == "HorizontalPodAutoscaler" {
        deployment(&mut object["spec"]["scaleTargetRef"]);
    }
    object
}

fn sets() -> Result<Vec<Set>, Error> {
    let mut sets = Vec::new();
    for chart in ["blue-green-app", "canary-app"] {
        let folder = PathBuf::from(format!("charts/{chart}/rendered"));
        for file in run::entries(&run::root().join(&folder))? {
            let name = file.file_name().unwrap_or_default();
            sets.push(Set { files: vec![folder.join(name)], explained: [EVERYWHERE, ALONE].concat() });
        }
    }
    for environment in ["dev", "staging", "prod"] {
        let file = |half| PathBuf::from(format!("deploy/environments/rendered/{environment}-{half}.yaml"));
        let own = if environment == "dev" { DEV } else { &[] };
        sets.push(Set {
            files: ["apps", "platform"].map(file).into(),
            explained: [EVERYWHERE, TOGETHER, own].concat(),
        });
    }
    sets.sort_by(|one, other| one.files.cmp(&other.files));
    Ok(sets)
}

fn reasons() -> String {
    let all = [EVERYWHERE, ALONE, TOGETHER, DEV].concat();
    all.iter().map(|(check, why)| format!("\n  {check}: {why}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rollout_is_shown_as_the_deployment_that_it_is_besides_its_strategy() {
        let rollout = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout",
            "spec": {"replicas": 3, "strategy": {"canary": {}}, "progressDeadlineAbort": true}});
        assert_eq!(
            known(rollout),
            json!({"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"replicas": 3}})
        );
        let service = json!({"kind": "Service", "spec": {}});
        assert_eq!(known(service.clone()), service);
    }

    #[test]
    fn every_rendering_and_every_environment_is_scored() {
        let sets = sets().unwrap();
        let names: Vec<String> = sets.iter().map(|set| set.files[0].display().to_string()).collect();
        for name in ["charts/canary-app/rendered/default.yaml", "deploy/environments/rendered/prod-apps.yaml"]
        {
            assert!(names.iter().any(|known| known == name), "{names:?}");
        }
        assert!(sets.iter().all(|set| set.files.iter().all(|file| run::root().join(file).is_file())));
    }
}
