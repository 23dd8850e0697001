//! Carries a task out from another program, with its own variables, and looks at the result.
//!
//! ```text
//! cargo run -p task-master --example execute
//! ```

use std::io::Write as _;
use std::path::Path;

use task_manager::project::Place;
use task_master::{Context, execute_task};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let state = tempfile::tempdir()?;
    let here = std::env::current_dir()?;
    let place = Place::find(None, Some(&state.path().join("state")), Path::new(&here))?;
    let mut context = Context::new(place);
    context.environment.insert("STAGE".to_owned(), "demonstration".to_owned());
    context.variables.insert("new".to_owned(), "v3".to_owned());
    let result = execute_task("blue-green-implementation/create-kubernetes-namespace", &context);
    let mut out = std::io::stdout();
    writeln!(out, "success: {}", result.success)?;
    writeln!(out, "output: {}", result.output)?;
    writeln!(out, "error: {:?}", result.error)?;
    writeln!(out, "took: {:?}", result.duration)?;
    Ok(())
}
