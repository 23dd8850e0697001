//! The report on the wire.

use jiff::Timestamp;
use serde::Serialize;

use super::{SCHEMA_VERSION, TaskDoc};
use crate::report::{Counts, PhaseReport, Report, Totals};
use crate::shown::ItemView;
use crate::state::Showing;
use crate::status::{Evidence, Status};

/// The report: kind `report`.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReportDoc {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// `report`.
    pub kind: &'static str,
    /// The PRD's file.
    pub file: String,
    /// The state folder, to which paths of logs are relative.
    pub state: String,
    /// The PRD's title, or null.
    pub title: Option<String>,
    /// The target that statuses are of.
    pub target: String,
    /// The commit that showings are judged by, or null where it is not known.
    pub commit: Option<String>,
    /// The sums.
    pub totals: TotalsDoc,
    /// The phases in document order.
    pub phases: Vec<PhaseDoc>,
    /// The requirements in document order.
    pub requirements: Vec<ItemDoc>,
    /// The criteria in document order.
    pub criteria: Vec<ItemDoc>,
    /// Ids of the first tasks that can start now.
    pub next: Vec<String>,
    /// Ids of the tasks that failed.
    pub failed: Vec<String>,
    /// Ids of the tasks under way, interrupted, drifted, or waiting for a person.
    pub unfinished: Vec<String>,
}

/// Sums.
#[derive(Debug, Clone, Serialize)]
pub struct TotalsDoc {
    /// Tasks.
    pub tasks: usize,
    /// Requirements.
    pub requirements: usize,
    /// Criteria.
    pub criteria: usize,
    /// Tasks with this status.
    pub pending: usize,
    /// Tasks with this status.
    pub in_progress: usize,
    /// Tasks with this status.
    pub completed: usize,
    /// Tasks with this status.
    pub failed: usize,
    /// Completed tasks by evidence.
    pub evidence: EvidenceTotalsDoc,
    /// How far requirements and criteria are shown.
    pub shown: ShownDoc,
}

/// Completed tasks by evidence.
#[derive(Debug, Clone, Serialize)]
pub struct EvidenceTotalsDoc {
    /// On a real cluster or by a real tool.
    pub live: usize,
    /// On the simulated cluster.
    pub simulated: usize,
    /// By checking the shipped files.
    #[serde(rename = "static")]
    pub fixed: usize,
    /// By a person's word.
    pub stated: usize,
}

/// How far things are shown.
#[derive(Debug, Clone, Serialize)]
pub struct ShownDoc {
    /// Requirements.
    pub requirements: ShownTotalsDoc,
    /// Criteria.
    pub criteria: ShownTotalsDoc,
}

/// Counts by how far shown.
#[derive(Debug, Clone, Serialize)]
pub struct ShownTotalsDoc {
    /// Shown live.
    pub live: usize,
    /// Shown on the simulator only.
    pub simulated: usize,
    /// Not shown.
    pub not_shown: usize,
}

/// A phase.
#[derive(Debug, Clone, Serialize)]
pub struct PhaseDoc {
    /// Its slug.
    pub id: String,
    /// Its number, or null.
    pub number: Option<u32>,
    /// Its title.
    pub title: String,
    /// `Critical`, `High`, `Medium`, `Low` or null.
    pub priority: Option<&'static str>,
    /// How many of its tasks are completed.
    pub completed: usize,
    /// Its tasks in document order.
    pub tasks: Vec<TaskDoc>,
}

/// A requirement or criterion.
#[derive(Debug, Clone, Serialize)]
pub struct ItemDoc {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// The heading under which it stands.
    pub section: String,
    /// `live`, `simulated` or `not_shown`.
    pub shown: &'static str,
    /// What shows it, or null.
    pub by: Option<ShowingDoc>,
    /// A stronger showing at another commit, or null.
    pub stale: Option<ShowingDoc>,
}

/// What showed a requirement or criterion.
#[derive(Debug, Clone, Serialize)]
pub struct ShowingDoc {
    /// The scenario or task.
    pub by: String,
    /// `live` or `simulated`.
    pub evidence: &'static str,
    /// The target.
    pub target: String,
    /// The commit, or null.
    pub commit: Option<String>,
    /// When.
    pub at: Timestamp,
}

impl From<&Report> for ReportDoc {
    fn from(report: &Report) -> Self {
        let ids = |tasks: &[crate::query::TaskView]| tasks.iter().map(|task| task.id.clone()).collect();
        ReportDoc {
            schema_version: SCHEMA_VERSION,
            kind: "report",
            file: report.file.clone(),
            state: report.state.display().to_string(),
            title: report.title.clone(),
            target: report.target.clone(),
            commit: report.commit.clone(),
            totals: TotalsDoc::from(&report.totals),
            phases: report.phases.iter().map(PhaseDoc::from).collect(),
            requirements: report.requirements.iter().map(ItemDoc::from).collect(),
            criteria: report.criteria.iter().map(ItemDoc::from).collect(),
            next: ids(&report.next),
            failed: ids(&report.failed),
            unfinished: ids(&report.unfinished),
        }
    }
}

impl From<&Totals> for TotalsDoc {
    fn from(totals: &Totals) -> Self {
        let Totals { tasks, requirements, criteria } = totals;
        let status = |status: Status| tasks.status(status);
        let shown = |[live, simulated, not_shown]: [usize; 3]| ShownTotalsDoc { live, simulated, not_shown };
        TotalsDoc {
            tasks: tasks.all,
            requirements: requirements.iter().sum(),
            criteria: criteria.iter().sum(),
            pending: status(Status::Pending),
            in_progress: status(Status::InProgress),
            completed: status(Status::Completed),
            failed: status(Status::Failed),
            evidence: EvidenceTotalsDoc::from(tasks),
            shown: ShownDoc { requirements: shown(*requirements), criteria: shown(*criteria) },
        }
    }
}

impl From<&Counts> for EvidenceTotalsDoc {
    fn from(counts: &Counts) -> Self {
        EvidenceTotalsDoc {
            live: counts.evidence(Evidence::Live),
            simulated: counts.evidence(Evidence::Simulated),
            fixed: counts.evidence(Evidence::Static),
            stated: counts.evidence(Evidence::Stated),
        }
    }
}

impl From<&PhaseReport> for PhaseDoc {
    fn from(phase: &PhaseReport) -> Self {
        PhaseDoc {
            id: phase.id.clone(),
            number: phase.number,
            title: phase.title.clone(),
            priority: phase.priority.map(prd_parser::Priority::as_str),
            completed: phase.counts.status(Status::Completed),
            tasks: phase.tasks.iter().map(TaskDoc::from).collect(),
        }
    }
}

impl From<&ItemView> for ItemDoc {
    fn from(item: &ItemView) -> Self {
        ItemDoc {
            id: item.id.clone(),
            title: item.title.clone(),
            section: item.section.clone(),
            shown: item.level.name(),
            by: item.by.as_ref().map(ShowingDoc::from),
            stale: item.stale.as_ref().map(ShowingDoc::from),
        }
    }
}

impl From<&Showing> for ShowingDoc {
    fn from(showing: &Showing) -> Self {
        ShowingDoc {
            by: showing.by.clone(),
            evidence: showing.evidence.name(),
            target: showing.target.clone(),
            commit: showing.commit.clone(),
            at: showing.at,
        }
    }
}
