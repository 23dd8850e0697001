//! terraform/platform on the host cluster: what Terraform applies, what Argo CD makes of the root application, and that a
//! destroy leaves nothing of either.
//!
//! Argo CD runs already, so Terraform leaves it alone. Of `argocd/` two files are not followed here: previews need a
//! forge that is reached from outside, and the platform's half of the environments needs `kustomize` beside Argo CD; the
//! latter is applied as it is rendered.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kube::api::{ListParams, Patch, PatchParams};
use rollouts_client::wait;
use scenario::World;
use serde_json::{Value, json};

use super::argo::{self, App, Argo, SHIPPED, settled, text_at};
use super::checkout::Checkout;
use super::{WITHIN, answered, expect, folder, step};
use crate::cluster;
use crate::e2e::case::{clear, with_causes};
use crate::e2e::report::Report;
use crate::e2e::typed::{aside, kubectl, said};
use crate::run::{self, Error};
use crate::terraform::{self, Platform};

/// Its name in the report.
pub(crate) const NAME: &str = "platform-by-terraform";
const TITLE: &str = "terraform/platform applied, all that its root application makes, and destroyed";

/// All applications start at once, and those with an autoscaler are not Healthy before it has measured.
const SETTLED_WITHIN: Duration = Duration::from_secs(300);

/// What is not followed.
const LEFT_OUT: [&str; 2] = ["argocd/applicationsets/previews.yaml", "argocd/applicationsets/platform.yaml"];

const ENVIRONMENTS: [&str; 3] = ["dev", "staging", "prod"];

/// The namespaces that Terraform makes.
const NAMESPACES: [&str; 2] = ["blue-green", "canary"];

const ROOT: App = app("root", "argocd");

/// What the root application makes, and a host at which each answers.
const APPLICATIONS: [(App, &str); 8] = [
    (app("blue-green-app", "blue-green"), "blue-green.local"),
    (app("canary-app", "canary"), "canary.local"),
    (app("blue-green-dev", "dev"), "blue-green.dev.local"),
    (app("blue-green-staging", "staging"), "blue-green.staging.local"),
    (app("blue-green-prod", "prod"), "blue-green.prod.local"),
    (app("canary-dev", "dev"), "canary.dev.local"),
    (app("canary-staging", "staging"), "canary.staging.local"),
    (app("canary-prod", "prod"), "canary.prod.local"),
];

const fn app(name: &'static str, namespace: &'static str) -> App {
    App { name, namespace, values: &[] }
}

/// Runs it on the host cluster and adds it to the report.
///
/// # Errors
/// A report that cannot be written; what fails on the way is in the report.
pub(crate) async fn run(world: &World, report: &Report) -> Result<(), Error> {
    run::say(&format!("== {NAME}"));
    let start = Instant::now();
    let done = Box::pin(all(world)).await;
    let gone = gone(world).await;
    report.body((NAME, TITLE), Vec::new(), start, done.and(gone), &[])
}

async fn all(world: &World) -> Result<(), Error> {
    gone(world).await?;
    let folder = folder()?;
    let url = repository(folder.path())?;
    for environment in ENVIRONMENTS {
        let file = format!("deploy/environments/rendered/{environment}-platform.yaml");
        said(kubectl(&["apply", "--server-side", "--filename", &file])).await?;
    }
    let platform = Arc::new(aside(move || platform(url)).await??);
    let call = async |work: fn(&Platform) -> Result<(), Error>| {
        let platform = Arc::clone(&platform);
        aside(move || work(&platform)).await?
    };

    step(1, "Terraform applies the namespaces, a project and the root application");
    call(|platform| platform.settle("apply")).await?;

    step(2, "Argo CD makes of the root application what argocd/ holds, and all of it answers");
    let apps: Vec<&App> = APPLICATIONS.iter().map(|(app, _)| app).collect();
    argo::made(world, WITHIN, &apps).await?;
    for (app, host) in &APPLICATIONS {
        until_settled(world, app).await?;
        answered(world, host, "v1").await?;
    }
    until_settled(world, &ROOT).await?;
    call(|platform| platform.unchanged("Argo CD has synced all of it")).await?;

    step(3, "a change by hand is taken back: by Argo CD what Git states, by Terraform what it has applied");
    healed(world).await?;
    let label = "pod-security.kubernetes.io/enforce-";
    said(kubectl(&["label", "namespace", "blue-green", label])).await?;
    call(|platform| expect(platform.plans_changes()?, "a plan sees that a label was taken away")).await?;
    call(|platform| platform.settle("apply")).await?;
    call(|platform| platform.unchanged("it has mended the label")).await?;

    step(4, "a destroy takes all of it away, and leaves Argo CD");
    call(|platform| platform.settle("destroy")).await?;
    call(|platform| {
        let state = platform.state()?;
        expect(state.is_empty(), &format!("Terraform's state is empty, and not: {state}"))
    })
    .await?;
    let left = left(world).await?;
    expect(left.is_empty(), &format!("nothing is left of it, and not {}", left.join(", ")))
}

/// A repository with the checkout, whose `argocd/` names it.
fn repository(folder: &Path) -> Result<String, Error> {
    let (clone, url) = Checkout::fresh(folder)?;
    clone.remove(&LEFT_OUT)?;
    let mut naming = Vec::new();
    for file in clone.files("argocd")? {
        if clone.read(&file)?.contains(SHIPPED) {
            naming.push(file);
        }
    }
    clone.change_all(&naming, |text| text.replace(SHIPPED, &url), "Name this repository")?;
    Ok(url)
}

/// The configuration for the host cluster.
fn platform(url: String) -> Result<Platform, Error> {
    let variables = [
        ("install_argocd", "false".to_owned()),
        ("context", "host".to_owned()),
        ("kubeconfig", cluster::host_kubeconfig().display().to_string()),
        ("repository_url", url),
    ];
    Platform::with(&terraform::program()?, &variables)
}

async fn until_settled(world: &World, app: &App) -> Result<(), Error> {
    let what = format!("{} to be Synced and Healthy", app.name);
    Argo { world, app }.until(&what, SETTLED_WITHIN, settled).await
}

/// Somebody changes a project, and the root application has it as Git states it again.
async fn healed(world: &World) -> Result<(), Error> {
    let projects = argo::api(world, "AppProject");
    let description = async || {
        let project = projects.get("rollouts").await.map_err(|error| with_causes(&error))?;
        Ok::<_, Error>(project.data["spec"]["description"].clone())
    };
    let stated = description().await?;
    let patch = json!({"spec": {"description": "changed by hand"}});
    let patched = projects.patch("rollouts", &PatchParams::default(), &Patch::Merge(&patch)).await;
    patched.map_err(|error| with_causes(&error))?;
    let back = || async { Ok::<_, Error>((description().await? == stated).then_some(())) };
    let healed = wait::until(&*world.pace, WITHIN, "Argo CD to take the change back", back).await;
    healed.map_err(|error| with_causes(&error))
}

/// What is there of what Terraform and the root application make.
async fn left(world: &World) -> Result<Vec<String>, Error> {
    let mut left = Vec::new();
    for kind in ["Application", "ApplicationSet", "AppProject"] {
        let list = argo::api(world, kind).list(&ListParams::default()).await;
        let names =
            list.map_err(|error| with_causes(&error))?.items.into_iter().filter_map(|one| one.metadata.name);
        // Argo CD makes this one itself.
        left.extend(names.filter(|name| name != "default").map(|name| format!("{kind} {name}")));
    }
    let namespaces = cluster::api(&world.client, "v1", "Namespace", None);
    for name in NAMESPACES {
        let there = namespaces.get_opt(name).await.map_err(|error| with_causes(&error))?;
        left.extend(there.map(|_| format!("Namespace {name}")));
    }
    Ok(left)
}

/// Removes what an earlier run has left, whatever makes it anew first.
async fn gone(world: &World) -> Result<(), Error> {
    argo::remove(&argo::api(world, "Application"), ROOT.name).await?;
    let rootless = || async {
        let known = argo::applications(world).await?;
        let there = known.iter().any(|one: &Value| text_at(one, "/metadata/name") == ROOT.name);
        Ok::<_, Error>((!there).then_some(()))
    };
    let what = "the root application to be gone";
    wait::until(&*world.pace, WITHIN, what, rootless).await.map_err(|error| with_causes(&error))?;
    for set in ["environments", "clusters"] {
        argo::remove(&argo::api(world, "ApplicationSet"), set).await?;
    }
    for namespace in ENVIRONMENTS.into_iter().chain(NAMESPACES) {
        clear(world, namespace).await?;
    }
    for project in ["root", "platform", "previews", "rollouts"] {
        argo::remove(&argo::api(world, "AppProject"), project).await?;
    }
    Ok(())
}
