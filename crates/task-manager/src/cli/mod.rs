//! The command line: what can be typed, and how an answer and a failure leave the process.
//!
//! A command is a function from its arguments to an [`Answer`]; only this file writes. So an error leaves stdout
//! empty, and a reader that stops early (`report | head -1`) is no error.

mod explain;
mod failure;
mod graph;
mod history;
mod list;
mod next;
mod parse;
mod report;
mod show;
mod tick;
mod update;

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::PathBuf;

use clap::{CommandFactory as _, Parser, Subcommand, ValueEnum};
use serde::Serialize;
use task_manager::render::Style;
use task_manager::target::Target;
use task_manager::terminal::Shown;
use task_manager::{Code, Place, Project, ProjectError, terminal};

use failure::Failure;

/// What is to be done and what has happened: reads a PRD, keeps a log, answers questions.
///
/// Exit codes: 0 done, 2 usage, 3 PRD invalid, 4 nothing matched, 5 tasks outstanding or blocked, 6 locked,
/// 7 state corrupt, newer or read-only, 9 input or output error, 16 disk full. The whole table is in
/// docs/reference/exit-codes.md.
#[derive(Debug, Parser)]
#[command(name = "task-manager", version, max_term_width = 110)]
pub(crate) struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Args)]
struct Global {
    /// The PRD [default: PRD.md here or in the nearest folder above]
    #[arg(long, global = true, value_name = "FILE")]
    prd: Option<PathBuf>,
    /// The state folder [default: .task-master beside the PRD]
    #[arg(long, global = true, value_name = "DIR", env = "TASK_MASTER_STATE")]
    state: Option<PathBuf>,
    /// The target that statuses are of: sim, host, kind or context:NAME
    #[arg(long, global = true, value_name = "NAME", default_value = task_manager::target::DEFAULT)]
    target: Target,
    /// When to colour
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t = terminal::Colour::Auto)]
    color: terminal::Colour,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Read a PRD, record its plan, and print what was read and what changed
    #[command(after_help = "Example: task-manager parse PRD.md --dry-run -o json")]
    Parse(parse::Args),
    /// List tasks
    #[command(after_help = "Example: task-manager list --phase 2 --status pending")]
    List(list::Args),
    /// Name the tasks that can be started now, best first
    #[command(after_help = "Example: task-manager next --count 3")]
    Next(next::Args),
    /// Show all about one task
    #[command(after_help = "Example: task-manager show install-argocd")]
    Show(show::Args),
    /// Say why a task can or cannot start
    #[command(after_help = "Example: task-manager explain test-rollback-workflow")]
    Explain(explain::Args),
    /// Draw what has to be done before what
    #[command(after_help = "Example: task-manager graph -o mermaid")]
    Graph(graph::Args),
    /// State the status of a task by hand; recorded with who, when and why
    #[command(
        after_help = "Example: task-manager update install-argocd completed --message \"by hand, with Helm\""
    )]
    Update(update::Args),
    /// Print the log, of one task or of all
    #[command(after_help = "Example: task-manager history install-argocd")]
    History(history::Args),
    /// Report progress by phase and evidence, what is next, what failed, and what is shown
    #[command(after_help = "Example: task-manager report -o markdown")]
    Report(report::Args),
    /// Tick in the PRD the boxes of what live evidence says is done
    #[command(after_help = "Example: task-manager tick --output PRD.ticked.md")]
    Tick(tick::Args),
    /// Print a completion script for a shell
    #[command(after_help = "Example: task-manager completions bash")]
    Completions(task_manager::completions::Args),
    /// Print the manual page of a command, for `man -l -`
    #[command(after_help = "Example: task-manager man report")]
    Man(task_manager::man::Args),
}

/// What a command has to say.
#[derive(Debug)]
pub(crate) struct Answer {
    stdout: String,
    stderr: String,
    code: Code,
}

impl Answer {
    /// All well, with the text for stdout.
    pub(crate) fn ok(stdout: impl Into<String>) -> Answer {
        Answer { stdout: stdout.into(), stderr: String::new(), code: Code::Ok }
    }
}

/// The form of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TextOrJson {
    /// For a person
    Text,
    /// One JSON document
    Json,
}

/// What every command gets.
pub(crate) struct Context {
    global: Global,
    /// For stdout.
    style: Style,
    /// For stderr.
    error_style: Style,
}

impl Context {
    fn place(&self) -> Result<Place, ProjectError> {
        let from = std::env::current_dir()
            .map_err(|source| ProjectError::Read { path: PathBuf::from("."), source })?;
        let place = Place::find(self.global.prd.as_deref(), self.global.state.as_deref(), &from)?;
        // Shown as the person would write it.
        let short = |path: PathBuf| path.strip_prefix(&from).map(PathBuf::from).unwrap_or(path);
        Ok(Place { prd: short(place.prd), state: short(place.state) })
    }

    fn project(&self) -> Result<Project, ProjectError> {
        Project::open(self.place()?)
    }

    fn target(&self) -> &str {
        self.global.target.name()
    }
}

/// A document as pretty JSON with a line's end.
pub(crate) fn json(document: &impl Serialize) -> Result<String, Failure> {
    let mut text =
        serde_json::to_string_pretty(document).map_err(|error| Failure::Document(Box::new(error)))?;
    text.push('\n');
    Ok(text)
}

/// A document as YAML.
pub(crate) fn yaml(document: &impl Serialize) -> Result<String, Failure> {
    serde_yaml::to_string(document).map_err(|error| Failure::Document(Box::new(error)))
}

/// Runs the process: its arguments in, its streams out.
pub(crate) fn main() -> Code {
    let (mut out, mut err) = (Shown::new(io::stdout()), Shown::new(io::stderr()));
    match answer(std::env::args_os()) {
        Ok(answer) => {
            let told = write(&mut err, &answer.stderr).is_ok();
            match write(&mut out, &answer.stdout) {
                Ok(()) if told => answer.code,
                Ok(()) => Code::InputOutput,
                Err(error) => {
                    let _ = write(&mut err, &format!("error: stdout cannot be written: {error}\n"));
                    Code::of_io(&error)
                }
            }
        }
        Err((failure, style)) => {
            let _ = write(&mut err, &failure.message(style));
            failure.code()
        }
    }
}

fn write(stream: &mut impl Write, text: &str) -> io::Result<()> {
    match stream.write_all(text.as_bytes()).and_then(|()| stream.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

fn answer(arguments: impl Iterator<Item = OsString>) -> Result<Answer, (Failure, Style)> {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(help) if !help.use_stderr() => return Ok(Answer::ok(help.render().to_string())),
        Err(error) => {
            return Err((
                Failure::Usage(Box::new(error)),
                terminal::style(terminal::Colour::Auto, &io::stderr()),
            ));
        }
    };
    let context = Context {
        style: terminal::style(cli.global.color, &io::stdout()),
        error_style: terminal::style(cli.global.color, &io::stderr()),
        global: cli.global,
    };
    let answer = match &cli.command {
        Command::Parse(args) => parse::run(args, &context),
        Command::List(args) => list::run(args, &context),
        Command::Next(args) => next::run(args, &context),
        Command::Show(args) => show::run(args, &context),
        Command::Explain(args) => explain::run(args, &context),
        Command::Graph(args) => graph::run(args, &context),
        Command::Update(args) => update::run(args, &context),
        Command::History(args) => history::run(args, &context),
        Command::Report(args) => report::run(args, &context),
        Command::Tick(args) => tick::run(args, &context),
        Command::Completions(args) => Ok(Answer::ok(args.script(Cli::command()))),
        Command::Man(args) => args.page(Cli::command()).map(Answer::ok).map_err(Failure::from),
    };
    answer.map_err(|failure| (failure, context.error_style))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_of_each_command_ends_with_an_example_that_can_be_typed() {
        test_support::example::ends_each_help(&Cli::command(), |line| Cli::try_parse_from(line).map(|_| ()));
    }
}
