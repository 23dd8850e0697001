//! What our verbs send beside what upstream's plugin sends, each to a Rollout in the same state, as the API server's
//! audit log has it.

use std::io::{Read, Seek, SeekFrom};
use std::time::{Duration, Instant};

use rollouts_client::client::Rollouts;
use rollouts_client::condition::Condition;
use rollouts_client::phase::Phase;
use scenario::World;
use serde_json::{Value, json};

use super::case::{clear, with_causes};
use super::found;
use super::report::Report;
use super::typed::{kubectl, rollout, said, upstream};
use crate::cluster;
use crate::fault::{App, Hands};
use crate::run::{self, Error};

/// The name on the command line.
pub(crate) const NAME: &str = "audit";

/// The same application twice: ours and the plugin's.
const OURS: &str = "audit-ours";
const THEIRS: &str = "audit-upstream";

/// The longest wait for a state.
const WITHIN: Duration = Duration::from_secs(120);

/// Two commands that are to do the same.
struct Pair {
    ours: &'static str,
    theirs: &'static str,
    /// The state that both lead to; `None` for what is no verb on a Rollout.
    until: Option<Condition>,
    /// Why ours is another request, where it is, and a part of it that the plugin's has not.
    differs: Option<(&'static str, &'static str)>,
}

const fn same(ours: &'static str, theirs: &'static str, until: Condition) -> Pair {
    Pair { ours, theirs, until: Some(until), differs: None }
}

/// Ours names the container and the image and nothing else, so that it never takes back what another has written.
const IMAGE: (&str, &str) = ("the plugin writes the whole Rollout back", r#""op":"test""#);

/// Ours holds for the version and the step that were read, and for no other.
const GUARDED: (&str, &str) =
    ("the plugin's promotes whatever is there when it arrives", r#"/status/currentPodHash"#);

const fn promoted(ours: &'static str, theirs: &'static str, until: Condition) -> Pair {
    Pair { ours, theirs, until: Some(until), differs: Some(GUARDED) }
}

const BLUE_GREEN: &[Pair] = &[
    Pair {
        ours: "set-image blue-green demo-app=127.0.0.1:5000/demo-app:v2",
        theirs: "set image blue-green demo-app=127.0.0.1:5000/demo-app:v2",
        until: Some(Condition::Paused),
        differs: Some(IMAGE),
    },
    promoted("promote blue-green --no-wait", "promote blue-green", Condition::Healthy),
    same("undo blue-green", "undo blue-green", Condition::Paused),
    same("abort blue-green", "abort blue-green", Condition::Phase(Phase::Degraded)),
    same("retry blue-green", "retry rollout blue-green", Condition::Paused),
    promoted("promote blue-green --full --no-wait", "promote blue-green --full", Condition::Healthy),
    same("pause blue-green", "pause blue-green", Condition::Paused),
    promoted("promote blue-green --no-wait", "promote blue-green", Condition::Healthy),
    same("restart blue-green", "restart blue-green", Condition::Healthy),
];

const CANARY: &[Pair] = &[
    Pair {
        ours: "set-image canary demo-app=127.0.0.1:5000/demo-app:v2",
        theirs: "set image canary demo-app=127.0.0.1:5000/demo-app:v2",
        until: Some(Condition::Paused),
        differs: Some(IMAGE),
    },
    promoted("promote canary --no-wait", "promote canary", Condition::Paused),
    same("abort canary", "abort canary", Condition::Phase(Phase::Degraded)),
    same("retry canary", "retry rollout canary", Condition::Paused),
    promoted("promote canary --full --no-wait", "promote canary --full", Condition::Healthy),
    Pair {
        ours: "create analysisrun --from first --name by-hand",
        theirs: "create analysisrun --from first --name by-hand",
        until: None,
        differs: None,
    },
    Pair {
        ours: "terminate analysisrun by-hand",
        theirs: "terminate analysisrun by-hand",
        until: None,
        differs: None,
    },
];

/// Two gates for a person, and no analysis.
const GATES: &str = r#"{"spec": {"strategy": {"canary": {"analysis": null,
    "steps": [{"setWeight": 10}, {"pause": {}}, {"setWeight": 50}, {"pause": {}}]}}}}"#;

/// Runs all pairs on the host cluster and adds them to the report.
///
/// # Errors
/// A report that cannot be written; what differs is in the report.
pub(crate) async fn run(world: &World, report: &Report) -> Result<(), Error> {
    run::say(&format!("== {NAME}"));
    let start = Instant::now();
    let result = Box::pin(all(world)).await;
    report.body((NAME, "Each verb sends what upstream's plugin sends"), Vec::new(), start, result, &[])
}

async fn all(world: &World) -> Result<(), Error> {
    let mut wrong = Vec::new();
    for (app, pairs) in [(App::BlueGreen, BLUE_GREEN), (App::Canary, CANARY)] {
        for namespace in [OURS, THEIRS] {
            clear(world, namespace).await?;
            Hands::new(world, app, namespace).deploy().await?;
            if app == App::Canary {
                cluster::put(&world.client, NAME, &endless(namespace)).await?;
                let patch = ["patch", "rollout", "canary", "--type=merge", "--patch", GATES];
                said(kubectl(&[&patch[..], &["--namespace", namespace]].concat())).await?;
            }
        }
        for pair in pairs {
            wrong.extend(compared(world, app.name(), pair).await?);
        }
    }
    for namespace in [OURS, THEIRS] {
        clear(world, namespace).await?;
    }
    if wrong.is_empty() { Ok(()) } else { found(&wrong.join("\n")) }
}

/// A template whose runs do not end by themselves.
pub(super) fn endless(namespace: &str) -> Value {
    json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisTemplate",
        "metadata": {"name": "first", "namespace": namespace},
        "spec": {"metrics": [{"name": "one", "interval": "1h", "provider": {"prometheus": {"query": "vector(1)"}}}]}})
}

/// Carries out both commands. Returns what is not as it is written down.
async fn compared(world: &World, name: &str, pair: &Pair) -> Result<Option<String>, Error> {
    let words = |text: &'static str| text.split(' ').collect::<Vec<_>>();
    let ours = asked_by(OURS, rollout(OURS, &words(pair.ours))).await?;
    let theirs = asked_by(THEIRS, upstream(THEIRS, &words(pair.theirs))).await?;
    if let Some(condition) = &pair.until {
        for namespace in [OURS, THEIRS] {
            let rollouts = Rollouts::new(world.client.clone(), namespace);
            let wait = rollouts.wait(name, condition, WITHIN).await;
            wait.map_err(|error| with_causes(&error))?;
        }
    }
    let both = format!("{}:\n  ours:     {ours}\n  upstream: {theirs}", pair.ours);
    let holds = match pair.differs {
        _ if ours.is_empty() || theirs.is_empty() => false,
        None => ours == theirs,
        Some((_, part)) => ours.contains(part) && !theirs.contains(part),
    };
    match (holds, pair.differs) {
        (true, None) => run::say(&format!("  {}: the same, {ours}", pair.ours)),
        (true, Some((why, _))) => {
            run::say(&format!("  {}: another request, because {why}: {ours}", pair.ours));
        }
        (false, _) => run::say(&format!("  not as written: {both}")),
    }
    Ok((!holds).then_some(both))
}

/// What a command asks the API server to write in a namespace, in order.
async fn asked_by(namespace: &str, command: std::process::Command) -> Result<String, Error> {
    let log = cluster::audit_log();
    let broken = |source| Error::file("read", &log, source);
    let mut file = std::fs::File::open(&log).map_err(broken)?;
    file.seek(SeekFrom::End(0)).map_err(broken)?;
    said(command).await?;
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(broken)?;
    let mut asked = Vec::new();
    for line in text.lines() {
        let event = run::json("the audit log", line.as_bytes())?;
        if event["objectRef"]["namespace"] == namespace {
            asked.push(request(&event, namespace));
        }
    }
    Ok(asked.join(" "))
}

/// What was asked, without what differs between the two namespaces and from second to second, and without what the
/// server had noted in a template that became a run.
fn request(event: &Value, namespace: &str) -> String {
    let object = &event["objectRef"];
    let mut body = event["requestObject"].clone();
    if let Some(at) = body.pointer_mut("/spec/restartAt") {
        *at = json!("now");
    }
    if let Some(metadata) = body.get_mut("metadata").and_then(Value::as_object_mut) {
        for field in ["creationTimestamp", "generation", "managedFields", "resourceVersion", "uid"] {
            metadata.remove(field);
        }
    }
    let [verb, resource, part] = [&event["verb"], &object["resource"], &object["subresource"]];
    let asked = json!({ "verb": verb, "resource": resource, "subresource": part, "body": body });
    asked.to_string().replace(namespace, "its-own")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_told_without_time_and_namespace() {
        let event = |namespace: &str, at: &str| {
            json!({
                "verb": "patch",
                "objectRef": {"resource": "rollouts", "namespace": namespace, "name": "blue-green"},
                "requestObject": {"spec": {"restartAt": at}, "metadata": {"namespace": namespace}},
            })
        };
        let ours = request(&event(OURS, "2026-11-30T10:00:00Z"), OURS);
        assert_eq!(ours, request(&event(THEIRS, "2026-11-30T10:00:01Z"), THEIRS));
        assert_ne!(ours, request(&json!({"verb": "update", "objectRef": {"resource": "rollouts"}}), OURS));
    }
}
