//! A canary is rolled back from each state, on the simulator: what was done, and that users are back.

use rollouts_sim::Simulator;
use scenario::World;

use crate::files::root;

/// Version 1 of the shipped canary with pauses that wait for a person, without analyses.
const DEPLOY: &str = "scenario A canary goes back
rollout canary/canary

step Deploy
  apply deploy/namespaces/canary.yaml deploy/canary/services.yaml deploy/canary/ingress.yaml deploy/canary/rollout.yaml
    replace Rollout/canary /spec/strategy/canary/steps/1/pause {}
    replace Rollout/canary /spec/strategy/canary/steps/4/pause {}
    replace Rollout/canary /spec/strategy/canary/steps/6/pause {}
    replace Rollout/canary /spec/strategy/canary/steps/8/pause {}
    remove Rollout/canary /spec/strategy/canary/analysis
    remove Rollout/canary /spec/strategy/canary/steps/2
";

const HEALTHY: &str = "  wait healthy within 90s
";

const AT_TEN: &str = "
step Version 2 waits at 10 per cent
  set image=127.0.0.1:5000/demo-app:v2
  wait paused CanaryPauseStep
";

const AT_QUARTER: &str = "  promote
  wait weight 25
  wait paused CanaryPauseStep
";

const UNDER_LOAD: &str = "
step Back
  load start canary.local 20/s
";

/// Runs a script and returns what its rollbacks did, or why it failed.
async fn did(script: &str) -> Result<Vec<String>, String> {
    let script = scenario::parse(script).unwrap();
    let simulator = Simulator::in_memory(1);
    let world = World::simulated(simulator.client(), simulator.requests(), simulator.pace());
    let mut told = String::new();
    let mut tell = |line: &str| told.push_str(&format!("{line}\n"));
    match scenario::run(&script, &root(), &world, &mut tell).await {
        Ok(outcome) => {
            let text = outcome.transcript.to_string();
            let deeds = text.lines().filter_map(|line| line.trim().strip_prefix("rollback "));
            Ok(deeds.map(|deed| deed.trim().to_owned()).collect())
        }
        Err(error) => {
            let mut causes: Vec<String> = vec![error.to_string()];
            let mut cause = std::error::Error::source(&error);
            while let Some(error) = cause {
                causes.push(error.to_string());
                cause = error.source();
            }
            Err(format!("{told}{}", causes.join(": ")))
        }
    }
}

async fn check(table: &[(&str, String, &[&str])]) {
    for (state, script, expected) in table {
        let done = did(script).await.unwrap_or_else(|why| panic!("{state}: {why}"));
        assert_eq!(done, *expected, "{state}");
    }
}

const ABORTED: &str = "aborted the update";
const DIVERTED: &str = "switched service canary-canary from r2 to r1, which the controller had not done";

#[tokio::test]
async fn while_it_is_under_way() {
    let back =
        "  rollback proven by canary.local\n  hold 30s\n  probe canary.local expect v1\n  load stop lost 0\n";
    let at = |before: &str, meanwhile: &str| {
        format!("{DEPLOY}{HEALTHY}{AT_TEN}{before}{UNDER_LOAD}{meanwhile}{back}")
    };
    check(&[
        ("paused at a step", at("", ""), &[ABORTED]),
        ("at the second weight", at(AT_QUARTER, ""), &[ABORTED]),
        ("paused by a person", at("", "  pause\n  wait paused manually\n"), &[ABORTED]),
        ("aborted already", at("", "  abort\n  wait degraded RolloutAborted\n"), &[]),
        ("on its way to the next weight", at("", "  promote\n"), &[ABORTED]),
        ("promoted in full a moment ago", at("", "  promote --full\n"), &[ABORTED]),
        ("with the controller down", at("", "  stop rollouts-controller\n"), &[ABORTED, DIVERTED]),
        ("with the controller down, aborted", at("", "  stop rollouts-controller\n  abort\n"), &[DIVERTED]),
    ])
    .await;
}

#[tokio::test]
async fn a_controller_that_comes_back_agrees() {
    let script = format!(
        "{DEPLOY}{HEALTHY}{AT_TEN}{AT_QUARTER}{UNDER_LOAD}  stop rollouts-controller
  rollback proven by canary.local
  start rollouts-controller
  wait degraded RolloutAborted within 120s
  wait weight 0
  wait scaled-down r2 within 60s
  probe canary.local expect v1
  load stop lost 0
"
    );
    check(&[("down and back", script, &[ABORTED, DIVERTED])]).await;
}

#[tokio::test]
async fn after_it_was_fully_promoted() {
    let promoted = format!(
        "{DEPLOY}{HEALTHY}{AT_TEN}
step Promoted
  promote --full
  wait healthy within 90s
  wait canary-stable selects r2
  probe canary.local expect v2
"
    );
    let back = "  rollback proven by canary.local\n  probe canary.local expect v1\n  wait healthy within 60s\n  load stop lost 0\n";
    let undone = ["wrote the template of revision 1 (v1) back", "promoted it in full"];
    check(&[
        ("at once", format!("{promoted}{UNDER_LOAD}{back}"), &undone),
        (
            "after the delay",
            format!("{promoted}  wait scaled-down r1 within 60s\n{UNDER_LOAD}{back}"),
            &undone,
        ),
        ("paused by a person", format!("{promoted}{UNDER_LOAD}  pause\n{back}"), &undone),
    ])
    .await;
}

#[tokio::test]
async fn an_update_that_was_replaced_in_the_middle_is_not_gone_back_to() {
    let script = format!(
        "{DEPLOY}{HEALTHY}{AT_TEN}
step Version 3 replaces it, and is promoted
  set image=127.0.0.1:5000/demo-app:v3
  wait canary-canary selects r3
  hold 10s
  wait paused CanaryPauseStep
  promote --full
  wait healthy within 90s
  wait canary-stable selects r3
{UNDER_LOAD}  rollback proven by canary.local
  probe canary.local expect v1
  load stop lost 0
"
    );
    let undone = ["wrote the template of revision 1 (v1) back", "promoted it in full"];
    check(&[("v1, v2 in the middle, v3", script, &undone)]).await;
}

/// A canary without a router: its traffic is split by pods.
fn by_pods(meanwhile: &str) -> String {
    let deploy = format!("{DEPLOY}    remove Rollout/canary /spec/strategy/canary/trafficRouting\n{HEALTHY}");
    format!("{deploy}{AT_TEN}{UNDER_LOAD}{meanwhile}  rollback proven by canary.local\n  load stop lost 0\n")
}

#[tokio::test]
async fn without_a_router() {
    let resumed = "ended the pause, so that the controller takes the pods away";
    check(&[
        ("paused at a step", by_pods(""), &[ABORTED]),
        ("paused by a person", by_pods("  pause\n  wait paused manually\n"), &[ABORTED, resumed]),
    ])
    .await;
    let told = did(&by_pods("  stop rollouts-controller\n")).await.expect_err("nobody can help");
    let expected = "rollback of rollout canary failed after: aborted the update: the controller has not taken the abort up within 2s, and without a router only it can take the canary's pods out of service; whether users are back cannot be verified; is the controller running?";
    assert!(told.ends_with(expected), "{told}");
}
