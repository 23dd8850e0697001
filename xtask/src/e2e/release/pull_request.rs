//! A change that comes as a pull request on a forge: tried in an environment of its own, merged, and released because the
//! forge tells Argo CD.
//!
//! The forge is a real one, Gitea, and so are its pull request, its merge and its webhook. What is deployed is what is
//! shipped: `previews.yaml`, which names another forge, is changed in that, and in nothing else.

use std::time::{Duration, Instant};

use kube::api::ListParams;
use rollouts_client::condition::Condition;
use rollouts_client::wait;
use scenario::World;

use super::argo::{self, App, Argo, settled, text_at};
use super::checkout::{Checkout, News};
use super::forge::{Forge, OWNER};
use super::previews;
use super::{Marks, Release, SYNC_WITHIN, Shown, Workflow, answered, expect, folder, promoted, step};
use crate::cluster;
use crate::e2e::case::{clear, with_causes};
use crate::e2e::found;
use crate::e2e::report::Report;
use crate::run::Error;

/// Its name in the report.
pub(crate) const NAME: &str = "pull-request-by-git";
const ROLLOUT: &str = "blue-green";
const ACTIVE: &str = "blue-green.local";
const PREVIEW: &str = "blue-green-preview.local";
/// What is deployed at first, and what the pull request brings.
const TAGS: [&str; 2] = ["v1", "v2"];

const BRANCH: &str = "release-v2";
const LABEL: &str = "preview";

/// The namespace of the pull request's preview, the first of its repository, and what is deployed to it.
const NAMESPACE: &str = "preview-1";
const PREVIEWS: [App; 3] = [
    App { name: "preview-1-platform", namespace: NAMESPACE, values: &[] },
    App { name: "preview-1-blue-green", namespace: NAMESPACE, values: &[] },
    App { name: "preview-1-canary", namespace: NAMESPACE, values: &[] },
];
/// Where they answer, and with what: the pull request changes one application.
const HOSTS: [(&str, &str); 2] =
    [("blue-green.preview-1.localhost", TAGS[1]), ("canary.preview-1.localhost", TAGS[0])];

/// The ApplicationSets ask the forge every minute, and a sync that comes before its namespace is tried again.
const PREVIEW_WITHIN: Duration = Duration::from_secs(180);

const WORKFLOW: Workflow = Workflow {
    name: NAME,
    title: "From a pull request on a forge to a release: previewed, merged, deployed by webhook",
    shows: &[
        "gitops-features/git-as-single-source-of-truth",
        "gitops-features/automated-synchronization-from-git",
        "gitops-features/pull-request-based-deployment-workflow",
    ],
    app: App { name: "blue-green-app", namespace: ROLLOUT, values: &[] },
    chart: "blue-green-app",
    tag: TAGS[1],
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
    let world = release.world;
    previews::gone(world, NAMESPACE).await?;
    clear(world, release.namespace()).await?;
    let forge = Forge::begin(world).await?;
    let done = Box::pin(deliver(release, &forge, shown)).await;
    // A token is of no use to anybody after its account.
    let ended = forge.end();
    done?;
    previews::gone(world, NAMESPACE).await?;
    ended
}

/// The steps from the first commit on the forge to the preview gone.
async fn deliver(release: &Release<'_>, forge: &Forge<'_>, shown: &mut Shown) -> Result<(), Error> {
    let world = release.world;
    step(1, "the application is deployed from main of a repository on the forge");
    let folder = folder()?;
    let (clone, _) = Checkout::fresh(folder.path())?;
    let clone = clone.moved(&forge.url(), OWNER, forge.token())?.on(BRANCH)?;
    previews::admit(world, forge).await?;
    release.deployed(&forge.url()).await?;
    answered(world, ACTIVE, TAGS[0]).await?;

    step(2, "pushes are told to Argo CD, which takes no webhook that is not signed with the secret");
    forge.tell_argo_cd().await?;
    cluster::refuses_forged_webhook().await?;

    step(3, "a developer pushes a branch that names another tag, and opens a pull request");
    previews::bring(world, forge).await?;
    let head = change(&clone)?;
    let number = forge.open(BRANCH, "Release v2", LABEL).await?;
    expect(format!("preview-{number}") == NAMESPACE, &format!("it is the first one: {number}"))?;

    step(4, "the ApplicationSets have made its preview, which is Synced and Healthy at the branch's commit");
    previewed(world, &head).await?;

    step(5, "the preview answers with the pull request's version, production with the old one");
    for (host, tag) in HOSTS {
        answered(world, host, tag).await?;
    }
    answered(world, ACTIVE, TAGS[0]).await?;

    forge.mergeable(number).await?;
    let work = async |shown: &mut Shown, marks: &mut Marks| {
        Box::pin(merged(release, forge, number, marks, shown)).await
    };
    release.loaded(ACTIVE, false, "merge", shown, work).await?;

    step(9, "the pull request is closed: its applications are gone with all that they had made");
    closed(world).await
}

/// The steps from the merge to the new version live.
async fn merged(
    release: &Release<'_>,
    forge: &Forge<'_>,
    number: u64,
    marks: &mut Marks,
    shown: &mut Shown,
) -> Result<(), Error> {
    let world = release.world;
    step(6, "the pull request is merged, and the forge's webhook has Argo CD sync main");
    let before = told(forge)?;
    let begun = Instant::now();
    let commit = forge.merge(number).await?;
    release.argo.synced(&commit, SYNC_WITHIN).await?;
    shown.syncs.push(begun.elapsed().as_secs_f64());
    expect(told(forge)? > before, "Argo CD has had a push to main by webhook since the merge")?;

    step(7, "the new version waits as a preview, and production has the old one");
    release.wait(&Condition::Paused).await?;
    answered(world, PREVIEW, TAGS[1]).await?;
    answered(world, ACTIVE, TAGS[0]).await?;

    step(8, "a person promotes it");
    marks.push((world.pace.now(), "promote".to_owned()));
    let proven = promoted(world, &release.rollouts, ROLLOUT, ACTIVE).await?;
    expect(proven.tag.as_deref() == Some(TAGS[1]), "the promotion is one to the new version")?;
    release.wait(&Condition::ScaledDown).await?;
    release.settled().await
}

/// How often Argo CD has written down that a webhook told it of a push to main.
fn told(forge: &Forge<'_>) -> Result<usize, Error> {
    let line = format!("Received push event repo: {}, revision: main", forge.page());
    Ok(cluster::log("argocd-server")?.matches(&line).count())
}

/// What the developer changes: the tag, where production and where a preview reads it. Returns the commit.
fn change(clone: &Checkout) -> Result<String, Error> {
    let files = ["values.yaml", "values-dev.yaml"].map(|file| format!("charts/blue-green-app/{file}"));
    let new = format!("\n  tag: {}\n", TAGS[1]);
    let changed = |text: &str| match text.contains("\n  tag: \"\"\n") {
        true => text.replacen("\n  tag: \"\"\n", &new, 1),
        false => text.replacen(&format!("\n  tag: {}\n", TAGS[0]), &new, 1),
    };
    clone.change_all(&files, changed, "Release v2")
}

/// Waits for the preview's applications, each as wanted.
async fn previewed(world: &World, head: &str) -> Result<(), Error> {
    argo::made(world, PREVIEW_WITHIN, &PREVIEWS.each_ref()).await?;
    for app in &PREVIEWS {
        let what = format!("{} to be Synced and Healthy", app.name);
        Argo { world, app }.until(&what, PREVIEW_WITHIN, settled).await?;
    }
    for app in &PREVIEWS[1..] {
        let application = Argo { world, app }.application().await?;
        let revision = text_at(&application, "/status/sync/revision");
        expect(revision == head, &format!("{} is at the branch's commit: {revision}", app.name))?;
    }
    Ok(())
}

/// Waits until nothing is left of the preview but its namespace, which Argo CD never deletes.
async fn closed(world: &World) -> Result<(), Error> {
    let ended = || async {
        let known = names(world).await?;
        Ok::<_, Error>((!PREVIEWS.iter().any(|app| known.iter().any(|name| name == app.name))).then_some(()))
    };
    let what = "the preview's applications to be gone";
    if wait::until(&*world.pace, PREVIEW_WITHIN, what, ended).await.is_err() {
        return found(&format!("{what}, there are {}", names(world).await?.join(", ")));
    }
    for kind in ["Rollout", "AnalysisTemplate"] {
        let objects = cluster::api(&world.client, "argoproj.io/v1alpha1", kind, Some(NAMESPACE));
        let left = objects.list(&ListParams::default()).await.map_err(|error| with_causes(&error))?;
        expect(left.items.is_empty(), &format!("no {kind} is left of the preview: {}", left.items.len()))?;
    }
    Ok(())
}

async fn names(world: &World) -> Result<Vec<String>, Error> {
    Ok(argo::applications(world).await?.iter().map(|one| text_at(one, "/metadata/name").to_owned()).collect())
}
