//! Prints what a document holds: `cargo run -p prd-parser --example tally -- PRD.md`

use std::io::{Read, Write};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let source = match std::env::args_os().nth(1) {
        Some(path) => std::fs::read_to_string(path)?,
        None => {
            let mut source = String::new();
            std::io::stdin().read_to_string(&mut source)?;
            source
        }
    };
    let parsed = prd_parser::parse(&source);
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", parsed.plan.metadata.title.as_deref().unwrap_or("(no title)"))?;
    writeln!(out, "{}", parsed.tally)?;
    for (index, phase) in parsed.plan.phases.iter().enumerate() {
        let priority = phase.priority.map_or_else(String::new, |priority| format!(" [{priority}]"));
        writeln!(out, "\n{}{priority}  ({})", phase.title, phase.id)?;
        for dependency in &phase.dependencies {
            writeln!(out, "  after {} ({}, line {})", dependency.on, dependency.origin, dependency.line)?;
        }
        for task in parsed.plan.tasks.iter().filter(|task| task.phase == index) {
            let done = if task.checked { 'x' } else { ' ' };
            writeln!(out, "  [{done}] {:4}  {}  ({})", task.line, task.title, task.id)?;
            for dependency in &task.dependencies {
                writeln!(out, "            after {} ({})", dependency.on, dependency.origin)?;
            }
        }
    }
    for found in &parsed.diagnostics {
        writeln!(out, "\n{}:{}: {} ({})", found.severity, found.line, found.message, found.code)?;
        if let Some(help) = &found.help {
            writeln!(out, "  help: {help}")?;
        }
    }
    Ok(())
}
