//! Many Rollouts, a line each: only what the Rollouts themselves say, so that one request is enough.

use jiff::Timestamp;
use serde::Serialize;

use super::{CanaryView, Replicas, RolloutView, age, columns};
use crate::types::Rollout;

/// One Rollout in a list.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RolloutRow {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// `BlueGreen` or `Canary`.
    pub strategy: &'static str,
    /// The phase to show.
    pub phase: crate::phase::Phase,
    /// The message that goes with it; empty for none.
    pub message: String,
    /// What only a canary has. Without a router its actual weight is 0 here: it is counted in pods, which are not
    /// read.
    pub canary: Option<CanaryView>,
    /// Counts of pods.
    pub replicas: Replicas,
    /// The images that its template asks for.
    pub images: Vec<String>,
    /// Which pods are its own, as kubectl's `-l` takes it.
    pub selector: String,
    /// When it was created.
    pub created: Option<Timestamp>,
}

/// Which columns a table has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Columns {
    /// The namespace comes first.
    pub namespace: bool,
    /// Age, message, images, the actual weight and the selector come last.
    pub wide: bool,
}

impl RolloutRow {
    /// The line of a Rollout.
    pub fn new(rollout: &Rollout) -> Self {
        // A view without any other object has all that a line needs.
        let view = RolloutView::new(rollout, &super::Objects::default(), Timestamp::default());
        let template = rollout.spec.template.as_ref();
        Self {
            namespace: view.namespace,
            name: view.name,
            strategy: view.strategy,
            phase: view.phase,
            message: view.message,
            canary: view.canary,
            replicas: view.replicas,
            images: template
                .map(|template| template.images().map(str::to_owned).collect())
                .unwrap_or_default(),
            selector: view.selector,
            created: view.created,
        }
    }

    fn cells(&self, columns: Columns, now: Timestamp) -> Vec<String> {
        let count = |number: i32| number.to_string();
        let step = self.canary.as_ref().and_then(|canary| canary.step);
        let weight = self.canary.as_ref().map(|canary| canary.set_weight);
        let Replicas { desired, current, updated, ready, available } = self.replicas;
        let mut cells = vec![
            self.name.clone(),
            self.strategy.to_owned(),
            self.phase.to_string(),
            step.map_or_else(dash, |(index, steps)| format!("{index}/{steps}")),
            weight.map_or_else(dash, count),
            format!("{ready}/{current}"),
            count(desired),
            count(updated),
            count(available),
        ];
        if columns.namespace {
            cells.insert(0, self.namespace.clone());
        }
        if columns.wide {
            cells.push(age::human(self.created, now));
            cells.push(if self.message.is_empty() { dash() } else { self.message.clone() });
            cells.push(self.images.join(","));
            let routed = self.canary.as_ref().map(|canary| canary.actual_weight).filter(|weight| *weight > 0);
            cells.push(routed.map_or_else(dash, count));
            cells.push(if self.selector.is_empty() { dash() } else { self.selector.clone() });
        }
        cells
    }
}

fn dash() -> String {
    "-".to_owned()
}

/// The lines under each other, with a head. The columns are upstream's (argo-rollouts 1.10.2,
/// `pkg/kubectl-argo-rollouts/cmd/list`).
pub fn table<'r>(rows: impl IntoIterator<Item = &'r RolloutRow>, columns: Columns, now: Timestamp) -> String {
    let mut head = vec![
        "NAME",
        "STRATEGY",
        "STATUS",
        "STEP",
        "SET-WEIGHT",
        "READY",
        "DESIRED",
        "UP-TO-DATE",
        "AVAILABLE",
    ];
    if columns.namespace {
        head.insert(0, "NAMESPACE");
    }
    if columns.wide {
        head.extend(["AGE", "MESSAGE", "IMAGES", "ACTUAL-WEIGHT", "SELECTOR"]);
    }
    let head = head.into_iter().map(str::to_owned).collect();
    let lines: Vec<Vec<String>> =
        std::iter::once(head).chain(rows.into_iter().map(|row| row.cells(columns, now))).collect();
    let mut text = String::new();
    // Writing to a text cannot fail.
    let _ = columns::write(&lines, &mut text);
    text
}
