//! From text to a [`Script`], or to the first mistake with its line and column.
//!
//! A script is lines; `#` begins a comment line. `scenario`, `shows` and `rollout` come first, then steps:
//!
//! ```text
//! scenario Deploy and promote
//! rollout blue-green/blue-green
//!
//! step Deploy version 1
//!   apply deploy/blue-green/services.yaml deploy/blue-green/rollout.yaml
//!     replace Rollout/blue-green /spec/replicas 5
//!   wait healthy within 90s
//!   probe blue-green.local expect v1
//! ```

mod condition;

use std::time::Duration;

pub use crate::words::ParseError;

use self::condition::condition;
use crate::faults::Component;
use crate::script::{Action, Command, Expect, Git, Lost, Measure, Named, Overlay, Script, Step};
use crate::transcript::FactKind;
use crate::words::{Line, Word, Words};

/// A wait without `within` lasts at most so long: longer than a pod's start on a busy machine.
const WITHIN: Duration = Duration::from_secs(60);

/// A probe without `within`: an ingress needs a moment to learn of new endpoints.
const PROBE_WITHIN: Duration = Duration::from_secs(10);

/// Reads a script.
///
/// # Errors
/// The first line that cannot be understood, or a missing part at the end.
pub fn parse(text: &str) -> Result<Script, ParseError> {
    let mut reader = Reader::default();
    for (index, raw) in text.lines().enumerate() {
        let line = Line { number: index + 1, text: raw };
        let content = raw.trim();
        if !content.is_empty() && !content.starts_with('#') {
            reader.line(&line)?;
        }
    }
    reader.finish(text.lines().count())
}

#[derive(Default)]
struct Reader {
    title: Option<String>,
    shows: Vec<String>,
    rollout: Option<Named>,
    varies: Vec<FactKind>,
    steps: Vec<Step>,
}

impl Reader {
    fn line(&mut self, line: &Line<'_>) -> Result<(), ParseError> {
        let mut words = line.words();
        let first = words.next("a keyword")?;
        match (first.text, self.steps.last_mut()) {
            ("step", _) => {
                let title = words.rest("the step's title")?;
                self.steps.push(Step {
                    title: title.text.to_owned(),
                    line: line.number,
                    varies: Vec::new(),
                    commands: Vec::new(),
                });
            }
            ("scenario", None) => self.title = Some(words.rest("a title")?.text.to_owned()),
            ("shows", None) => {
                let ids = words.rest("ids of requirements or criteria")?;
                self.shows.extend(ids.text.split_whitespace().map(str::to_owned));
            }
            ("varies", step) => {
                let kind = words.next("a kind of facts")?;
                let kind = FactKind::named(kind.text).ok_or_else(|| kind.error(KINDS))?;
                step.map_or(&mut self.varies, |step| &mut step.varies).push(kind);
                words.end()?;
            }
            ("rollout", None) => {
                let (namespace, name) = words.next("NAMESPACE/NAME")?.pair('/', "NAMESPACE/NAME")?;
                self.rollout = Some(Named { namespace: namespace.to_owned(), name: name.to_owned() });
                words.end()?;
            }
            ("add" | "replace" | "remove", Some(step)) => {
                let overlay = overlay(first.text, &mut words)?;
                match step.commands.last_mut().and_then(|command| command.action.overlays()) {
                    Some(overlays) => overlays.push(overlay),
                    None => {
                        let wrong =
                            "a change of an object must follow an `apply`, a `commit` or an `application`";
                        return Err(first.error(wrong));
                    }
                }
            }
            (_, Some(step)) => {
                let action = action(&first, &mut words)?;
                step.commands.push(Command { line: line.number, text: line.text.trim().to_owned(), action });
            }
            (_, None) => {
                return Err(first.error(
                    "expected `scenario`, `shows`, `rollout`, `varies` or `step` before the first step",
                ));
            }
        }
        Ok(())
    }

    fn finish(self, lines: usize) -> Result<Script, ParseError> {
        let missing =
            |what: &str| ParseError { line: lines.max(1), column: 1, message: format!("missing: {what}") };
        let title = self.title.ok_or_else(|| missing("a line `scenario TITLE`"))?;
        let rollout = self.rollout.ok_or_else(|| missing("a line `rollout NAMESPACE/NAME`"))?;
        if self.steps.is_empty() {
            return Err(missing("a line `step TITLE`"));
        }
        if let Some(step) = self.steps.iter().find(|step| step.commands.is_empty()) {
            return Err(ParseError {
                line: step.line,
                column: 1,
                message: "this step has no commands".to_owned(),
            });
        }
        Ok(Script { title, shows: self.shows, rollout, varies: self.varies, steps: self.steps })
    }
}

const COMMANDS: &str = "expected a command: apply, set, promote, abort, retry, undo, pause, resume, restart, rollback, commit, revert, \
     application, webhook, refresh, edit, delete, stop, start, hang, wake, kill, wait, hold, probe, load, measure or step";

const KINDS: &str = "expected a kind of facts: phase, selector, weight, index, replicas, analysis, sync, health, operation, \
     event, rollback, request, load or share";

fn action(first: &Word<'_>, words: &mut Words<'_>) -> Result<Action, ParseError> {
    let action = match first.text {
        "apply" => Action::Apply { files: files(words)?, overlays: Vec::new() },
        "commit" => Action::Git(Git::Commit { files: files(words)?, overlays: Vec::new() }),
        "revert" => Action::Git(Git::Revert),
        "application" => {
            let file = words.next("the path of a file")?.text.to_owned();
            Action::Git(Git::Application { file, overlays: Vec::new() })
        }
        "webhook" => Action::Git(Git::Webhook),
        "refresh" => Action::Git(Git::Refresh),
        "edit" => {
            let operation = words.next("`add`, `replace` or `remove`")?;
            Action::Edit(overlay(operation.text, words)?)
        }
        "delete" => {
            let (kind, name) = words.next("KIND/NAME")?.pair('/', "KIND/NAME")?;
            Action::Delete { kind: kind.to_owned(), name: name.to_owned() }
        }
        "set" => set(words)?,
        "promote" => Action::Promote { full: words.take("--full") },
        "abort" => Action::Abort,
        "retry" => Action::Retry,
        "undo" => Action::Undo,
        "pause" => Action::Pause,
        "restart" => Action::Restart,
        "resume" => Action::Resume,
        "stop" | "start" => {
            let component = words.next("a component")?;
            let known = Component::named(component.text);
            let component =
                known.ok_or_else(|| component.error("expected rollouts-controller or prometheus"))?;
            Action::Component { component, runs: first.text == "start" }
        }
        "hang" | "wake" => {
            let component = words.next("a component")?;
            let known = Component::named(component.text).filter(|known| *known == Component::Prometheus);
            let component = known.ok_or_else(|| component.error("expected prometheus"))?;
            Action::Hang { component, hangs: first.text == "hang" }
        }
        "measure" => Action::Measure(measure(words)?),
        "kill" => Action::Kill { revision: words.revision()? },
        "rollback" => {
            words.keyword("proven")?;
            words.keyword("by")?;
            Action::Rollback { host: words.next("a host")?.text.to_owned() }
        }
        "wait" => {
            let condition = condition(words)?;
            Action::Wait { condition, within: within(words, WITHIN)? }
        }
        "hold" => Action::Hold(words.next("a duration")?.duration()?),
        "probe" => {
            let host = words.next("a host")?.text.to_owned();
            words.keyword("expect")?;
            let expect = match words.next("a version or `nothing`")?.text {
                "nothing" => Expect::Nothing,
                version => Expect::Version(version.to_owned()),
            };
            Action::Probe { host, expect, within: within(words, PROBE_WITHIN)? }
        }
        "load" => load(words)?,
        _ => return Err(first.error(COMMANDS)),
    };
    words.end()?;
    Ok(action)
}

/// `FILE…`
fn files(words: &mut Words<'_>) -> Result<Vec<String>, ParseError> {
    let files = words.rest("paths of files")?;
    Ok(files.text.split_whitespace().map(str::to_owned).collect())
}

/// `set image=IMAGE [NAME=VALUE…]`
fn set(words: &mut Words<'_>) -> Result<Action, ParseError> {
    let first = words.next("image=IMAGE")?;
    let image = match first.pair('=', "image=IMAGE")? {
        ("image", image) => image.to_owned(),
        _ => return Err(first.error("expected image=IMAGE")),
    };
    let mut env = Vec::new();
    while let Some(word) = words.optional() {
        let (name, value) = word.pair('=', "NAME=VALUE")?;
        env.push((name.to_owned(), value.to_owned()));
    }
    Ok(Action::Set { image, env })
}

fn load(words: &mut Words<'_>) -> Result<Action, ParseError> {
    let verb = words.next("`start` or `stop`")?;
    match verb.text {
        "start" => {
            let host = words.next("a host")?.text.to_owned();
            let rate = words.next("a rate such as 100/s")?;
            let per_second = rate.text.strip_suffix("/s").and_then(|number| number.parse().ok());
            match per_second {
                Some(per_second) if per_second > 0 => Ok(Action::StartLoad { host, per_second }),
                _ => Err(rate.error("expected a rate such as 100/s")),
            }
        }
        "stop" => {
            words.keyword("lost")?;
            let number = words.next("a number or `some`")?;
            let lost = match (number.text, number.text.parse()) {
                ("some", _) => Lost::Some,
                (_, Ok(number)) => Lost::Exactly(number),
                _ => return Err(number.error("expected a number or `some`")),
            };
            Ok(Action::StopLoad { lost })
        }
        _ => Err(verb.error("expected `start` or `stop`")),
    }
}

/// `measure HOST VERSION PERCENT within POINTS of REQUESTS at RATE`
fn measure(words: &mut Words<'_>) -> Result<Measure, ParseError> {
    fn number<T: std::str::FromStr>(words: &mut Words<'_>, what: &str) -> Result<T, ParseError> {
        let word = words.next(what)?;
        word.text.parse().map_err(|_| word.error(&format!("expected {what}")))
    }
    let host = words.next("a host")?.text.to_owned();
    let version = words.next("a version")?.text.to_owned();
    let percent = number(words, "a share per cent")?;
    words.keyword("within")?;
    let points = number(words, "a number of points")?;
    words.keyword("of")?;
    let requests = number(words, "a number of requests")?;
    words.keyword("at")?;
    let rate = words.next("a rate such as 100/s")?;
    let per_second = rate.text.strip_suffix("/s").and_then(|number| number.parse().ok());
    let per_second = per_second.filter(|per_second| *per_second > 0);
    let per_second = per_second.ok_or_else(|| rate.error("expected a rate such as 100/s"))?;
    Ok(Measure { host, version, percent, points, requests, per_second })
}

fn within(words: &mut Words<'_>, default: Duration) -> Result<Duration, ParseError> {
    if words.take("within") { words.next("a duration")?.duration() } else { Ok(default) }
}

/// `add|replace|remove KIND/NAME /POINTER [JSON]`
fn overlay(operation: &str, words: &mut Words<'_>) -> Result<Overlay, ParseError> {
    let object = words.next("KIND/NAME")?;
    let (kind, name) = object.pair('/', "KIND/NAME")?;
    let pointer = words.next("a JSON pointer")?;
    let mut document = serde_json::json!({ "op": operation, "path": pointer.text });
    if operation != "remove" {
        let value = words.rest("a JSON value")?;
        let parsed: serde_json::Value = serde_json::from_str(value.text)
            .map_err(|error| value.error(&format!("expected a JSON value: {error}")))?;
        document["value"] = parsed;
    }
    words.end()?;
    let operation = serde_json::from_value(document)
        .map_err(|error| pointer.error(&format!("not a JSON Patch operation: {error}")))?;
    Ok(Overlay { line: object.line, kind: kind.to_owned(), name: name.to_owned(), operation })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::{AnalysisKind, Condition};

    const HEAD: &str = "scenario A title\nrollout ns/name\nstep One\n";

    #[test]
    fn a_script_is_read_with_its_overlays_and_bounds() {
        let text = "# why\nscenario A title\nshows a/b c/d\nrollout ns/name\n\nstep One\n  \
                    apply a.yaml b.yaml\n    replace Rollout/name /spec/replicas 5\n    \
                    remove Rollout/name /spec/x\n  wait degraded has timed out within 2m\nstep Two\n  \
                    set image=demo:v2 NEVER_READY=true\n  probe demo.local expect nothing\n";
        let script = parse(text).unwrap();
        assert_eq!((script.title.as_str(), script.shows.len()), ("A title", 2));
        assert_eq!(script.files(), ["a.yaml", "b.yaml"]);
        let Action::Apply { overlays, .. } = &script.steps[0].commands[0].action else { panic!() };
        assert_eq!(overlays.len(), 2);
        let condition = Condition::Phase { phase: "Degraded".into(), message: "has timed out".into() };
        let within = Duration::from_secs(120);
        assert_eq!(script.steps[0].commands[1].action, Action::Wait { condition, within });
        assert_eq!(script.patience(), within + PROBE_WITHIN);
        let env = vec![("NEVER_READY".to_owned(), "true".to_owned())];
        assert_eq!(script.steps[1].commands[0].action, Action::Set { image: "demo:v2".into(), env });
    }

    #[test]
    fn every_command_has_its_form() {
        for (line, expected) in [
            ("promote", Action::Promote { full: false }),
            ("promote --full", Action::Promote { full: true }),
            ("abort", Action::Abort),
            ("retry", Action::Retry),
            ("undo", Action::Undo),
            ("pause", Action::Pause),
            ("restart", Action::Restart),
            ("resume", Action::Resume),
            ("kill r2", Action::Kill { revision: "r2".into() }),
            (
                "commit a.yaml b.yaml",
                Action::Git(Git::Commit { files: vec!["a.yaml".into(), "b.yaml".into()], overlays: vec![] }),
            ),
            ("application a.yaml", Action::Git(Git::Application { file: "a.yaml".into(), overlays: vec![] })),
            ("revert", Action::Git(Git::Revert)),
            ("webhook", Action::Git(Git::Webhook)),
            ("refresh", Action::Git(Git::Refresh)),
            ("delete Service/a", Action::Delete { kind: "Service".into(), name: "a".into() }),
            (
                "edit remove Service/a /spec/x",
                Action::Edit(Overlay {
                    line: 4,
                    kind: "Service".into(),
                    name: "a".into(),
                    operation: serde_json::from_str(r#"{"op": "remove", "path": "/spec/x"}"#).unwrap(),
                }),
            ),
            ("hang prometheus", Action::Hang { component: Component::Prometheus, hangs: true }),
            ("wake prometheus", Action::Hang { component: Component::Prometheus, hangs: false }),
            (
                "measure a.local v2 1 within 0.3 of 10000 at 250/s",
                Action::Measure(Measure {
                    host: "a.local".into(),
                    version: "v2".into(),
                    percent: 1.0,
                    points: 0.3,
                    requests: 10_000,
                    per_second: 250,
                }),
            ),
            (
                "stop rollouts-controller",
                Action::Component { component: Component::RolloutsController, runs: false },
            ),
            ("rollback proven by a.local", Action::Rollback { host: "a.local".into() }),
            ("hold 5s", Action::Hold(Duration::from_secs(5))),
            ("load start a.local 100/s", Action::StartLoad { host: "a.local".into(), per_second: 100 }),
            ("load stop lost 0", Action::StopLoad { lost: Lost::Exactly(0) }),
            ("load stop lost some", Action::StopLoad { lost: Lost::Some }),
        ] {
            let script = parse(&format!("{HEAD}  {line}\n")).unwrap();
            assert_eq!(script.steps[0].commands[0].action, expected, "{line}");
        }
        for (line, expected) in [
            ("wait healthy", Condition::Phase { phase: "Healthy".into(), message: String::new() }),
            ("wait a selects r2", Condition::Selects { service: "a".into(), revision: "r2".into() }),
            ("wait scaled-down r1 within 1m", Condition::ScaledDown { revision: "r1".into() }),
            ("wait scaled r1 to 6 within 3m", Condition::Scaled { revision: "r1".into(), pods: 6 }),
            (
                "wait crash-looping r2 after 3 restarts within 2m",
                Condition::CrashLooping { revision: "r2".into(), restarts: 3 },
            ),
            ("wait weight 25", Condition::Weight(25)),
            ("wait step 3 within 1m", Condition::Step(3)),
            ("wait synced c2 within 2m", Condition::Synced { commit: "c2".into() }),
            ("wait out-of-sync", Condition::OutOfSync),
            ("wait application Suspended", Condition::Health("Suspended".into())),
            (
                "wait background Inconclusive",
                Condition::Analysis { kind: AnalysisKind::Background, phase: "Inconclusive".into() },
            ),
            (
                "wait pre-promotion Running",
                Condition::Analysis { kind: AnalysisKind::PrePromotion, phase: "Running".into() },
            ),
        ] {
            let script = parse(&format!("{HEAD}  {line}\n")).unwrap();
            let Action::Wait { condition, .. } = &script.steps[0].commands[0].action else { panic!() };
            assert_eq!(condition, &expected, "{line}");
        }
    }

    #[test]
    fn what_varies_in_a_step_varies_there_alone() {
        let script =
            parse(&format!("varies event\n{HEAD}  varies replicas\n  abort\nstep Next\n  retry\n")).unwrap();
        assert_eq!(script.varies, [FactKind::Event]);
        let steps: Vec<_> = script.steps.iter().map(|step| step.varies.as_slice()).collect();
        assert_eq!(steps, [&[FactKind::Replicas][..], &[]]);
    }

    #[test]
    fn a_mistake_is_named_with_its_place() {
        for (text, line, column, part) in [
            ("", 1, 1, "scenario TITLE"),
            ("scenario x\n", 1, 1, "rollout NAMESPACE/NAME"),
            ("scenario x\nrollout x\n", 2, 9, "NAMESPACE/NAME"),
            ("scenario x\nrollout a/b\n", 2, 1, "step TITLE"),
            ("promote\n", 1, 1, "before the first step"),
            ("varies moods\n", 1, 8, "a kind of facts"),
            (&format!("{HEAD}  stop everything\n"), 4, 8, "rollouts-controller"),
            (&format!("{HEAD}step Two\n"), 3, 1, "no commands"),
            (&format!("{HEAD}  promise\n"), 4, 3, "expected a command"),
            (&format!("{HEAD}  promote now\n"), 4, 11, "end of the line"),
            (&format!("{HEAD}  wait healty\n"), 4, 8, "expected a state"),
            (&format!("{HEAD}  wait healthy within soon\n"), 4, 23, "a duration"),
            (&format!("{HEAD}  wait scaled-down 1\n"), 4, 20, "a revision"),
            (&format!("{HEAD}  wait synced r1\n"), 4, 15, "a commit"),
            (&format!("{HEAD}  wait application Fine\n"), 4, 20, "Healthy"),
            (&format!("{HEAD}  edit change A/b /c 1\n"), 4, 19, "JSON Patch"),
            (&format!("{HEAD}  edit replace A/b /c 1\n    remove A/b /d\n"), 5, 5, "must follow an `apply`"),
            (&format!("{HEAD}  wait scaled r1 to six\n"), 4, 21, "a number of pods"),
            (&format!("{HEAD}  set demo:v2\n"), 4, 7, "image=IMAGE"),
            (&format!("{HEAD}  load start a.local 0/s\n"), 4, 22, "a rate"),
            (&format!("{HEAD}  load stop\n"), 4, 12, "line ends here"),
            (&format!("{HEAD}  replace A/b /c 1\n"), 4, 3, "must follow an `apply`"),
            (&format!("{HEAD}  apply f\n  replace A/b /c nope\n"), 5, 18, "a JSON value"),
            (&format!("{HEAD}  apply f\n  replace A/b c 1\n"), 5, 15, "JSON Patch"),
        ] {
            let error = parse(text).unwrap_err();
            assert_eq!((error.line, error.column), (line, column), "{text:?}: {error}");
            assert!(error.message.contains(part), "{text:?}: {error}");
        }
    }
}
