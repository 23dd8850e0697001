//! The view as text: a head of fields, then a tree in columns.

use std::fmt;

use super::age::{human, of_seconds};
use super::{AnalysisRunView, PodView, ReplicaSetView, RevisionView, RolloutView, Tag, columns, pod};

pub(super) fn write(view: &RolloutView, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    head(view, f)?;
    writeln!(f)?;
    columns::write(&rows(view), f)
}

fn head(view: &RolloutView, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut field =
        |label: &str, value: &dyn fmt::Display| writeln!(f, "{}", format!("{label:<17}{value}").trim_end());
    field("Name:", &view.name)?;
    field("Namespace:", &view.namespace)?;
    field("Status:", &format!("{} {}", icon(view.phase.as_str()), view.phase))?;
    if !view.message.is_empty() {
        field("Message:", &view.message)?;
    }
    field("Strategy:", &view.strategy)?;
    if let Some(canary) = &view.canary {
        let step = canary.step.map(|(index, steps)| format!("{index}/{steps}")).unwrap_or_default();
        field("  Step:", &step)?;
        field("  SetWeight:", &canary.set_weight)?;
        field("  ActualWeight:", &canary.actual_weight)?;
    }
    for (index, image) in view.images.iter().enumerate() {
        field(if index == 0 { "Images:" } else { "" }, image)?;
    }
    let replicas = view.replicas;
    field("Replicas:", &"")?;
    field("  Desired:", &replicas.desired)?;
    field("  Current:", &replicas.current)?;
    field("  Updated:", &replicas.updated)?;
    field("  Ready:", &replicas.ready)?;
    field("  Available:", &replicas.available)
}

/// NAME, KIND, STATUS, AGE and INFO.
type Row = [String; 5];

fn rows(view: &RolloutView) -> Vec<Row> {
    let mut rows = vec![["NAME", "KIND", "STATUS", "AGE", "INFO"].map(str::to_owned)];
    let status = format!("{} {}", icon(view.phase.as_str()), view.phase);
    let name = format!("⟳ {}", view.name);
    rows.push([name, "Rollout".to_owned(), status, human(view.created, view.at), String::new()]);
    let count = view.revisions.len();
    for (index, revision) in view.revisions.iter().enumerate() {
        let branch = Branch::below("", index + 1 == count);
        rows.push([branch.name("#", &format!("revision:{}", revision.number)), s(), s(), s(), s()]);
        revision_rows(view, revision, &branch.below, &mut rows);
    }
    rows
}

fn s() -> String {
    String::new()
}

fn revision_rows(view: &RolloutView, revision: &RevisionView, below: &str, rows: &mut Vec<Row>) {
    let count = revision.replica_sets.len() + revision.analysis_runs.len();
    for (index, set) in revision.replica_sets.iter().enumerate() {
        let branch = Branch::below(below, index + 1 == count);
        rows.push(replica_set_row(view, set, &branch));
        let pods = set.pods.len();
        for (index, pod) in set.pods.iter().enumerate() {
            rows.push(pod_row(view, pod, &Branch::below(&branch.below, index + 1 == pods)));
        }
    }
    for (index, run) in revision.analysis_runs.iter().enumerate() {
        let last = revision.replica_sets.len() + index + 1 == count;
        rows.push(analysis_run_row(view, run, &Branch::below(below, last)));
    }
}

fn replica_set_row(view: &RolloutView, set: &ReplicaSetView, branch: &Branch) -> Row {
    let mut info: Vec<String> = set.tags.iter().map(|tag| Tag::as_str(*tag).to_owned()).collect();
    if let Some(deadline) = set.scale_down_deadline {
        let left = deadline.duration_since(view.at).as_secs();
        let passed = deadline < view.at;
        info.push(format!("delay:{}", if passed { "passed".to_owned() } else { of_seconds(left) }));
    }
    let status = format!("{} {}", icon(set.status), set.status);
    let age = human(set.created, view.at);
    [branch.name("⧉", &set.name), "ReplicaSet".to_owned(), status, age, info.join(",")]
}

fn pod_row(view: &RolloutView, pod: &PodView, branch: &Branch) -> Row {
    let mut info = format!("ready:{}/{}", pod.ready, pod.containers);
    if pod.restarts > 0 {
        info.push_str(&format!(",restarts:{}", pod.restarts));
    }
    let status = format!("{} {}", pod::icon(&pod.status), pod.status);
    [branch.name("□", &pod.name), "Pod".to_owned(), status, human(pod.created, view.at), info]
}

fn analysis_run_row(view: &RolloutView, run: &AnalysisRunView, branch: &Branch) -> Row {
    let counts = [("✔", run.successful), ("✖", run.failed), ("?", run.inconclusive), ("⚠", run.error)];
    let counts = counts.iter().filter(|(_, count)| *count > 0);
    let info: Vec<_> = counts.map(|(icon, count)| format!("{icon} {count}")).collect();
    let status = format!("{} {}", icon(&run.status), run.status);
    let age = human(run.created, view.at);
    [branch.name("α", &run.name), "AnalysisRun".to_owned(), status, age, info.join(",")]
}

/// Where a row hangs in the tree.
struct Branch {
    own: String,
    below: String,
}

impl Branch {
    fn below(above: &str, last: bool) -> Self {
        let (own, below) = if last { ("└──", "   ") } else { ("├──", "│  ") };
        Branch { own: format!("{above}{own}"), below: format!("{above}{below}") }
    }

    fn name(&self, icon: &str, name: &str) -> String {
        format!("{}{icon} {name}", self.own)
    }
}

fn icon(status: &str) -> &'static str {
    match status {
        "Progressing" | "Running" => "◌",
        "Pending" => "◷",
        "Error" | "InvalidSpec" => "⚠",
        "Paused" => "॥",
        "Healthy" | "Successful" => "✔",
        "Degraded" | "Failed" | "ReplicaFailure" => "✖",
        "Unknown" | "Inconclusive" => "?",
        "ScaledDown" => "•",
        _ => " ",
    }
}
