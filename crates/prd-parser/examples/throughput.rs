//! How fast a file is parsed, beside comrak's own parse of it, the two in turn:
//! `cargo run --release -p prd-parser --example throughput -- PRD.md`
//!
//! Prints one line of JSON: bytes, and the fastest of many runs of each in seconds. `cargo xtask bench` reads it.

use std::hint::black_box;
use std::io::Write;
use std::time::Instant;

/// comrak by itself, with the dialect that the parser asks it for.
fn comrak(source: &str) -> usize {
    let mut options = comrak::Options::default();
    options.extension.table = true;
    options.extension.strikethrough = true;
    options.extension.front_matter_delimiter = Some("---".to_owned());
    let arena = comrak::Arena::new();
    let root = comrak::parse_document(&arena, source, &options);
    usize::from(root.first_child().is_some())
}

fn seconds<T>(run: impl FnOnce() -> T) -> f64 {
    let started = Instant::now();
    black_box(run());
    started.elapsed().as_secs_f64()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).unwrap_or_else(|| "PRD.md".into());
    let source = std::fs::read_to_string(path)?;
    let (mut ours, mut theirs) = (f64::MAX, f64::MAX);
    for _ in 0..400 {
        ours = ours.min(seconds(|| prd_parser::parse(black_box(&source))));
        theirs = theirs.min(seconds(|| comrak(black_box(&source))));
    }
    let figures = serde_json::json!({"bytes": source.len(), "parse": ours, "comrak": theirs});
    writeln!(std::io::stdout(), "{figures}")?;
    Ok(())
}
