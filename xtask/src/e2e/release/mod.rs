//! From a code change to the old version gone, by Git and Argo CD: the eleven steps of PRD §10.1, one assertion each.
//!
//! What a developer and CI do is done by Git and by the shipped script, in a clone of what the cluster's own Git
//! server has. What is asserted is asked of the cluster, never of the script.

mod argo;
mod checkout;

use std::time::{Duration, Instant};

use rollouts_client::client::Rollouts;
use rollouts_client::condition::Condition;
use rollouts_client::promotion::{self, Promotion};
use rollouts_client::proof::Probe;
use rollouts_client::types::ReplicaSet;
use rollouts_client::wait;
use scenario::{Loaded, World};
use traffic_probe::Load;

use argo::{Argo, settled, text_at};
use checkout::{AFTER, Checkout, SOURCE};

use super::case::{clear, with_causes};
use super::found;
use super::report::{Measure, Report};
use crate::cluster::text;
use crate::run::{self, Error};

/// Its name in the report.
pub(crate) const NAME: &str = "release-by-git";
const TITLE: &str = "PRD §10.1: from a code change to the old version gone, by Git and Argo CD";
/// What a passing run shows, as ids of the PRD.
const SHOWS: &[&str] = &[
    "gitops-features/git-as-single-source-of-truth",
    "gitops-features/automated-synchronization-from-git",
    "blue-green-deployment-features/deploy-application-with-blue-green-strategy",
    "blue-green-deployment-features/access-preview-environment-before-promotion",
    "blue-green-deployment-features/manual-promotion-of-new-version",
    "blue-green-deployment-features/scale-down-old-version-after-promotion",
];

const ROLLOUT: &str = "blue-green";
const ACTIVE: &str = "blue-green.local";
const PREVIEW: &str = "blue-green-preview.local";
/// The version that is released.
const TAG: &str = "v4";

/// Requests a second.
const RATE: u32 = 250;
/// The longest wait for anything but a sync.
const WITHIN: Duration = Duration::from_secs(120);
/// The longest that the ingress may take to learn of new endpoints, as in scripts.
const INGRESS_WITHIN: Duration = Duration::from_secs(10);
/// PRD §8.1.
const SYNC_WITHIN: Duration = Duration::from_secs(120);

/// Runs it on the host cluster and adds it to the report.
///
/// # Errors
/// A report that cannot be written; what fails on the way is in the report.
pub(crate) async fn run(world: &World, report: &mut Report) -> Result<(), Error> {
    run::say(&format!("== {NAME}"));
    let start = Instant::now();
    let rollouts = Rollouts::new(world.client.clone(), ROLLOUT);
    let release = Release { world, argo: Argo { world }, rollouts };
    let mut shown = Shown::default();
    let result = match Box::pin(release.all(&mut shown)).await {
        Ok(()) => clear(world, ROLLOUT).await,
        Err(error) => Err(error),
    };
    if let Err(error) = &result {
        run::say_error(error);
    }
    let error = result.err().map(|error| error.to_string());
    let shows = SHOWS.iter().map(ToString::to_string).collect();
    report.measure(Measure { name: Measure::SYNC, seconds: shown.syncs });
    report.scenario(NAME, TITLE, shows, start.elapsed(), error, &shown.loads)
}

/// What was counted so far.
#[derive(Default)]
struct Shown {
    syncs: Vec<f64>,
    loads: Vec<Loaded>,
}

struct Release<'a> {
    world: &'a World,
    argo: Argo<'a>,
    rollouts: Rollouts,
}

impl Release<'_> {
    async fn all(&self, shown: &mut Shown) -> Result<(), Error> {
        clear(self.world, ROLLOUT).await?;
        let folder =
            tempfile::tempdir().map_err(|source| Error::file("create", &std::env::temp_dir(), source))?;
        let (clone, url) = Checkout::fresh(folder.path())?;
        self.argo.begin(&url).await?;
        self.argo.until("the application to be Synced and Healthy", WITHIN, settled).await?;
        self.wait(&Condition::Healthy).await?;
        let head = self.commit(&clone).await?;
        let load = self.world.requests.start(Load::mixed(ACTIVE, RATE));
        let mut marks = Vec::new();
        let mut mark = |what: &str| marks.push((self.world.pace.now(), what.to_owned()));
        let switched = Box::pin(self.deliver(&head, &mut mark, &mut shown.syncs)).await;
        let account = load.stop().await;
        shown.loads.push(Loaded {
            host: ACTIVE.to_owned(),
            account,
            marks,
            control: false,
            reconciled: None,
        });
        switched
    }

    /// The steps up to the commit that names the new tag; returns that commit. No load stands over them: the
    /// compiler would take its time from the servers, and nothing of the cluster moves yet.
    async fn commit(&self, clone: &Checkout) -> Result<String, Error> {
        step(1, "a developer pushes code to Git");
        clone.change_code()?;
        let pushed = clone.remote(&["show", &format!("main:{SOURCE}")])?;
        expect(pushed.contains(AFTER), "the pushed branch has the change")?;

        step(2, "CI builds the image and pushes it");
        let head = clone.release(TAG).await?;
        let tags = text("http://127.0.0.1:5000/v2/demo-app/tags/list", None).await?;
        expect(tags.contains(&format!("\"{TAG}\"")), &format!("the registry has {TAG}: {tags}"))?;

        step(3, "the Helm values name the new tag");
        let values = clone.remote(&["show", "main:charts/blue-green-app/values.yaml"])?;
        expect(values.contains(&format!("tag: \"{TAG}\"")), "the values on the branch name it")?;
        Ok(head)
    }

    /// The steps from the sync of a commit to the old version gone.
    async fn deliver(
        &self,
        head: &str,
        mark: &mut impl FnMut(&str),
        syncs: &mut Vec<f64>,
    ) -> Result<(), Error> {
        step(4, "Argo CD sees the commit and syncs it");
        mark("sync");
        let start = Instant::now();
        self.argo.refresh().await?;
        self.argo
            .until("Argo CD to have synced the commit", SYNC_WITHIN, |application| {
                text_at(application, "/status/sync/revision") == head
                    && text_at(application, "/status/operationState/phase") == "Succeeded"
                    && text_at(application, "/status/operationState/syncResult/revision") == head
            })
            .await?;
        syncs.push(start.elapsed().as_secs_f64());

        step(5, "Argo Rollouts creates the preview's ReplicaSet");
        self.wait(&Condition::Paused).await?;
        let rollout = self.rollouts.get(ROLLOUT).await.map_err(|error| with_causes(&error))?;
        let (new, old) =
            (rollout.current_hash().unwrap_or_default(), rollout.stable_hash().unwrap_or_default());
        expect(new != old && !new.is_empty(), "the Rollout has a version that is not the stable one")?;
        let sets = self.rollouts.replica_sets(&rollout).await.map_err(|error| with_causes(&error))?;
        let preview = of_hash(&sets, new)?;

        step(6, "its pods start and pass their health checks");
        let ready = preview.status.as_ref().and_then(|status| status.ready_replicas).unwrap_or_default();
        expect(ready >= 1, "the preview has a ready pod")?;

        step(7, "the preview answers at its host");
        self.answered(PREVIEW, TAG).await?;
        let page = text("http://127.0.0.1:8880/", Some(PREVIEW)).await?;
        expect(
            page.contains("violet") && page.contains(TAG),
            &format!("the preview shows the change: {page}"),
        )?;

        step(8, "the operator tries the preview");
        for _ in 0..20 {
            let answer = self.world.requests.send(PREVIEW, "/").await;
            expect(
                answer.lost().is_none() && answer.version() == Some(TAG),
                "each request to it is answered by it",
            )?;
        }
        let page = text("http://127.0.0.1:8880/", Some(ACTIVE)).await?;
        expect(!page.contains("violet"), "users still have the old version")?;

        step(9, "the operator promotes it");
        mark("promote");
        let promoted = Instant::now();
        let probe = Some(Probe::new(self.world.requests.clone(), ACTIVE));
        let order = Promotion { name: ROLLOUT.to_owned(), full: false, probe, within: WITHIN };
        let proven = promotion::promote(&self.rollouts, &order).await.map_err(|error| with_causes(&error))?;
        expect(proven.tag.as_deref() == Some(TAG), "the promotion is one to the new version")?;

        step(10, "the active Service selects the new ReplicaSet");
        let service = self.argo.service("blue-green-active").await?;
        let selected = text_at(&service, "/spec/selector/rollouts-pod-template-hash");
        expect(selected == new, "its selector is the new version's")?;

        step(11, "the old ReplicaSet is scaled down after its delay");
        self.wait(&Condition::ScaledDown).await?;
        expect(promoted.elapsed() >= Duration::from_secs(25), "and not before the delay of 30 s")?;
        let sets = self.rollouts.replica_sets(&rollout).await.map_err(|error| with_causes(&error))?;
        expect(of_hash(&sets, old)?.desired() == 0, "the old version wants no pods")?;
        self.argo.until("the application to be Synced and Healthy", WITHIN, settled).await
    }

    /// Asks until a version answers: an ingress needs a moment to learn of new endpoints.
    async fn answered(&self, host: &str, version: &str) -> Result<(), Error> {
        let ask = || async {
            let answer = self.world.requests.send(host, "/").await;
            Ok::<_, Error>((answer.lost().is_none() && answer.version() == Some(version)).then_some(()))
        };
        let asked =
            wait::until(&*self.world.pace, INGRESS_WITHIN, format!("{host} to answer {version}"), ask);
        asked.await.map_err(|error| with_causes(&error))
    }

    async fn wait(&self, condition: &Condition) -> Result<(), Error> {
        self.rollouts.wait(ROLLOUT, condition, WITHIN).await.map(|_| ()).map_err(|error| with_causes(&error))
    }
}

fn of_hash<'a>(sets: &'a [ReplicaSet], hash: &str) -> Result<&'a ReplicaSet, Error> {
    let found = sets.iter().find(|set| set.hash() == Some(hash));
    found.ok_or_else(|| Error::Found(format!("no ReplicaSet of version {hash}")))
}

fn step(number: u32, what: &str) {
    run::say(&format!("  {number:>2}. {what}"));
}

fn expect(holds: bool, what: &str) -> Result<(), Error> {
    if holds { Ok(()) } else { found(&format!("not so: {what}")) }
}
