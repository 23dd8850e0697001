//! Embedding the task manager: reads a PRD, asks what is next, states a status by hand, and asks again.
//!
//! `cargo run -p task-manager --example tasks -- PRD.md` works on a state folder of its own, which it deletes.

use std::error::Error;
use std::io::Write;
use std::path::{Path, PathBuf};

use task_manager::update::{Statement, update};
use task_manager::{Filters, Place, Project, Status, clock, parse_prd, query};

fn main() -> Result<(), Box<dyn Error>> {
    let prd = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| "PRD.md".to_owned()));
    let state = std::env::temp_dir().join(format!("task-manager-example-{}", std::process::id()));
    let told = tell(&prd, &state, &mut std::io::stdout().lock());
    if state.exists() {
        std::fs::remove_dir_all(&state)?;
    }
    told
}

fn tell(prd: &Path, state: &Path, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    // The PRD's section 7.1, as it stands there.
    let document = parse_prd(prd)?;
    writeln!(out, "{} phases, {} tasks", document.phases.len(), document.tasks.len())?;

    // The same with the places as values: here a state folder that is not beside the PRD.
    let place = Place { prd: prd.to_owned(), state: state.to_owned() };
    let project = Project::open(place.clone())?;
    let Some(first) = query::next(&project, "sim", 1).into_iter().next() else { return Ok(()) };
    writeln!(out, "next: {}", first.id)?;

    let statement = Statement {
        task: &first.id,
        target: "sim",
        status: Status::Completed,
        message: Some("did it by hand"),
        who: "the example",
        at: clock::now(),
    };
    update(&project, &statement)?;

    // A project is what was read when it was opened; what happened since is read by opening it again.
    let project = Project::open(place)?;
    let completed = Filters { status: Some(Status::Completed), ..Filters::default() };
    for task in query::tasks(&project, "sim", &completed)? {
        writeln!(
            out,
            "{}: {} ({})",
            task.id,
            task.status,
            task.evidence.map_or("-", |evidence| evidence.name())
        )?;
    }
    let next = query::next(&project, "sim", 1);
    writeln!(out, "next: {}", next.first().map_or("nothing", |task| &task.id))?;
    Ok(())
}
