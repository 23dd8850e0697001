//! One program, run several times as a whole process: wall time of each run and the largest resident size.
//!
//! It is a verb of its own (`cargo xtask measure`, hidden), because the kernel accounts the largest resident
//! size over all children that a process has waited for: a process that only ever runs this one program
//! has a clean account.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::run::{self, Error};

/// What to run and how often.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// How many runs to count, after one that is not.
    #[arg(long, default_value_t = 11)]
    runs: usize,
    /// The program and its arguments.
    #[arg(trailing_var_arg = true, required = true, allow_hyphen_values = true)]
    line: Vec<String>,
}

/// The runs of one program.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Runs {
    /// Wall seconds of each counted run, sorted.
    pub(crate) seconds: Vec<f64>,
    /// The largest resident size of any run, in KiB.
    pub(crate) resident_kib: i64,
}

impl Runs {
    /// The middle run.
    pub(crate) fn median(&self) -> Duration {
        Duration::from_secs_f64(self.seconds.get(self.seconds.len() / 2).copied().unwrap_or_default())
    }
}

/// The hidden verb: runs, and prints the account as JSON.
///
/// # Errors
/// When the program cannot be started or ends badly.
#[expect(clippy::print_stdout, reason = "the account is read by the process that asked for it")]
pub(crate) fn print(options: &Options) -> Result<(), Error> {
    let account = here(&options.line, options.runs)?;
    println!("{}", serde_json::to_string(&account).unwrap_or_default());
    Ok(())
}

/// Runs in a fresh process of this program, so that the account holds nothing else.
///
/// # Errors
/// As [`print()`].
pub(crate) fn apart(line: &[String], runs: usize) -> Result<Runs, Error> {
    let own =
        std::env::current_exe().map_err(|source| Error::Start { program: "this program".into(), source })?;
    let mut command = run::command(own);
    command.args(["measure", "--runs", &runs.to_string(), "--"]).args(line);
    let answer = run::read(&mut command)?;
    serde_json::from_str(answer.trim())
        .map_err(|error| Error::Found(format!("the account of {} is not JSON: {error}", line.join(" "))))
}

fn here(line: &[String], runs: usize) -> Result<Runs, Error> {
    let mut seconds = Vec::with_capacity(runs);
    for number in 0..=runs {
        let started = Instant::now();
        run::read(&mut words(line))?;
        if number > 0 {
            seconds.push(started.elapsed().as_secs_f64());
        }
    }
    seconds.sort_by(f64::total_cmp);
    let usage = nix::sys::resource::getrusage(nix::sys::resource::UsageWho::RUSAGE_CHILDREN)
        .map_err(|error| Error::Found(format!("the kernel gives no account of children: {error}")))?;
    Ok(Runs { seconds, resident_kib: usage.max_rss() })
}

fn words(line: &[String]) -> std::process::Command {
    let (program, arguments) =
        line.split_first().map_or(("", &[][..]), |(first, rest)| (first.as_str(), rest));
    let mut command = run::command(program);
    command.args(arguments);
    command
}
