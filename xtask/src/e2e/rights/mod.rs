//! The documented rules of each verb, tried on the API server's own authoriser: with all of them a user is allowed what
//! the verb does, and without any one of them the verb says what is missing.

mod state;

use std::path::Path;
use std::time::{Duration, Instant};

use http::Request;
use rollouts_client::access::{self, Rule};
use rollouts_client::wait;
use scenario::World;
use serde_json::{Value, json};

use super::audit::endless;
use super::case::{clear, with_causes};
use super::found;
use super::report::Report;
use super::typed::aside;
use crate::fault::{App, Hands};
use crate::run::{self, Error};
use crate::{bench, cluster};
use state::State;

/// The name on the command line, the label of all that is made for it, and its namespace.
pub(crate) const NAME: &str = "rbac";
const NAMESPACE: &str = "rbac-tried";

/// The Rollout that the verbs are tried on.
const ROLLOUT: &str = "blue-green";

/// The exit code of what is forbidden.
const FORBIDDEN: i32 = 12;

/// The longest wait for a state, and for a change of roles to count.
const WITHIN: Duration = Duration::from_secs(120);

/// A call of a verb, and which of its rules that call needs: those that are always needed, and those whose condition
/// contains this text.
struct Try {
    verb: &'static str,
    words: &'static str,
    when: &'static str,
    state: State,
    /// How it ends when it is allowed.
    code: i32,
}

const fn a_try(verb: &'static str, words: &'static str, when: &'static str, state: State) -> Try {
    Try { verb, words, when, state, code: 0 }
}

const TRIES: &[Try] = &[
    a_try("list", "list", "", State::Healthy),
    a_try("list", "list --watch --timeout 2s", "with --watch", State::Healthy),
    a_try("wait", "wait blue-green scaled-down", "for scaled-down", State::Healthy),
    a_try("lint", "lint --live blue-green", "with --live", State::Healthy),
    a_try("restart", "restart blue-green", "", State::Healthy),
    a_try("pause", "pause blue-green", "", State::Healthy),
    a_try("resume", "resume blue-green", "of spec.paused", State::Held),
    a_try("create", "create analysisrun --from first --name tried", "with --from", State::Healthy),
    a_try("terminate", "terminate analysisrun tried", "", State::Healthy),
    a_try("get", "get blue-green", "", State::Preview),
    a_try("status", "status blue-green", "", State::Preview),
    Try { code: 15, ..a_try("watch", "watch blue-green --until-settled", "", State::Preview) },
    a_try("history", "history blue-green", "", State::Preview),
    a_try("diff", "diff blue-green", "", State::Preview),
    a_try("explain", "explain blue-green", "else", State::Preview),
    a_try("promote", "promote blue-green", "without --no-wait", State::Preview),
    a_try("set-image", "set-image blue-green demo-app=127.0.0.1:5000/demo-app:v3", "", State::Healthy),
    a_try("undo", "undo blue-green", "without workloadRef", State::Preview),
    a_try("abort", "abort blue-green", "", State::Preview),
    a_try("abort", "abort blue-green --reason tried", "", State::Preview),
    a_try("retry", "retry blue-green", "", State::Aborted),
    a_try("rollback", "rollback blue-green", "to abort", State::Preview),
];

impl Try {
    /// The rules that this call needs. A request for the whole cluster is another call.
    fn rules(&self) -> Vec<Rule> {
        let of = |verb| access::of(verb).map_or(&[][..], |access| access.rules);
        let more = if self.words.contains(access::REASON) { of(access::REASON) } else { &[] };
        let own = of(self.verb);
        let all = own.iter().chain(more.iter().filter(|rule| !own.contains(rule)));
        let needed = |rule: &&Rule| {
            !rule.cluster
                && (rule.when.is_empty() || (!self.when.is_empty() && rule.when.contains(self.when)))
        };
        all.filter(needed).copied().collect()
    }

    /// The call as a part of a name.
    fn call(&self) -> String {
        self.words
            .chars()
            .take_while(|c| *c != '=')
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
            .collect()
    }

    /// Who has all of the rules, or all but one.
    fn user(&self, without: Option<usize>) -> String {
        match without {
            None => format!("{NAME}-{}", self.call()),
            Some(index) => format!("{NAME}-{}-{index}", self.call()),
        }
    }
}

/// Tries all of them on the host cluster and adds them to the report.
///
/// # Errors
/// A report that cannot be written; what is wrong is in the report.
pub(crate) async fn run(world: &World, report: &Report) -> Result<(), Error> {
    run::say(&format!("== {NAME}"));
    let start = Instant::now();
    let result = Box::pin(all(world)).await;
    let gone = clear(world, NAMESPACE).await;
    let title = "Each verb works with its documented rules, and with no fewer";
    report.body((NAME, title), Vec::new(), start, result.and(gone), &[])
}

async fn all(world: &World) -> Result<(), Error> {
    clear(world, NAMESPACE).await?;
    Hands::new(world, App::BlueGreen, NAMESPACE).deploy().await?;
    put(world, &endless(NAMESPACE)).await?;
    for a_try in TRIES {
        for without in every(a_try) {
            for object in allowed(a_try, without) {
                put(world, &object).await?;
            }
        }
    }
    if let Some(last) = TRIES.last() {
        counts(world, &last.user(None)).await?;
    }
    let folder =
        tempfile::tempdir().map_err(|source| Error::file("create", Path::new("a folder"), source))?;
    let plugin = folder.path().join("kubectl-rollouts");
    std::os::unix::fs::symlink(bench::binary("task-master"), &plugin)
        .map_err(|source| Error::file("link", &plugin, source))?;
    let mut wrong = Vec::new();
    for a_try in TRIES {
        let before = wrong.len();
        for without in every(a_try) {
            state::bring(world, a_try.state).await?;
            wrong.extend(tried(&plugin, a_try, without).await?);
        }
        let (rules, ended) =
            (a_try.rules().len(), if wrong.len() == before { "as documented" } else { "wrong" });
        run::say(&format!("  {}: with its {rules} rules, and without each: {ended}", a_try.words));
    }
    if wrong.is_empty() { Ok(()) } else { found(&wrong.join("\n")) }
}

/// Without each of its rules, and at last with all of them.
fn every(a_try: &Try) -> impl Iterator<Item = Option<usize>> {
    (0..a_try.rules().len()).map(Some).chain([None])
}

/// A Role of the rules but one, and who has it.
fn allowed(a_try: &Try, without: Option<usize>) -> [Value; 2] {
    let rules: Vec<Value> = a_try.rules().iter().enumerate().filter(|(index, _)| Some(*index) != without).map(
        |(_, rule)| json!({"apiGroups": [rule.group], "resources": [rule.resource], "verbs": [rule.verb]}),
    ).collect();
    let user = a_try.user(without);
    let (api, group) = ("rbac.authorization.k8s.io/v1", "rbac.authorization.k8s.io");
    let metadata = json!({"name": user, "namespace": NAMESPACE});
    [
        json!({"apiVersion": api, "kind": "Role", "metadata": metadata, "rules": rules}),
        json!({"apiVersion": api, "kind": "RoleBinding", "metadata": metadata,
            "roleRef": {"apiGroup": group, "kind": "Role", "name": user},
            "subjects": [{"apiGroup": group, "kind": "User", "name": user}]}),
    ]
}

async fn put(world: &World, object: &Value) -> Result<(), Error> {
    cluster::put(&world.client, NAME, object).await
}

/// Waits until the authoriser knows the role that was made last.
async fn counts(world: &World, user: &str) -> Result<(), Error> {
    let review = json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": {"user": user,
        "resourceAttributes": {"namespace": NAMESPACE, "group": "argoproj.io", "resource": "rollouts", "verb": "get"}}});
    let ask = || async {
        let request = Request::post("/apis/authorization.k8s.io/v1/subjectaccessreviews")
            .header("content-type", "application/json")
            .body(review.to_string().into_bytes())
            .map_err(|error| with_causes(&error))?;
        let answer: Value = world.client.request(request).await.map_err(|error| with_causes(&error))?;
        Ok::<_, Error>((answer["status"]["allowed"] == true).then_some(()))
    };
    let known = wait::until(&*world.pace, WITHIN, format!("the role of {user} to count"), ask).await;
    known.map_err(|error| with_causes(&error))
}

/// Calls the verb as a user who lacks a rule, or none. Returns what is not as documented.
async fn tried(plugin: &Path, a_try: &Try, without: Option<usize>) -> Result<Option<String>, Error> {
    let user = a_try.user(without);
    let mut command = run::command(plugin);
    command.args(a_try.words.split(' ')).args(["--namespace", NAMESPACE, "--as", &user]);
    if !a_try.words.contains("--timeout") {
        command.args(["--timeout", "60s"]);
    }
    command.env("KUBECONFIG", cluster::host_kubeconfig());
    let output = aside(move || command.output()).await?;
    let output = output.map_err(|source| Error::Start { program: plugin.display().to_string(), source })?;
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let rule = without.and_then(|index| a_try.rules().get(index).copied());
    // Some verbs do without, and then name what they could not read, or know less.
    let code = if rule.is_some_and(|rule| !rule.when.contains("else")) { FORBIDDEN } else { a_try.code };
    let named = rule.is_none_or(|rule| code != FORBIDDEN || said.contains(rule.resource));
    if output.status.code() == Some(code) && named {
        return Ok(None);
    }
    let lacking = rule.map_or("nothing".to_owned(), |rule| format!("{} {}", rule.verb, rule.qualified()));
    Ok(Some(format!(
        "{} without {lacking}: {:?} and not {code}: {}",
        a_try.words,
        output.status.code(),
        said.trim()
    )))
}
