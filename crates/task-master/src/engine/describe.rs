//! A step in words: for the plan, for the intent that is recorded, and for the terminal.
//!
//! A tool step is described by its very command; a step on the API by what it asks of the API server.

use std::path::Path;

use crate::executor::Place;
use crate::executor::kubectl::FIELD_MANAGER;
use crate::runbook::{Action, Condition, Named, Static, Step, Verb};

use super::tool;

/// One line, with folders as somebody in `here` names them; where that is an empty path, in full.
pub(super) fn step(step: &Step, place: &Place, here: &Path) -> String {
    match &step.action {
        Action::Apply(apply) => {
            let kept = if apply.keep.is_empty() {
                String::new()
            } else {
                format!(", keeping {}", apply.keep.join(", "))
            };
            let replaced: String =
                apply.replace.iter().map(|(from, to)| format!(", with {to} for {from}")).collect();
            format!("apply {} (server-side, as {FIELD_MANAGER}{kept}{replaced})", paths(&apply.files))
        }
        Action::Reconcile(wanted) => {
            let how = if wanted.skip { "look away from" } else { "look again at" };
            format!("have Argo CD {how} application {}", wanted.application)
        }
        Action::Rollout(rollout) => verb(&rollout.on, &rollout.verb),
        Action::Probe(probe) => {
            let answers: Vec<String> =
                probe.answers.iter().map(|(host, version)| format!("{host} answers {version}")).collect();
            format!("probe with {} requests each: {}", probe.requests, answers.join("; "))
        }
        Action::Http(http) => format!("request {}{} and expect {}", http.host, http.path, http.status),
        Action::Metrics(metrics) => format!(
            "have the Rollouts controller ask, in namespace {}, and expect an answer: {}",
            metrics.namespace,
            metrics.present.join("; ")
        ),
        Action::Wait(wanted) => format!("wait at most {:?} until {}", step.timeout, condition(wanted)),
        Action::Check(wanted) => format!("check that {}", condition(wanted)),
        Action::Load(load) => {
            let inner: Vec<String> = load.steps.iter().map(|inner| self::step(inner, place, here)).collect();
            format!(
                "under {} requests a second to {}, at most {} lost: {}",
                load.rate,
                load.host,
                load.lost,
                inner.join("; then ")
            )
        }
        Action::Static(check) => static_check(check),
        Action::Tool(tool) => {
            let commands = tool::commands(&tool.tool, place, step.timeout);
            let lines: Vec<String> = commands.iter().map(|command| command.seen_from(here)).collect();
            lines.join("; then, if needed, ")
        }
        Action::Run(run) => tool::program(&run.argv, run, place).seen_from(here),
    }
}

fn verb(on: &Named, verb: &Verb) -> String {
    let name = format!("rollout {}/{}", on.namespace, on.name);
    match verb {
        Verb::SetImage { container, tag } => format!("set the image of {container} of {name} to tag {tag}"),
        Verb::Settle { on } => format!("bring {name} to {on}, promoting where it pauses"),
        Verb::Promote { host: Some(host) } => format!("promote {name} until {host} answers it"),
        Verb::Promote { host: None } => format!("promote {name}"),
        Verb::Abort => format!("abort {name}"),
        Verb::Undo { to } => format!("undo {name} to the revision of {to}"),
        Verb::Rollback { to, host } => format!("roll {name} back until {host} answers {to}"),
        Verb::Pause => format!("pause {name}"),
        Verb::Resume => format!("resume {name}"),
    }
}

/// A condition as the end of a sentence.
pub(super) fn condition(condition: &Condition) -> String {
    match condition {
        Condition::Rollout(is) => {
            let mut parts = Vec::new();
            parts.extend(is.phase.iter().cloned());
            parts.extend(is.active.iter().map(|version| format!("active is {version}")));
            parts.extend(is.preview.iter().map(|version| format!("preview is {version}")));
            parts.extend(is.gone.iter().map(|version| format!("{version} is scaled down")));
            if !is.revisions.is_empty() {
                parts.push(format!("its revisions have had {}", is.revisions.join(", ")));
            }
            format!("rollout {}/{}: {}", is.on.namespace, is.on.name, parts.join(", "))
        }
        Condition::Object(is) => {
            format!("{} contains {}", crate::cluster::object::words(&is.object), is.contains)
        }
    }
}

pub(super) fn static_check(check: &Static) -> String {
    match check {
        Static::Application { file, project } => {
            format!("check that {} fits {} and the chart", file.display(), project.display())
        }
        Static::Configuration { folder } => format!("check that {} declares what it uses", folder.display()),
        Static::Rendering { rendered, manifests } => {
            format!("compare {} with {}", rendered.display(), paths(manifests))
        }
    }
}

fn paths<P: AsRef<Path>>(paths: &[P]) -> String {
    let names: Vec<String> = paths.iter().map(|path| path.as_ref().display().to_string()).collect();
    names.join(", ")
}
