//! `rollout release`, and the way back by Git of `rollout rollback --git`.

use std::time::Duration;

use serde_json::json;
use task_manager::exit::Code;
use task_master::Context;
use task_master::operator::{self, OperatorError, Terms, Verb};
use task_master::release::{self, Change, Place, Prepared, Pushed};

use super::show::{document, settled};
use crate::cli::failure::Failure;
use crate::cli::{App, Form};

/// How long a release may take from the commit to where it settles: a poll of Argo CD, and steps.
const WITHIN: Duration = Duration::from_secs(1800);

/// Arguments of `rollout release`.
#[derive(Debug, clap::Args)]
pub(super) struct Release {
    name: String,
    /// The new tag of the image
    #[arg(long, value_name = "TAG")]
    image_tag: String,
    /// The values file whose image.tag is changed, from the repository's top
    #[arg(long, value_name = "FILE")]
    values: String,
    /// The repository: a checkout, or a URL that is cloned
    #[arg(long, value_name = "PATH_OR_URL")]
    repo: String,
    /// The branch [default: the one that is checked out, or the remote's own]
    #[arg(long, value_name = "NAME")]
    branch: Option<String>,
    /// Which environment the values are for: the commit says so
    #[arg(long, value_parser = ["dev", "staging", "prod"], value_name = "NAME")]
    environment: Option<String>,
    /// Follow the rollout until it is Healthy (exit code 0), Paused (15) or Degraded (14)
    #[arg(long)]
    wait: bool,
    /// Argo CD's Application [default: the one that tracks the Rollout]
    #[arg(long, value_name = "NAME")]
    app: Option<String>,
    /// Why, for the commit's message
    #[arg(long, value_name = "TEXT", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    reason: Option<String>,
}

impl Release {
    pub(super) fn run(&self, context: &Context, namespace: &str, app: &mut App<'_>) -> Result<Code, Failure> {
        let repository = self.repo.clone();
        let place = Place { repository, values: self.values.clone(), branch: self.branch.clone() };
        let change = Change::Release { tag: self.image_tag.clone(), environment: self.environment.clone() };
        let by = By { context, namespace, name: &self.name, application: self.app.as_deref() };
        // Before anything is pushed: a name that is wrong is not to be found out afterwards.
        operator::operate(context, namespace, &self.name, &Verb::Status, &Terms::within(WITHIN))?;
        let prepared = release::prepare(context, &place, &change, self.reason.as_deref())?;
        by.git(prepared, &place.values, self.wait, None, app)
    }
}

/// The arguments of a way back by Git.
#[derive(Debug, clap::Args)]
pub(super) struct Git {
    /// Take the last change of the tag back in this repository too: a checkout, or a URL that is cloned
    #[arg(long, value_name = "PATH_OR_URL", requires = "values")]
    git: Option<String>,
    /// The values file whose image.tag is taken back, from the repository's top
    #[arg(long, value_name = "FILE", requires = "git")]
    values: Option<String>,
    /// The branch [default: the one that is checked out, or the remote's own]
    #[arg(long, value_name = "NAME", requires = "git")]
    branch: Option<String>,
    /// Argo CD's Application [default: the one that tracks the Rollout]
    #[arg(long, value_name = "NAME", requires = "git")]
    app: Option<String>,
}

impl Git {
    fn place(&self) -> Option<Place> {
        let (repository, values) = (self.git.clone()?, self.values.clone()?);
        Some(Place { repository, values, branch: self.branch.clone() })
    }

    /// Whether Git was asked for.
    pub(super) fn is_asked_for(&self) -> bool {
        self.git.is_some()
    }

    /// Back by the cluster's means, where it has any, and by Git. What is wrong with the repository is found out first:
    /// a cluster that has gone back while Git has not is brought forward again by Argo CD.
    pub(super) fn back(
        &self,
        context: &Context,
        namespace: &str,
        name: &str,
        verb: &Verb,
        reason: Option<&str>,
        app: &mut App<'_>,
    ) -> Result<Code, Failure> {
        let Some(place) = self.place() else { return Ok(Code::Usage) };
        let prepared = release::prepare(context, &place, &Change::Revert, reason)?;
        let within = context.timeout.unwrap_or(super::WITHIN);
        let terms = Terms { within, reason: reason.map(str::to_owned) };
        let at_once = match operator::operate(context, namespace, name, verb, &terms) {
            Ok(done) => done.to_string(),
            Err(error @ OperatorError::Rollback(_)) if error.code() == Code::OnlyGit => {
                format!(
                    "rollout {name} goes back by Git alone: its version is fully promoted, and Argo CD owns it\n"
                )
            }
            Err(error) => return Err(error.into()),
        };
        if app.form == Form::Text {
            app.print(&at_once)?;
        }
        let by = By { context, namespace, name, application: self.app.as_deref() };
        by.git(prepared, &place.values, true, Some(&at_once), app)
    }
}

/// What a change in Git is for.
struct By<'a> {
    context: &'a Context,
    namespace: &'a str,
    name: &'a str,
    application: Option<&'a str>,
}

impl By<'_> {
    /// Pushes, refreshes and follows, and tells it.
    fn git(
        &self,
        prepared: Prepared,
        values: &str,
        wait: bool,
        at_once: Option<&str>,
        app: &mut App<'_>,
    ) -> Result<Code, Failure> {
        let pushed = prepared.push()?;
        if app.form == Form::Text {
            app.print(&told(&pushed, values))?;
        }
        let refreshed = release::refresh(self.context, self.namespace, self.name, self.application)?;
        if app.form == Form::Text {
            app.print(&match &refreshed {
                Some(application) => format!("refreshed application {application} of Argo CD\n"),
                None => "no application of Argo CD to refresh: whoever applies the commit has to see it\n"
                    .to_owned(),
            })?;
        }
        let followed = match wait {
            true => {
                let within = self.context.timeout.unwrap_or(WITHIN);
                Some(release::follow(self.context, self.namespace, self.name, &pushed.to, within)?)
            }
            false => None,
        };
        let said = followed.as_ref().map(|followed| followed.said.clone());
        let text = match app.form {
            Form::Text => said.map(|said| format!("{said}\n")).unwrap_or_default(),
            Form::Json => document(
                "release",
                &json!({
                    "name": self.name, "pushed": pushed, "refreshed": refreshed,
                    "rollback": at_once.map(str::trim_end), "followed": said,
                }),
            ),
        };
        app.print(&text)?;
        Ok(followed.map_or(Code::Ok, |followed| settled(followed.phase.as_ref())))
    }
}

fn told(pushed: &Pushed, file: &str) -> String {
    let Pushed { commit, branch, from, to, reverts } = pushed;
    let named = |tag: &str| if tag.is_empty() { "none".to_owned() } else { tag.to_owned() };
    let what = match reverts {
        Some(reverted) => format!(", which takes {} back", short(reverted)),
        None => String::new(),
    };
    let (from, to) = (named(from), named(to));
    format!("pushed {} to {branch}: image.tag in {file} from {from} to {to}{what}\n", short(commit))
}

fn short(commit: &str) -> &str {
    commit.get(..10).unwrap_or(commit)
}
