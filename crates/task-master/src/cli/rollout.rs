//! `rollout`: the operator's verbs on the Rollouts of the target.

mod analysis;
mod lint;
mod rbac;
mod release;
mod show;
mod simulate;

use std::time::Duration;

use clap::Subcommand;
use rollouts_client::condition::Condition;
use rollouts_client::phase::Phase;
use rollouts_client::verbs::Promote;
use serde_json::json;
use task_manager::exit::Code;
use task_master::operator::{self, Done, Terms, Verb};
use task_master::{Context, Target};

use super::failure::Failure;
use super::{App, Form, Output, plugin, started_as};

pub(super) use show::yaml;

/// How long a verb that moves traffic may take.
const WITHIN: Duration = Duration::from_secs(60);

/// Arguments of `rollout`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
    /// The namespace [default: that of the kubeconfig's context; blue-green on sim, host and kind]
    #[arg(short, long, global = true, value_name = "NAME")]
    namespace: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the Rollouts, a line each
    List(show::List),
    /// Show the Rollout each time that something of it changes
    Watch(show::Watch),
    /// Show the Rollout, its revisions, pods and analyses as a tree
    Get { name: String },
    /// Show phase and message
    Status { name: String },
    /// Say why it does not go on: the causes, what they were read off, and the next command
    #[command(after_help = "Example: task-master rollout explain blue-green")]
    Explain { name: String },
    /// Show who changed what, when, why, and how long it took
    #[command(after_help = "Example: task-master rollout history blue-green --to 2")]
    History {
        name: String,
        /// All that is known of this revision, with its template
        #[arg(long, visible_alias = "revision", value_name = "N")]
        to: Option<i64>,
    },
    /// Show what differs between the pod templates of two revisions
    #[command(after_help = "Example: task-master rollout diff blue-green --from 1 --to 2")]
    Diff {
        name: String,
        /// The one [default: the one before the other]
        #[arg(long, value_name = "N")]
        from: Option<i64>,
        /// The other [default: the newest]
        #[arg(long, value_name = "N")]
        to: Option<i64>,
    },
    /// Say what in manifests, or in the target, cannot happen as declared
    #[command(after_help = "Example: task-master rollout lint deploy/canary")]
    Lint(lint::Lint),
    /// Say when an update would finish, abort or pause, in a model and in virtual time
    #[command(after_help = "Example: task-master rollout simulate -f deploy/canary --error-rate 0.2")]
    Simulate(simulate::Simulate),
    /// Wait until it is in a state, at most for --timeout
    Wait {
        name: String,
        #[arg(value_enum, value_name = "STATE")]
        until: State,
    },
    /// Make the new version the active one, and prove it
    Promote {
        name: String,
        /// Past every pause and analysis
        #[arg(long)]
        full: bool,
        /// Past the canary step that is running, and its analysis
        #[arg(long, conflicts_with = "full")]
        skip_step: bool,
        /// Only if this is the new version: the hash behind the last dash of its ReplicaSet in `get`
        #[arg(long, value_name = "HASH")]
        pod_hash: Option<String>,
        /// Send it and return, as `kubectl argo rollouts` does, instead of waiting until users reach it
        #[arg(long, conflicts_with = "host")]
        no_wait: bool,
        /// Believe it only when this host of the ingress answers with the new version
        #[arg(long, value_name = "HOST")]
        host: Option<String>,
        #[command(flatten)]
        why: Why,
    },
    /// Give the update up
    Abort {
        name: String,
        #[command(flatten)]
        why: Why,
    },
    /// Take an aborted update up again
    Retry {
        name: String,
        #[command(flatten)]
        why: Why,
    },
    /// Switch nothing until it is resumed
    Pause {
        name: String,
        #[command(flatten)]
        why: Why,
    },
    /// End a pause
    Resume {
        name: String,
        #[command(flatten)]
        why: Why,
    },
    /// Replace all pods, a few at a time
    Restart {
        name: String,
        #[command(flatten)]
        why: Why,
    },
    /// Write the template of an earlier revision back
    Undo {
        name: String,
        /// The revision [default: the one before]
        #[arg(long, value_name = "N")]
        to_revision: Option<i64>,
        #[command(flatten)]
        why: Why,
    },
    /// Give a container another image
    SetImage {
        name: String,
        /// As CONTAINER=IMAGE
        #[arg(value_parser = super::assignment, value_name = "CONTAINER=IMAGE")]
        image: (String, String),
        #[command(flatten)]
        why: Why,
    },
    /// Print what a verb has to be allowed, as a Role
    #[command(after_help = "Example: task-master rollout rbac promote --namespace shop")]
    Rbac(rbac::Rbac),
    /// Begin an analysis
    Create(analysis::Create),
    /// End an analysis before its time
    Terminate(analysis::Terminate),
    /// Go back to the last good version by the way that fits the state, and prove it
    Rollback {
        name: String,
        /// Believe it only when this host of the ingress answers with the good version
        #[arg(long, value_name = "HOST")]
        host: Option<String>,
        #[command(flatten)]
        git: release::Git,
        #[command(flatten)]
        why: Why,
    },
    /// Set a new image tag in a values file in Git, push it, and follow the rollout
    Release(release::Release),
}

/// Why something is done.
#[derive(Debug, clap::Args)]
struct Why {
    /// Why, for `history`: stays on the Rollout, with your name as the API server knows it
    #[arg(long, value_name = "TEXT", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    reason: Option<String>,
}

impl Args {
    /// The Rollout that the verb is for, if it is for one.
    pub(crate) fn name(&self) -> Option<&str> {
        match &self.command {
            Command::Watch(watch) => Some(watch.name()),
            command => command.split(&Target::Sim).map(|(name, _)| name),
        }
    }

    /// The namespace that was named, or that the context has.
    pub(crate) fn namespace(&self, context: &Context) -> String {
        namespace(self.namespace.as_deref(), context)
    }
}

fn namespace(named: Option<&str>, context: &Context) -> String {
    named.map_or_else(|| operator::namespace(context), str::to_owned)
}

/// What a Rollout can be waited for.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum State {
    /// As asked for, stable, and seen by the controller
    Healthy,
    /// Waiting for a person, or for its time
    Paused,
    /// Aborted, or out of time
    Degraded,
    /// One of the three above
    Settled,
    /// The active Service selects the version that is asked for
    Switched,
    /// Healthy, and the old version has no pods any more
    ScaledDown,
}

impl State {
    fn condition(self) -> Condition {
        match self {
            State::Healthy => Condition::Healthy,
            State::Paused => Condition::Paused,
            State::Degraded => Condition::Phase(Phase::Degraded),
            State::Settled => Condition::Settled,
            State::Switched => Condition::Switched,
            State::ScaledDown => Condition::ScaledDown,
        }
    }
}

impl Command {
    /// The Rollout and the verb; none for what is no verb on one Rollout.
    fn split(&self, target: &Target) -> Option<(&str, Verb)> {
        Some(match self {
            Command::List(_)
            | Command::Watch(_)
            | Command::Lint(_)
            | Command::Rbac(_)
            | Command::Create(_)
            | Command::Terminate(_)
            | Command::Simulate(_)
            | Command::Release(_) => return None,
            Command::Get { name } => (name, Verb::Get),
            Command::Status { name } => (name, Verb::Status),
            Command::Explain { name } => (name, Verb::Explain { program: program(target) }),
            Command::History { name, to } => (name, Verb::History { of: *to }),
            Command::Diff { name, from, to } => (name, Verb::Diff { from: *from, to: *to }),
            Command::Wait { name, until } => (name, Verb::Wait(until.condition())),
            Command::Promote { name, full, skip_step, pod_hash, no_wait, host, .. } => {
                let how = Promote { full: *full, skip_step: *skip_step, hash: pod_hash.clone() };
                (name, Verb::Promote { how, wait: !no_wait, host: host.clone() })
            }
            Command::Abort { name, .. } => (name, Verb::Abort),
            Command::Retry { name, .. } => (name, Verb::Retry),
            Command::Pause { name, .. } => (name, Verb::Pause),
            Command::Resume { name, .. } => (name, Verb::Resume),
            Command::Restart { name, .. } => (name, Verb::Restart),
            Command::Undo { name, to_revision, .. } => (name, Verb::Undo { to: *to_revision }),
            Command::SetImage { name, image: (container, image), .. } => {
                (name, Verb::SetImage { container: container.clone(), image: image.clone() })
            }
            Command::Rollback { name, host, .. } => (name, Verb::Rollback { host: host.clone() }),
        })
    }

    /// Why a person does it.
    fn reason(&self) -> Option<&str> {
        let (Command::Promote { why, .. }
        | Command::Abort { why, .. }
        | Command::Retry { why, .. }
        | Command::Pause { why, .. }
        | Command::Resume { why, .. }
        | Command::Restart { why, .. }
        | Command::Undo { why, .. }
        | Command::SetImage { why, .. }
        | Command::Rollback { why, .. }) = self
        else {
            return None;
        };
        why.reason.as_deref()
    }
}

/// Runs the command.
pub(crate) fn run(args: &Args, app: &mut App<'_>) -> Result<Code, Failure> {
    if let Command::Lint(lint) = &args.command {
        return lint.run(args.namespace.as_deref(), app);
    }
    if let Command::Rbac(rbac) = &args.command {
        return rbac.run(args.namespace.as_deref(), app);
    }
    if matches!(app.global.output, Output::Sarif | Output::Github) {
        return Err(Failure::Form);
    }
    if let Command::Simulate(simulate) = &args.command {
        return simulate.run(args.namespace.as_deref(), app);
    }
    let context = app.context()?;
    let namespace = args.namespace(&context);
    match &args.command {
        Command::List(list) => list.run(&context, namespace, app),
        Command::Watch(watch) => watch.run(&context, &namespace, app),
        Command::Create(create) => create.run(&context, &namespace, app),
        Command::Terminate(terminate) => terminate.run(&context, &namespace, app),
        Command::Release(release) => release.run(&context, &namespace, app),
        Command::Rollback { name, host, git, why } if git.is_asked_for() => {
            let verb = Verb::Rollback { host: host.clone() };
            git.back(&context, &namespace, name, &verb, why.reason.as_deref(), app)
        }
        command => {
            let reason = command.reason().map(str::to_owned);
            let one = |(name, verb)| one(&context, &namespace, name, &verb, reason, app);
            command.split(&context.target).map_or(Ok(Code::Usage), one)
        }
    }
}

/// A verb on one Rollout.
fn one(
    context: &Context,
    namespace: &str,
    name: &str,
    verb: &Verb,
    reason: Option<String>,
    app: &mut App<'_>,
) -> Result<Code, Failure> {
    let terms = Terms { within: context.timeout.unwrap_or(WITHIN), reason };
    let done = operator::operate(context, namespace, name, verb, &terms)?;
    let text = match (app.form, &done) {
        (Form::Text, _) if app.global.output == Output::Name => show::named(name),
        (Form::Text, Done::View(view)) if app.global.output == Output::Wide => view.wide().to_string(),
        (Form::Text, Done::Diff(diff)) => show::coloured(diff, app.out_style),
        (Form::Text, done) => done.to_string(),
        (Form::Json, Done::Past(history)) => show::document("rollout-history", history.as_ref()),
        (Form::Json, Done::Revision(past)) => show::document("rollout-revision", past.as_ref()),
        (Form::Json, Done::Diff(diff)) => show::document("rollout-diff", diff.as_ref()),
        (Form::Json, Done::View(view)) => show::document("rollout-view", view.as_ref()),
        (Form::Json, Done::Explained(explanation)) => show::document("explanation", explanation.as_ref()),
        (Form::Json, Done::Said(said)) => {
            show::document("rollout", &json!({"name": name, "said": said.trim_end()}))
        }
    };
    app.print(&text)?;
    Ok(Code::Ok)
}

/// How a verb on a Rollout of a target is typed.
fn program(target: &Target) -> String {
    match target {
        Target::Context(name) if started_as(plugin::NAME) => {
            format!("kubectl rollouts --context {name}")
        }
        Target::Sim => "task-master rollout".to_owned(),
        other => format!("task-master --target {other} rollout"),
    }
}
