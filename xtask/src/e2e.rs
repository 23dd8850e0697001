//! `cargo xtask e2e`: the scenarios on a target, compared with their transcripts.
//!
//! The scenario's body knows nothing of targets; this is the place that does. Only here, only with
//! `--record`, and only on a real cluster are transcripts written.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kube::config::KubeConfigOptions;
use kube::{Client, Config};
use rollouts_client::pace::RealPace;
use rollouts_sim::Simulator;
use scenario::script::Script;
use scenario::{Header, Outcome, Transcript, World};
use traffic_probe::HttpRequests;

use crate::run::{self, Error};

/// Where scenarios and their transcripts are, below the workspace's root.
const FOLDER: &str = "scenarios";

/// What to run, where, and whether to record.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// `sim`, or `context:NAME` for a context of the kubeconfig.
    #[arg(long, default_value = "sim", value_name = "TARGET")]
    target: String,
    /// Only these scenarios, by the name of their file.
    #[arg(long, num_args = 1.., value_name = "NAME")]
    scenario: Vec<String>,
    /// On a real cluster, agree that the scenarios' namespaces are deleted there before and after each run.
    #[arg(long)]
    yes: bool,
    /// Write the transcripts instead of comparing with them; only on a real cluster.
    #[arg(long)]
    record: bool,
    /// Run each scenario so often; all runs must show the same, or nothing is recorded.
    #[arg(long, default_value_t = 1, value_name = "N")]
    repeat: u32,
    /// The ingress, on loopback; only for a real cluster.
    #[arg(long, default_value = "127.0.0.1:8880", value_name = "ADDRESS")]
    ingress: SocketAddr,
    /// The controller's version, for the header of what is recorded: no API says it.
    #[arg(long, default_value = "v1.10.2", value_name = "VERSION")]
    argo_rollouts: String,
}

/// A scenario's files.
struct Case {
    name: String,
    script: PathBuf,
    transcript: PathBuf,
}

/// Runs the scenarios one after the other, all of them even after a failure.
///
/// # Errors
/// A target that cannot be reached, or the scenarios that failed.
pub(crate) fn run(options: &Options) -> Result<(), Error> {
    let target = Target::parse(&options.target)?;
    if options.record && target == Target::Sim {
        return found("transcripts are recorded on a real cluster only: use --target context:NAME");
    }
    if target != Target::Sim && !options.yes {
        return found(&format!(
            "on {} the scenarios delete their namespaces before and after each run; add --yes if that is meant",
            options.target
        ));
    }
    let cases = cases(&options.scenario)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::Found(format!("the runtime did not start: {error}")))?;
    let mut failed = Vec::new();
    for case in &cases {
        run::say(&format!("== {}", case.name));
        if let Err(error) = runtime.block_on(case.run(options, &target)) {
            run::say_error(&error);
            failed.push(case.name.clone());
        }
    }
    if failed.is_empty() { Ok(()) } else { found(&format!("scenarios that failed: {}", failed.join(", "))) }
}

#[derive(PartialEq)]
enum Target {
    Sim,
    Context(String),
}

impl Target {
    fn parse(text: &str) -> Result<Self, Error> {
        match (text, text.strip_prefix("context:")) {
            ("sim", _) => Ok(Target::Sim),
            (_, Some(name)) if !name.is_empty() => Ok(Target::Context(name.to_owned())),
            _ => found(&format!("unknown target {text:?}: sim or context:NAME")),
        }
    }

    /// A cluster to run one scenario on.
    async fn world(&self, ingress: SocketAddr) -> Result<World, Error> {
        match self {
            Target::Sim => {
                let simulator = Simulator::in_memory(1);
                let (requests, pace) = (simulator.requests(), simulator.pace());
                Ok(World { client: simulator.client(), requests, pace })
            }
            Target::Context(name) => {
                let options = KubeConfigOptions { context: Some(name.clone()), ..Default::default() };
                let mut config = Config::from_kubeconfig(&options)
                    .await
                    .map_err(|error| Error::Found(format!("context {name} of the kubeconfig: {error}")))?;
                // A verb that is sent again by itself could act twice.
                config.default_retry = false;
                let client = Client::try_from(config)
                    .map_err(|error| Error::Found(format!("a client for context {name}: {error}")))?;
                let requests = HttpRequests::new(ingress).map_err(|error| Error::Found(error.to_string()))?;
                Ok(World { client, requests: Arc::new(requests), pace: Arc::new(RealPace::new()) })
            }
        }
    }
}

impl Case {
    async fn run(&self, options: &Options, target: &Target) -> Result<(), Error> {
        let text = run::read_file(&self.script)?;
        let script = scenario::parse(&text)
            .map_err(|error| Error::Found(format!("{}: {error}", self.script.display())))?;
        let world = target.world(options.ingress).await?;
        let mut first: Option<Transcript> = None;
        for _ in 0..options.repeat.max(1) {
            let outcome = self.once(&script, &world).await?;
            for timing in &outcome.timings {
                run::say(&format!("  {} after `{}`: {:.2?}", timing.what, timing.verb, timing.after));
            }
            if let Some(first) = &first {
                same(first, &outcome.transcript, "two runs differ")?;
            }
            first.get_or_insert(outcome.transcript);
        }
        let Some(shown) = first else { return Ok(()) };
        if options.record {
            self.record(&script, shown, &world, options).await
        } else {
            let recorded = run::read_file(&self.transcript)?;
            let recorded = scenario::read(&recorded)
                .map_err(|error| Error::Found(format!("{}: {error}", self.transcript.display())))?;
            same(&recorded, &shown, "the transcript differs (- recorded, + shown)")
        }
    }

    /// One run in a namespace that is empty before, and gone after.
    async fn once(&self, script: &Script, world: &World) -> Result<Outcome, Error> {
        let namespace = &script.rollout.namespace;
        let clear = || async { scenario::clear(world, namespace).await.map_err(|error| with_causes(&error)) };
        clear().await?;
        let outcome = scenario::run(script, &run::root(), world, &mut run::say).await;
        let outcome = outcome.map_err(|error| with_causes(&error))?;
        clear().await?;
        Ok(outcome)
    }

    async fn record(
        &self,
        script: &Script,
        shown: Transcript,
        world: &World,
        options: &Options,
    ) -> Result<(), Error> {
        let version = world.client.apiserver_version().await;
        let version = version.map_err(|error| Error::Found(format!("the API server's version: {error}")))?;
        let root = run::root();
        let own = self.script.strip_prefix(&root).unwrap_or(&self.script).display().to_string();
        let mut files = Vec::new();
        for file in std::iter::once(own.as_str()).chain(script.files()) {
            let sum = scenario::manifest::sum(&root, file).map_err(|error| with_causes(&error))?;
            files.push((file.to_owned(), sum));
        }
        let header = Header {
            date: world.pace.now().strftime("%Y-%m-%d").to_string(),
            kubernetes: version.git_version,
            rollouts: options.argo_rollouts.clone(),
            files,
        };
        let transcript = Transcript { header: Some(header), ..shown };
        let path = &self.transcript;
        run::write_file(path, &transcript.to_string())?;
        run::say(&format!("recorded {}", path.display()));
        Ok(())
    }
}

fn same(recorded: &Transcript, shown: &Transcript, what: &str) -> Result<(), Error> {
    match scenario::difference(recorded, shown) {
        None => Ok(()),
        Some(difference) => found(&format!("{what}:\n{difference}")),
    }
}

/// The scenarios of all folders, or those with the given names.
fn cases(names: &[String]) -> Result<Vec<Case>, Error> {
    let mut cases = Vec::new();
    for folder in entries(&run::root().join(FOLDER))?.into_iter().filter(|path| path.is_dir()) {
        for script in entries(&folder)? {
            if script.extension().is_some_and(|extension| extension == "scenario") {
                let name = script.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                let transcript = script.with_extension("transcript");
                cases.push(Case { name, script, transcript });
            }
        }
    }
    if let Some(unknown) = names.iter().find(|name| !cases.iter().any(|case| case.name == **name)) {
        let known: Vec<&str> = cases.iter().map(|case| case.name.as_str()).collect();
        return found(&format!("no scenario {unknown}; there are {}", known.join(", ")));
    }
    cases.retain(|case| names.is_empty() || names.contains(&case.name));
    Ok(cases)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let error = |source| Error::File { operation: "list", path: folder.to_path_buf(), source };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(error)? {
        paths.push(entry.map_err(error)?.path());
    }
    paths.sort();
    Ok(paths)
}

fn found<T>(message: &str) -> Result<T, Error> {
    Err(Error::Found(message.to_owned()))
}

/// An error with its causes in one text, because [`Error`] keeps only its own kinds of causes.
fn with_causes(error: &dyn std::error::Error) -> Error {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!("\n  caused by: {error}"));
        cause = error.source();
    }
    Error::Found(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_sim_or_a_named_context() {
        assert!(Target::parse("sim").unwrap() == Target::Sim);
        assert!(Target::parse("context:rig").unwrap() == Target::Context("rig".to_owned()));
        for text in ["", "context:", "rig", "simulator"] {
            let error = Target::parse(text).err().unwrap().to_string();
            assert!(error.contains("sim or context:NAME"), "{error}");
        }
    }

    #[test]
    fn nothing_is_recorded_on_the_simulator() {
        let options = Options {
            yes: true,
            target: "sim".to_owned(),
            scenario: Vec::new(),
            record: true,
            repeat: 1,
            ingress: ([127, 0, 0, 1], 8880).into(),
            argo_rollouts: String::new(),
        };
        assert!(run(&options).unwrap_err().to_string().contains("on a real cluster only"));
    }

    #[test]
    fn an_unknown_scenario_is_refused_with_the_known_ones() {
        let error = cases(&["nonsense".to_owned()]).err().unwrap().to_string();
        assert!(error.contains("no scenario nonsense") && error.contains("deploy-and-promote"), "{error}");
        assert_eq!(cases(&["deploy-and-promote".to_owned()]).unwrap().len(), 1);
    }
}
