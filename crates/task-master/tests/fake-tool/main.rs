//! Stands in for terraform, kubectl, argocd and helm: hard-linked under their names into a folder on PATH.
//!
//! Beside that folder lies `fake/`: `rules.json` says what to answer, `calls.jsonl` gets one line a call and
//! one a signal, `effects.log` one line for each effect applied, and `world/` holds the effects as files.
//! The first rule whose `args` all occur, in order, and whose `when`/`unless` file is there or not, answers.

use std::fs::OpenOptions;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::json;

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Rule {
    tool: String,
    args: Vec<String>,
    when: Option<String>,
    unless: Option<String>,
    exit: i32,
    stdout: String,
    stderr: String,
    /// Does nothing until told to end; ends at the given number of signals (0: never).
    hang: Option<usize>,
    /// A file of the world that this call creates, which counts as an effect.
    creates: Option<String>,
    /// A file of the world that this call removes, which counts as an effect.
    removes: Option<String>,
    /// Leaves a process behind that holds the output open.
    leaves_child: bool,
}

fn main() {
    std::process::exit(run().unwrap_or_else(|error| {
        let _ = writeln!(std::io::stderr(), "fake-tool: {error}");
        99
    }));
}

fn run() -> Result<i32, Box<dyn std::error::Error>> {
    let exe = PathBuf::from(std::env::args_os().next().ok_or("no program name")?);
    let tool = exe.file_name().ok_or("no name")?.to_string_lossy().into_owned();
    let home = exe.parent().and_then(Path::parent).ok_or("no folder")?.join("fake");
    let args: Vec<String> = std::env::args().skip(1).collect();
    if args == ["__sleep"] {
        loop {
            std::thread::park();
        }
    }
    let mut input = String::new();
    std::io::stdin().read_to_string(&mut input)?;
    let env: std::collections::BTreeMap<_, _> = std::env::vars().collect();
    let cwd = std::env::current_dir()?;
    note(&home, &json!({"tool": tool, "args": args, "env": env, "cwd": cwd, "stdin": input}))?;
    let rules: Vec<Rule> = serde_json::from_str(&std::fs::read_to_string(home.join("rules.json"))?)?;
    let world = home.join("world");
    let there = |name: &Option<String>| name.as_ref().map(|name| world.join(name).exists());
    let rule = rules
        .into_iter()
        .find(|rule| {
            rule.tool == tool
                && in_order(&rule.args, &args)
                && there(&rule.when) != Some(false)
                && there(&rule.unless) != Some(true)
        })
        .ok_or_else(|| format!("no rule for {tool} {args:?}"))?;
    answer(&rule, &home, &exe)
}

#[expect(clippy::disallowed_methods, reason = "this is the program that is started, not the one that starts")]
fn answer(rule: &Rule, home: &Path, exe: &Path) -> Result<i32, Box<dyn std::error::Error>> {
    if rule.leaves_child {
        std::process::Command::new(exe).arg("__sleep").spawn()?;
    }
    write!(std::io::stdout(), "{}", rule.stdout)?;
    std::io::stdout().flush()?;
    write!(std::io::stderr(), "{}", rule.stderr)?;
    if let Some(signals) = rule.hang {
        hang(signals, home)?;
    }
    if let Some(name) = &rule.creates {
        std::fs::create_dir_all(home.join("world"))?;
        std::fs::write(home.join("world").join(name), "")?;
        append(home, "effects.log", &format!("+{name}"))?;
    }
    if let Some(name) = &rule.removes {
        std::fs::remove_file(home.join("world").join(name))?;
        append(home, "effects.log", &format!("-{name}"))?;
    }
    Ok(rule.exit)
}

fn hang(signals: usize, home: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let mut seen = signal_hook::iterator::Signals::new([2, 15])?;
    append(home, "calls.jsonl", "{\"hanging\":true}")?;
    let mut count = 0;
    for signal in seen.forever() {
        note(home, &json!({ "signal": signal }))?;
        count += 1;
        if count == signals {
            break;
        }
    }
    Ok(())
}

fn in_order(wanted: &[String], args: &[String]) -> bool {
    let mut args = args.iter();
    wanted.iter().all(|word| args.any(|arg| arg == word))
}

fn note(home: &Path, line: &serde_json::Value) -> std::io::Result<()> {
    append(home, "calls.jsonl", &line.to_string())
}

fn append(home: &Path, file: &str, line: &str) -> std::io::Result<()> {
    let mut file = OpenOptions::new().create(true).append(true).open(home.join(file))?;
    file.write_all(format!("{line}\n").as_bytes())
}
