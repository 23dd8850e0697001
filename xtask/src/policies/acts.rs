//! What each role does and what it is refused, and the pods that are let in and those that are not.

use serde_json::{Value, json};

use super::Kubectl;
use crate::run::{self, Error};

/// One act, and whether it must succeed.
struct Act {
    /// The group of the role; none for an administrator.
    role: Option<&'static str>,
    words: Vec<&'static str>,
    /// What goes to standard input.
    input: Option<String>,
    /// Part of the refusal; none when it is allowed.
    refusal: Option<&'static str>,
    /// The same as a question to `kubectl auth can-i`.
    question: &'static [&'static str],
}

const STATUS: &[&str] = &["patch", "rollout.argoproj.io", "--subresource=status"];
const SPEC: &[&str] = &["patch", "rollout.argoproj.io"];

fn patch(role: &'static str, status: bool, body: &'static str, allowed: bool) -> Act {
    let mut words = vec!["patch", "rollout", "blue-green", "--type=merge", "--patch", body];
    words.extend(status.then_some("--subresource=status"));
    let question = if status { STATUS } else { SPEC };
    Act { role: Some(role), words, input: None, refusal: (!allowed).then_some("forbidden"), question }
}

fn plain(
    role: &'static str,
    words: &[&'static str],
    question: &'static [&'static str],
    allowed: bool,
) -> Act {
    let refusal = (!allowed).then_some("forbidden");
    Act { role: Some(role), words: words.to_vec(), input: None, refusal, question }
}

fn roles() -> Vec<Act> {
    let abort = r#"{"status":{"abort":true}}"#;
    let retry = r#"{"status":{"abort":false}}"#;
    let promote = r#"{"status":{"pauseConditions":null}}"#;
    let pause = r#"{"spec":{"paused":true}}"#;
    let bind =
        ["create", "rolebinding", "more", "--clusterrole=admin", "--group=progressive-delivery:deployer"];
    vec![
        plain("viewer", &["get", "rollouts"], &["get", "rollouts.argoproj.io"], true),
        plain("viewer", &["get", "secrets"], &["get", "secrets"], false),
        patch("viewer", true, abort, false),
        patch("promoter", true, promote, true),
        patch("promoter", true, abort, true),
        patch("promoter", true, retry, true),
        patch("promoter", false, pause, false),
        plain("promoter", &["delete", "rollout", "blue-green"], &["delete", "rollouts.argoproj.io"], false),
        patch("deployer", false, r#"{"spec":{"revisionHistoryLimit":4}}"#, true),
        patch("deployer", true, abort, false),
        plain(
            "deployer",
            &["delete", "resourcequota", "two-full-sets"],
            &["delete", "resourcequotas"],
            false,
        ),
        plain("deployer", &bind, &["create", "rolebindings"], false),
    ]
}

/// A pod like those of the charts, changed; never really made.
fn pod(refusal: Option<&'static str>, change: impl FnOnce(&mut Value)) -> Act {
    let mut pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": { "generateName": "try-" },
        "spec": {
            "securityContext": { "runAsNonRoot": true, "runAsUser": 65532, "seccompProfile": { "type": "RuntimeDefault" } },
            "containers": [{
                "name": "demo-app", "image": "127.0.0.1:5000/demo-app:v1",
                "securityContext": { "allowPrivilegeEscalation": false, "capabilities": { "drop": ["ALL"] } },
            }],
        },
    });
    change(&mut pod["spec"]);
    let words = vec!["create", "--dry-run=server", "--filename=-"];
    Act { role: None, words, input: Some(pod.to_string()), refusal, question: &[] }
}

fn pods() -> Vec<Act> {
    let memory = |amount: &str| json!({ "requests": { "memory": amount }, "limits": { "memory": amount } });
    let greedy = memory("1Gi");
    let large = memory("400Mi");
    vec![
        // It says nothing of resources: the LimitRange gives it some, else the quota would refuse it.
        pod(None, |_| ()),
        pod(Some("violates PodSecurity"), |spec| {
            spec["securityContext"] = json!({ "runAsUser": 0 });
        }),
        pod(Some("violates PodSecurity"), |spec| spec["hostNetwork"] = json!(true)),
        pod(Some("maximum memory usage per Container"), |spec| spec["containers"][0]["resources"] = greedy),
        pod(Some("exceeded quota"), |spec| {
            spec["containers"][0]["resources"] = large;
            let mut second = spec["containers"][0].clone();
            second["name"] = json!("second");
            if let Some(list) = spec["containers"].as_array_mut() {
                list.push(second);
            }
        }),
        // As docs/reference/secrets.md has it: the value comes from standard input and is in no file or argument.
        Act {
            role: None,
            words: vec!["create", "secret", "generic", "app", "--from-env-file=/dev/stdin"],
            input: Some("API_TOKEN=of-a-check\n".to_owned()),
            refusal: None,
            question: &[],
        },
    ]
}

/// Tries all of them; a line for each that went otherwise.
pub(super) fn run(kubectl: &Kubectl) -> Result<Vec<String>, Error> {
    let mut wrong = Vec::new();
    for act in roles().into_iter().chain(pods()) {
        let who = act.role.unwrap_or("administrator");
        let group = act.role.map(|role| format!("--as-group=progressive-delivery:{role}"));
        let person = group.iter().flat_map(|group| ["--as=somebody", group.as_str()]);
        let mut command = kubectl.command(&act.words);
        command.args(person.clone());
        let input = act.input.clone().unwrap_or_default();
        let done = run::feed(&mut command, input.as_bytes());
        let told = match &done {
            Ok(_) => "allowed".to_owned(),
            Err(error) => error.to_string().lines().skip(1).collect::<Vec<_>>().join(" "),
        };
        let fits = match act.refusal {
            None => done.is_ok(),
            Some(words) => done.is_err() && told.contains(words),
        };
        let line = format!("{who}: kubectl {}: {told}", act.words.join(" "));
        run::say(&line);
        if !fits {
            wrong.push(format!("{line}\n  expected: {}", act.refusal.unwrap_or("allowed")));
        }
        if !act.question.is_empty() {
            let mut asked = kubectl.command(&["auth", "can-i"]);
            // It ends with 1 where the answer is no.
            let yes = run::capture(asked.args(act.question).args(person)).is_ok();
            if yes != act.refusal.is_none() {
                wrong.push(format!("{who}: kubectl auth can-i {}: {yes}", act.question.join(" ")));
            }
        }
    }
    Ok(wrong)
}
