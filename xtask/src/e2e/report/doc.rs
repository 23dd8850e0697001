//! The wire form of the report.

use std::collections::BTreeMap;

use serde::Serialize;
use traffic_probe::doc::AccountDoc;
use traffic_probe::{Measured, Reconciliation};

use crate::e2e::switch::Switch;

/// Raised when a field is added or changes its meaning.
pub(crate) const SCHEMA_VERSION: u32 = 2;

/// The whole report.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReportDoc {
    pub(crate) schema_version: u32,
    /// `sim`, `host`, `kind` or `context:NAME`.
    pub(crate) target: String,
    /// `smoke`, `full` or `selected`.
    pub(crate) suite: String,
    /// Where the counts come from.
    pub(crate) measured: Measured,
    /// The commit, with `, changed` when files differ from it.
    pub(crate) commit: String,
    /// Versions of components, by name.
    pub(crate) versions: BTreeMap<String, String>,
    /// The machine's load average at the beginning and at the end.
    pub(crate) load_average: [String; 2],
    /// The whole run, in seconds.
    pub(crate) seconds: f64,
    /// Runs that were run again because the sender was late. They are in nothing else here.
    pub(crate) again: usize,
    pub(crate) scenarios: Vec<ScenarioDoc>,
    /// What was measured beside them.
    pub(crate) measures: Vec<Measure>,
    pub(crate) verdicts: Vec<Verdict>,
}

/// One scenario.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ScenarioDoc {
    pub(crate) name: String,
    pub(crate) title: String,
    /// The requirement and criterion ids that it shows.
    pub(crate) shows: Vec<String>,
    pub(crate) passed: bool,
    /// Whether it was compared with a recording of a real controller, or is one itself. A simulated scenario that
    /// was not is unverified.
    pub(crate) verified: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
    pub(crate) seconds: f64,
    pub(crate) loads: Vec<LoadDoc>,
}

/// One load of a scenario.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LoadDoc {
    pub(crate) host: String,
    /// Whether losses were asked for.
    pub(crate) control: bool,
    /// Whether the sender kept to its schedule.
    pub(crate) valid: bool,
    /// The picture's file, beside the report.
    pub(crate) picture: String,
    pub(crate) account: AccountDoc,
    /// The two accounts of its POSTs side by side, where the servers kept one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reconciled: Option<Reconciliation>,
    pub(crate) switches: Vec<SwitchDoc>,
}

/// One switch of traffic.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SwitchDoc {
    /// The command that caused it.
    pub(crate) command: String,
    pub(crate) from: String,
    pub(crate) to: String,
    /// From the start of the command to the last answer of the old version.
    pub(crate) seconds: f64,
    /// Requests sent within 2 s of it.
    pub(crate) around: u64,
}

impl SwitchDoc {
    pub(crate) fn of(switch: &Switch) -> Self {
        SwitchDoc {
            command: switch.command.clone(),
            from: switch.from.clone(),
            to: switch.to.clone(),
            seconds: switch.took.as_secs_f64(),
            around: switch.around,
        }
    }
}

/// Something that was measured several times: its values in seconds, in the order in which they came.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Measure {
    /// As in [`Measure::PROMOTE`] and the like.
    pub(crate) name: &'static str,
    pub(crate) seconds: Vec<f64>,
}

impl Measure {
    /// `cluster up` with everything compiled, to all healthy.
    pub(crate) const CLUSTER_UP: &'static str = "cluster up";
    /// A commit until Argo CD has synced it.
    pub(crate) const SYNC: &'static str = "Argo CD sync";
    /// Our promote command as a process.
    pub(crate) const PROMOTE: &'static str = "promote";
    /// The upstream plugin's, in the same run.
    pub(crate) const PROMOTE_UPSTREAM: &'static str = "promote, upstream's plugin";
    /// Our way back as a process, proof included.
    pub(crate) const ROLLBACK: &'static str = "rollback";
    /// Our undo, which proves nothing either.
    pub(crate) const UNDO: &'static str = "undo";
    /// The upstream plugin's undo, which proves nothing.
    pub(crate) const UNDO_UPSTREAM: &'static str = "undo, upstream's plugin";

    /// The slowest; none of nothing.
    pub(crate) fn slowest(&self) -> Option<f64> {
        self.seconds.iter().copied().reduce(f64::max)
    }

    /// The median; none of nothing.
    pub(crate) fn median(&self) -> Option<f64> {
        let mut sorted = self.seconds.clone();
        sorted.sort_by(f64::total_cmp);
        sorted.get(sorted.len() / 2).copied()
    }
}

/// Whether a promise holds.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Verdict {
    /// What was promised, and where.
    pub(crate) promise: &'static str,
    /// The bound, in words.
    pub(crate) bound: &'static str,
    /// What was found, in words.
    pub(crate) found: String,
    /// `null` when this run did not measure it.
    pub(crate) holds: Option<bool>,
}
