//! Reading each kind of action.

use std::collections::BTreeMap;
use std::time::Duration;

use super::fields::{Fields, Reader};
use super::model::{
    Action, Apply, Condition, Http, Load, Metrics, Named, ObjectIs, ObjectRef, Patch, Probe, Reconcile,
    Rollout, RolloutIs, Run, Static, TerraformAction, Tool, ToolStep, Verb,
};
use super::tree::{Node, Value};
use crate::executor::helm::Chart;

/// The names of the actions, as they stand in a step.
pub(super) const ACTIONS: [&str; 15] = [
    "apply",
    "reconcile",
    "rollout",
    "probe",
    "http",
    "metrics",
    "wait",
    "check",
    "load",
    "static",
    "terraform",
    "kubectl",
    "helm",
    "argocd",
    "run",
];

/// The verbs of a rollout step.
const VERBS: [&str; 8] = ["set-image", "settle", "promote", "abort", "undo", "rollback", "pause", "resume"];

/// The phases of a Rollout.
const PHASES: [&str; 4] = ["Healthy", "Paused", "Progressing", "Degraded"];

impl Reader<'_> {
    pub(super) fn action(&mut self, name: &str, node: &Node) -> Option<Action> {
        match name {
            "apply" => self.apply(node),
            "reconcile" => self.reconcile(node).map(Action::Reconcile),
            "rollout" => self.rollout(node).map(Action::Rollout),
            "probe" => self.probe(node).map(Action::Probe),
            "http" => self.http(node).map(Action::Http),
            "metrics" => self.metrics(node).map(Action::Metrics),
            "wait" => self.condition(node).map(Action::Wait),
            "check" => self.condition(node).map(Action::Check),
            "load" => self.load(node).map(Action::Load),
            "static" => self.static_check(node).map(Action::Static),
            "terraform" => self.tool(node, "a terraform step", Self::terraform),
            "kubectl" => self.tool(node, "a kubectl step", Self::kubectl),
            "helm" => self.tool(node, "a helm step", Self::helm),
            "argocd" => self.tool(node, "an argocd step", Self::argocd),
            "run" => self.run(node).map(Action::Run),
            _ => None,
        }
    }

    fn apply(&mut self, node: &Node) -> Option<Action> {
        let mut fields = self.fields(node, "an apply step")?;
        let files = fields.need(self, "files").and_then(|node| self.paths(node, "the list of files"));
        let keep = match fields.take("keep") {
            Some(node) => {
                self.list(node, "the list of kept fields").and_then(|list| self.all(list, Self::pointer))
            }
            None => Some(Vec::new()),
        };
        let replace = self.text_map(fields.take("replace"), "the map of replaced values");
        fields.finish(self);
        Some(Action::Apply(Apply { files: files?, keep: keep?, replace: replace? }))
    }

    pub(super) fn fields_of_object(&mut self, node: &Node) -> Option<Patch> {
        let mut fields = self.fields(node, "a patch")?;
        let object = self.object_ref(&mut fields);
        let merge = fields.need(self, "merge").and_then(|node| self.something(node));
        fields.finish(self);
        Some(Patch { object: object?, merge: merge? })
    }

    fn reconcile(&mut self, node: &Node) -> Option<Reconcile> {
        let mut fields = self.fields(node, "a reconcile step")?;
        let application = fields.need(self, "application").and_then(|node| self.name(node));
        let skip = fields.need(self, "skip").and_then(|node| self.truth(node));
        fields.finish(self);
        Some(Reconcile { application: application?, skip: skip? })
    }

    fn pointer(&mut self, node: &Node) -> Option<String> {
        let text = self.text(node)?;
        if text.starts_with('/') && text.len() > 1 {
            return Some(text);
        }
        self.problems.add(node.at, format!("`{text}` is not a JSON pointer such as /spec/replicas"));
        None
    }

    fn named(&mut self, fields: &mut Fields<'_>) -> Option<Named> {
        let namespace = fields.need(self, "namespace").and_then(|node| self.name(node));
        let name = fields.need(self, "name").and_then(|node| self.name(node));
        Some(Named { namespace: namespace?, name: name? })
    }

    fn rollout(&mut self, node: &Node) -> Option<Rollout> {
        let mut fields = self.fields(node, "a rollout step")?;
        let on = self.named(&mut fields);
        let verb = fields.need(self, "verb").and_then(|node| self.word(node, "verb", &VERBS));
        let verb = match verb {
            Some("set-image") => {
                let container = fields.need(self, "container").and_then(|node| self.name(node));
                let tag = fields.need(self, "tag").and_then(|node| self.version(node));
                container.zip(tag).map(|(container, tag)| Verb::SetImage { container, tag })
            }
            Some("undo") => {
                fields.need(self, "to").and_then(|node| self.version(node)).map(|to| Verb::Undo { to })
            }
            Some("settle") => {
                fields.need(self, "on").and_then(|node| self.version(node)).map(|on| Verb::Settle { on })
            }
            Some("rollback") => {
                let to = fields.need(self, "to").and_then(|node| self.version(node));
                let host = fields.need(self, "host").and_then(|node| self.name(node));
                to.zip(host).map(|(to, host)| Verb::Rollback { to, host })
            }
            Some("promote") => {
                given(fields.take("host").map(|node| self.name(node))).map(|host| Verb::Promote { host })
            }
            Some("abort") => Some(Verb::Abort),
            Some("pause") => Some(Verb::Pause),
            Some("resume") => Some(Verb::Resume),
            _ => None,
        };
        fields.finish(self);
        Some(Rollout { on: on?, verb: verb? })
    }

    fn probe(&mut self, node: &Node) -> Option<Probe> {
        let mut fields = self.fields(node, "a probe")?;
        let answers = fields.need(self, "answers").and_then(|node| self.answers(node));
        let path = self.http_path(fields.take("path"));
        let requests = fields.take("requests").map_or(Some(20), |node| self.number(node, 1, 100_000));
        let rate = fields.take("rate").map_or(Some(20), |node| self.number(node, 1, 1000));
        let within = fields.take("within").map_or(Some(Duration::ZERO), |node| self.duration(node));
        fields.finish(self);
        Some(Probe { answers: answers?, path: path?, requests: requests?, rate: rate?, within: within? })
    }

    fn answers(&mut self, node: &Node) -> Option<Vec<(String, String)>> {
        let Value::Map(map) = &node.value else {
            self.problems.add(node.at, "`answers` is a map of hosts to versions");
            return None;
        };
        if map.is_empty() {
            self.problems.add(node.at, "`answers` is empty");
            return None;
        }
        let read: Vec<Option<(String, String)>> = map
            .iter()
            .map(|(key, value)| {
                let host = Node { at: key.at, value: Value::Text(key.name.clone()) };
                self.name(&host).zip(self.version(value))
            })
            .collect();
        read.into_iter().collect()
    }

    fn http(&mut self, node: &Node) -> Option<Http> {
        let mut fields = self.fields(node, "an http step")?;
        let host = fields.need(self, "host").and_then(|node| self.name(node));
        let path = self.http_path(fields.take("path"));
        let status = fields.take("status").map_or(Some(200), |node| self.number(node, 100, 599));
        fields.finish(self);
        Some(Http { host: host?, path: path?, status: u16::try_from(status?).ok()? })
    }

    fn metrics(&mut self, node: &Node) -> Option<Metrics> {
        let mut fields = self.fields(node, "a metrics step")?;
        let namespace = fields.need(self, "namespace").and_then(|node| self.name(node));
        let present = fields.need(self, "present").and_then(|node| self.texts(node, "the list of queries"));
        let within = fields.take("within").map_or(Some(Duration::ZERO), |node| self.duration(node));
        let at = fields.at();
        fields.finish(self);
        let present = present?;
        if present.is_empty() || present.iter().any(|query| query.trim().is_empty()) {
            self.problems.add(at, "a metrics step without a query shows nothing");
            return None;
        }
        Some(Metrics { namespace: namespace?, present, within: within? })
    }

    pub(super) fn condition(&mut self, node: &Node) -> Option<Condition> {
        let mut fields = self.fields(node, "a condition")?;
        let rollout = fields.take("rollout").map(|node| self.rollout_is(node).map(Condition::Rollout));
        let object = fields.take("object").map(|node| self.object_is(node).map(Condition::Object));
        let at = fields.at();
        fields.finish(self);
        match (rollout, object) {
            (Some(condition), None) | (None, Some(condition)) => condition,
            _ => {
                self.problems.add(at, "a condition is about one `rollout` or one `object`");
                None
            }
        }
    }

    fn rollout_is(&mut self, node: &Node) -> Option<RolloutIs> {
        let mut fields = self.fields(node, "a condition on a rollout")?;
        let on = self.named(&mut fields);
        let phase = fields.take("phase").map(|node| self.word(node, "phase", &PHASES).map(str::to_owned));
        let active = fields.take("active").map(|node| self.version(node));
        let preview = fields.take("preview").map(|node| self.version(node));
        let gone = fields.take("gone").map(|node| self.version(node));
        let revisions = fields.take("revisions").map(|node| {
            self.list(node, "the list of revisions").and_then(|list| self.all(list, Self::version))
        });
        let at = fields.at();
        fields.finish(self);
        if phase.is_none() && active.is_none() && preview.is_none() && gone.is_none() && revisions.is_none() {
            self.problems
                .add(at, "a condition that asks nothing but whether the rollout is there is refused");
            return None;
        }
        Some(RolloutIs {
            on: on?,
            phase: given(phase)?,
            active: given(active)?,
            preview: given(preview)?,
            gone: given(gone)?,
            revisions: given(revisions)?.unwrap_or_default(),
        })
    }

    fn object_is(&mut self, node: &Node) -> Option<ObjectIs> {
        let mut fields = self.fields(node, "a condition on an object")?;
        let object = self.object_ref(&mut fields);
        let contains = fields.need(self, "contains").and_then(|node| self.something(node));
        fields.finish(self);
        Some(ObjectIs { object: object?, contains: contains? })
    }

    /// A map of fields that is not empty: a check that asks only whether something exists is refused.
    pub(super) fn something(&mut self, node: &Node) -> Option<serde_json::Value> {
        let value = self.json(node)?;
        if value.as_object().is_some_and(|map| !map.is_empty()) {
            return Some(value);
        }
        self.problems
            .add(node.at, "fields and values are needed here: to ask only whether it exists is refused");
        None
    }

    pub(super) fn object_ref(&mut self, fields: &mut Fields<'_>) -> Option<ObjectRef> {
        let api_version = fields.need(self, "apiVersion").and_then(|node| self.text(node));
        let kind = fields.need(self, "kind").and_then(|node| self.text(node));
        let namespace = fields.take("namespace").map(|node| self.name(node));
        let name = fields.need(self, "name").and_then(|node| self.name(node));
        Some(ObjectRef { api_version: api_version?, kind: kind?, namespace: given(namespace)?, name: name? })
    }

    fn load(&mut self, node: &Node) -> Option<Load> {
        let mut fields = self.fields(node, "a load")?;
        let host = fields.need(self, "host").and_then(|node| self.name(node));
        let path = self.http_path(fields.take("path"));
        let rate = fields.take("rate").map_or(Some(20), |node| self.number(node, 1, 1000));
        let lost = fields.take("lost").map_or(Some(0), |node| self.number(node, 0, u32::MAX));
        let steps = fields.need(self, "steps").and_then(|node| self.steps(node));
        let at = fields.at();
        fields.finish(self);
        let steps = steps?;
        let fits = |action: &Action| {
            matches!(
                action,
                Action::Rollout(_)
                    | Action::Probe(_)
                    | Action::Http(_)
                    | Action::Metrics(_)
                    | Action::Wait(_)
                    | Action::Check(_)
            )
        };
        if !steps.iter().all(|step| fits(&step.action)) {
            self.problems.add(at, "under a load stand only rollout, probe, http, metrics, wait and check");
            return None;
        }
        Some(Load { host: host?, path: path?, rate: rate?, lost: u64::from(lost?), steps })
    }

    fn static_check(&mut self, node: &Node) -> Option<Static> {
        let mut fields = self.fields(node, "a static check")?;
        let application = fields.take("application").map(|node| self.application(node));
        let rendering = fields.take("rendering").map(|node| self.rendering(node));
        let configuration = fields.take("configuration").map(|node| self.configuration(node));
        let at = fields.at();
        fields.finish(self);
        let mut given: Vec<Option<Static>> =
            [application, rendering, configuration].into_iter().flatten().collect();
        let (Some(check), true) = (given.pop(), given.is_empty()) else {
            self.problems
                .add(at, "a static check is one `application`, one `rendering` or one `configuration`");
            return None;
        };
        check
    }

    fn configuration(&mut self, node: &Node) -> Option<Static> {
        let mut fields = self.fields(node, "a configuration check")?;
        let folder = fields.need(self, "folder").and_then(|node| self.path(node));
        fields.finish(self);
        Some(Static::Configuration { folder: folder? })
    }

    fn application(&mut self, node: &Node) -> Option<Static> {
        let mut fields = self.fields(node, "an application check")?;
        let file = fields.need(self, "file").and_then(|node| self.path(node));
        let project = fields.need(self, "project").and_then(|node| self.path(node));
        fields.finish(self);
        Some(Static::Application { file: file?, project: project? })
    }

    fn rendering(&mut self, node: &Node) -> Option<Static> {
        let mut fields = self.fields(node, "a rendering check")?;
        let rendered = fields.need(self, "rendered").and_then(|node| self.path(node));
        let manifests =
            fields.need(self, "manifests").and_then(|node| self.paths(node, "the list of manifests"));
        fields.finish(self);
        Some(Static::Rendering { rendered: rendered?, manifests: manifests? })
    }

    fn tool(
        &mut self,
        node: &Node,
        what: &'static str,
        read: fn(&mut Self, &mut Fields<'_>) -> Option<Tool>,
    ) -> Option<Action> {
        let mut fields = self.fields(node, what)?;
        let tool = read(self, &mut fields);
        let without = match fields.take("without") {
            Some(node) => self
                .list(node, "the list of static checks")
                .and_then(|list| self.all(list, Self::static_check)),
            None => Some(Vec::new()),
        };
        fields.finish(self);
        Some(Action::Tool(ToolStep { tool: tool?, without: without? }))
    }

    fn terraform(&mut self, fields: &mut Fields<'_>) -> Option<Tool> {
        let folder = fields.need(self, "folder").and_then(|node| self.path(node));
        let variables = self.text_map(fields.take("variables"), "the map of variables");
        let words = ["apply", "destroy", "validate", "format"];
        let action = fields.need(self, "action").and_then(|node| self.word(node, "action", &words));
        let action = match action? {
            "apply" => TerraformAction::Apply,
            "destroy" => TerraformAction::Destroy,
            "format" => TerraformAction::Format,
            _ => TerraformAction::Validate,
        };
        Some(Tool::Terraform { folder: folder?, variables: variables?, action })
    }

    fn kubectl(&mut self, fields: &mut Fields<'_>) -> Option<Tool> {
        let files = fields.need(self, "files").and_then(|node| self.paths(node, "the list of files"));
        Some(Tool::Kubectl { files: files? })
    }

    fn helm(&mut self, fields: &mut Fields<'_>) -> Option<Tool> {
        let folder = fields.need(self, "chart").and_then(|node| self.path(node));
        let release = fields.need(self, "release").and_then(|node| self.name(node));
        let namespace = fields.need(self, "namespace").and_then(|node| self.name(node));
        let values = match fields.take("values") {
            Some(node) => self.paths(node, "the list of values files"),
            None => Some(Vec::new()),
        };
        let rendered = fields.need(self, "rendered").and_then(|node| self.path(node));
        let chart = Chart { folder: folder?, release: release?, namespace: namespace?, values: values? };
        Some(Tool::Helm { chart, rendered: rendered? })
    }

    fn argocd(&mut self, fields: &mut Fields<'_>) -> Option<Tool> {
        let app = fields.need(self, "app").and_then(|node| self.name(node));
        Some(Tool::ArgoCd { app: app? })
    }

    fn run(&mut self, node: &Node) -> Option<Run> {
        let mut fields = self.fields(node, "a run step")?;
        let argv = fields.need(self, "argv").and_then(|node| self.argv(node));
        let env: Option<BTreeMap<String, String>> = self.text_map(fields.take("env"), "the map of variables");
        let folder = fields.take("folder").map(|node| self.path(node));
        let check = fields.take("check").map(|node| self.check_argv(node));
        let of = fields.take("of").map(|node| self.paths(node, "the list of what it is about"));
        fields.finish(self);
        let (check, of) = (given(check)?, given(of)?.unwrap_or_default());
        if check.is_some() && !of.is_empty() {
            self.problems.add(node.at, "a run has a `check` or is `of` something, not both");
            return None;
        }
        Some(Run { argv: argv?, env: env?, folder: given(folder)?, check, of })
    }

    pub(super) fn argv(&mut self, node: &Node) -> Option<Vec<String>> {
        let argv = self.texts(node, "argv")?;
        let program = argv.first().map(String::as_str).unwrap_or_default();
        let shell =
            ["sh", "bash", "dash", "zsh", "fish"].contains(&program.rsplit('/').next().unwrap_or_default());
        if shell && argv.iter().any(|arg| arg.starts_with('-') && !arg.starts_with("--") && arg.contains('c'))
        {
            self.problems.add(node.at, "a shell line is refused: argv is a program and its arguments");
            return None;
        }
        if program.is_empty() || program.starts_with('-') {
            self.problems.add(node.at, format!("`{program}` is not a program"));
            return None;
        }
        Some(argv)
    }

    fn check_argv(&mut self, node: &Node) -> Option<Vec<String>> {
        let argv = self.argv(node)?;
        let program = argv[0].rsplit('/').next().unwrap_or_default();
        if ["test", "[", "ls", "stat", "true", "file"].contains(&program) {
            self.problems.add(node.at, "a check that only asks whether a file exists is refused");
            return None;
        }
        Some(argv)
    }
}

/// An optional field: absent is good, and so is present and readable.
#[expect(clippy::option_option, reason = "absent, unreadable and readable are three different things here")]
fn given<T>(field: Option<Option<T>>) -> Option<Option<T>> {
    match field {
        None => Some(None),
        Some(None) => None,
        Some(value) => Some(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_and_verb_stands_in_the_reference() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/runbook.md");
        let reference = std::fs::read_to_string(path).unwrap();
        for name in ACTIONS.iter().chain(&VERBS) {
            assert!(reference.contains(&format!("`{name}`")), "{name} is not in docs/reference/runbook.md");
        }
    }
}
