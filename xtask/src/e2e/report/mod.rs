//! The report of a run: what was counted, how long switches lasted, and whether the promises hold.
//!
//! `target/e2e/report.json` is for programs, `report.md` beside it for people, with a picture of each load.

mod doc;
mod markdown;
mod verdict;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
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

/// A report that grows while scenarios are run.
pub(crate) struct Report {
    doc: ReportDoc,
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
        Ok(Report { doc, folder, start: Instant::now() })
    }

    /// Notes that so many runs were run again.
    pub(crate) fn again(&mut self, runs: usize) {
        self.doc.again += runs;
    }

    /// Adds a scenario with its loads, and draws them.
    pub(crate) fn add(
        &mut self,
        case: &Case,
        took: Duration,
        outcome: &Result<Outcome, Failed>,
    ) -> Result<(), Error> {
        let script = case.script()?;
        let (loads, error) = match outcome {
            Ok(outcome) => (&outcome.loads, None),
            Err(failed) => (&failed.loads, Some(failed.error.to_string())),
        };
        self.scenario(&case.name, &script.title, script.shows, took, error, loads)?;
        if let Some(added) = self.doc.scenarios.last_mut() {
            added.verified = case.is_recorded() || self.doc.measured == Measured::Live;
            if !case.switches() {
                added.loads.iter_mut().for_each(|load| load.switches.clear());
            }
        }
        Ok(())
    }

    /// Adds what any other body has shown since `start`, and says why it failed.
    pub(crate) fn body(
        &mut self,
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
        &mut self,
        name: &str,
        title: &str,
        shows: Vec<String>,
        took: Duration,
        error: Option<String>,
        loads: &[Loaded],
    ) -> Result<(), Error> {
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
        self.doc.scenarios.push(ScenarioDoc {
            name: name.to_owned(),
            title: title.to_owned(),
            shows,
            passed: error.is_none(),
            verified: true,
            error,
            seconds: took.as_secs_f64(),
            loads: docs,
        });
        Ok(())
    }

    /// Adds something that was measured beside the scenarios.
    pub(crate) fn measure(&mut self, measure: Measure) {
        match self.doc.measures.iter_mut().find(|known| known.name == measure.name) {
            Some(known) => known.seconds.extend(measure.seconds),
            None => self.doc.measures.push(measure),
        }
    }

    /// Judges, writes the files, prints the table.
    ///
    /// # Errors
    /// The scenarios that failed and the promises that do not hold.
    pub(crate) fn finish(mut self) -> Result<(), Error> {
        self.doc.seconds = self.start.elapsed().as_secs_f64();
        self.doc.load_average[1] = load_average();
        self.doc.verdicts = verdict::judge(&self.doc);
        let json = serde_json::to_string_pretty(&self.doc)
            .map_err(|error| Error::Found(format!("cannot write the report: {error}")))?;
        run::write_file(&self.folder.join("report.json"), &json)?;
        run::write_file(&self.folder.join("report.md"), &markdown::page(&self.doc))?;
        markdown::verdicts(&self.doc).iter().try_for_each(|line| run::out(line))?;
        run::say(&format!("report: {}", shown(&self.folder.join("report.md"))));
        let wrong = verdict::failures(&self.doc);
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
