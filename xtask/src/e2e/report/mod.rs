//! The report of a run: what was counted, how long switches lasted, and whether the promises hold.
//!
//! `target/e2e/report.json` is for programs, `report.md` beside it for people, with a picture of each load.

mod doc;
mod markdown;
mod verdict;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use scenario::{Loaded, Outcome};
use traffic_probe::Measured;
use traffic_probe::doc::AccountDoc;
use traffic_probe::picture::{self, Mark, Picture};

use super::case::{Case, Failed};
use super::switch::switches;
use super::target::load_average;
use crate::run::{self, Error};

pub(crate) use doc::Measure;
use doc::{LoadDoc, ReportDoc, ScenarioDoc, SwitchDoc};

/// Where reports are written, below the workspace's root.
const FOLDER: &str = "target/e2e";

/// The width of a bucket of the accounts in the report.
const BUCKET: Duration = Duration::from_millis(500);

/// A report that grows while scenarios are run, several at once.
pub(crate) struct Report {
    doc: Mutex<ReportDoc>,
    folder: PathBuf,
    start: Instant,
}

impl Report {
    /// An empty report. An older one at the same place is deleted, so that no picture of it is left.
    pub(crate) fn begin(
        target: &str,
        suite: &str,
        versions: BTreeMap<String, String>,
        measured: Measured,
    ) -> Result<Self, Error> {
        let folder = run::root().join(FOLDER);
        if folder.is_dir() {
            std::fs::remove_dir_all(&folder).map_err(|source| Error::file("delete", &folder, source))?;
        }
        run::create_folder(&folder)?;
        let doc = ReportDoc {
            schema_version: doc::SCHEMA_VERSION,
            target: target.to_owned(),
            suite: suite.to_owned(),
            measured,
            commit: commit(),
            versions,
            load_average: [load_average(), String::new()],
            seconds: 0.0,
            again: 0,
            scenarios: Vec::new(),
            measures: Vec::new(),
            verdicts: Vec::new(),
        };
        Ok(Report { doc: Mutex::new(doc), folder, start: Instant::now() })
    }

    fn doc(&self) -> MutexGuard<'_, ReportDoc> {
        self.doc.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that so many runs were run again.
    pub(crate) fn again(&self, runs: usize) {
        self.doc().again += runs;
    }

    /// Adds a scenario with its loads, and draws them.
    pub(crate) fn add(
        &self,
        case: &Case,
        took: Duration,
        outcome: &Result<Outcome, Failed>,
    ) -> Result<(), Error> {
        let script = case.script()?;
        let (loads, error) = match outcome {
            Ok(outcome) => (&outcome.loads, None),
            Err(failed) => (&failed.loads, Some(failed.error.to_string())),
        };
        let mut added = self.document(&case.name, &script.title, script.shows, took, error, loads)?;
        if !case.switches() {
            added.loads.iter_mut().for_each(|load| load.switches.clear());
        }
        let mut doc = self.doc();
        added.verified = case.is_recorded() || doc.measured == Measured::Live;
        doc.scenarios.push(added);
        Ok(())
    }

    /// Adds what any other body has shown since `start`, and says why it failed.
    pub(crate) fn body(
        &self,
        (name, title): (&str, &str),
        shows: Vec<String>,
        start: Instant,
        result: Result<(), Error>,
        loads: &[Loaded],
    ) -> Result<(), Error> {
        if let Err(error) = &result {
            run::say_error(error);
        }
        let error = result.err().map(|error| error.to_string());
        self.scenario(name, title, shows, start.elapsed(), error, loads)
    }

    /// Adds what was shown under a name of its own.
    pub(crate) fn scenario(
        &self,
        name: &str,
        title: &str,
        shows: Vec<String>,
        took: Duration,
        error: Option<String>,
        loads: &[Loaded],
    ) -> Result<(), Error> {
        let added = self.document(name, title, shows, took, error, loads)?;
        self.doc().scenarios.push(added);
        Ok(())
    }

    /// The same as the report has it, its pictures drawn.
    fn document(
        &self,
        name: &str,
        title: &str,
        shows: Vec<String>,
        took: Duration,
        error: Option<String>,
        loads: &[Loaded],
    ) -> Result<ScenarioDoc, Error> {
        let mut docs = Vec::new();
        for (index, loaded) in loads.iter().enumerate() {
            let file = format!("{name}-{}.svg", index + 1);
            run::write_file(&self.folder.join(&file), &drawn(title, loaded))?;
            docs.push(LoadDoc {
                host: loaded.host.clone(),
                control: loaded.control,
                valid: loaded.account.validity().is_valid(),
                picture: file,
                account: AccountDoc::new(&loaded.account, BUCKET),
                reconciled: loaded.reconciled.clone(),
                switches: switches(loaded).iter().map(SwitchDoc::of).collect(),
            });
        }
        Ok(ScenarioDoc {
            name: name.to_owned(),
            title: title.to_owned(),
            shows,
            passed: error.is_none(),
            verified: true,
            error,
            seconds: took.as_secs_f64(),
            loads: docs,
        })
    }

    /// Adds something that was measured beside the scenarios.
    pub(crate) fn measure(&self, measure: Measure) {
        let mut doc = self.doc();
        match doc.measures.iter_mut().find(|known| known.name == measure.name) {
            Some(known) => known.seconds.extend(measure.seconds),
            None => doc.measures.push(measure),
        }
    }

    /// Judges, writes the files, prints the table.
    ///
    /// # Errors
    /// The scenarios that failed and the promises that do not hold.
    pub(crate) fn finish(self) -> Result<(), Error> {
        let Report { doc, folder, start } = self;
        let mut doc = doc.into_inner().unwrap_or_else(PoisonError::into_inner);
        doc.seconds = start.elapsed().as_secs_f64();
        doc.load_average[1] = load_average();
        doc.verdicts = verdict::judge(&doc);
        let json = serde_json::to_string_pretty(&doc)
            .map_err(|error| Error::Found(format!("cannot write the report: {error}")))?;
        run::write_file(&folder.join("report.json"), &json)?;
        run::write_file(&folder.join("report.md"), &markdown::page(&doc))?;
        markdown::verdicts(&doc).iter().try_for_each(|line| run::out(line))?;
        run::say(&format!("report: {}", shown(&folder.join("report.md"))));
        let wrong = verdict::failures(&doc);
        if wrong.is_empty() { Ok(()) } else { Err(Error::Found(wrong.join("\n"))) }
    }
}

fn drawn(title: &str, loaded: &Loaded) -> String {
    let mark = |(at, label): &(jiff::Timestamp, String)| Mark { at: *at, label: label.clone() };
    let marks = loaded.marks.iter().map(mark).collect();
    let title = format!("{title}: {}", loaded.host);
    picture::svg(&loaded.account, &Picture { title, marks, step: None })
}

fn shown(path: &Path) -> String {
    path.strip_prefix(run::root()).unwrap_or(path).display().to_string()
}

/// The commit that is checked out, with a mark when files differ from it; empty outside a repository.
fn commit() -> String {
    let git = |words: &[&str]| run::capture(run::command("git").args(words)).unwrap_or_default();
    let head = git(&["rev-parse", "HEAD"]).trim().to_owned();
    let changed = !git(&["status", "--porcelain", "--untracked-files=no"]).trim().is_empty();
    if changed { format!("{head}, changed") } else { head }
}
