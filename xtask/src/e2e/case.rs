//! One scenario: run in an empty namespace, compared with its transcript or recorded.

use std::path::PathBuf;

use scenario::script::Script;
use scenario::{Header, Loaded, Outcome, Transcript, World};

use super::found;
use crate::run::{self, Error};

/// Where scenarios and their transcripts are, below the workspace's root.
const FOLDER: &str = "scenarios";

/// A scenario that failed, and the loads that it had by then: what they lost counts.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) error: Error,
    pub(crate) loads: Vec<Loaded>,
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Failed { error, loads: Vec::new() }
    }
}

/// A scenario's files.
#[derive(Debug)]
pub(crate) struct Case {
    /// The name of its files.
    pub(crate) name: String,
    /// The strategy of its Rollout: the name of its folder.
    pub(crate) strategy: String,
    script: PathBuf,
    transcript: PathBuf,
}

impl Case {
    /// The script, read.
    pub(crate) fn script(&self) -> Result<Script, Error> {
        let text = run::read_file(&self.script)?;
        scenario::parse(&text).map_err(|error| Error::Found(format!("{}: {error}", self.script.display())))
    }

    /// One run in a namespace that is empty before, and on its way out after.
    pub(crate) async fn run(
        &self,
        script: &Script,
        world: &World,
        tell: &mut (dyn FnMut(&str) + Send),
    ) -> Result<Outcome, Failed> {
        let namespace = &script.rollout.namespace;
        clear(world, namespace).await?;
        let outcome = scenario::run(script, &run::root(), world, tell).await;
        let outcome =
            outcome.map_err(|failed| Failed { error: with_causes(&failed), loads: failed.loads })?;
        scenario::discard(world, namespace).await.map_err(|error| with_causes(&error))?;
        Ok(outcome)
    }

    /// Whether a real controller has shown it: there is a recording to compare with. Until then it is unverified.
    pub(crate) fn is_recorded(&self) -> bool {
        self.transcript.exists()
    }

    /// Whether a command of it moves all traffic from one version to another. A canary moves shares.
    pub(crate) fn switches(&self) -> bool {
        self.strategy != "canary"
    }

    /// Compares what was shown with the recording.
    pub(crate) fn compare(&self, shown: &Transcript) -> Result<(), Error> {
        let recorded = scenario::read(&run::read_file(&self.transcript)?)
            .map_err(|error| Error::Found(format!("{}: {error}", self.transcript.display())))?;
        same(&recorded, shown, "the transcript differs (- recorded, + shown)")
    }

    /// Writes the recording: nothing else does.
    pub(crate) async fn record(
        &self,
        script: &Script,
        shown: Transcript,
        world: &World,
        rollouts: &str,
    ) -> Result<(), Error> {
        let root = run::root();
        let own = self.script.strip_prefix(&root).unwrap_or(&self.script).display().to_string();
        let mut files = Vec::new();
        for file in std::iter::once(own.as_str()).chain(script.files()) {
            let sum = scenario::manifest::sum(&root, file).map_err(|error| with_causes(&error))?;
            files.push((file.to_owned(), sum));
        }
        let header = Header {
            date: world.pace.now().strftime("%Y-%m-%d").to_string(),
            kubernetes: kubernetes(world).await?,
            rollouts: rollouts.to_owned(),
            files,
        };
        let transcript = Transcript { header: Some(header), ..shown };
        run::write_file(&self.transcript, &transcript.to_string())?;
        run::say(&format!("recorded {}", self.transcript.display()));
        Ok(())
    }
}

/// Empties a namespace, with what would bring its objects back.
pub(crate) async fn clear(world: &World, namespace: &str) -> Result<(), Error> {
    scenario::clear(world, namespace).await.map_err(|error| with_causes(&error))
}

/// The API server's version.
pub(crate) async fn kubernetes(world: &World) -> Result<String, Error> {
    let version = world.client.apiserver_version().await;
    Ok(version.map_err(|error| Error::Found(format!("the API server's version: {error}")))?.git_version)
}

/// An error that shows the difference, if there is one.
pub(crate) fn same(recorded: &Transcript, shown: &Transcript, what: &str) -> Result<(), Error> {
    match scenario::difference(recorded, shown) {
        None => Ok(()),
        Some(difference) => found(&format!("{what}:\n{difference}")),
    }
}

/// The scenarios of all folders.
pub(crate) fn cases() -> Result<Vec<Case>, Error> {
    let mut cases = Vec::new();
    for folder in run::entries(&run::root().join(FOLDER))?.into_iter().filter(|path| path.is_dir()) {
        let strategy = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        for script in run::entries(&folder)? {
            if script.extension().is_some_and(|extension| extension == "scenario") {
                let name = script.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                let transcript = script.with_extension("transcript");
                cases.push(Case { name, strategy: strategy.clone(), script, transcript });
            }
        }
    }
    Ok(cases)
}

/// An error with its causes in one text, because [`Error`] keeps only its own kinds of causes.
pub(crate) fn with_causes(error: &dyn std::error::Error) -> Error {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!("\n  caused by: {error}"));
        cause = error.source();
    }
    Error::Found(text)
}
