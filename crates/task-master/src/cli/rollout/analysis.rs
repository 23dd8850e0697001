//! `rollout create analysisrun` and `rollout terminate analysisrun`.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use rollouts_client::analysis::NewRun;
use rollouts_client::types::AnalysisRun;
use serde::Deserialize as _;
use serde_json::{Value, json};
use task_manager::exit::Code;
use task_master::operator::{self, Beginning, OperatorError, Template};
use task_master::{Context, lint};

use super::show;
use crate::cli::failure::Failure;
use crate::cli::{App, Form, Output, assignment};

/// How long a verdict is waited for unless said otherwise: an analysis of minutes is usual.
const WITHIN: Duration = Duration::from_secs(30 * 60);

/// Arguments of `rollout create`.
#[derive(Debug, clap::Args)]
pub(super) struct Create {
    #[command(subcommand)]
    what: Creation,
}

#[derive(Debug, clap::Subcommand)]
enum Creation {
    /// Begin an analysis from a template, and with --wait see how it ends
    ///
    /// With --wait: 0 Successful, 14 Failed or Error, 15 Inconclusive, 124 no verdict within --timeout [default: 30m].
    #[command(visible_alias = "ar")]
    #[command(
        after_help = "Example: task-master rollout create analysisrun --from success-rate -n canary --wait"
    )]
    Analysisrun(NewAnalysis),
}

#[derive(Debug, clap::Args)]
struct NewAnalysis {
    /// The AnalysisTemplate of the target
    #[arg(
        long,
        value_name = "TEMPLATE",
        required_unless_present = "from_file",
        conflicts_with = "from_file"
    )]
    from: Option<String>,
    /// A file with one template, or - for standard input
    #[arg(long, value_name = "FILE")]
    from_file: Option<PathBuf>,
    /// It is a ClusterAnalysisTemplate
    #[arg(long)]
    global: bool,
    /// A value for an argument of the template; may be given several times
    #[arg(short = 'a', long = "argument", value_name = "NAME=VALUE", value_parser = assignment)]
    arguments: Vec<(String, String)>,
    /// Its name
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// The beginning of its name [default: the template's name]
    #[arg(long, value_name = "PREFIX", conflicts_with = "name")]
    generate_name: Option<String>,
    /// The controller that is to run it, where there are several
    #[arg(long, value_name = "ID")]
    instance_id: Option<String>,
    /// Wait for its verdict
    #[arg(short, long)]
    wait: bool,
}

impl Create {
    pub(super) fn run(&self, context: &Context, namespace: &str, app: &mut App<'_>) -> Result<Code, Failure> {
        let Creation::Analysisrun(new) = &self.what;
        let template = match (&new.from, &new.from_file) {
            (_, Some(file)) => Template::Given(Box::new(template_of(file)?)),
            (from, None) => Template::Named(from.clone().unwrap_or_default()),
        };
        let beginning = Beginning {
            template,
            global: new.global,
            new: NewRun {
                name: new.name.clone(),
                generate_name: new.generate_name.clone(),
                arguments: new.arguments.clone(),
                instance_id: new.instance_id.clone(),
            },
            within: new.wait.then(|| context.timeout.unwrap_or(WITHIN)),
        };
        let run = operator::begin(context, namespace, &beginning)?;
        let text = match app.form {
            Form::Json => show::document("analysisrun", &json!({"run": run})),
            Form::Text if app.global.output == Output::Name => named(&run),
            Form::Text if new.wait => ended(&run),
            Form::Text => format!("{} created\n", named(&run).trim_end()),
        };
        app.print(&text)?;
        Ok(operator::verdict(&run))
    }
}

/// Arguments of `rollout terminate`.
#[derive(Debug, clap::Args)]
pub(super) struct Terminate {
    #[command(subcommand)]
    what: Termination,
}

#[derive(Debug, clap::Subcommand)]
enum Termination {
    /// End analyses before their time; what they have measured until then is their verdict
    #[command(visible_aliases = ["ar", "analysisruns"])]
    #[command(
        after_help = "Example: task-master rollout terminate analysisrun canary-6995bd5d59-2 -n canary"
    )]
    Analysisrun {
        #[arg(required = true, value_name = "NAME")]
        names: Vec<String>,
    },
}

impl Terminate {
    pub(super) fn run(&self, context: &Context, namespace: &str, app: &mut App<'_>) -> Result<Code, Failure> {
        let Termination::Analysisrun { names } = &self.what;
        let mut done = Vec::new();
        let ended = operator::terminate(context, namespace, names, &mut |run| done.push(run.clone()));
        for run in &done {
            let name = run.metadata.name.as_deref().unwrap_or_default();
            let text = match app.form {
                Form::Json => show::document(
                    "analysisrun",
                    &json!({"name": name, "said": format!("terminated analysisrun {name}")}),
                ),
                Form::Text if app.global.output == Output::Name => named(run),
                Form::Text => format!("terminated analysisrun {name}\n"),
            };
            app.print(&text)?;
        }
        ended?;
        Ok(Code::Ok)
    }
}

fn named(run: &AnalysisRun) -> String {
    format!("analysisrun.argoproj.io/{}\n", run.metadata.name.as_deref().unwrap_or_default())
}

/// The verdict, and what each metric came to.
fn ended(run: &AnalysisRun) -> String {
    let Some(status) = &run.status else { return named(run) };
    let message = status.message.as_deref().filter(|message| !message.is_empty());
    let message = message.map(|message| format!(" ({message})")).unwrap_or_default();
    let mut text = format!("{} {}{message}\n", named(run).trim_end(), status.phase);
    for metric in status.metric_results.iter().flatten() {
        let counts = [
            ("successful", metric.successful),
            ("failed", metric.failed),
            ("inconclusive", metric.inconclusive),
            ("error", metric.error),
        ];
        let counts = counts.into_iter().filter_map(|(word, count)| Some(format!("{} {word}", count?)));
        let counts = counts.collect::<Vec<_>>().join(", ");
        let values = metric.measurements.iter().flatten().filter_map(|measured| measured.value.as_deref());
        let values = values.collect::<Vec<_>>().join(", ");
        let values = if values.is_empty() { values } else { format!("; values {values}") };
        text.push_str(&format!("  {} {}: {counts}{values}\n", metric.name, metric.phase));
    }
    text
}

/// The one template of a file.
fn template_of(file: &PathBuf) -> Result<Value, Failure> {
    let sources = lint::read(std::slice::from_ref(file), &mut io::stdin())?;
    let invalid = |why: String| OperatorError::Template { file: file.display().to_string(), why };
    let mut found = Vec::new();
    for source in &sources {
        for document in serde_yaml::Deserializer::from_str(&source.text) {
            let value = Value::deserialize(document).map_err(|error| invalid(error.to_string()))?;
            found.extend(Some(value).filter(|value| !value.is_null()));
        }
    }
    match found.len() {
        1 => Ok(found.remove(0)),
        0 => Err(invalid("there is no template in it".to_owned()).into()),
        many => Err(invalid(format!("there are {many} objects in it, and one template is wanted")).into()),
    }
}
