//! The history as text.

use std::fmt;

use super::{History, Past, Sync, Writer};
use crate::record::Action;
use crate::view::columns;

impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = ["REVISION", "BEGAN", "TOOK", "OUTCOME", "WHAT", "WHO", "WHY"].map(str::to_owned);
        let mut rows = vec![head];
        rows.extend(self.revisions.iter().map(row));
        columns::write(&rows, f)?;
        if let Some(app) = &self.argo_cd {
            writeln!(f, "\nArgo CD deploys it ({app}): who and why are in its Git.")?;
        }
        if !self.syncs.is_empty() {
            writeln!(f, "\nSynced by Argo CD:")?;
            columns::write(&self.syncs.iter().map(sync).collect::<Vec<_>>(), f)?;
        }
        if !self.writers.is_empty() {
            writeln!(f, "\nLast written by:")?;
            columns::write(&self.writers.iter().map(writer).collect::<Vec<_>>(), f)?;
        }
        Ok(())
    }
}

fn row(past: &Past) -> [String; 7] {
    let dash = || "-".to_owned();
    [
        past.revision.to_string(),
        past.began.map_or_else(dash, |at| at.strftime("%Y-%m-%d %H:%M:%S").to_string()),
        past.seconds.map_or_else(dash, length),
        past.outcome.as_str().to_owned(),
        past.what(),
        past.who.clone().unwrap_or_else(dash),
        past.why.clone().unwrap_or_else(dash),
    ]
}

fn sync(sync: &Sync) -> [String; 3] {
    let at = sync.at.strftime("%Y-%m-%d %H:%M:%S").to_string();
    let by = sync.by.as_ref().map_or_else(|| "by itself".to_owned(), |by| format!("for {by}"));
    [format!("  {}", short(&sync.commit)), at, by]
}

/// A commit as people write it.
fn short(commit: &str) -> &str {
    commit.get(..10).unwrap_or(commit)
}

fn writer(writer: &Writer) -> [String; 3] {
    let at = writer.at.map(|at| at.strftime("%Y-%m-%d %H:%M:%S").to_string()).unwrap_or_default();
    [format!("  {}", writer.manager), at, writer.fields.join(", ")]
}

/// `95` as `1m35s`.
fn length(seconds: i64) -> String {
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds}s"),
        (0, minutes, seconds) => format!("{minutes}m{seconds}s"),
        (hours, minutes, _) => format!("{hours}h{minutes}m"),
    }
}

impl Past {
    /// What it changed, in one line: its images, else how many fields.
    pub fn what(&self) -> String {
        let Some(changes) = &self.changes else { return self.images.join(", ") };
        let mut images = changes.iter().filter(|change| change.path.ends_with("].image")).peekable();
        if images.peek().is_none() {
            return match changes.as_slice() {
                [] => "nothing".to_owned(),
                [one] => one.path.clone(),
                [first, ..] => format!("{} and {} more fields", first.path, changes.len() - 1),
            };
        }
        let text = |value: &Option<serde_json::Value>| {
            value.as_ref().and_then(|value| value.as_str()).unwrap_or("nothing").to_owned()
        };
        let short = |(from, to): (String, String)| match (from.rsplit_once(':'), to.rsplit_once(':')) {
            (Some((name, old)), Some((same, new))) if name == same => {
                format!("{}: {old} → {new}", name.rsplit('/').next().unwrap_or(name))
            }
            _ => format!("{from} → {to}"),
        };
        images.map(|image| short((text(&image.from), text(&image.to)))).collect::<Vec<_>>().join(", ")
    }
}

impl fmt::Display for Past {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut field = |label: &str, value: String| match value.is_empty() {
            true => Ok(()),
            false => writeln!(f, "{label:<12}{value}"),
        };
        let time = |at: jiff::Timestamp| at.to_string();
        let took = self.seconds.map(|seconds| format!(" after {}", length(seconds))).unwrap_or_default();
        let tags: Vec<_> = self.tags.iter().map(|tag| tag.as_str()).collect();
        let tags = if tags.is_empty() { String::new() } else { format!(" ({})", tags.join(", ")) };
        field("Revision:", self.revision.to_string())?;
        field("Outcome:", format!("{}{took}", self.outcome.as_str()))?;
        field("Why:", self.why.clone().unwrap_or_default())?;
        field("Who:", self.who.clone().unwrap_or_default())?;
        field("Commit:", self.commit.clone().unwrap_or_default())?;
        field("Began:", self.began.map(time).unwrap_or_default())?;
        field("Ended:", self.ended.map(time).unwrap_or_default())?;
        field("ReplicaSet:", format!("{}{tags}", self.replica_set))?;
        field("Images:", self.images.join(", "))?;
        if let Some(changes) = &self.changes {
            writeln!(f, "\nChanged of the revision before:")?;
            changes.iter().try_for_each(|change| writeln!(f, "  {change}"))?;
        }
        if !self.actions.is_empty() {
            writeln!(f, "\nActions:")?;
            let row = |action: &Action| {
                let at = action.at.strftime("%Y-%m-%d %H:%M:%S");
                [format!("  {at}"), action.who.clone(), action.did.clone(), action.why.clone()]
            };
            columns::write(&self.actions.iter().map(row).collect::<Vec<_>>(), f)?;
        }
        if !self.analyses.is_empty() {
            writeln!(f, "\nAnalyses:")?;
            let rows = self.analyses.iter().map(|one| [format!("  {}", one.name), one.phase.clone()]);
            columns::write(&rows.collect::<Vec<_>>(), f)?;
        }
        if !self.events.is_empty() {
            writeln!(f, "\nEvents:")?;
            let row = |event: &super::Happening| {
                let at = event.at.strftime("%H:%M:%S");
                [format!("  {at}"), event.reason.clone(), event.message.clone()]
            };
            columns::write(&self.events.iter().map(row).collect::<Vec<_>>(), f)?;
        }
        writeln!(f, "\nTemplate:")?;
        self.template.lines().try_for_each(|line| writeln!(f, "  {line}"))
    }
}
