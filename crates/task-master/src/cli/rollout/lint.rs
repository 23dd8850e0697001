//! `rollout lint`: what in manifests, or in a cluster, cannot happen as declared.

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;

use prd_parser::Severity as Weight;
use rollouts_client::lint::Severity;
use task_manager::exit::Code;
use task_manager::render::{self, Style, count};
use task_master::lint::{self, Finding, Report, Source};

use crate::cli::failure::Failure;
use crate::cli::{App, Output};

/// Arguments of `rollout lint`.
#[derive(Debug, clap::Args)]
pub(super) struct Lint {
    /// Manifests, folders of them, or - for standard input: all are looked at together
    #[arg(value_name = "FILE", required_unless_present = "live")]
    files: Vec<PathBuf>,
    /// This Rollout of the target, with the Services, Ingresses and templates beside it; beside files it is the
    /// version that serves, which theirs must be able to follow
    #[arg(long, value_name = "NAME")]
    live: Vec<String>,
}

impl Lint {
    /// Ends with 3 when an error is found, and with 4 when there was nothing to look at.
    pub(super) fn run(&self, namespace: Option<&str>, app: &mut App<'_>) -> Result<Code, Failure> {
        let sources = lint::read(&self.files, &mut io::stdin())?;
        let report = if self.live.is_empty() {
            lint::files(&sources)
        } else {
            let context = app.context()?;
            let namespace = super::namespace(namespace, &context);
            match self.files.is_empty() {
                true => lint::objects(lint::live(&context, &namespace, &self.live)?),
                false => lint::files_after(&sources, lint::serving(&context, &namespace, &self.live)?),
            }
        };
        if report == Report::default() {
            return Err(Failure::Nothing("there is no object in what is to be linted".to_owned()));
        }
        let text = match app.global.output {
            Output::Text | Output::Wide => text(&report, &sources, app.out_style),
            Output::Name => return Err(Failure::Form),
            Output::Json | Output::Yaml => format!("{:#}\n", lint::json(&report)),
            Output::Sarif => format!("{:#}\n", lint::sarif(&report)),
            Output::Github => lint::github(&report),
        };
        app.print(&text)?;
        Ok(if report.count(Severity::Error) > 0 { Code::Invalid } else { Code::Ok })
    }
}

/// The findings, those in files with their lines on a terminal, and how many they are.
fn text(report: &Report, sources: &[Source], style: Style) -> String {
    let mut text = String::new();
    for (index, source) in sources.iter().enumerate() {
        let of_source = report.findings.iter().filter(|finding| finding.source == Some(index));
        let drawn: Vec<_> = of_source.map(drawn).collect();
        text.push_str(&render::findings(&source.name, &source.text, &drawn, style));
    }
    for finding in report.findings.iter().filter(|finding| finding.source.is_none()) {
        text.push_str(&format!("{finding}\n"));
    }
    let looked = count(report.objects, "object");
    if report.findings.is_empty() {
        return format!("nothing found in {looked}\n");
    }
    let rules: BTreeSet<&str> = report.findings.iter().map(|finding| finding.rule).collect();
    let (errors, warnings) = (report.count(Severity::Error), report.count(Severity::Warning));
    let errors = count(errors, "error");
    let errors = if report.count(Severity::Error) > 0 { style.bad(&errors) } else { errors };
    let rules = rules.into_iter().collect::<Vec<_>>().join(", ");
    format!(
        "{text}{errors}, {} in {looked}, by {rules}: docs/reference/lint.md\n",
        count(warnings, "warning")
    )
}

fn drawn(finding: &Finding) -> render::Finding<'_> {
    let place = finding.place.unwrap_or_default();
    render::Finding {
        message: &finding.message,
        help: finding.help.as_deref(),
        code: Some(finding.rule),
        weight: match finding.severity {
            Severity::Error => Weight::Error,
            Severity::Warning => Weight::Warning,
        },
        at: place.offset..place.offset + place.len.max(1),
        plain: finding.to_string(),
    }
}
