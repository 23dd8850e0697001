//! The command line: one file a command, and the readers that show what the engine says.
//!
//! What a command prints goes to the writers that it is given. An error leaves standard output empty and is
//! one message on standard error; a reader of ours that stops early (`| head -1`) is no error.

mod complete;
mod execute_phase;
mod execute_task;
mod failure;
mod jsonl;
mod logs;
mod plan;
mod plugin;
mod progress;
mod resume;
mod rollout;
mod runs;
mod summary;
mod text;

use std::ffi::OsString;
use std::io::{self, IsTerminal as _, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{CommandFactory as _, Parser, Subcommand, ValueEnum};
use task_manager::exit::Code;
use task_manager::project::{Place, ProjectError};
use task_manager::render::Style;
use task_manager::terminal::{Colour, Shown, style};
use task_master::runner::{Interrupts, Shim};
use task_master::{Context, Target};

use failure::Failure;

/// Carries out the tasks of a PRD by its runbook, and proves that it did.
///
/// Exit codes: 0 done, 1 a task failed, 2 usage, 3 PRD, runbook, template or linted file invalid, 4 nothing matched, 5 tasks
/// outstanding or only manual, 6 locked by another run, 7 state corrupt, newer or read-only, 8 a tool is missing, 9 input
/// or output error, 10 an outcome is unknown and needs a person, 11 to 15 of `rollout`, 16 the disk is full, 124 out of
/// time, 130 and 143 interrupted.
/// The whole table is in docs/reference/exit-codes.md.
#[derive(Debug, Parser)]
#[command(name = "task-master", version, max_term_width = 110)]
pub(crate) struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Global {
    /// Where steps take effect: sim, host, kind or context:NAME
    #[arg(long, global = true, value_name = "NAME", default_value = "sim")]
    target: Target,
    /// The PRD [default: PRD.md here or in the nearest folder above]
    #[arg(long, global = true, value_name = "FILE")]
    prd: Option<PathBuf>,
    /// The runbook [default: deploy/runbook.yaml beside the PRD]
    #[arg(long, global = true, value_name = "FILE")]
    runbook: Option<PathBuf>,
    /// The state folder [default: .task-master beside the PRD]
    #[arg(long, global = true, value_name = "DIR", env = "TASK_MASTER_STATE")]
    state: Option<PathBuf>,
    /// The form of the output
    #[arg(short, long, global = true, value_enum, default_value_t = Output::Text)]
    output: Output,
    /// When to colour
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t = Colour::Auto)]
    color: Colour,
    /// A value for a variable of the runbook; may be given several times
    #[arg(long = "var", global = true, value_name = "NAME=VALUE", value_parser = assignment)]
    variables: Vec<(String, String)>,
    /// Change a cluster of context:NAME without asking
    #[arg(long, global = true)]
    yes: bool,
    /// Go on with independent tasks after one has failed
    #[arg(long, global = true)]
    keep_going: bool,
    /// A bound on the whole run, such as 90s or 5m
    #[arg(long, global = true, value_name = "DURATION", value_parser = duration)]
    timeout: Option<Duration>,
    /// How long a process that a dead run left behind is waited for
    #[arg(long, global = true, value_name = "DURATION", value_parser = duration, default_value = "30s")]
    patience: Duration,
    /// Where the ingress of a real cluster listens [default: as the target says]
    #[arg(long, global = true, value_name = "ADDRESS")]
    ingress: Option<SocketAddr>,
    /// Call the API of a real cluster in the name of this user; tools keep their own
    #[arg(long = "as", global = true, value_name = "USER")]
    acting_as: Option<String>,
    /// Say less
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    quiet: bool,
    /// Say more: what each step does, and what its tools print
    #[arg(short, long, global = true)]
    verbose: bool,
}

/// What `-o` takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// Lines for a person; also called table
    #[default]
    #[value(alias = "table")]
    Text,
    /// The same with more columns; only the verbs of `rollout` have it
    Wide,
    /// JSON, for a run one object a line as it happens
    Json,
    /// The same as YAML; only the verbs of `rollout` have it
    Yaml,
    /// The names alone, as kubectl takes them; only the verbs of `rollout` have it
    Name,
    /// The Static Analysis Results Interchange Format; only what `rollout lint` finds has it
    Sarif,
    /// Annotations of GitHub's workflows; only what `rollout lint` finds has them
    Github,
}

/// How the output is made: for a person, or as documents.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Form {
    /// Lines for a person.
    #[default]
    Text,
    /// JSON.
    Json,
}

impl Output {
    /// YAML is a document of JSON in other clothes: [`App::print`] puts them on.
    fn form(self) -> Form {
        match self {
            Output::Json | Output::Yaml => Form::Json,
            Output::Text | Output::Wide | Output::Name | Output::Sarif | Output::Github => Form::Text,
        }
    }

    /// Whether every command has it.
    fn common(self) -> bool {
        matches!(self, Output::Text | Output::Json)
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Carry out one task
    #[command(after_help = "Example: task-master execute-task create-ingress-for-routing")]
    ExecuteTask(execute_task::Args),
    /// Carry out the tasks of a phase, or of the whole plan
    #[command(after_help = "Example: task-master execute-phase \"Phase 2\"")]
    ExecutePhase(execute_phase::Args),
    /// Show what would run, with the exact commands; writes nothing
    #[command(after_help = "Example: task-master plan 2 --target host")]
    Plan(plan::Args),
    /// Go on with a run that did not complete
    #[command(after_help = "Example: task-master resume")]
    Resume(resume::Args),
    /// List the runs
    #[command(after_help = "Example: task-master runs --all-targets -o json")]
    Runs(runs::Args),
    /// Print the logs of a run
    #[command(after_help = "Example: task-master logs")]
    Logs(logs::Args),
    /// Look at a Rollout of the target, promote it, abort it, roll it back
    Rollout(rollout::Args),
    /// Print a completion script for a shell
    #[command(after_help = "Example: task-master completions bash")]
    Completions(task_manager::completions::Args),
    /// Print the manual page of a command, for `man -l -`
    #[command(after_help = "Example: task-master man rollout promote")]
    Man(task_manager::man::Args),
}

/// What every command gets: what was typed, and where to print.
pub(crate) struct App<'w> {
    global: Global,
    out: &'w mut dyn Write,
    /// For all but findings, which have more of them.
    form: Form,
    out_style: Style,
    error_style: Style,
    /// The command as it was typed, for whoever meets the lock.
    typed: String,
    /// The environment that tools may see a part of.
    environment: Vec<(OsString, OsString)>,
    /// Whether it works in a folder that belongs to no PRD.
    anywhere: bool,
    /// How many documents of YAML have been printed.
    documents: usize,
}

impl<'w> App<'w> {
    fn new(global: Global, out: &'w mut dyn Write, anywhere: bool) -> Self {
        let (out_style, error_style) =
            (style(global.color, &io::stdout()), style(global.color, &io::stderr()));
        let typed = format!("task-master {}", std::env::args().skip(1).collect::<Vec<_>>().join(" "));
        let environment = std::env::vars_os().collect();
        let form = global.output.form();
        App { global, out, form, out_style, error_style, typed, environment, anywhere, documents: 0 }
    }
}

impl App<'_> {
    fn place(&self) -> Result<Place, ProjectError> {
        let from = std::env::current_dir()
            .map_err(|source| ProjectError::Read { path: PathBuf::from("."), source })?;
        let place = match Place::find(self.global.prd.as_deref(), self.global.state.as_deref(), &from) {
            // What needs no PRD has none: a verb on a real cluster works in any folder.
            Err(ProjectError::NoPrd { from }) if self.anywhere => {
                Place { prd: from.join("PRD.md"), state: from.join(".task-master") }
            }
            found => found?,
        };
        // Shown as the person would write it.
        let short = |path: PathBuf| path.strip_prefix(&from).map(PathBuf::from).unwrap_or(path);
        Ok(Place { prd: short(place.prd), state: short(place.state) })
    }

    /// The context of a run, without interrupts: for what only looks.
    fn context(&self) -> Result<Context, Failure> {
        let global = &self.global;
        let mut context = Context::new(self.place()?);
        context.runbook.clone_from(&global.runbook);
        context.target = global.target.clone();
        context.variables = global.variables.iter().cloned().collect();
        context.keep_going = global.keep_going;
        context.timeout = global.timeout;
        context.patience = global.patience;
        context.ingress = global.ingress;
        context.acting_as.clone_from(&global.acting_as);
        context.inherited.clone_from(&self.environment);
        context.shim = Shim::Exe(std::env::current_exe().map_err(Failure::OwnPath)?);
        context.actor = task_manager::actor::current();
        context.command.clone_from(&self.typed);
        context.ask = asking(global.yes);
        Ok(context)
    }

    /// The context of a run that Ctrl-C stops.
    fn running_context(&self) -> Result<Context, Failure> {
        let mut context = self.context()?;
        context.interrupts = Interrupts::install().map_err(Failure::Signals)?;
        Ok(context)
    }

    /// Prints; a reader that has stopped is no error.
    fn print(&mut self, text: &str) -> Result<(), Failure> {
        if self.global.output == Output::Yaml {
            let text = rollout::yaml(text, self.documents > 0);
            self.documents += 1;
            return self.write(&text);
        }
        self.write(text)
    }

    fn write(&mut self, text: &str) -> Result<(), Failure> {
        match self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::Output(error)),
            _ => Ok(()),
        }
    }
}

/// How consent is had: given beforehand, asked on a terminal, or not at all.
fn asking(yes: bool) -> Option<task_master::context::Ask> {
    if yes {
        return Some(std::sync::Arc::new(|_: &str| true));
    }
    if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
        return None;
    }
    Some(std::sync::Arc::new(|what: &str| {
        let _ = write!(io::stderr(), "{what}\nChange it? [y/N] ");
        let mut answer = String::new();
        io::stdin().read_line(&mut answer).is_ok() && matches!(answer.trim(), "y" | "Y" | "yes")
    }))
}

/// Runs the process: its arguments in, its streams out.
pub(crate) fn main() -> Code {
    let out = io::stdout();
    let mut out = Shown::new(out.lock());
    if started_as(complete::NAME) {
        return complete::run(&std::env::args_os().skip(1).collect::<Vec<_>>(), &mut out);
    }
    let done = match started_as(plugin::NAME) {
        true => parsed(plugin::Plugin::try_parse(), &mut out).and_then(|plugin| as_plugin(&plugin, &mut out)),
        false => parsed(Cli::try_parse(), &mut out).and_then(|cli| as_itself(cli, &mut out)),
    };
    done.unwrap_or_else(|code| code)
}

/// Whether the binary was started under this name.
fn started_as(name: &str) -> bool {
    std::env::args_os().next().is_some_and(|program| Path::new(&program).file_stem() == Some(name.as_ref()))
}

/// What was typed; otherwise it is said what is wrong with it, or help was asked for.
fn parsed<T>(read: Result<T, clap::Error>, out: &mut dyn Write) -> Result<T, Code> {
    read.map_err(|error| {
        if error.use_stderr() {
            let _ = write!(Shown::new(io::stderr()), "{}", error.render());
            return Code::Usage;
        }
        let _ = write!(out, "{}", error.render());
        Code::Ok
    })
}

/// As `task-master`.
fn as_itself(cli: Cli, out: &mut dyn Write) -> Result<Code, Code> {
    trace(cli.global.verbose);
    let anywhere = matches!(cli.command, Command::Rollout(_)) && cli.global.target != Target::Sim;
    let mut app = App::new(cli.global, out, anywhere);
    if !matches!(cli.command, Command::Rollout(_)) && !app.global.output.common() {
        return ended(Err(Failure::Form), app.error_style);
    }
    let done = match &cli.command {
        Command::ExecuteTask(args) => execute_task::run(args, &mut app),
        Command::ExecutePhase(args) => execute_phase::run(args, &mut app),
        Command::Plan(args) => plan::run(args, &mut app),
        Command::Resume(args) => resume::run(args, &mut app),
        Command::Runs(args) => runs::run(args, &mut app),
        Command::Logs(args) => logs::run(args, &mut app),
        Command::Rollout(args) => rollout::run(args, &mut app),
        Command::Completions(args) => app.print(&args.script(Cli::command())).map(|()| Code::Ok),
        Command::Man(args) => args
            .page(Cli::command())
            .map_err(Failure::from)
            .and_then(|page| app.print(&page))
            .map(|()| Code::Ok),
    };
    ended(done, app.error_style)
}

/// As `kubectl rollouts`.
fn as_plugin(plugin: &plugin::Plugin, out: &mut dyn Write) -> Result<Code, Code> {
    trace(false);
    let (global, environment) = match plugin.surroundings() {
        Ok(surroundings) => surroundings,
        Err(failure) => return ended(Err(failure), style(Colour::Auto, &io::stderr())),
    };
    let mut app = App { environment, ..App::new(global, out, true) };
    let done = rollout::run(&plugin.rollout, &mut app);
    ended(done, app.error_style)
}

/// How it ended: an error is said.
fn ended(done: Result<Code, Failure>, style: Style) -> Result<Code, Code> {
    done.map_err(|failure| {
        let _ = Shown::new(io::stderr()).write_all(failure.message(style).as_bytes());
        failure.code()
    })
}

fn trace(verbose: bool) {
    let lines = || tracing_subscriber::fmt().with_ansi(io::stderr().is_terminal()).with_writer(io::stderr);
    let set = match tracing_subscriber::EnvFilter::try_from_env("TASK_MASTER_LOG") {
        Ok(filter) => lines().with_env_filter(filter).try_init(),
        // Not a filter that is made of text, whose regular expressions cost more than most commands do.
        Err(_) if verbose => lines().with_max_level(tracing::Level::INFO).try_init(),
        Err(_) => lines().with_max_level(tracing::Level::ERROR).try_init(),
    };
    // Only a second call can fail, and there is none.
    debug_assert!(set.is_ok());
}

fn assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("it is not NAME=VALUE".to_owned()),
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "it is not a duration such as 500ms, 30s, 5m or 1h".to_owned();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_lowercase());
    let number: u64 = digits.parse().map_err(|_| wrong())?;
    let unit = match &text[digits.len()..] {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err(wrong()),
    };
    number.checked_mul(unit).filter(|millis| *millis > 0).map(Duration::from_millis).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_of_each_command_ends_with_an_example_that_can_be_typed() {
        test_support::example::ends_each_help(&Cli::command(), |line| Cli::try_parse_from(line).map(|_| ()));
        plugin::Plugin::command().debug_assert();
    }
}
