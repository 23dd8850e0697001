//! `rollout simulate`: when an update would finish, abort or pause, in a model.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use task_manager::exit::Code;
use task_master::lint;
use task_master::release::values::is_tag;
use task_master::simulate::{self, Ending, Order, WhatIf};

use super::show::document;
use crate::cli::failure::Failure;
use crate::cli::{App, Form, duration};

/// How much virtual time is watched: a day has room for every rollout that ends by itself.
const WITHIN: Duration = Duration::from_secs(86_400);

/// Arguments of `rollout simulate`.
#[derive(Debug, clap::Args)]
pub(super) struct Simulate {
    /// The Rollout of the target; with -f the one of the files, which may go without saying
    #[arg(required_unless_present = "file")]
    name: Option<String>,
    /// Instead of the target: manifests, folders of them, or - for standard input; may be given again
    #[arg(short, long, value_name = "FILE")]
    file: Vec<PathBuf>,
    /// The part of the next version's answers that are errors, from 0 to 1
    #[arg(long, value_name = "PART", value_parser = part)]
    error_rate: Option<f64>,
    /// How long each answer of the next version takes, such as 500ms
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    latency: Option<Duration>,
    /// How long a pod of the next version takes to listen, such as 30s
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    start_after: Option<Duration>,
    /// Pods of the next version never become ready
    #[arg(long)]
    never_ready: bool,
    /// Nobody sends requests, so that no metric has data
    #[arg(long)]
    no_data: bool,
    /// The tag of the next version's image [default: the present one with -next]
    #[arg(long, value_name = "TAG", value_parser = tag)]
    image: Option<String>,
    /// Requests a second at the ingress
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    rate: u32,
}

/// A part of a whole.
fn part(text: &str) -> Result<f64, String> {
    let part: f64 = text.parse().map_err(|_| "it is not a number such as 0.2".to_owned())?;
    (0.0..=1.0).contains(&part).then_some(part).ok_or_else(|| "it is not from 0 to 1".to_owned())
}

/// A tag that an image can have.
fn tag(text: &str) -> Result<String, String> {
    match is_tag(text) {
        true => Ok(text.to_owned()),
        false => Err("it is no image tag: letters, digits, _, . and -, at most 128".to_owned()),
    }
}

impl Simulate {
    /// Ends as `rollout watch` does: 0 when the update finishes, 14 when it is given up, 15 when it waits for a person,
    /// 124 when it has not ended within --timeout of virtual time.
    pub(super) fn run(&self, namespace: Option<&str>, app: &mut App<'_>) -> Result<Code, Failure> {
        let (given, namespace) = self.given(namespace, app)?;
        let order = Order {
            name: self.name.clone(),
            namespace,
            what_if: WhatIf {
                error_rate: self.error_rate,
                latency: self.latency,
                start_after: self.start_after,
                never_ready: self.never_ready,
                no_data: self.no_data,
                tag: self.image.clone(),
            },
            rate: self.rate,
            within: app.global.timeout.unwrap_or(WITHIN),
        };
        let outcome = simulate::simulate(given, &order)?;
        let text = match app.form {
            Form::Json => document("simulation", &outcome),
            Form::Text => outcome.to_string(),
        };
        app.print(&text)?;
        Ok(match outcome.ending {
            Ending::Finishes => Code::Ok,
            Ending::Degrades => Code::Degraded,
            Ending::Pauses => Code::Paused,
            Ending::GoesOn => Code::Timeout,
        })
    }

    /// The objects that the model begins with, and the namespace of those that name none.
    fn given(
        &self,
        namespace: Option<&str>,
        app: &App<'_>,
    ) -> Result<(Vec<serde_json::Value>, String), Failure> {
        if self.file.is_empty() {
            let context = app.context()?;
            let namespace = super::namespace(namespace, &context);
            let names: Vec<String> = self.name.iter().cloned().collect();
            return Ok((lint::live(&context, &namespace, &names)?, namespace));
        }
        let mut given = Vec::new();
        for source in lint::read(&self.file, &mut io::stdin())? {
            given.extend(simulate::manifests(Path::new(&source.name), &source.text)?);
        }
        Ok((given, namespace.unwrap_or("default").to_owned()))
    }
}
