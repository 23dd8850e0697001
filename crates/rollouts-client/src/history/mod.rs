//! What became of a Rollout's revisions: who, what, when, why, how long.
//!
//! Read off what a cluster keeps by itself, so that nothing has to be written for it:
//! - the ReplicaSets, one a version, with every revision number that it had;
//! - the Events, which tell when an update began and how it ended. An API server forgets them, after an hour unless
//!   told otherwise; an older revision is then without times, and its outcome is not known;
//! - `managedFields`, which name the program that wrote a field last, and when. A person's name is in none of them: the
//!   audit log has it;
//! - the annotation `kubernetes.io/change-cause`, where someone wrote one.
//!
//! Of what Argo CD deploys, its Application says which commit each sync brought. And off what a verb wrote down when it
//! was given a reason ([`crate::record`]): there a person has a name.

mod build;
mod show;
mod syncs;
mod writers;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Event;
use serde::Serialize;

use crate::diff::Change;
use crate::record::Action;
use crate::types::{AnalysisRun, ReplicaSet, Rollout};
use crate::view::Tag;

/// What a history is read off. Objects of others are sorted out by owner.
#[derive(Debug, Clone, Default)]
pub struct Traces {
    /// ReplicaSets.
    pub replica_sets: Vec<ReplicaSet>,
    /// AnalysisRuns.
    pub analysis_runs: Vec<AnalysisRun>,
    /// Events about the Rollout.
    pub events: Vec<Event>,
    /// The Application of Argo CD that deploys it, if one does and may be read.
    pub application: Option<serde_json::Value>,
}

/// The revisions of a Rollout. Its `Display` is a table, the newest revision first.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct History {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// When this was read.
    pub at: Timestamp,
    /// What Argo CD deploys it, if one does: then what, who and why are in its Git.
    pub argo_cd: Option<String>,
    /// What Argo CD brought, the latest first; of the whole application, so that most may have changed something else.
    pub syncs: Vec<Sync>,
    /// The newest first.
    pub revisions: Vec<Past>,
    /// Who wrote what of the Rollout last, the latest first. The controller is left out.
    pub writers: Vec<Writer>,
}

/// One revision.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Past {
    /// Its number.
    pub revision: i64,
    /// Its ReplicaSet.
    pub replica_set: String,
    /// What that is for the Rollout now; only said of the newest number that it has.
    pub tags: Vec<Tag>,
    /// Images of its containers.
    pub images: Vec<String>,
    /// What its template changed of the one before; `None` when that one is gone.
    pub changes: Option<Vec<Change>>,
    /// When the update to it began.
    pub began: Option<Timestamp>,
    /// When it was promoted, given up, or overtaken.
    pub ended: Option<Timestamp>,
    /// From the one to the other, or to now while it goes on.
    pub seconds: Option<i64>,
    /// What became of it.
    pub outcome: Outcome,
    /// Whoever did something to it last and said why; else the program that wrote its template, known of the newest
    /// alone.
    pub who: Option<String>,
    /// Why, in the words of who did it, else of the change-cause, else of the controller.
    pub why: Option<String>,
    /// The commit whose sync began it, as Argo CD says.
    pub commit: Option<String>,
    /// What people did to it and said why, the earliest first.
    pub actions: Vec<Action>,
    /// Its analyses.
    pub analyses: Vec<Analysis>,
    /// What happened, the earliest first.
    pub events: Vec<Happening>,
    /// Its template as YAML.
    pub template: String,
}

/// What became of a revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// It became the stable version.
    Promoted,
    /// It was the stable version already: an update was taken back.
    Restored,
    /// It was given up, by a person or by a verdict.
    Aborted,
    /// Another version came before it was promoted.
    Superseded,
    /// It goes on, or waits.
    UnderWay,
    /// Its Events are forgotten.
    Unknown,
}

impl Outcome {
    /// In a word or two.
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Promoted => "promoted",
            Outcome::Restored => "went back",
            Outcome::Aborted => "aborted",
            Outcome::Superseded => "superseded",
            Outcome::UnderWay => "under way",
            Outcome::Unknown => "not known",
        }
    }
}

/// An analysis and its verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Analysis {
    /// The AnalysisRun.
    pub name: String,
    /// Its phase.
    pub phase: String,
}

/// An Event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Happening {
    /// When, the first time.
    pub at: Timestamp,
    /// In a word.
    pub reason: String,
    /// In a sentence.
    pub message: String,
}

/// A sync of Argo CD that came to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sync {
    /// When it began.
    pub began: Timestamp,
    /// When it ended.
    pub at: Timestamp,
    /// What it brought.
    pub commit: String,
    /// Whoever asked for it; nobody when Argo CD saw the commit by itself.
    pub by: Option<String>,
}

/// Who wrote some fields last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Writer {
    /// The field manager: a program's name for itself.
    pub manager: String,
    /// When.
    pub at: Option<Timestamp>,
    /// Which, two levels deep, such as `spec.template`.
    pub fields: Vec<String>,
}

impl History {
    /// The history of a Rollout at a time.
    pub fn new(rollout: &Rollout, traces: &Traces, at: Timestamp) -> Self {
        build::history(rollout, traces, at)
    }

    /// One revision of it.
    pub fn of(&self, revision: i64) -> Option<&Past> {
        self.revisions.iter().find(|past| past.revision == revision)
    }
}
