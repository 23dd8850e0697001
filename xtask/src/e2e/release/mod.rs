//! From a code change to the old version gone, by Git and Argo CD: the eleven steps of PRD §10.1 and of §10.2, one
//! assertion each.
//!
//! What a developer and CI do is done by Git and by the shipped script, in a clone of what the cluster's own Git
//! server has. What is asserted is asked of the cluster, never of the script.

mod argo;
pub(super) mod blue_green;
pub(super) mod canary;
mod checkout;
pub(super) mod environments;
mod expected;
mod forge;
pub(super) mod platform;
mod previews;
pub(super) mod pull_request;
pub(super) mod schema;

use std::path::Path;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rollouts_client::client::Rollouts;
use rollouts_client::condition::Condition;
use rollouts_client::promotion::{self, Promoted, Promotion};
use rollouts_client::proof::Probe;
use rollouts_client::types::{ReplicaSet, Rollout};
use rollouts_client::verbs::Promote;
use rollouts_client::wait;
use scenario::{Loaded, World};
use traffic_probe::Load;

pub(super) use argo::shipped;
use argo::{App, Argo, settled};
use checkout::{AFTER, Checkout, News, SOURCE, announce};

use super::case::{clear, with_causes};
use super::found;
use super::report::{Measure, Report};
use crate::cluster::text;
use crate::run::{self, Error};

/// Requests a second.
const RATE: u32 = 250;
/// The longest wait for anything but a sync.
const WITHIN: Duration = Duration::from_secs(120);
/// The longest that the ingress may take to learn of new endpoints, as in scripts.
const INGRESS_WITHIN: Duration = Duration::from_secs(10);
/// PRD §8.1.
const SYNC_WITHIN: Duration = Duration::from_secs(120);

/// A workflow of the PRD.
struct Workflow {
    /// What it is called in the report.
    name: &'static str,
    title: &'static str,
    /// What a passing run shows, as ids of the PRD.
    shows: &'static [&'static str],
    app: App,
    /// The chart that its Application renders.
    chart: &'static str,
    /// The version that is released.
    tag: &'static str,
    news: News,
}

/// What was counted so far.
#[derive(Default)]
struct Shown {
    syncs: Vec<f64>,
    loads: Vec<Loaded>,
}

/// When which command was given.
type Marks = Vec<(Timestamp, String)>;

/// A workflow on the cluster.
struct Release<'a> {
    world: &'a World,
    workflow: &'a Workflow,
    argo: Argo<'a>,
    rollouts: Rollouts,
}

impl Workflow {
    /// Runs it on the host cluster and adds it to the report.
    ///
    /// # Errors
    /// A report that cannot be written; what fails on the way is in the report.
    async fn run(
        &self,
        world: &World,
        report: &Report,
        all: impl AsyncFnOnce(&Release<'_>, &mut Shown) -> Result<(), Error>,
    ) -> Result<(), Error> {
        run::say(&format!("== {}", self.name));
        let start = Instant::now();
        let rollouts = Rollouts::new(world.client.clone(), self.app.namespace);
        let release = Release { world, workflow: self, argo: Argo { world, app: &self.app }, rollouts };
        let mut shown = Shown::default();
        let result = match Box::pin(all(&release, &mut shown)).await {
            Ok(()) => clear(world, self.app.namespace).await,
            Err(error) => Err(error),
        };
        let shows = self.shows.iter().map(ToString::to_string).collect();
        report.measure(Measure { name: Measure::SYNC, seconds: shown.syncs });
        report.body((self.name, self.title), shows, start, result, &shown.loads)
    }
}

impl Release<'_> {
    /// The Application over a repository of its own, Synced and Healthy; a developer's clone of that.
    async fn begin(&self, folder: &Path) -> Result<Checkout, Error> {
        clear(self.world, self.namespace()).await?;
        let (clone, url) = Checkout::fresh(folder)?;
        self.deployed(&url).await?;
        Ok(clone)
    }

    /// The Application over a repository, Synced, and its Rollout Healthy.
    async fn deployed(&self, url: &str) -> Result<(), Error> {
        self.argo.begin(url).await?;
        self.settled().await?;
        self.wait(&Condition::Healthy).await
    }

    /// The steps up to the commit that names the new tag, alike in both workflows; returns that commit. No load
    /// stands over them: the compiler would take its time from the servers, and nothing of the cluster moves yet.
    async fn commit(&self, clone: &Checkout) -> Result<String, Error> {
        let Workflow { chart, tag, .. } = self.workflow;
        step(1, "a developer pushes code to Git");
        clone.change_code()?;
        let pushed = clone.remote(&["show", &format!("main:{SOURCE}")])?;
        expect(pushed.contains(AFTER), "the pushed branch has the change")?;

        step(2, "CI builds the image and pushes it");
        let head = clone.release(chart, tag).await?;
        let tags = text("http://127.0.0.1:5000/v2/demo-app/tags/list", None).await?;
        expect(tags.contains(&format!("\"{tag}\"")), &format!("the registry has {tag}: {tags}"))?;

        step(3, "the Helm values name the new tag");
        let values = clone.remote(&["show", &format!("main:charts/{chart}/values.yaml")])?;
        expect(values.contains(&format!("tag: \"{tag}\"")), "the values on the branch name it")?;
        Ok(head)
    }

    /// The step in which Argo CD takes a commit up.
    async fn sync(&self, head: &str, shown: &mut Shown) -> Result<(), Error> {
        let start = Instant::now();
        match self.workflow.news {
            News::Webhook => announce(head).await?,
            News::Refresh => self.argo.refresh().await?,
        }
        self.argo.synced(head, SYNC_WITHIN).await?;
        shown.syncs.push(start.elapsed().as_secs_f64());
        Ok(())
    }

    /// Does something under a load, which is accounted for whatever comes of it. What is done may add marks to the
    /// first one.
    async fn loaded(
        &self,
        host: &str,
        control: bool,
        first: &str,
        shown: &mut Shown,
        work: impl AsyncFnOnce(&mut Shown, &mut Marks) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let load = self.world.requests.start(Load::mixed(host, RATE));
        let mut marks = vec![(self.world.pace.now(), first.to_owned())];
        let done = Box::pin(work(shown, &mut marks)).await;
        let account = load.stop().await;
        shown.loads.push(Loaded { host: host.to_owned(), account, marks, control, reconciled: None });
        done
    }

    async fn settled(&self) -> Result<(), Error> {
        self.argo.until("the application to be Synced and Healthy", WITHIN, settled).await
    }

    fn namespace(&self) -> &'static str {
        self.workflow.app.namespace
    }

    async fn rollout(&self) -> Result<Rollout, Error> {
        self.rollouts.get(self.namespace()).await.map_err(|error| with_causes(&error))
    }

    async fn replica_sets(&self, rollout: &Rollout) -> Result<Vec<ReplicaSet>, Error> {
        self.rollouts.replica_sets(rollout).await.map_err(|error| with_causes(&error))
    }

    async fn answered(&self, host: &str, version: &str) -> Result<(), Error> {
        answered(self.world, host, version).await
    }

    async fn wait(&self, condition: &Condition) -> Result<(), Error> {
        self.rollouts
            .wait(self.namespace(), condition, WITHIN)
            .await
            .map(|_| ())
            .map_err(|error| with_causes(&error))
    }
}

/// A person promotes a blue-green Rollout, and believes it when the answers of its host say so.
async fn promoted(world: &World, rollouts: &Rollouts, name: &str, host: &str) -> Result<Promoted, Error> {
    let probe = Some(Probe::new(world.requests.clone(), host));
    let order = Promotion { name: name.to_owned(), how: Promote::default(), probe, within: WITHIN };
    promotion::promote(rollouts, &order).await.map_err(|error| with_causes(&error))
}

/// Asks until a version answers: an ingress needs a moment to learn of new endpoints.
async fn answered(world: &World, host: &str, version: &str) -> Result<(), Error> {
    let ask = || async {
        let answer = world.requests.send(host, "/").await;
        Ok::<_, Error>((answer.lost().is_none() && answer.version() == Some(version)).then_some(()))
    };
    let asked = wait::until(&*world.pace, INGRESS_WITHIN, format!("{host} to answer {version}"), ask).await;
    asked.map_err(|error| with_causes(&error))
}

/// A folder for a clone, gone when it is dropped.
fn folder() -> Result<tempfile::TempDir, Error> {
    tempfile::tempdir().map_err(|source| Error::file("create", &std::env::temp_dir(), source))
}

/// The ReplicaSet of a version.
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
