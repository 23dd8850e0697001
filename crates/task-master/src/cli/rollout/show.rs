//! `rollout list` and `rollout watch`, and the documents of `-o json`.

use std::io::IsTerminal as _;

use jiff::Timestamp;
use rollouts_client::client::{Change, Rows};
use rollouts_client::diff::TemplateDiff;
use rollouts_client::phase::Phase;
use rollouts_client::view::{Columns, ImageView, RolloutRow, RolloutView, table};
use serde::Serialize;
use task_manager::exit::Code;
use task_manager::render::Style;
use task_manager::terminal::CLEAR;
use task_master::Context;
use task_master::operator::{self, Scope, Until};

use crate::cli::failure::Failure;
use crate::cli::{App, Form, Output};

/// Arguments of `rollout list`.
#[derive(Debug, clap::Args)]
pub(super) struct List {
    /// Those of every namespace
    #[arg(short = 'A', long)]
    all_namespaces: bool,
    /// Only those whose labels match, as in kubectl: app=shop,tier!=web
    #[arg(short = 'l', long, value_name = "LABELS", default_value = "", hide_default_value = true)]
    selector: String,
    /// As -o wide: age, message, images, the actual weight and the selector too
    #[arg(long)]
    wide: bool,
    /// Go on, and show each that changes, comes or goes
    #[arg(short, long)]
    watch: bool,
}

impl List {
    pub(super) fn run(
        &self,
        context: &Context,
        namespace: String,
        app: &mut App<'_>,
    ) -> Result<Code, Failure> {
        let namespace = (!self.all_namespaces).then_some(namespace);
        let columns =
            Columns { namespace: namespace.is_none(), wide: self.wide || app.global.output == Output::Wide };
        let scope = Scope { namespace, labels: self.selector.clone() };
        if self.watch {
            return follow(context, &scope, columns, app);
        }
        let (rows, now) = operator::list(context, &scope)?;
        if rows.is_empty() && app.form == Form::Text {
            let place =
                scope.namespace.map_or("any namespace".to_owned(), |name| format!("namespace {name}"));
            let matching = if self.selector.is_empty() { "" } else { " with these labels" };
            return Err(Failure::Nothing(format!("no rollout{matching} in {place}")));
        }
        let text = match app.form {
            Form::Text if app.global.output == Output::Name => {
                rows.iter().map(|row| named(&row.name)).collect()
            }
            Form::Json => document("rollout-list", &serde_json::json!({ "rollouts": rows })),
            Form::Text => table(&rows, columns, now),
        };
        app.print(&text)?;
        Ok(Code::Ok)
    }
}

/// `rollout list --watch`: on a terminal the whole list anew at each change; elsewhere the list, and then a line each.
fn follow(context: &Context, scope: &Scope, columns: Columns, app: &mut App<'_>) -> Result<Code, Failure> {
    let screen = std::io::stdout().is_terminal() && app.form == Form::Text;
    let names = app.global.output == Output::Name;
    let mut printed = Ok(());
    let mut see = |change: Option<&Change>, rows: &Rows, now: Timestamp| {
        let text = match (change, app.form) {
            (None, Form::Json) => rows.lines().map(|row| line("rollout-row", row)).collect(),
            (Some(Change::Line(row)), Form::Json) => line("rollout-row", row),
            (Some(Change::Gone(row)), Form::Json) => line("rollout-gone", row),
            (None, Form::Text) if names => rows.lines().map(|row| named(&row.name)).collect(),
            (Some(Change::Line(row) | Change::Gone(row)), Form::Text) if names => named(&row.name),
            (_, Form::Text) if screen => format!("{CLEAR}{}", table(rows.lines(), columns, now)),
            (None, Form::Text) => table(rows.lines(), columns, now),
            (Some(Change::Line(row)), Form::Text) => lined(row, rows, columns, now),
            (Some(Change::Gone(row)), Form::Text) => format!("{} is gone\n", row.name),
        };
        if printed.is_ok() {
            printed = app.print(&text);
        }
    };
    operator::watch_list(context, scope, context.timeout, &mut see)?;
    printed?;
    Ok(Code::Ok)
}

/// The line of one, as it stands in the table of all.
fn lined(row: &RolloutRow, rows: &Rows, columns: Columns, now: Timestamp) -> String {
    let place = rows.lines().position(|one| (&one.namespace, &one.name) == (&row.namespace, &row.name));
    let table = table(rows.lines(), columns, now);
    place.and_then(|place| table.lines().nth(place + 1)).map(|line| format!("{line}\n")).unwrap_or_default()
}

/// Arguments of `rollout watch`.
#[derive(Debug, clap::Args)]
pub(super) struct Watch {
    name: String,
    /// End when it is Healthy (exit code 0), Paused (15) or Degraded (14)
    #[arg(long)]
    until_settled: bool,
}

impl Watch {
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn run(&self, context: &Context, namespace: &str, app: &mut App<'_>) -> Result<Code, Failure> {
        if app.global.output == Output::Name {
            return Err(Failure::Form);
        }
        let until = if self.until_settled { Until::Settled } else { Until::Over };
        let screen = std::io::stdout().is_terminal() && app.form == Form::Text;
        let mut printed = Ok(());
        let mut see = |view: &RolloutView| {
            let text = match app.form {
                Form::Json => line("rollout-view", view),
                Form::Text if screen => format!("{CLEAR}{view}"),
                Form::Text => in_a_line(view),
            };
            if printed.is_ok() {
                printed = app.print(&text);
            }
        };
        let phase = operator::watch(context, namespace, &self.name, until, context.timeout, &mut see)?;
        printed?;
        Ok(if self.until_settled { settled(Some(&phase)) } else { Code::Ok })
    }
}

/// The exit code of a Rollout that was followed until it settled; none of these phases is that in time.
pub(super) fn settled(phase: Option<&Phase>) -> Code {
    match phase {
        Some(Phase::Healthy) => Code::Ok,
        Some(Phase::Paused) => Code::Paused,
        Some(Phase::Degraded) => Code::Degraded,
        _ => Code::Timeout,
    }
}

/// What a log wants of a view: when, phase, and which version is what.
fn in_a_line(view: &RolloutView) -> String {
    let message = if view.message.is_empty() { String::new() } else { format!(" ({})", view.message) };
    let canary = view.canary.as_ref();
    let step = canary.and_then(|canary| canary.step.map(|(index, steps)| format!("step {index}/{steps}")));
    let weight = canary.map(|canary| format!("weight {} of {}", canary.actual_weight, canary.set_weight));
    let ready = format!("{} of {} ready", view.replicas.ready, view.replicas.desired);
    let images = view.images.iter().map(ImageView::to_string).collect::<Vec<_>>().join(", ");
    let parts =
        [step, weight, Some(ready), Some(images)].into_iter().flatten().collect::<Vec<_>>().join("; ");
    format!("{}  {}{message}; {parts}\n", view.at.strftime("%H:%M:%S"), view.phase)
}

/// A difference with what goes and what comes in colours.
pub(super) fn coloured(diff: &TemplateDiff, style: Style) -> String {
    let line = |line: &str| match line.as_bytes().first() {
        Some(b'+') => style.good(line),
        Some(b'-') => style.bad(line),
        Some(b'@') => style.dim(line),
        _ => line.to_owned(),
    };
    diff.to_string().lines().map(|text| line(text) + "\n").collect()
}

/// What kubectl calls a Rollout, and takes for one.
pub(super) fn named(name: &str) -> String {
    format!("rollout.argoproj.io/{name}\n")
}

/// Documents of JSON as YAML, each after the first, or after one `before`, with the line that parts them.
pub(crate) fn yaml(json: &str, before: bool) -> String {
    let documents = serde_json::Deserializer::from_str(json).into_iter::<serde_json::Value>();
    let mut text = String::new();
    for document in documents {
        // It has just been written as JSON: it can be read again. What is no document stays as it is.
        let Some(document) = document.ok().and_then(|value| serde_yaml::to_string(&value).ok()) else {
            return json.to_owned();
        };
        if before || !text.is_empty() {
            text.push_str("---\n");
        }
        text.push_str(&document);
    }
    text
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a, T> {
    schema_version: u32,
    kind: &'static str,
    #[serde(flatten)]
    of: &'a T,
}

/// A document of `-o json`.
pub(super) fn document<T: Serialize>(kind: &'static str, of: &T) -> String {
    let document = Document { schema_version: 1, kind, of };
    // Names and numbers: nothing in it can fail to be written.
    serde_json::to_string_pretty(&document).map(|text| text + "\n").unwrap_or_default()
}

/// The same on one line, for a stream.
fn line<T: Serialize>(kind: &'static str, of: &T) -> String {
    let document = Document { schema_version: 1, kind, of };
    serde_json::to_string(&document).map(|text| text + "\n").unwrap_or_default()
}
