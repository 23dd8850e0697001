//! From a code change to the old version gone, by Git and Argo CD: the eleven steps of PRD §10.1, one assertion each.
//!
//! What a developer and CI do is done by Git and by the shipped script, in a clone of what the cluster's own Git
//! server has. What is asserted is asked of the cluster, never of the script.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use kube::api::{DeleteParams, DynamicObject, Patch, PatchParams};
use kube::core::GroupVersionKind;
use kube::discovery::ApiResource;
use kube::{Api, Client, Config};
use rollouts_client::client::Rollouts;
use rollouts_client::condition::Condition;
use rollouts_client::promotion::{self, Promotion};
use rollouts_client::proof::Probe;
use rollouts_client::types::ReplicaSet;
use scenario::{Loaded, World};
use serde_json::{Value, json};
use traffic_probe::Load;

use super::case::with_causes;
use super::found;
use super::report::{Measure, Report};
use crate::cluster;
use crate::run::{self, Error};

/// Its name in the report.
const NAME: &str = "release-by-git";
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
const APPLICATION: &str = "blue-green-app";
const ACTIVE: &str = "blue-green.local";
const PREVIEW: &str = "blue-green-preview.local";
/// The repository on the cluster's Git server, and the one that the shipped files name.
const REPOSITORY: &str = "end-to-end";
const SHIPPED: &str = "https://git.example.com/platform/progressive-delivery.git";
/// The version that is released.
const TAG: &str = "v4";
/// The code change: what `/` says of its colour.
const SOURCE: &str = "crates/demo-app/src/app.rs";
const BEFORE: &str = r#""colour": settings.colour()"#;
const AFTER: &str = r#""colour": "violet""#;

/// Requests a second.
const RATE: u32 = 250;
/// The longest wait for anything but a sync.
const WITHIN: Duration = Duration::from_secs(120);
/// PRD §8.1.
const SYNC_WITHIN: Duration = Duration::from_secs(120);

/// Runs it on the host cluster and adds it to the report.
///
/// # Errors
/// A report that cannot be written; what fails on the way is in the report.
pub(crate) async fn run(world: &World, report: &mut Report) -> Result<(), Error> {
    run::say(&format!("== {NAME}"));
    let start = Instant::now();
    let release = Release { world, rollouts: Rollouts::new(world.client.clone(), ROLLOUT) };
    let mut shown = Shown::default();
    let result = match Box::pin(release.all(&mut shown)).await {
        Ok(()) => release.clear().await,
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
    rollouts: Rollouts,
}

impl Release<'_> {
    async fn all(&self, shown: &mut Shown) -> Result<(), Error> {
        self.clear().await?;
        let folder =
            tempfile::tempdir().map_err(|source| Error::file("create", &std::env::temp_dir(), source))?;
        let clone = self.begin(folder.path()).await?;
        let load = self.world.requests.start(Load::mixed(ACTIVE, RATE));
        let mut marks = Vec::new();
        let mut mark = |what: &str| marks.push((self.world.pace.now(), what.to_owned()));
        let switched = Box::pin(self.eleven(&clone, &mut mark, &mut shown.syncs)).await;
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

    /// The steps of PRD §10.1. Each ends with what shows that it happened.
    async fn eleven(
        &self,
        clone: &Checkout,
        mark: &mut impl FnMut(&str),
        syncs: &mut Vec<f64>,
    ) -> Result<(), Error> {
        step(1, "a developer pushes code to Git");
        clone.change_code()?;
        mark("push");
        let pushed = clone.remote(&["show", &format!("main:{SOURCE}")])?;
        expect(pushed.contains(AFTER), "the pushed branch has the change")?;

        step(2, "CI builds the image and pushes it");
        let head = clone.release(TAG).await?;
        let tags = text("http://127.0.0.1:5000/v2/demo-app/tags/list", None).await?;
        expect(tags.contains(&format!("\"{TAG}\"")), &format!("the registry has {TAG}: {tags}"))?;

        step(3, "the Helm values name the new tag");
        let values = clone.remote(&["show", "main:charts/blue-green-app/values.yaml"])?;
        expect(values.contains(&format!("tag: \"{TAG}\"")), "the values on the branch name it")?;

        step(4, "Argo CD sees the commit and syncs it");
        mark("sync");
        let start = Instant::now();
        self.refresh().await?;
        self.until("Argo CD to have synced the commit", SYNC_WITHIN, |application| {
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
        let service = self.object("v1", "Service", ROLLOUT, "blue-green-active").await?;
        let selected = text_at(&service, "/spec/selector/rollouts-pod-template-hash");
        expect(selected == new, "its selector is the new version's")?;

        step(11, "the old ReplicaSet is scaled down after its delay");
        self.wait(&Condition::ScaledDown).await?;
        expect(promoted.elapsed() >= Duration::from_secs(25), "and not before the delay of 30 s")?;
        let sets = self.rollouts.replica_sets(&rollout).await.map_err(|error| with_causes(&error))?;
        expect(of_hash(&sets, old)?.desired() == 0, "the old version wants no pods")?;
        self.until("the application to be Synced and Healthy", WITHIN, settled).await
    }

    /// The repository with this checkout, the Application over it, and its first version serving.
    async fn begin(&self, folder: &Path) -> Result<Checkout, Error> {
        let url = cluster::fresh_repository(REPOSITORY)?;
        let clone = Checkout { folder: folder.join("clone") };
        run::capture(run::command("git").args(["clone", "--quiet", &url]).arg(&clone.folder))?;
        for file in ["argocd/projects/rollouts-project.yaml", "argocd/applications/blue-green-app.yaml"] {
            let text = run::read_file(&run::root().join(file))?.replace(SHIPPED, &url);
            let object: Value = serde_yaml::from_str(&text).map_err(|error| with_causes(&error))?;
            self.apply(&object).await?;
        }
        self.until("the application to be Synced and Healthy", WITHIN, settled).await?;
        self.wait(&Condition::Healthy).await?;
        Ok(clone)
    }

    /// Deletes the Application with all that it has made.
    async fn clear(&self) -> Result<(), Error> {
        let applications = self.api("argoproj.io/v1alpha1", "Application", "argocd");
        let there = applications.get_opt(APPLICATION).await.map_err(|error| with_causes(&error))?;
        if there.is_some() {
            applications
                .delete(APPLICATION, &DeleteParams::default())
                .await
                .map_err(|error| with_causes(&error))?;
            let deadline = Instant::now() + WITHIN;
            while applications.get_opt(APPLICATION).await.map_err(|error| with_causes(&error))?.is_some() {
                if Instant::now() > deadline {
                    return found("the application is still being deleted");
                }
                self.world.pace.turn(Duration::from_secs(1)).await;
            }
        }
        scenario::clear(self.world, ROLLOUT).await.map_err(|error| with_causes(&error))
    }

    /// Asks Argo CD to look at Git now, as its webhook does.
    async fn refresh(&self) -> Result<(), Error> {
        let patch = json!({"metadata": {"annotations": {"argocd.argoproj.io/refresh": "normal"}}});
        let applications = self.api("argoproj.io/v1alpha1", "Application", "argocd");
        let patched = applications.patch(APPLICATION, &PatchParams::default(), &Patch::Merge(&patch)).await;
        patched.map(|_| ()).map_err(|error| with_causes(&error))
    }

    async fn apply(&self, object: &Value) -> Result<(), Error> {
        let api = self.api(text_at(object, "/apiVersion"), text_at(object, "/kind"), "argocd");
        let params = PatchParams::apply("end-to-end").force();
        let applied = api.patch(text_at(object, "/metadata/name"), &params, &Patch::Apply(object)).await;
        applied.map(|_| ()).map_err(|error| with_causes(&error))
    }

    async fn until(&self, what: &str, within: Duration, holds: impl Fn(&Value) -> bool) -> Result<(), Error> {
        let deadline = Instant::now() + within;
        loop {
            let application =
                self.object("argoproj.io/v1alpha1", "Application", "argocd", APPLICATION).await?;
            if holds(&application) {
                return Ok(());
            }
            if Instant::now() > deadline {
                let status = &application["status"];
                let state = format!(
                    "{} {} {}",
                    status["sync"], status["health"], status["operationState"]["message"]
                );
                return found(&format!("waited {within:?} for {what}: {state}"));
            }
            self.world.pace.turn(Duration::from_secs(1)).await;
        }
    }

    async fn wait(&self, condition: &Condition) -> Result<(), Error> {
        self.rollouts.wait(ROLLOUT, condition, WITHIN).await.map(|_| ()).map_err(|error| with_causes(&error))
    }

    async fn object(&self, version: &str, kind: &str, namespace: &str, name: &str) -> Result<Value, Error> {
        let object =
            self.api(version, kind, namespace).get(name).await.map_err(|error| with_causes(&error))?;
        serde_json::to_value(object).map_err(|error| with_causes(&error))
    }

    fn api(&self, version: &str, kind: &str, namespace: &str) -> Api<DynamicObject> {
        let (group, version) = version.split_once('/').unwrap_or(("", version));
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
        Api::namespaced_with(self.world.client.clone(), namespace, &resource)
    }
}

/// A developer's clone of the repository.
struct Checkout {
    folder: PathBuf,
}

impl Checkout {
    /// Changes the code, commits and pushes.
    fn change_code(&self) -> Result<(), Error> {
        let path = self.folder.join(SOURCE);
        let text = run::read_file(&path)?;
        if !text.contains(BEFORE) {
            return found(&format!("{SOURCE} has no {BEFORE} to change"));
        }
        run::write_file(&path, &text.replace(BEFORE, AFTER))?;
        self.git(&["commit", "--quiet", "--all", "--message", "Show violet"])?;
        self.git(&["push", "--quiet", "origin", "HEAD:main"]).map(|_| ())
    }

    /// Runs the shipped script, and returns the commit that it pushed.
    async fn release(&self, tag: &str) -> Result<String, Error> {
        let own =
            std::env::current_exe().map_err(|source| Error::file("find", Path::new("xtask"), source))?;
        let mut script = run::command("sh");
        script.args(["deploy/ci/release.sh", tag]).current_dir(&self.folder).env("XTASK", own);
        identity(&mut script);
        // In a thread of its own: the load goes on meanwhile.
        let done = tokio::task::spawn_blocking(move || run::capture(&mut script));
        done.await.map_err(|error| Error::Found(format!("the script was not run: {error}")))??;
        Ok(self.git(&["rev-parse", "HEAD"])?.trim().to_owned())
    }

    /// Git on what the server has now.
    fn remote(&self, words: &[&str]) -> Result<String, Error> {
        run::capture(run::command("git").arg("--git-dir").arg(cluster::repository(REPOSITORY)).args(words))
    }

    fn git(&self, words: &[&str]) -> Result<String, Error> {
        let mut command = run::command("git");
        command.args(words).current_dir(&self.folder);
        identity(&mut command);
        run::capture(&mut command)
    }
}

fn identity(command: &mut std::process::Command) {
    for role in ["AUTHOR", "COMMITTER"] {
        command
            .env(format!("GIT_{role}_NAME"), "developer")
            .env(format!("GIT_{role}_EMAIL"), "developer@localhost");
    }
}

fn settled(application: &Value) -> bool {
    text_at(application, "/status/sync/status") == "Synced"
        && text_at(application, "/status/health/status") == "Healthy"
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

fn text_at<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The text that a URL on loopback answers with, asked for under a host's name.
async fn text(url: &str, host: Option<&str>) -> Result<String, Error> {
    let refused = |error: &dyn std::error::Error| Error::Found(format!("GET {url}: {error}"));
    let uri: http::Uri = url.parse().map_err(|error| refused(&error))?;
    let path = uri.path().to_owned();
    let mut config = Config::new(uri);
    config.default_retry = false;
    let client = Client::try_from(config).map_err(|error| refused(&error))?;
    let mut request = http::Request::get(path);
    if let Some(host) = host {
        request = request.header(http::header::HOST, host);
    }
    let request = request.body(Vec::new()).map_err(|error| refused(&error))?;
    client.request_text(request).await.map_err(|error| refused(&error))
}
