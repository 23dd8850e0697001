//! Many switches in a row under load, our commands and upstream's plugin in turn: how long a switch lasts, how
//! long the command itself takes, and whether anything is lost.
//!
//! Both are measured in the same run, because a machine's load changes from minute to minute and a ratio does not.

use std::time::{Duration, Instant};

use rollouts_client::client::Rollouts;
use rollouts_client::condition::Condition;
use scenario::{Loaded, World};
use serde_json::json;
use traffic_probe::Load;

use super::again;
use super::case::{clear, with_causes};
use super::report::{Measure, Report};
use super::typed::{kubectl, rollout, said, timed, upstream};
use crate::run::{self, Error};

/// The Rollout, its namespace, its container and its host, as the shipped files have them.
const NAME: &str = "blue-green";
const CONTAINER: &str = "demo-app";
const HOST: &str = "blue-green.local";

/// Where the pods write down each POST that they acknowledge: `scenarios/ledger.yaml`.
const LEDGER: &str = "http://ledger.ledger.svc.cluster.local.";

/// Requests a second.
const RATE: u32 = 250;

/// Before the first and after each switch: so much of the load lies around it.
const AROUND: Duration = Duration::from_secs(3);

/// The longest wait for a phase.
const WITHIN: Duration = Duration::from_secs(90);

/// One kind of series.
pub(crate) struct Series {
    /// Its name in the report.
    pub(crate) name: &'static str,
    title: &'static str,
    /// What is applied.
    file: &'static str,
    /// How often our commands switch there and back.
    cycles: usize,
    /// Whether upstream's plugin does the same in turn.
    beside_upstream: bool,
}

/// The preview at full size: the switch is instant.
pub(crate) const FULL_PREVIEW: Series = Series {
    name: "series-full-preview",
    title: "Promotions and rollbacks in a row, preview at full size",
    file: "charts/blue-green-app/rendered/preview-full.yaml",
    cycles: 20,
    beside_upstream: true,
};

/// The shipped values: a promotion first scales the preview up. An undo by the plugin would pause here for ever,
/// so there is nothing to stand beside.
pub(crate) const SHIPPED: Series = Series {
    name: "series-shipped-values",
    title: "Promotions and rollbacks in a row, shipped values",
    file: "charts/blue-green-app/rendered/default.yaml",
    cycles: 5,
    beside_upstream: false,
};

/// Whose command it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    Ours,
    Upstream,
}

impl Series {
    /// Runs it on the host cluster and adds it to the report.
    ///
    /// # Errors
    /// A report that cannot be written; what fails in the series is in the report.
    pub(crate) async fn run(&self, world: &World, report: &Report) -> Result<(), Error> {
        run::say(&format!("== {}", self.name));
        let start = Instant::now();
        let mut done = Done::default();
        let result = Box::pin(self.all(world, &mut done)).await;
        report.body((self.name, self.title), Vec::new(), start, result, &done.loads)?;
        report.again(done.again);
        if self.beside_upstream {
            done.measures().into_iter().for_each(|measure| report.measure(measure));
        }
        Ok(())
    }

    async fn all(&self, world: &World, done: &mut Done) -> Result<(), Error> {
        clear(world, NAME).await?;
        let apply = async |file| said(kubectl(&["apply", "--server-side", "--filename", file])).await;
        apply("scenarios/ledger.yaml").await?;
        said(kubectl(&[
            "wait",
            "--for=condition=Ready",
            "pod/ledger",
            "--namespace=ledger",
            "--timeout=60s",
        ]))
        .await?;
        let environment = json!([{"name": "LEDGER", "value": LEDGER}]).to_string();
        let patch = format!(
            r#"[{{"op": "add", "path": "/spec/template/spec/containers/0/env", "value": {environment}}}]"#
        );
        apply("deploy/namespaces/blue-green.yaml").await?;
        // One after the other at once: patched after it was Healthy, it would be an update that waits for a person.
        apply(self.file).await?;
        said(kubectl(&["patch", "rollout", NAME, "--namespace", NAME, "--type=json", "--patch", &patch]))
            .await?;
        let rollouts = Rollouts::new(world.client.clone(), NAME);
        wait(&rollouts, &Condition::Healthy).await?;
        for cycle in 0..self.cycles {
            for whose in self.whose(cycle) {
                let back = if self.beside_upstream { whose.back(cycle) } else { Back::Rollback };
                run::say(&format!(
                    "  {} of {}: promote, {}{}",
                    cycle + 1,
                    self.cycles,
                    back.verb(),
                    whose.said()
                ));
                self.counted(world, &rollouts, *whose, back, done).await?;
            }
        }
        clear(world, NAME).await
    }

    /// Whose commands a cycle is run with. The plugin's stand beside ours where both go back by an undo.
    fn whose(&self, cycle: usize) -> &'static [Whose] {
        let both = self.beside_upstream && Whose::Ours.back(cycle) == Back::Undo;
        if both { &[Whose::Ours, Whose::Upstream] } else { &[Whose::Ours] }
    }

    /// There and back until the sender was in time, so often as [`again::AGAIN`] allows in the whole series.
    async fn counted(
        &self,
        world: &World,
        rollouts: &Rollouts,
        whose: Whose,
        back: Back,
        done: &mut Done,
    ) -> Result<(), Error> {
        loop {
            // Two tags in turn, so that each update is one.
            let tag = if (done.loads.len() + done.again).is_multiple_of(2) { "v2" } else { "v3" };
            let cycle = self.there_and_back(world, rollouts, whose, back, tag).await?;
            if again::means_nothing(std::slice::from_ref(&cycle.loaded)) && done.again < again::AGAIN {
                done.again += 1;
                run::say(&format!("  {}", again::LATE));
                continue;
            }
            done.promote.push((whose, cycle.promote));
            done.back.push((whose, back, cycle.back));
            done.loads.push(cycle.loaded);
            return Ok(());
        }
    }

    async fn there_and_back(
        &self,
        world: &World,
        rollouts: &Rollouts,
        whose: Whose,
        back: Back,
        tag: &str,
    ) -> Result<Cycle, Error> {
        let image = format!("127.0.0.1:5000/demo-app:{tag}");
        rollouts.set_image(NAME, CONTAINER, &image).await.map_err(|error| with_causes(&error))?;
        wait(rollouts, &Condition::Paused).await?;
        let load = world.requests.start(Load::mixed(HOST, RATE));
        let mut marks = Vec::new();
        world.pace.pass(AROUND).await;
        marks.push((world.pace.now(), format!("promote{}", whose.said())));
        let promote = timed(whose.promote()).await?;
        world.pace.pass(AROUND).await;
        wait(rollouts, &Condition::Healthy).await?;
        marks.push((world.pace.now(), format!("{}{}", back.verb(), whose.said())));
        let back = timed(whose.command_back(back)).await?;
        world.pace.pass(AROUND).await;
        wait(rollouts, &Condition::Healthy).await?;
        let account = load.stop().await;
        let server = world.requests.server_account().await.map_err(|error| with_causes(&error))?;
        let reconciled = Some(account.reconcile(&server));
        let loaded = Loaded { host: HOST.to_owned(), account, marks, control: false, reconciled };
        Ok(Cycle { loaded, promote, back })
    }
}

/// A promotion and the way back: the load around them, and how long the two commands took.
struct Cycle {
    loaded: Loaded,
    promote: Duration,
    back: Duration,
}

/// The way back to the first version.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Back {
    /// Ours alone: the way that fits the state, and proven.
    Rollback,
    /// The template is written back, as both do.
    Undo,
}

impl Back {
    fn verb(self) -> &'static str {
        match self {
            Back::Rollback => "rollback",
            Back::Undo => "undo",
        }
    }
}

/// What a series has shown so far.
#[derive(Default)]
struct Done {
    loads: Vec<Loaded>,
    promote: Vec<(Whose, Duration)>,
    back: Vec<(Whose, Back, Duration)>,
    /// Cycles that were run again.
    again: usize,
}

impl Done {
    fn measures(&self) -> Vec<Measure> {
        let seconds = |times: Vec<Duration>| times.iter().map(Duration::as_secs_f64).collect();
        let promote = |name, whose| {
            let times = self.promote.iter().filter(|(by, _)| *by == whose);
            Measure { name, seconds: seconds(times.map(|(_, time)| *time).collect()) }
        };
        let back = |name, whose, back| {
            let times = self.back.iter().filter(|(by, way, _)| (*by, *way) == (whose, back));
            Measure { name, seconds: seconds(times.map(|(_, _, time)| *time).collect()) }
        };
        vec![
            promote(Measure::PROMOTE, Whose::Ours),
            promote(Measure::PROMOTE_UPSTREAM, Whose::Upstream),
            back(Measure::ROLLBACK, Whose::Ours, Back::Rollback),
            back(Measure::UNDO, Whose::Ours, Back::Undo),
            back(Measure::UNDO_UPSTREAM, Whose::Upstream, Back::Undo),
        ]
    }
}

impl Whose {
    fn said(self) -> &'static str {
        match self {
            Whose::Ours => "",
            Whose::Upstream => " (upstream's plugin)",
        }
    }

    /// The command that does what the plugin's does: send, and return.
    fn promote(self) -> std::process::Command {
        match self {
            Whose::Ours => rollout(NAME, &["promote", NAME, "--no-wait"]),
            Whose::Upstream => upstream(NAME, &["promote", NAME]),
        }
    }

    /// Ours in turn by rollback, which decides the way and proves it, and by the same undo as the plugin's.
    fn back(self, cycle: usize) -> Back {
        if self == Whose::Ours && cycle.is_multiple_of(2) { Back::Rollback } else { Back::Undo }
    }

    fn command_back(self, back: Back) -> std::process::Command {
        match (self, back) {
            (Whose::Ours, Back::Rollback) => rollout(NAME, &["rollback", NAME, "--host", HOST]),
            (Whose::Ours, Back::Undo) => rollout(NAME, &["undo", NAME]),
            (Whose::Upstream, _) => upstream(NAME, &["undo", NAME]),
        }
    }
}

async fn wait(rollouts: &Rollouts, condition: &Condition) -> Result<(), Error> {
    rollouts.wait(NAME, condition, WITHIN).await.map(|_| ()).map_err(|error| with_causes(&error))
}
