//! PRD §10.2: the traffic shifts step by step, the metrics decide. A good version first, whose steps all pass; then a
//! bad one, which is given up, and which a revert in Git takes back. Times are those of `values-fast.yaml`.

use std::time::Duration;

use jiff::Timestamp;
use rollouts_client::condition::Condition;
use rollouts_client::phase::{self, Phase};
use rollouts_client::types::{AnalysisPhase, AnalysisRun, Rollout};
use rollouts_client::wait;
use scenario::World;

use super::argo::{App, text_at};
use super::checkout::News;
use super::{Marks, Release, Shown, WITHIN, Workflow, expect, of_hash, step};
use crate::e2e::case::with_causes;
use crate::e2e::found;
use crate::e2e::report::Report;
use crate::run::Error;

/// Its name in the report.
pub(crate) const NAME: &str = "canary-release-by-git";
const ROLLOUT: &str = "canary";
const HOST: &str = "canary.local";
const TAG: &str = "v5";
/// The weights of PRD §10.2; then the canary gets all of the traffic.
const WEIGHTS: [i32; 4] = [10, 25, 50, 75];
/// What the bad commit changes: one of two answers of the new version is an error.
const VALUES: &str = "charts/canary-app/values.yaml";
const GOOD: &str = "\nenv: []\n";
const BAD: &str = "\nenv:\n  - name: ERROR_RATE\n    value: \"0.5\"\n";

const WORKFLOW: Workflow = Workflow {
    name: NAME,
    title: "PRD §10.2: from a code change to a finished canary and to an aborted one, by Git and Argo CD",
    shows: &[
        "gitops-features/git-as-single-source-of-truth",
        "gitops-features/automated-synchronization-from-git",
        "canary-deployment-features/automatic-rollback-on-failure",
    ],
    app: App { name: "canary-app", namespace: ROLLOUT, values: &["values-fast.yaml"] },
    chart: "canary-app",
    tag: TAG,
    news: News::Refresh,
};

/// Runs it on the host cluster and adds it to the report.
///
/// # Errors
/// A report that cannot be written; what fails on the way is in the report.
pub(crate) async fn run(world: &World, report: &Report) -> Result<(), Error> {
    WORKFLOW.run(world, report, async |release, shown| all(release, shown).await).await
}

async fn all(release: &Release<'_>, shown: &mut Shown) -> Result<(), Error> {
    let folder = super::folder()?;
    let clone = release.begin(folder.path()).await?;
    let head = release.commit(&clone).await?;
    let good = async |shown: &mut Shown, _: &mut Marks| Box::pin(succeed(release, &head, shown)).await;
    release.loaded(HOST, false, "sync", shown, good).await?;
    let bad = clone.change(VALUES, GOOD, BAD, "Answer half of the requests with an error")?;
    let fail = async |shown: &mut Shown, _: &mut Marks| give_up(release, &bad, shown).await;
    release.loaded(HOST, true, "sync of a bad version", shown, fail).await?;
    let reverted = clone.revert()?;
    let back = async |shown: &mut Shown, _: &mut Marks| take_back(release, &reverted, shown).await;
    release.loaded(HOST, false, "sync of the revert", shown, back).await
}

/// The steps from the sync of a good commit to the old version gone.
async fn succeed(release: &Release<'_>, head: &str, shown: &mut Shown) -> Result<(), Error> {
    step(4, "Argo CD sees the commit and syncs it");
    let before = release.rollout().await?;
    let old = before.stable_hash().unwrap_or_default().to_owned();
    release.sync(head, shown).await?;

    step(5, "Argo Rollouts creates the canary's ReplicaSet");
    let rollout = until(release, "a version beside the stable one", |rollout| {
        rollout.current_hash().is_some_and(|new| new != old)
    })
    .await?;
    let new = rollout.current_hash().unwrap_or_default().to_owned();
    let ready = || async {
        let ready = of_hash(&release.replica_sets(&rollout).await?, &new)?.ready() >= 1;
        Ok::<_, Error>(ready.then_some(()))
    };
    let waited = wait::until(&*release.world.pace, WITHIN, "a ready pod of the canary", ready).await;
    waited.map_err(|error| with_causes(&error))?;

    step(6, "the traffic shifts gradually: 10, 25, 50, 75 per cent");
    let held = watch(release).await?;
    let seen: Vec<i32> = held.iter().map(|(weight, _)| *weight).collect();
    let all: Vec<i32> = WEIGHTS.into_iter().chain([100]).collect();
    let rising: Vec<i32> = seen.iter().copied().filter(|weight| *weight > 0).collect();
    // The last weight and the new stable version may be seen in one look.
    expect(rising == all || rising == WEIGHTS, &format!("the canary's weights were {seen:?}"))?;

    step(7, "an analysis runs at each step");
    // The one beside the steps ends a moment after the last of them.
    let ended = || async {
        let runs = release.rollouts.analysis_runs(&rollout).await.map_err(|error| with_causes(&error))?;
        Ok::<_, Error>(runs.iter().all(|run| verdict(run).completed()).then_some(runs))
    };
    let runs = wait::until(&*release.world.pace, WITHIN, "the analyses to end", ended).await;
    let runs = runs.map_err(|error| with_causes(&error))?;
    for pair in held.windows(2).filter(|pair| pair[0].0 > 0 && pair[0].0 < 100) {
        let measured = measured_between(&runs, pair[0].1, pair[1].1);
        expect(measured > 0, &format!("something was measured at {} per cent", pair[0].0))?;
    }

    step(8, "healthy metrics let each step go on");
    let verdicts: Vec<AnalysisPhase> = runs.iter().map(verdict).collect();
    expect(
        verdicts.len() >= 2 && verdicts.iter().all(|verdict| *verdict == AnalysisPhase::Successful),
        &format!("the analyses were successful: {verdicts:?}"),
    )?;

    step(10, "at 100 per cent the canary is the stable version");
    let rollout = release.rollout().await?;
    expect(rollout.stable_hash() == Some(new.as_str()), "the new version is the stable one")?;
    let service = release.argo.service("canary-stable").await?;
    let selected = text_at(&service, "/spec/selector/rollouts-pod-template-hash");
    expect(selected == new, "the stable Service selects it")?;

    step(11, "the old ReplicaSet is scaled down");
    release.wait(&Condition::ScaledDown).await?;
    expect(of_hash(&release.replica_sets(&rollout).await?, &old)?.desired() == 0, "it wants no pods")?;
    release.settled().await
}

/// The step in which a bad version is given up.
async fn give_up(release: &Release<'_>, head: &str, shown: &mut Shown) -> Result<(), Error> {
    step(9, "unhealthy metrics roll back without anybody");
    let stable = release.rollout().await?.stable_hash().unwrap_or_default().to_owned();
    release.sync(head, shown).await?;
    let aborted = until(release, "the canary to be aborted, without traffic", |rollout| {
        rollout.aborted() && phase::of(rollout).0 == Phase::Degraded && weight(rollout) == 0
    })
    .await?;
    expect(aborted.stable_hash() == Some(stable.as_str()), "the stable version is what it was")?;
    let degraded =
        |application: &serde_json::Value| text_at(application, "/status/health/status") == "Degraded";
    release.argo.until("Argo CD to show the application as Degraded", WITHIN, degraded).await?;
    // The ingress learns of the weight a moment later than the Rollout says it: what comes next is counted without
    // the bad version only when that has no pods.
    let bad = aborted.current_hash().unwrap_or_default();
    let gone = || async {
        let sets = release.replica_sets(&aborted).await?;
        let set = of_hash(&sets, bad)?;
        Ok::<_, Error>((set.desired() == 0 && set.ready() == 0).then_some(()))
    };
    let waited = wait::until(&*release.world.pace, WITHIN, "the bad version to have no pods", gone).await;
    waited.map_err(|error| with_causes(&error))
}

/// After the revert nothing is left to do: the template is that of the stable version.
async fn take_back(release: &Release<'_>, head: &str, shown: &mut Shown) -> Result<(), Error> {
    step(9, "a revert in Git is healthy again");
    release.sync(head, shown).await?;
    release.wait(&Condition::Healthy).await?;
    release.answered(HOST, TAG).await?;
    release.settled().await
}

/// The canary's weights in the order in which they were seen, and since when, until the Rollout is Healthy.
async fn watch(release: &Release<'_>) -> Result<Vec<(i32, Timestamp)>, Error> {
    const LONGEST: Duration = Duration::from_secs(300);
    let pace = &*release.world.pace;
    let start = pace.now();
    let mut held: Vec<(i32, Timestamp)> = Vec::new();
    loop {
        let rollout = release.rollout().await?;
        let weight = weight(&rollout);
        if held.last().is_none_or(|(last, _)| *last != weight) {
            held.push((weight, pace.now()));
        }
        if Condition::Healthy.holds(&rollout, &[]) {
            return Ok(held);
        }
        let (phase, message) = phase::of(&rollout);
        if rollout.aborted() {
            return found(&format!("the canary was aborted at {weight} per cent: {message}"));
        }
        if pace.since(start) > LONGEST {
            return found(&format!(
                "the canary is {phase} at {weight} per cent after {LONGEST:?}: {message}"
            ));
        }
        pace.turn(Duration::from_millis(500)).await;
    }
}

fn verdict(run: &AnalysisRun) -> AnalysisPhase {
    run.status.as_ref().map_or(AnalysisPhase::Pending, |status| status.phase.clone())
}

fn weight(rollout: &Rollout) -> i32 {
    rollout.weights().map_or(0, |weights| weights.canary.weight)
}

/// How many measurements began in a span of time.
fn measured_between(runs: &[AnalysisRun], from: Timestamp, to: Timestamp) -> usize {
    let results = runs.iter().filter_map(|run| run.status.as_ref()?.metric_results.as_ref()).flatten();
    let times = results
        .filter_map(|result| result.measurements.as_ref())
        .flatten()
        .filter_map(|measurement| measurement.other.get("startedAt")?.as_str()?.parse::<Timestamp>().ok());
    times.filter(|at| (from..=to).contains(at)).count()
}

async fn until(
    release: &Release<'_>,
    what: &str,
    is: impl Fn(&Rollout) -> bool + Send + Sync,
) -> Result<Rollout, Error> {
    let look = || async {
        let rollout = release.rollout().await?;
        Ok::<_, Error>(is(&rollout).then_some(rollout))
    };
    let waited = wait::until(&*release.world.pace, WITHIN, what, look).await;
    waited.map_err(|error| with_causes(&error))
}
