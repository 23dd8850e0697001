//! The operator's verbs beside upstream's plugin and beside curl, on the host cluster, in the same run.

use std::path::Path;
use std::process::Command;

use scenario::manifest;
use serde_json::{Value, json};

use super::figure::Figure;
use super::{binary, measure};
use crate::cluster;
use crate::run::{self, Error};

/// Where the Rollouts are that are looked at; it is made for that, and deleted afterwards.
const NAMESPACE: &str = "bench-operator";

/// The Rollout that is shown.
const NAME: &str = "blue-green";

/// How many are followed at once.
const MANY: usize = 1_000;

/// What the plugin's time, and its memory, are allowed to be cut to, and what curl's time to grow to.
const OF_ITS_TIME: f64 = 0.25;
const OF_ITS_MEMORY: f64 = 0.2;
const OF_CURL: f64 = 1.5;

/// What following [`MANY`] may take, in KiB.
const FOLLOWING: u32 = 60 * 1024;

/// The figures; none, and a word about it, where no host cluster is up.
///
/// # Errors
/// When a program does not do its work, or the namespace cannot be made or deleted.
pub(super) fn figures(folder: &Path) -> Result<Vec<Figure>, Error> {
    if run::capture(&mut kubectl(&["get", "--raw", "/readyz"])).is_err() {
        run::say(
            "not measured: the operator's verbs, because no host cluster is up (cargo xtask cluster up)",
        );
        return Ok(Vec::new());
    }
    let figures = deployed(folder).and_then(|()| measured(folder));
    run::capture(&mut kubectl(&["delete", "namespace", NAMESPACE, "--ignore-not-found"]))?;
    figures
}

fn measured(folder: &Path) -> Result<Vec<Figure>, Error> {
    let plugin = folder.join("kubectl-rollouts");
    std::os::unix::fs::symlink(binary("task-master"), &plugin)
        .map_err(|source| Error::file("link", &plugin, source))?;
    let upstream = cluster::host_client("kubectl-argo-rollouts", &[]);
    let (plugin, upstream) =
        (plugin.display().to_string(), upstream.get_program().to_string_lossy().into_owned());
    let config = cluster::host_kubeconfig().display().to_string();
    let line = |program: &str, words: &[&str]| -> Vec<String> {
        let place = ["--namespace", NAMESPACE, "--kubeconfig", &config];
        std::iter::once(program).chain(words.iter().copied()).chain(place).map(str::to_owned).collect()
    };
    let mut figures = Vec::new();
    for (verb, theirs) in [("get", &["get", "rollout", NAME][..]), ("status", &["status", NAME])] {
        let ours = measure::whole(&line(&plugin, &[verb, NAME]), 11)?;
        let theirs = measure::whole(&line(&upstream, theirs), 11)?;
        let (time, size) = (format!("rollout {verb}, whole process"), format!("rollout {verb}, resident"));
        let bound = theirs.median().mul_f64(OF_ITS_TIME);
        figures.push(Figure::at_most(&time, ours.median(), bound).beside("the plugin", theirs.median()));
        let figure = Figure::size(&size, ours.resident_kib, share(theirs.resident_kib));
        figures.push(figure.beside_size("the plugin", theirs.resident_kib));
    }
    let ours = measure::whole(&line(&plugin, &["list"]), 11)?;
    let theirs = measure::whole(&curl(), 11)?;
    let figure =
        Figure::at_most("rollout list, whole process", ours.median(), theirs.median().mul_f64(OF_CURL));
    figures.push(figure.beside("curl", theirs.median()));
    many(folder)?;
    let ours = measure::whole(&line(&plugin, &["list", "--watch", "--timeout", "3s"]), 1)?;
    figures.push(Figure::size("rollout list --watch of 1,000, resident", ours.resident_kib, FOLLOWING));
    Ok(figures)
}

/// The same request as a list, with the same certificate.
fn curl() -> Vec<String> {
    let [ca, certificate, key] = cluster::host_credentials().map(|path| path.display().to_string());
    let url = format!("{}/apis/argoproj.io/v1alpha1/namespaces/{NAMESPACE}/rollouts", cluster::API);
    let words = ["curl", "--silent", "--fail", "--cacert", &ca, "--cert", &certificate, "--key", &key, &url];
    words.map(str::to_owned).to_vec()
}

/// What the plugin's resident size may be cut to. Sizes of processes are far below what a float holds exactly.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a size in KiB"
)]
fn share(kib: i64) -> u32 {
    (kib as f64 * OF_ITS_MEMORY) as u32
}

/// The shipped application in a namespace of its own, Healthy.
fn deployed(folder: &Path) -> Result<(), Error> {
    let mut objects = Vec::new();
    for file in [
        "deploy/namespaces/blue-green.yaml",
        "deploy/blue-green/services.yaml",
        "deploy/blue-green/rollout.yaml",
    ] {
        objects.extend(shipped(file)?);
    }
    apply(folder, "one.json", &objects)?;
    let healthy = "--for=jsonpath={.status.phase}=Healthy";
    let rollout = format!("rollout/{NAME}");
    run::capture(&mut kubectl(&["wait", &rollout, healthy, "--namespace", NAMESPACE, "--timeout=120s"]))
        .map(drop)
}

/// As many Rollouts as are followed at once. They belong to another controller than the one that runs, so that nothing
/// but their number matters.
fn many(folder: &Path) -> Result<(), Error> {
    let mut objects = Vec::new();
    for number in 0..MANY {
        for mut object in shipped("deploy/blue-green/rollout.yaml")? {
            object["metadata"]["name"] = json!(format!("{NAME}-{number}"));
            object["metadata"]["labels"]["argo-rollouts.argoproj.io/controller-instance-id"] =
                json!("nobody");
            objects.push(object);
        }
    }
    apply(folder, "many.json", &objects)
}

fn shipped(file: &str) -> Result<Vec<Value>, Error> {
    let mut objects =
        manifest::objects(&run::root(), file).map_err(|error| Error::Found(format!("{file}: {error}")))?;
    objects.iter_mut().for_each(|object| manifest::adopt(object, NAMESPACE));
    Ok(objects)
}

fn apply(folder: &Path, name: &str, objects: &[Value]) -> Result<(), Error> {
    let file = folder.join(name);
    run::write_file(&file, &json!({"apiVersion": "v1", "kind": "List", "items": objects}).to_string())?;
    let file = file.display().to_string();
    run::capture(&mut kubectl(&["apply", "--server-side", "--filename", &file])).map(drop)
}

fn kubectl(words: &[&str]) -> Command {
    cluster::host_client("kubectl", words)
}
