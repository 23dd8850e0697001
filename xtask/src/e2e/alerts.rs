//! Every alert fires when its cause is produced on the real stack, and is silent again without it. Only the time that an
//! alert waits is scaled; its condition is the shipped one.

use std::time::{Duration, Instant};

use rollouts_client::client::Rollouts;
use rollouts_client::wait;
use scenario::World;
use serde_json::Value;
use traffic_probe::Load;

use super::case::{clear, with_causes};
use super::found;
use super::release::shipped;
use super::report::Report;
use crate::run::{self, Error};
use crate::{cluster, monitoring};

/// Its name in the report.
pub(crate) const NAME: &str = "alerts";
const TITLE: &str = "Each alert fires when its cause is there, and is silent without it";

/// How long an alert waits here.
const FOR: &str = "5s";
/// The longest wait for an alert: rates look two minutes back.
const WITHIN: Duration = Duration::from_secs(300);

/// Namespace and name of the Rollout, and its host.
const CANARY: &str = "canary";
const HOST: &str = "canary.local";
/// Requests a second: enough for a share of them.
const RATE: u32 = 50;
/// An Application that nobody syncs, and the namespace that it would deploy to.
const APPLICATION: &str = "blue-green-app";
const APPLICATIONS: &str = "blue-green";

/// The alerts of an empty cluster.
const NOTHING: &[&str] = &["RolloutMetricsAbsent", "WeightMetricsAbsent", "ArgoMetricsAbsent"];

/// The alerts whose causes are produced one after the other; the others want an empty cluster.
const LATER: &[&str] = &[
    "ArgoAppOutOfSync",
    "CanaryErrorRateHigh",
    "CanaryLatencyHigh",
    "CanaryTrafficAbsent",
    "IngressMetricsAbsent",
    "PodCrashLooping",
    "PodStateMetricsAbsent",
    "RolloutDegraded",
    "TargetDown",
];

/// A canary that gets half of the traffic and waits there, with nothing that judges it.
const DEPLOY: &str = "\
scenario A canary
rollout canary/canary
step Deploy version 1
  apply deploy/namespaces/canary.yaml charts/canary-app/rendered/default.yaml
    replace Rollout/canary /spec/strategy/canary/steps [{\"setWeight\": 50}, {\"pause\": {}}]
    remove Rollout/canary /spec/strategy/canary/analysis
  wait healthy within 90s
";
const BAD: &str = "\
scenario A bad version
rollout canary/canary
step Half of the traffic
  set image=127.0.0.1:5000/demo-app:v2 ERROR_RATE=0.5 LATENCY=400ms
  wait weight 50 within 60s
";
const CRASHING: &str = "\
scenario A version that crashes
rollout canary/canary
step It is set
  set image=127.0.0.1:5000/demo-app:v3 CRASH_AFTER=1s
";

const GOOD: &str = "\
scenario Back to the good version
rollout canary/canary
step It is set
  set image=127.0.0.1:5000/demo-app:v1
  wait healthy within 90s
";

/// Runs it on the host cluster and adds it to the report.
///
/// # Errors
/// A report that cannot be written; what fails on the way is in the report.
pub(crate) async fn run(world: &World, report: &Report) -> Result<(), Error> {
    run::say(&format!("== {NAME}"));
    let start = Instant::now();
    let result = match cluster::alerts_after(Some(FOR)) {
        Ok(()) => Box::pin(all(world)).await,
        Err(error) => Err(error),
    };
    // Whatever came of it, the cluster is as it was.
    let mended =
        ["traefik", "kube-state-metrics"].iter().try_for_each(|name| cluster::set_running(name, true));
    let mended = mended.and(cluster::alerts_after(None));
    let gone = gone(world).await;
    report.body((NAME, TITLE), Vec::new(), start, result.and(mended).and(gone), &[])
}

async fn all(world: &World) -> Result<(), Error> {
    gone(world).await?;
    // What fires already shows nothing.
    silent(world, LATER).await?;
    fires(world, "nothing is deployed", NOTHING).await?;

    script(world, DEPLOY).await?;
    never_synced(world).await?;
    fires(world, "an Application is not synced", &["ArgoAppOutOfSync"]).await?;
    silent(world, NOTHING).await?;

    script(world, BAD).await?;
    fires(world, "a canary has a weight and no traffic", &["CanaryTrafficAbsent"]).await?;
    let load = world.requests.start(Load::mixed(HOST, RATE));
    let bad = ["CanaryErrorRateHigh", "CanaryLatencyHigh"];
    let burning = fires(world, "half of its answers are errors, and all of them slow", &bad).await;
    let calm = silent(world, &["CanaryTrafficAbsent"]).await;
    load.stop().await;
    burning.and(calm)?;

    let rollouts = Rollouts::new(world.client.clone(), CANARY);
    rollouts.abort(CANARY).await.map_err(|error| with_causes(&error))?;
    fires(world, "it is given up", &["RolloutDegraded"]).await?;
    script(world, CRASHING).await?;
    fires(world, "a version crashes", &["PodCrashLooping"]).await?;
    script(world, GOOD).await?;
    silent(world, &[&bad[..], &["RolloutDegraded"]].concat()).await?;

    for (component, alert) in
        [("traefik", "IngressMetricsAbsent"), ("kube-state-metrics", "PodStateMetricsAbsent")]
    {
        cluster::set_running(component, false)?;
        fires(world, &format!("{component} is down"), &[alert, "TargetDown"]).await?;
        cluster::set_running(component, true)?;
        silent(world, &[alert, "TargetDown"]).await?;
    }
    Ok(())
}

async fn script(world: &World, text: &str) -> Result<(), Error> {
    let script = scenario::parse(text).map_err(|error| with_causes(&error))?;
    let ran = scenario::run(&script, &run::root(), world, &mut |_: &str| ()).await;
    ran.map(drop).map_err(|failed| with_causes(&failed))
}

/// The shipped Application, which is to be synced by hand.
async fn never_synced(world: &World) -> Result<(), Error> {
    let url = cluster::fresh_repository(NAME)?;
    cluster::put(&world.client, NAME, &shipped("argocd/projects/rollouts-project.yaml", &url)?).await?;
    let mut application = shipped(&format!("argocd/applications/{APPLICATION}.yaml"), &url)?;
    match application.pointer_mut("/spec/syncPolicy").and_then(Value::as_object_mut) {
        Some(policy) => drop(policy.remove("automated")),
        None => return found("the shipped Application has no sync policy"),
    }
    cluster::put(&world.client, NAME, &application).await
}

/// Waits until all of these alerts fire.
async fn fires(world: &World, cause: &str, alerts: &[&str]) -> Result<(), Error> {
    let start = Instant::now();
    until(world, &format!("{} to fire: {cause}", alerts.join(" and ")), |firing| {
        alerts.iter().all(|alert| firing.iter().any(|name| name == alert))
    })
    .await?;
    run::say(&format!("  {cause}: {} after {} s", alerts.join(", "), start.elapsed().as_secs()));
    Ok(())
}

/// Waits until none of these alerts fires.
async fn silent(world: &World, alerts: &[&str]) -> Result<(), Error> {
    until(world, &format!("{} to be silent", alerts.join(" and ")), |firing| {
        !firing.iter().any(|name| alerts.contains(&name.as_str()))
    })
    .await
}

async fn until(
    world: &World,
    what: &str,
    holds: impl Fn(&[String]) -> bool + Send + Sync,
) -> Result<(), Error> {
    let look = || async { Ok::<_, Error>(holds(&monitoring::firing().await?).then_some(())) };
    let waited = wait::until(&*world.pace, WITHIN, what, look).await;
    match waited {
        Ok(()) => Ok(()),
        Err(error) => found(&format!("{error}; firing: {}", monitoring::firing().await?.join(", "))),
    }
}

/// With a namespace goes what Argo CD deploys to it.
async fn gone(world: &World) -> Result<(), Error> {
    clear(world, APPLICATIONS).await?;
    clear(world, CANARY).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_alert_has_its_cause_here() {
        let rules = run::read_file(&run::root().join("deploy/monitoring/rules/alerts.yaml")).unwrap();
        let mut shipped: Vec<&str> =
            rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
        let mut here = [LATER, NOTHING].concat();
        shipped.sort_unstable();
        here.sort_unstable();
        assert_eq!(shipped, here);
        // Each of them is waited for to fire, in the text of this file.
        let text = include_str!("alerts.rs");
        for alert in here {
            assert!(
                text.matches(&format!("\"{alert}\"")).count() >= 2 || NOTHING.contains(&alert),
                "{alert}"
            );
        }
    }
}
