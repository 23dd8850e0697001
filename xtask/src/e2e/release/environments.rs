//! Both applications in every environment, as one ApplicationSet has Argo CD deploy them; a release in all of them at
//! once, three switches and three canaries, every one under a probe of its own; and a change by hand, which Argo CD takes
//! back. Times of the canaries are those of `values-fast.yaml`.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use kube::api::{Patch, PatchParams};
use rollouts_client::client::Rollouts;
use rollouts_client::condition::Condition;
use rollouts_client::phase::{self, Phase};
use rollouts_client::types::Rollout;
use rollouts_client::wait;
use scenario::{Loaded, World};
use serde_json::{Value, json};
use traffic_probe::Load;

use super::argo::{self, App, Argo, settled, shipped, text_at};
use super::checkout::{Checkout, announce};
use super::expected::{Kind, Unexpected};
use super::{SYNC_WITHIN, WITHIN, answered, expect, folder, promoted, step};
use crate::e2e::again;
use crate::e2e::case::{clear, with_causes};
use crate::e2e::found;
use crate::e2e::report::{Measure, Report};
use crate::e2e::typed::{kubectl, said};
use crate::run::{self, Error};
use crate::{cluster, monitoring};

/// Its name in the report.
pub(crate) const NAME: &str = "environments-by-git";
const TITLE: &str =
    "A release in all environments at once, by Git and Argo CD, and a change by hand taken back";

/// Requests a second, of each probe.
const RATE: u32 = 42;

/// What is deployed at first, and what is released then.
const TAGS: [&str; 2] = ["v1", "v2"];

/// The whole canary takes about two minutes.
const CANARY_WITHIN: Duration = Duration::from_secs(300);

const ENVIRONMENTS: [&str; 3] = ["dev", "staging", "prod"];

/// An application in an environment.
struct Deployed {
    app: App,
    /// The name of its Rollout.
    rollout: &'static str,
    host: &'static str,
    /// What it is like while the release is under way.
    kind: Kind,
}

const fn deployed(
    name: &'static str,
    namespace: &'static str,
    rollout: &'static str,
    host: &'static str,
    kind: Kind,
) -> Deployed {
    Deployed { app: App { name, namespace, values: &[] }, rollout, host, kind }
}

/// The two kinds of Rollouts.
const BLUE_GREEN: &str = "blue-green";
const CANARY: &str = "canary";

/// What ApplicationSet `environments` makes. In dev a new version is promoted by itself; in staging and prod a person
/// promotes it, and in prod a person lets the canary go beyond its first weight.
const ALL: [Deployed; 6] = [
    deployed("blue-green-dev", "dev", BLUE_GREEN, "blue-green.dev.local", Kind::Automatic),
    deployed("blue-green-staging", "staging", BLUE_GREEN, "blue-green.staging.local", Kind::Pausing),
    deployed("blue-green-prod", "prod", BLUE_GREEN, "blue-green.prod.local", Kind::Autoscaled),
    deployed("canary-dev", "dev", CANARY, "canary.dev.local", Kind::Pausing),
    deployed("canary-staging", "staging", CANARY, "canary.staging.local", Kind::Pausing),
    deployed("canary-prod", "prod", CANARY, "canary.prod.local", Kind::Autoscaled),
];

/// Runs it on the host cluster and adds it to the report.
///
/// # Errors
/// A report that cannot be written; what fails on the way is in the report.
pub(crate) async fn run(world: &World, report: &Report) -> Result<(), Error> {
    run::say(&format!("== {NAME}"));
    let start = Instant::now();
    let (mut loads, mut syncs) = (Vec::new(), Vec::new());
    let mut result = Box::pin(all(world, &mut loads, &mut syncs)).await;
    for _ in 0..again::AGAIN {
        if result.is_err() || !again::means_nothing(&loads) {
            break;
        }
        run::say(&format!("  {}", again::LATE));
        report.again(1);
        (loads, syncs) = (Vec::new(), Vec::new());
        result = Box::pin(all(world, &mut loads, &mut syncs)).await;
    }
    if result.is_ok() {
        result = gone(world).await;
    }
    report.measure(Measure { name: Measure::SYNC, seconds: syncs });
    let shows =
        ["gitops-features/git-as-single-source-of-truth", "gitops-features/drift-detection-and-correction"];
    report.body((NAME, TITLE), shows.map(str::to_owned).to_vec(), start, result, &loads)
}

async fn all(world: &World, loads: &mut Vec<Loaded>, syncs: &mut Vec<f64>) -> Result<(), Error> {
    gone(world).await?;
    let folder = folder()?;
    let (clone, url) = Checkout::fresh(folder.path())?;
    step(1, "one ApplicationSet has every environment deployed");
    deploy(world, &url).await?;

    let requests =
        |deployed: &'static Deployed| (deployed, world.requests.start(Load::mixed(deployed.host, RATE)));
    let running: Vec<_> = ALL.iter().map(requests).collect();
    let sync = (world.pace.now(), format!("commit {}", TAGS[1]));
    let done = Box::pin(release(world, &clone, syncs)).await;
    for (deployed, load) in running {
        let (host, account) = (deployed.host.to_owned(), load.stop().await);
        loads.push(Loaded { host, account, marks: vec![sync.clone()], control: false, reconciled: None });
    }
    done?;
    step(7, "a change by hand in prod is taken back");
    drift(world).await
}

/// Namespaces and what the platform team owns in them, the project, and the ApplicationSet; until all of it is as Git
/// asks for.
async fn deploy(world: &World, url: &str) -> Result<(), Error> {
    for environment in ENVIRONMENTS {
        let file = format!("deploy/environments/rendered/{environment}-platform.yaml");
        said(kubectl(&["apply", "--server-side", "--filename", &file])).await?;
    }
    cluster::put(&world.client, "end-to-end", &shipped("argocd/projects/rollouts-project.yaml", url)?)
        .await?;
    cluster::put(&world.client, "end-to-end", &application_set(url)?).await?;
    let apps: Vec<&App> = ALL.iter().map(|deployed| &deployed.app).collect();
    argo::made(world, WITHIN, &apps).await?;
    all_settled(world, TAGS[0]).await?;
    // Not until its pods have been measured is an autoscaler, and then the application, Healthy to Argo CD for good.
    let measured = ["--for=condition=ScalingActive", "--namespace=prod", "--timeout=180s"];
    said(kubectl(&[&["wait", "horizontalpodautoscaler", "--all"][..], &measured].concat())).await?;
    all_settled(world, TAGS[0]).await
}

/// The shipped one over this repository, with the test's times for the canaries.
fn application_set(url: &str) -> Result<Value, Error> {
    let mut set = shipped("argocd/applicationsets/environments.yaml", url)?;
    let Some(helm) = set.pointer_mut("/spec/template/spec/source/helm") else {
        return found("the ApplicationSet renders no chart");
    };
    if let Some(files) = helm["valueFiles"].as_array_mut() {
        files.push(json!("values-fast.yaml"));
    }
    // The other chart has none of that name.
    helm["ignoreMissingValueFiles"] = json!(true);
    Ok(set)
}

async fn all_settled(world: &World, tag: &str) -> Result<(), Error> {
    for deployed in &ALL {
        let what = format!("{} to be Synced and Healthy", deployed.app.name);
        Argo { world, app: &deployed.app }.until(&what, WITHIN, settled).await?;
        answered(world, deployed.host, tag).await?;
    }
    Ok(())
}

/// The release in all environments by one commit, watched all along.
async fn release(world: &World, clone: &Checkout, syncs: &mut Vec<f64>) -> Result<(), Error> {
    step(2, "one commit names the new tag for both applications in every environment");
    let file = |chart: &str, environment: &str| format!("charts/{chart}/values-{environment}.yaml");
    let files: Vec<String> = ["blue-green-app", "canary-app"]
        .iter()
        .flat_map(|chart| ENVIRONMENTS.map(|environment| file(chart, environment)))
        .collect();
    let tags = TAGS.map(|tag| format!("\n  tag: {tag}\n"));
    let commit =
        clone.change_all(&files, |text| text.replace(&tags[0], &tags[1]), "Release v2 everywhere")?;

    let (over, unexpected) = (Cell::new(false), RefCell::new(Unexpected::default()));
    let watching = async {
        while !over.get() {
            for application in argo::applications(world).await? {
                let name = text_at(&application, "/metadata/name");
                if let Some(deployed) = ALL.iter().find(|deployed| deployed.app.name == name) {
                    unexpected.borrow_mut().see(&application, deployed.kind, &commit);
                }
            }
            world.pace.turn(Duration::from_millis(250)).await;
        }
        Ok(())
    };
    let going = async {
        let done = Box::pin(go(world, &commit, syncs)).await;
        over.set(true);
        done
    };
    futures::try_join!(going, watching)?;
    let lines = unexpected.into_inner().lines();
    expect(lines.is_empty(), &format!("the applications were as expected all along: {}", lines.join(", ")))
}

/// From the commit to all of it Healthy.
async fn go(world: &World, commit: &str, syncs: &mut Vec<f64>) -> Result<(), Error> {
    step(3, "Argo CD is told of it by webhook, and syncs it");
    let start = Instant::now();
    announce(commit).await?;
    for deployed in &ALL {
        Argo { world, app: &deployed.app }.synced(commit, SYNC_WITHIN).await?;
        syncs.push(start.elapsed().as_secs_f64());
    }
    step(4, "staging and prod wait for a person, who promotes both at once, and lets prod's canary go on");
    futures::try_join!(promote(world, "staging"), promote(world, "prod"), go_on(world, "prod"))?;

    step(5, "every panel of the dashboard has data while the canaries are under way");
    let panels = || async {
        let empty = monitoring::panels_without_data(&ENVIRONMENTS).await?;
        Ok::<_, Error>(empty.is_empty().then_some(()))
    };
    if wait::until(&*world.pace, WITHIN, "every panel to have data", panels).await.is_err() {
        let empty = monitoring::panels_without_data(&ENVIRONMENTS).await?;
        expect(empty.is_empty(), &format!("every panel has data: {empty:?}"))?;
    }

    step(6, "everything is Synced and Healthy at the new version");
    for deployed in &ALL {
        let rollouts = Rollouts::new(world.client.clone(), deployed.app.namespace);
        let healthy = rollouts.wait(deployed.rollout, &Condition::Healthy, CANARY_WITHIN).await;
        healthy.map_err(|error| with_causes(&error))?;
    }
    all_settled(world, TAGS[1]).await
}

/// A person tries the preview of an environment and promotes it.
async fn promote(world: &World, environment: &str) -> Result<(), Error> {
    let host = |kind: &str| format!("{kind}.{environment}.local");
    let rollouts = Rollouts::new(world.client.clone(), environment);
    let paused = rollouts.wait(BLUE_GREEN, &Condition::Paused, WITHIN).await;
    paused.map_err(|error| with_causes(&error))?;
    answered(world, &host("blue-green-preview"), TAGS[1]).await?;
    answered(world, &host(BLUE_GREEN), TAGS[0]).await?;
    promoted(world, &rollouts, BLUE_GREEN, &host(BLUE_GREEN)).await.map(drop)
}

/// A person lets the canary of an environment go beyond its first weight.
async fn go_on(world: &World, environment: &str) -> Result<(), Error> {
    let rollouts = Rollouts::new(world.client.clone(), environment);
    let gate = || async {
        let rollout = rollouts.get(CANARY).await.map_err(|error| with_causes(&error))?;
        Ok::<_, Error>(waits_for_a_person(&rollout).then_some(()))
    };
    let waited = wait::until(&*world.pace, WITHIN, "the canary to wait for a person", gate).await;
    waited.map_err(|error| with_causes(&error))?;
    rollouts.promote(CANARY).await.map(drop).map_err(|error| with_causes(&error))
}

/// Whether it is Paused at a step without a duration.
fn waits_for_a_person(rollout: &Rollout) -> bool {
    let index = rollout.status.as_ref().and_then(|status| status.current_step_index);
    let steps = rollout.spec.strategy.canary.as_ref().and_then(|canary| canary.steps.as_deref());
    let step = index.and_then(|index| steps?.get(usize::try_from(index).ok()?));
    let endless = step.and_then(|step| step.pause.as_ref()).is_some_and(|pause| pause.duration.is_none());
    endless && phase::of(rollout).0 == Phase::Paused
}

/// Somebody changes what Git states.
async fn drift(world: &World) -> Result<(), Error> {
    const LABEL: &str = "app.kubernetes.io/part-of";
    let services = cluster::api(&world.client, "v1", "Service", Some("prod"));
    let label = async || {
        let service = services.get("blue-green-active").await.map_err(|error| with_causes(&error))?;
        Ok::<_, Error>(service.metadata.labels.and_then(|labels| labels.get(LABEL).cloned()))
    };
    let stated = label().await?;
    let patch = json!({"metadata": {"labels": {LABEL: "somebody"}}});
    let patched = services.patch("blue-green-active", &PatchParams::default(), &Patch::Merge(&patch)).await;
    patched.map_err(|error| with_causes(&error))?;
    let back = || async { Ok::<_, Error>((label().await? == stated).then_some(())) };
    let healed = wait::until(&*world.pace, WITHIN, "Argo CD to take the change back", back).await;
    healed.map_err(|error| with_causes(&error))?;
    let prod = ALL.iter().find(|deployed| deployed.app.name == "blue-green-prod");
    let Some(prod) = prod else { return found("there is no blue-green in prod") };
    Argo { world, app: &prod.app }.until("blue-green-prod to be Synced and Healthy", WITHIN, settled).await
}

/// Removes all of it, whatever makes it anew first.
async fn gone(world: &World) -> Result<(), Error> {
    argo::remove(&argo::api(world, "ApplicationSet"), "environments").await?;
    for environment in ENVIRONMENTS {
        clear(world, environment).await?;
    }
    Ok(())
}
