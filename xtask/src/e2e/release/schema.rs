//! PRD §12.1: a change of the database's schema by expand and contract, each release a canary whose migration Argo CD
//! runs before it; and what a version does that does not work with the schema in place, which is the control.
//!
//! The database is a ledger of the scenario's own, since no migration is ever taken back.

use std::time::Duration;

use kube::api::DynamicObject;
use rollouts_client::condition::Condition;
use rollouts_client::phase::{self, Phase};
use rollouts_client::wait;
use scenario::{World, manifest};
use serde_json::Value;

use super::argo::{App, text_at};
use super::checkout::{Checkout, News};
use super::{Marks, Release, Shown, WITHIN, Workflow, expect, folder, step};
use crate::cluster;
use crate::e2e::case::{clear, with_causes};
use crate::e2e::report::Report;
use crate::e2e::typed::{kubectl, said};
use crate::run::{self, Error};

/// Its name in the report.
pub(crate) const NAME: &str = "schema-by-git";
const ROLLOUT: &str = "canary";
const HOST: &str = "canary.local";
/// The namespace of the database.
const DATABASE: &str = "e2e-schema-database";
/// A whole canary takes about two minutes.
const CANARY_WITHIN: Duration = Duration::from_secs(300);
const MIGRATION: &str = "canary-migrate";
/// What each release states, beside the chart's own values.
const VALUES: &str = "charts/canary-app/values-release.yaml";
/// The shipped examples of both releases.
const EXPAND: &str = "charts/canary-app/values-expand.yaml";
const CONTRACT: &str = "charts/canary-app/values-contract.yaml";
/// Version 1, which knows the first schema and no other.
const FIRST: &str = "image:\n  tag: v1\nschema:\n  worksWith: [1]\n  inPlace: 1\n";

const WORKFLOW: Workflow = Workflow {
    name: NAME,
    title: "PRD §12.1: a schema changed by expand and contract, each a canary with its migration before it",
    shows: &["gitops-features/git-as-single-source-of-truth"],
    app: App { name: "canary-app", namespace: ROLLOUT, values: &["values-fast.yaml", "values-release.yaml"] },
    chart: "canary-app",
    tag: "v3",
    news: News::Webhook,
};

/// Runs it on the host cluster and adds it to the report.
///
/// # Errors
/// A report that cannot be written; what fails on the way is in the report.
pub(crate) async fn run(world: &World, report: &Report) -> Result<(), Error> {
    WORKFLOW
        .run(world, report, async |release, shown| {
            Box::pin(all(release, shown)).await?;
            clear(release.world, DATABASE).await
        })
        .await
}

async fn all(release: &Release<'_>, shown: &mut Shown) -> Result<(), Error> {
    database(release.world).await?;
    let folder = folder()?;
    clear(release.world, release.namespace()).await?;
    step(1, "version 1 works with the first schema");
    let (clone, url) = Checkout::fresh(folder.path())?;
    clone.put(VALUES, &stated(FIRST), "Release version 1")?;
    release.deployed(&url).await?;

    step(2, "expand: the migration runs first, and version 2 passes while both versions serve");
    deliver(release, &clone, EXPAND, "v2", shown).await?;
    step(3, "contract: what version 1 needed is taken away, and version 3 passes");
    deliver(release, &clone, CONTRACT, "v3", shown).await?;

    step(4, "version 1 does not work with what is left: it answers no write, and is given up");
    let back = clone.put(VALUES, &stated(FIRST), "Release version 1 again")?;
    let refused = async |shown: &mut Shown, _: &mut Marks| give_up(release, &back, shown).await;
    release.loaded(HOST, true, "sync of a version for another schema", shown, refused).await?;
    step(5, "the revert is healthy again");
    let reverted = clone.revert()?;
    release.sync(&reverted, shown).await?;
    release.wait(&Condition::Healthy).await?;
    release.answered(HOST, "v3").await?;
    release.settled().await
}

/// A release by a commit, under a load of which nothing is lost.
async fn deliver(
    release: &Release<'_>,
    clone: &Checkout,
    values: &str,
    tag: &str,
    shown: &mut Shown,
) -> Result<(), Error> {
    let text = run::read_file(&run::root().join(values))?;
    let head = clone.put(VALUES, &stated(&text), &format!("Release {tag}"))?;
    let good = async |shown: &mut Shown, _: &mut Marks| {
        release.sync(&head, shown).await?;
        migrated(release).await?;
        let healthy = release.rollouts.wait(ROLLOUT, &Condition::Healthy, CANARY_WITHIN).await;
        healthy.map_err(|error| with_causes(&error))?;
        release.answered(HOST, tag).await
    };
    release.loaded(HOST, false, &format!("sync of {tag}"), shown, good).await?;
    release.settled().await
}

/// The Job is what the sync began with, and ended before the new version had a ReplicaSet.
async fn migrated(release: &Release<'_>) -> Result<(), Error> {
    let application = release.argo.application().await?;
    let results =
        application.pointer("/status/operationState/syncResult/resources").and_then(Value::as_array);
    let hooks: Vec<&str> = results
        .into_iter()
        .flatten()
        .filter(|result| text_at(result, "/kind") == "Job" && text_at(result, "/name") == MIGRATION)
        .map(|result| text_at(result, "/hookType"))
        .collect();
    expect(hooks == ["PreSync"], &format!("the migration was a hook of this sync: {hooks:?}"))?;

    let jobs = cluster::api(&release.world.client, "batch/v1", "Job", Some(release.namespace()));
    let job: DynamicObject = jobs.get(MIGRATION).await.map_err(|error| with_causes(&error))?;
    expect(job.data["status"]["succeeded"] == 1, &format!("it succeeded: {}", job.data["status"]))?;
    let ended = text_at(&job.data, "/status/completionTime").to_owned();
    let rollout = release.rollout().await?;
    let made = || async {
        let rollout = release.rollout().await?;
        let hash = rollout.current_hash().unwrap_or_default().to_owned();
        let sets = release.replica_sets(&rollout).await?;
        let made =
            sets.iter().find(|set| set.hash() == Some(hash.as_str()) && rollout.stable_hash() != Some(&hash));
        let made = made.and_then(|set| set.metadata.creation_timestamp.as_ref());
        Ok::<_, Error>(made.map(|time| time.0.to_string()))
    };
    let what = format!("a new version of rollout {}", rollout.name());
    let made = wait::until(&*release.world.pace, WITHIN, what, made).await;
    let made = made.map_err(|error| with_causes(&error))?;
    // Both are whole seconds in the same form, so that they compare as texts.
    expect(
        !ended.is_empty() && ended <= made,
        &format!("it ended ({ended}) before the pods were made ({made})"),
    )
}

/// The schema that is in place is none of the version's, so that every write to it fails.
async fn give_up(release: &Release<'_>, head: &str, shown: &mut Shown) -> Result<(), Error> {
    release.sync(head, shown).await?;
    let aborted = || async {
        let rollout = release.rollout().await?;
        Ok::<_, Error>((rollout.aborted() && phase::of(&rollout).0 == Phase::Degraded).then_some(()))
    };
    let given_up = wait::until(&*release.world.pace, WITHIN, "the canary to be given up", aborted).await;
    given_up.map_err(|error| with_causes(&error))
}

/// What a release says, and where its writes go.
fn stated(values: &str) -> String {
    format!("{values}env:\n  - name: LEDGER\n    value: http://ledger.{DATABASE}.svc.cluster.local.\n")
}

/// The shipped ledger in a namespace of its own, with an empty account of the first schema.
async fn database(world: &World) -> Result<(), Error> {
    clear(world, DATABASE).await?;
    let objects =
        manifest::objects(&run::root(), "scenarios/ledger.yaml").map_err(|error| with_causes(&error))?;
    for mut object in objects {
        manifest::adopt(&mut object, DATABASE);
        cluster::put(&world.client, "end-to-end", &object).await?;
    }
    let namespace = format!("--namespace={DATABASE}");
    said(kubectl(&["wait", "--for=condition=Ready", "pod/ledger", &namespace, "--timeout=60s"]))
        .await
        .map(drop)
}
