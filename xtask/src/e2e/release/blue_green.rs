//! PRD §10.1: the preview is tried and promoted by a person.

use std::time::{Duration, Instant};

use rollouts_client::condition::Condition;
use scenario::World;

use super::argo::{App, text_at};
use super::checkout::News;
use super::{Marks, Release, Shown, Workflow, expect, of_hash, promoted, step};
use crate::cluster::text;
use crate::e2e::report::Report;
use crate::run::Error;

/// Its name in the report.
pub(crate) const NAME: &str = "release-by-git";
const ROLLOUT: &str = "blue-green";
const ACTIVE: &str = "blue-green.local";
const PREVIEW: &str = "blue-green-preview.local";
/// The version that is released.
const TAG: &str = "v4";

const WORKFLOW: Workflow = Workflow {
    name: NAME,
    title: "PRD §10.1: from a code change to the old version gone, by Git and Argo CD",
    shows: &[
        "gitops-features/git-as-single-source-of-truth",
        "gitops-features/automated-synchronization-from-git",
        "blue-green-deployment-features/deploy-application-with-blue-green-strategy",
        "blue-green-deployment-features/access-preview-environment-before-promotion",
        "blue-green-deployment-features/manual-promotion-of-new-version",
        "blue-green-deployment-features/scale-down-old-version-after-promotion",
    ],
    app: App { name: "blue-green-app", namespace: ROLLOUT, values: &[] },
    chart: "blue-green-app",
    tag: TAG,
    news: News::Webhook,
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
    let work =
        async |shown: &mut Shown, marks: &mut Marks| Box::pin(deliver(release, &head, marks, shown)).await;
    release.loaded(ACTIVE, false, "sync", shown, work).await
}

/// The steps from the sync of a commit to the old version gone.
async fn deliver(
    release: &Release<'_>,
    head: &str,
    marks: &mut Marks,
    shown: &mut Shown,
) -> Result<(), Error> {
    step(4, "Argo CD sees the commit and syncs it");
    release.sync(head, shown).await?;

    step(5, "Argo Rollouts creates the preview's ReplicaSet");
    release.wait(&Condition::Paused).await?;
    let rollout = release.rollout().await?;
    let (new, old) = (rollout.current_hash().unwrap_or_default(), rollout.stable_hash().unwrap_or_default());
    expect(new != old && !new.is_empty(), "the Rollout has a version that is not the stable one")?;
    let sets = release.replica_sets(&rollout).await?;
    let preview = of_hash(&sets, new)?;

    step(6, "its pods start and pass their health checks");
    let ready = preview.status.as_ref().and_then(|status| status.ready_replicas).unwrap_or_default();
    expect(ready >= 1, "the preview has a ready pod")?;

    step(7, "the preview answers at its host");
    release.answered(PREVIEW, TAG).await?;
    let page = text("http://127.0.0.1:8880/", Some(PREVIEW)).await?;
    expect(page.contains("violet") && page.contains(TAG), &format!("the preview shows the change: {page}"))?;

    step(8, "the operator tries the preview");
    for _ in 0..20 {
        let answer = release.world.requests.send(PREVIEW, "/").await;
        expect(
            answer.lost().is_none() && answer.version() == Some(TAG),
            "each request to it is answered by it",
        )?;
    }
    let page = text("http://127.0.0.1:8880/", Some(ACTIVE)).await?;
    expect(!page.contains("violet"), "users still have the old version")?;

    step(9, "the operator promotes it");
    marks.push((release.world.pace.now(), "promote".to_owned()));
    let begun = Instant::now();
    let proven = promoted(release.world, &release.rollouts, ROLLOUT, ACTIVE).await?;
    expect(proven.tag.as_deref() == Some(TAG), "the promotion is one to the new version")?;

    step(10, "the active Service selects the new ReplicaSet");
    let service = release.argo.service("blue-green-active").await?;
    let selected = text_at(&service, "/spec/selector/rollouts-pod-template-hash");
    expect(selected == new, "its selector is the new version's")?;

    step(11, "the old ReplicaSet is scaled down after its delay");
    release.wait(&Condition::ScaledDown).await?;
    expect(begun.elapsed() >= Duration::from_secs(25), "and not before the delay of 30 s")?;
    let sets = release.replica_sets(&rollout).await?;
    expect(of_hash(&sets, old)?.desired() == 0, "the old version wants no pods")?;
    release.settled().await
}
