//! `parse`: reads a PRD, records its plan, prints the account and the changes.

use std::fmt::Write;
use std::path::PathBuf;

use clap::ValueEnum;
use prd_parser::Severity;
use prd_parser::doc::PlanDoc;
use prd_parser::identity::{Carried, Changes};
use task_manager::known::{self, Renames};
use task_manager::ledger::{Ledger, LedgerError};
use task_manager::project::Unsound;
use task_manager::render::count;
use task_manager::{Place, Project, ProjectError, actor, clock};

use super::failure::{Failure, diagnostics};
use super::{Answer, Context, json, yaml};

/// Arguments of `parse`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The PRD, instead of --prd
    file: Option<PathBuf>,
    /// The form
    #[arg(short, long, value_enum, default_value_t = Form::Text)]
    output: Form,
    /// Print the same, record nothing
    #[arg(long)]
    dry_run: bool,
    /// Treat a task with a similar title in the same phase as a new one, instead of letting it keep the old one's state
    #[arg(long)]
    no_renames: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// The account and the changes
    Text,
    /// The plan as one JSON document
    Json,
    /// The plan as one YAML document
    Yaml,
}

/// Runs the command.
pub(crate) fn run(args: &Args, context: &Context) -> Result<Answer, Failure> {
    let place = match &args.file {
        Some(file) => Place::find(Some(file), context.global.state.as_deref(), std::path::Path::new("."))?,
        None => context.place()?,
    };
    let project = Project::open(place)?;
    let renames = if args.no_renames { Renames::Refuse } else { Renames::Accept };
    let changes = if args.dry_run { compare(&project, renames)? } else { record(&project, renames)? };
    let findings = Unsound {
        path: project.place().prd.clone(),
        source: project.source().to_owned(),
        diagnostics: project.parsed().diagnostics.clone(),
    };
    let stdout = match args.output {
        Form::Text => text(&project, &changes, args.dry_run),
        Form::Json => json(&PlanDoc::new(project.parsed()))?,
        Form::Yaml => yaml(&PlanDoc::new(project.parsed()))?,
    };
    Ok(Answer { stderr: diagnostics(&findings, context.error_style), ..Answer::ok(stdout) })
}

fn record(project: &Project, renames: Renames) -> Result<Changes, Failure> {
    let mut ledger = Ledger::open(&project.place().state).map_err(ProjectError::from)?;
    Ok(known::sync(project, &mut ledger, renames, clock::now(), &actor::current())?)
}

fn compare(project: &Project, renames: Renames) -> Result<Changes, Failure> {
    let read = || -> Result<_, LedgerError> { Ok(task_manager::ledger::read(&project.place().state)?.0) };
    let state = read().map_err(ProjectError::from)?;
    let news = known::news(&state, &project.place().prd, project.source(), project.plan(), renames);
    Ok(news.map(|(_, changes)| changes).unwrap_or_default())
}

fn text(project: &Project, changes: &Changes, dry_run: bool) -> String {
    let parsed = project.parsed();
    let mut text = format!("{}: {}\n", project.place().prd.display(), parsed.tally);
    let found = |severity| parsed.diagnostics.iter().filter(|found| found.severity == severity).count();
    let (warnings, notes) = (found(Severity::Warning), found(Severity::Note));
    if warnings + notes > 0 {
        let _ = writeln!(text, "{}, {}", count(warnings, "warning"), count(notes, "note"));
    }
    for known in &changes.added {
        let _ = writeln!(text, "  + added    {}", known.id);
    }
    for carried in &changes.renamed {
        let why = if carried.proposed { "  (similar title; --no-renames makes it a new task)" } else { "" };
        let _ = writeln!(text, "  ~ renamed  {}{why}", way(carried));
    }
    for carried in &changes.moved {
        let _ = writeln!(text, "  > moved    {}", way(carried));
    }
    for known in &changes.removed {
        let _ = writeln!(text, "  - removed  {}", known.id);
    }
    let Changes { added, renamed, moved, removed, .. } = changes;
    let sums = [
        (added.len(), "added"),
        (renamed.len(), "renamed"),
        (moved.len(), "moved"),
        (removed.len(), "removed"),
    ];
    let sums: Vec<_> = sums.iter().map(|(count, what)| format!("{count} {what}")).collect();
    let verdict = match (changes.is_empty(), dry_run) {
        (true, _) => "nothing changed".to_owned(),
        (false, true) => format!("{}; nothing was recorded", sums.join(", ")),
        (false, false) => format!("{}; recorded", sums.join(", ")),
    };
    let _ = writeln!(text, "{verdict}");
    text
}

fn way(carried: &Carried) -> String {
    if carried.from.id == carried.to.id {
        format!("{}: {} -> {}", carried.to.id, carried.from.title, carried.to.title)
    } else {
        format!("{} -> {}", carried.from.id, carried.to.id)
    }
}
