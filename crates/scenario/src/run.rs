//! Carrying out a script on a cluster that it knows nothing about: a client, a source of requests, a pace.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use kube::Client;
use rollouts_client::client::Rollouts;
use rollouts_client::pace::Pace;
use rollouts_client::proof::Probe;
use rollouts_client::rollback::{self, Order, RollbackError};
use traffic_probe::{Account, Answer, Load, Reconciliation, Requests, RunningLoad};

use crate::act::{ActError, Hands};
use crate::delivery::{Delivery, GitError};
use crate::faults::{FaultError, Faults, SimulatedFaults};
use crate::forge::{Forge, SimulatedForge};
use crate::harm::Harm;
use crate::observe::Observer;
use crate::script::{Action, Command, Expect, Lost, Measure, Named, Script, Step};
use crate::transcript::{FactKind, Section, Transcript};
use crate::watch::{WatchError, Watches};

/// A step ends when nothing new has been seen for so long. Longer than a controller needs for what follows
/// from a change, and than its events take to arrive; much shorter than any delay that a script waits for.
const QUIET: Duration = Duration::from_secs(2);

/// A load goes on for so long before it is stopped, or one that is stopped right after a switch would have
/// sent nothing to the new version.
const AFTERMATH: Duration = Duration::from_millis(500);

/// Where a script runs.
#[derive(Clone)]
pub struct World {
    /// The API.
    pub client: Client,
    /// The way to the ingress.
    pub requests: Arc<dyn Requests>,
    /// How time passes.
    pub pace: Arc<dyn Pace>,
    /// What can go wrong by itself.
    pub faults: Arc<dyn Faults>,
    /// Git, as Argo CD reads it.
    pub forge: Arc<dyn Forge>,
}

impl World {
    /// On a simulated cluster, whose faults are asked of its own API.
    pub fn simulated(client: Client, requests: Arc<dyn Requests>, pace: Arc<dyn Pace>) -> Self {
        let faults = Arc::new(SimulatedFaults(client.clone()));
        let forge = Arc::new(SimulatedForge::new(client.clone()));
        World { client, requests, pace, faults, forge }
    }
}

/// What a run has shown.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// What happened, without a header.
    pub transcript: Transcript,
    /// How long things took. They vary, so no transcript has them.
    pub timings: Vec<Timing>,
    /// The loads, in order, each with what was done meanwhile.
    pub loads: Vec<Loaded>,
}

/// A load that ended.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The host that it was on.
    pub host: String,
    /// The account of its requests.
    pub account: Account,
    /// When which command was called, as it stands in the script.
    pub marks: Vec<(Timestamp, String)>,
    /// Whether losses were asked for: then it is a control, and its account proves the instrument.
    pub control: bool,
    /// The two accounts of its POSTs side by side, where the servers keep one.
    pub reconciled: Option<Reconciliation>,
}

/// How long after a verb something was so.
#[derive(Debug, Clone, PartialEq)]
pub struct Timing {
    /// The command that set it in motion.
    pub verb: String,
    /// What was so.
    pub what: String,
    /// How long after the verb was called.
    pub after: Duration,
}

/// Why a script ended early.
#[derive(Debug, thiserror::Error)]
#[error("line {line}, `{command}`")]
pub struct RunError {
    /// The command's line.
    pub line: usize,
    /// The command.
    pub command: String,
    /// What went wrong.
    #[source]
    pub source: Failure,
    /// The loads that ended before, and the one whose account it was: what they lost was lost all the same.
    pub loads: Vec<Loaded>,
}

/// What went wrong in a command.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// It could not be carried out.
    #[error("carry it out")]
    Act(#[from] ActError),
    /// The rollback did not succeed.
    #[error("roll back")]
    Rollback(#[source] Box<RollbackError>),
    /// The observation broke.
    #[error("observe what happens")]
    Watch(#[from] WatchError),
    /// What was waited for did not come.
    #[error("not so within {within:?}; instead: {state}")]
    TimedOut {
        /// The bound.
        within: Duration,
        /// The state at its end.
        state: String,
    },
    /// The account of a load is not as expected.
    #[error("{lost} requests were lost: {account}")]
    Lost {
        /// How many.
        lost: u64,
        /// The account.
        account: String,
    },
    /// A version answers another share than was asked for.
    #[error("{percent:.2} % instead of {wanted} %: {account}")]
    Share {
        /// What was measured.
        percent: f64,
        /// What was asked for.
        wanted: f64,
        /// The account.
        account: String,
    },
    /// Git did not do it, or the target has none.
    #[error("change what Git states")]
    Git(#[from] GitError),
    /// The target refused a fault, or cannot bring it about.
    #[error("bring the fault about")]
    Fault(#[from] FaultError),
    /// A revision has no pod whose process could be killed.
    #[error("{revision} has no ready pod to kill; instead: {state}")]
    NoPod {
        /// The revision.
        revision: String,
        /// The state.
        state: String,
    },
    /// `load stop` without a load, or a second `load start`.
    #[error("{0}")]
    Load(&'static str),
}

/// Runs a script in a namespace that is empty, with files relative to `root`. `tell` hears of each command
/// before it is carried out, and of all that was seen when one fails.
///
/// # Errors
/// The first command that fails.
pub async fn run(
    script: &Script,
    root: &Path,
    world: &World,
    tell: &mut (dyn FnMut(&str) + Send),
) -> Result<Outcome, RunError> {
    let mut observer = Observer::new(&script.rollout.name);
    let watches =
        Watches::start(&world.client, &script.rollout.namespace, script.is_by_git(), &mut observer).await;
    let watches = watches.map_err(|error| {
        let command = format!("rollout {}/{}", script.rollout.namespace, script.rollout.name);
        RunError { line: 1, command, source: error.into(), loads: Vec::new() }
    })?;
    let mut run = Run {
        script,
        root,
        world,
        observer,
        watches,
        written: 0,
        delivery: Delivery::default(),
        load: None,
        marks: Vec::new(),
        timings: Vec::new(),
        loads: Vec::new(),
        harm: Harm::default(),
    };
    let mut transcript = Transcript::default();
    for step in &script.steps {
        tell(&format!("step {}", step.title));
        match run.step(step, tell).await {
            Ok(section) => transcript.sections.push(section),
            Err(mut error) => {
                error.loads = std::mem::take(&mut run.loads);
                // A failure on a busy machine may not come again: what led to it is told here or nowhere.
                transcript.sections.push(run.observer.finish(&step.title));
                tell(&format!("seen by then:\n{transcript}"));
                run.harm
                    .mend(&*world.faults)
                    .await
                    .iter()
                    .for_each(|left| tell(&format!("left broken: {left}")));
                return Err(error);
            }
        }
    }
    Ok(Outcome { transcript, timings: run.timings, loads: run.loads })
}

struct Run<'a> {
    script: &'a Script,
    root: &'a Path,
    world: &'a World,
    observer: Observer,
    watches: Watches,
    /// The Rollout's resourceVersion after the last write. No wait ends before it has been seen.
    written: u64,
    delivery: Delivery,
    load: Option<Running>,
    /// When which verb was called.
    marks: Vec<(Timestamp, String)>,
    timings: Vec<Timing>,
    loads: Vec<Loaded>,
    harm: Harm,
}

/// The load that is running.
struct Running {
    host: String,
    since: Timestamp,
    load: Box<dyn RunningLoad>,
}

impl Run<'_> {
    async fn step(&mut self, step: &Step, tell: &mut (dyn FnMut(&str) + Send)) -> Result<Section, RunError> {
        for command in &step.commands {
            tell(&format!("  {}", command.text));
            self.command(command).await.map_err(|source| failed(command, source))?;
        }
        if let Some(last) = step.commands.last() {
            self.quiet().await.map_err(|source| failed(last, source))?;
        }
        let mut section = self.observer.finish(&step.title);
        let varies = [&self.script.varies, &step.varies];
        section.facts.retain(|fact| !varies.iter().any(|kinds| kinds.contains(&fact.kind)));
        Ok(section)
    }

    async fn command(&mut self, command: &Command) -> Result<(), Failure> {
        match &command.action {
            Action::Wait { condition, within } => {
                self.until(*within, |run| run.observer.holds(condition)).await?;
                self.time(command.text.clone());
            }
            Action::Hold(duration) => self.pass(*duration).await?,
            Action::Probe { host, expect, within } => self.probe(host, expect, *within).await?,
            Action::StartLoad { host, per_second } => {
                if self.load.is_some() {
                    return Err(Failure::Load("a load is running already"));
                }
                let since = self.world.pace.now();
                let load = self.world.requests.start(Load::mixed(host, *per_second));
                self.load = Some(Running { host: host.clone(), since, load });
            }
            Action::StopLoad { lost } => {
                // Requests that follow the switch belong to its account.
                self.pass(AFTERMATH).await?;
                let Running { host, since, load } =
                    self.load.take().ok_or(Failure::Load("no load is running"))?;
                let account = load.stop().await;
                self.time_switches(&host, since, &account);
                let settled = self.settle_account(&host, &account, *lost);
                let marks = self.marks.iter().filter(|(at, _)| *at >= since).cloned().collect();
                self.loads.push(Loaded {
                    host,
                    account,
                    marks,
                    control: *lost == Lost::Some,
                    reconciled: None,
                });
                settled?;
            }
            Action::Component { component, runs } => {
                self.mark(command);
                self.harm.set_runs(*component, *runs);
                self.world.faults.component(*component, *runs).await?;
            }
            Action::Hang { component, hangs } => {
                self.mark(command);
                self.harm.set_hangs(*component, *hangs);
                self.world.faults.hang(*component, *hangs).await?;
            }
            Action::Measure(measure) => self.measure(measure).await?,
            Action::Kill { revision } => {
                let Some(pod) = self.observer.ready_pod(revision).map(str::to_owned) else {
                    let (revision, state) = (revision.clone(), self.observer.summary());
                    return Err(Failure::NoPod { revision, state });
                };
                self.mark(command);
                self.world.faults.kill(&self.script.rollout.namespace, &pod).await?;
            }
            Action::Git(git) => {
                self.mark(command);
                let commit =
                    Box::pin(self.delivery.act(git, self.world, self.root, &self.script.rollout.namespace));
                commit.await?.iter().for_each(|commit| self.observer.committed(commit));
            }
            Action::Rollback { host } => {
                self.mark(command);
                Box::pin(self.rollback(host)).await?;
            }
            write => {
                self.mark(command);
                let hands = Hands {
                    client: &self.world.client,
                    rollout: &self.script.rollout,
                    root: self.root,
                    now: self.world.pace.now(),
                };
                // Boxed: the clients' futures are large, and most commands need none of them.
                let version = Box::pin(hands.act(write)).await?;
                self.written = self.written.max(version);
            }
        }
        Ok(())
    }

    /// Sends requests, and compares the share of a version with the asked one.
    async fn measure(&mut self, asked: &Measure) -> Result<(), Failure> {
        let load = self.world.requests.start(Load::on(&asked.host, asked.per_second));
        self.pass(Duration::from_secs(1) * asked.requests / asked.per_second).await?;
        let account = load.stop().await;
        check_lost(&account, Lost::Exactly(0))?;
        let got = account.by_version().get(&asked.version).copied().unwrap_or(0);
        #[expect(clippy::cast_precision_loss, reason = "no load sends 2^53 requests")]
        let percent = 100.0 * got as f64 / account.sent().max(1) as f64;
        let Measure { host, version, percent: wanted, points, .. } = asked;
        if (percent - wanted).abs() > *points {
            return Err(Failure::Share { percent, wanted: *wanted, account: account.to_string() });
        }
        self.observer.say(FactKind::Share, format!("{host}: {version} {wanted} % within {points} points"));
        Ok(())
    }

    /// Goes back, and tells what was done for it. What happens meanwhile is observed afterwards: the watches keep it.
    async fn rollback(&mut self, host: &str) -> Result<(), Failure> {
        let Named { namespace, name } = &self.script.rollout;
        let rollouts =
            Rollouts::new(self.world.client.clone(), namespace).with_pace(Arc::clone(&self.world.pace));
        let probe = Probe::new(Arc::clone(&self.world.requests), host);
        let report = rollback::run(&rollouts, &Order::of(name).proven_by(probe)).await;
        let report = report.map_err(|error| Failure::Rollback(Box::new(error)))?;
        self.time("proven".to_owned());
        for deed in report.did {
            self.observer.say(FactKind::Rollback, deed.to_string());
        }
        Ok(())
    }

    /// Lets the world move on until a condition holds.
    async fn until(&mut self, within: Duration, holds: impl Fn(&Self) -> bool) -> Result<(), Failure> {
        let start = self.world.pace.now();
        loop {
            self.watches.drain(&mut self.observer).await?;
            if self.observer.rollout_version() >= self.written && holds(self) {
                return Ok(());
            }
            let left = within.saturating_sub(self.world.pace.since(start));
            if left.is_zero() {
                return Err(Failure::TimedOut { within, state: self.observer.summary() });
            }
            self.world.pace.turn(left).await;
        }
    }

    /// Lets a time pass.
    async fn pass(&mut self, duration: Duration) -> Result<(), Failure> {
        let start = self.world.pace.now();
        loop {
            self.watches.drain(&mut self.observer).await?;
            let left = duration.saturating_sub(self.world.pace.since(start));
            if left.is_zero() {
                return Ok(());
            }
            self.world.pace.turn(left).await;
        }
    }

    /// Lets the world move on until nothing new has been seen for [`QUIET`].
    async fn quiet(&mut self) -> Result<(), Failure> {
        let mut last_news = self.world.pace.now();
        loop {
            if self.watches.drain(&mut self.observer).await? {
                last_news = self.world.pace.now();
            }
            let left = QUIET.saturating_sub(self.world.pace.since(last_news));
            if left.is_zero() {
                return Ok(());
            }
            self.world.pace.turn(left).await;
        }
    }

    /// Asks until the answer is the expected one.
    async fn probe(&mut self, host: &str, expect: &Expect, within: Duration) -> Result<(), Failure> {
        let start = self.world.pace.now();
        loop {
            let answer = self.world.requests.send(host, "/").await;
            if as_expected(&answer, expect) {
                let what = match expect {
                    Expect::Version(version) => version.as_str(),
                    Expect::Nothing => "nothing",
                };
                self.observer.say(FactKind::Request, format!("{host}: {what}"));
                self.time(format!("{host} answers {what}"));
                return Ok(());
            }
            let left = within.saturating_sub(self.world.pace.since(start));
            if left.is_zero() {
                let state = format!("{:?}; {}", answer.outcome, self.observer.summary());
                return Err(Failure::TimedOut { within, state });
            }
            self.world.pace.turn(left).await;
            self.watches.drain(&mut self.observer).await?;
        }
    }

    /// Notes how long after each verb under load each version first answered.
    fn time_switches(&mut self, host: &str, since: Timestamp, account: &Account) {
        for (at, verb) in self.marks.iter().filter(|(at, _)| *at >= since) {
            for version in account.by_version().keys() {
                if let Some(first) = account.first_answer(version, *at) {
                    let after = Duration::try_from(first.duration_since(*at)).unwrap_or_default();
                    let what = format!("{host} answers {version} under load");
                    self.timings.push(Timing { verb: verb.clone(), what, after });
                }
            }
        }
    }

    /// Compares the account of a load with what is expected of it.
    fn settle_account(&mut self, host: &str, account: &Account, expected: Lost) -> Result<(), Failure> {
        let lost = check_lost(account, expected)?;
        let lost = if lost == 0 { "none lost" } else { "some lost" };
        let versions: Vec<String> = account.by_version().into_keys().collect();
        self.observer.say(FactKind::Load, format!("{host}: {lost}, answered by {}", versions.join(", ")));
        Ok(())
    }

    fn mark(&mut self, command: &Command) {
        self.marks.push((self.world.pace.now(), command.text.clone()));
    }

    fn time(&mut self, what: String) {
        if let Some((at, verb)) = self.marks.last() {
            self.timings.push(Timing { verb: verb.clone(), what, after: self.world.pace.since(*at) });
        }
    }
}

/// How many requests were lost, if that is as expected.
fn check_lost(account: &Account, expected: Lost) -> Result<u64, Failure> {
    let lost = account.lost();
    let as_expected = match expected {
        Lost::Exactly(number) => lost == number,
        Lost::Some => lost > 0,
    };
    if as_expected { Ok(lost) } else { Err(Failure::Lost { lost, account: account.to_string() }) }
}

fn failed(command: &Command, source: Failure) -> RunError {
    RunError { line: command.line, command: command.text.clone(), source, loads: Vec::new() }
}

fn as_expected(answer: &Answer, expect: &Expect) -> bool {
    match expect {
        Expect::Version(version) => answer.lost().is_none() && answer.version() == Some(version),
        Expect::Nothing => answer.lost().is_some(),
    }
}
