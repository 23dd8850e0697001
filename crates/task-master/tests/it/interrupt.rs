//! Ctrl-C on the built binary: the child sees it once, the run says what became of it, and resumes.

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use serde_json::json;
use std::os::unix::process::CommandExt as _;
use std::process::Stdio;
use task_manager::ledger;
use task_manager::transition::Condition;

use crate::bench::{Bench, Ran, eventually};
use crate::fakes::Fakes;

const TASK: &str = "infrastructure-setup/install-argocd";

#[test]
fn the_child_sees_one_interrupt_however_often_it_is_typed() {
    for (signal, code) in [(Signal::SIGINT, 130), (Signal::SIGTERM, 143)] {
        let rules = json!([
            {"tool": "terraform", "args": ["init"]},
            {"tool": "terraform", "args": ["plan"], "unless": "cluster", "exit": 2},
            {"tool": "terraform", "args": ["plan"], "when": "cluster"},
            {"tool": "terraform", "args": ["apply"], "when": "again", "creates": "cluster"},
            {"tool": "terraform", "args": ["apply"], "hang": 1, "exit": 1, "creates": "again"},
        ]);
        let fakes = Fakes::new(&["terraform"], &rules);
        let text = format!(
            "version: 1\ntasks:\n  {TASK}:\n    steps:\n      - terraform: {{folder: deploy, action: apply}}\n    mutation: \
             {{delete: {{apiVersion: v1, kind: Namespace, name: x}}}}\n"
        );
        let mut bench = Bench::with_runbook(&text, fakes.environment());
        bench.set("HOME", "/home/nobody");
        let args = ["execute-task", TASK, "--target", "context:fake", "--yes"];
        // As a terminal does it: the whole foreground group gets the signal.
        let mut command = bench.command(&args);
        command.process_group(0).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().unwrap();
        let group = Pid::from_raw(i32::try_from(child.id()).unwrap());
        eventually("the fake's wait", || fakes.calls().iter().any(|call| call["hanging"] == true));
        for _ in 0..3 {
            killpg(group, signal).unwrap();
        }
        let ran = Ran::from(child.wait_with_output().unwrap());
        assert_eq!(ran.code, Some(code), "{}{}", ran.stdout, ran.stderr);
        assert_eq!(fakes.signals(), [2], "Terraform is interrupted exactly once");
        let (state, _) = ledger::read(&bench.state()).unwrap();
        assert_eq!(state.task("context:fake", TASK).condition, Condition::Interrupted);

        let ran = bench.run(&["resume", "--target", "context:fake", "--yes"]);
        assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
        assert_eq!(fakes.effects(), ["+again", "+cluster"]);
    }
}
