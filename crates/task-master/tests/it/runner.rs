//! The runner with real processes: environment, input, limits, signals, output.

use std::time::Duration;

use serde_json::{Value, json};
use task_master::command::{Command, Secret, Stop};
use task_master::runner::{Ending, Finished, Interrupts, Limits, RunError, Runner, Shim};

use crate::bench::eventually;
use crate::fakes::Fakes;

const INT: i32 = 2;
const TERM: i64 = 15;

fn shim() -> Shim {
    Shim::Exe(env!("CARGO_BIN_EXE_task-master").into())
}

fn run(fakes: &Fakes, shim: Shim, command: &Command, limits: Limits) -> Result<Finished, RunError> {
    let mut environment = fakes.environment();
    environment.push(("GITHUB_TOKEN".into(), "not for children".into()));
    Runner::new(shim, environment, Interrupts::none()).start(command)?.finish(&limits, |_, _| ())
}

fn seconds(seconds: u64) -> Limits {
    Limits { timeout: Duration::from_secs(seconds), ..Limits::default() }
}

#[test]
fn a_child_gets_argv_environment_folder_and_no_input() {
    for shim in [shim(), Shim::None] {
        let fakes = Fakes::new(
            &["helm"],
            &json!([{"tool": "helm", "stdout": "out\n", "stderr": "err\n", "exit": 3}]),
        );
        let command = Command::new("helm")
            .args(["a b", "$HOME", "--", "'"])
            .env("PLAIN", "1")
            .secret("TOKEN", Secret::new("canary"))
            .cwd("/");
        let finished = run(&fakes, shim, &command, seconds(20)).unwrap();
        assert_eq!(finished.ending, Ending::Exited(3));
        assert_eq!((finished.stdout.text().as_str(), finished.stderr.text().as_str()), ("out\n", "err\n"));
        let call = &fakes.calls()[0];
        assert_eq!(call["args"], json!(["a b", "$HOME", "--", "'"]));
        assert_eq!((&call["cwd"], &call["stdin"]), (&json!("/"), &json!("")));
        assert_eq!((&call["env"]["PLAIN"], &call["env"]["TOKEN"]), (&json!("1"), &json!("canary")));
        assert_eq!(call["env"]["GITHUB_TOKEN"], Value::Null);
    }
}

#[test]
fn a_missing_program_is_said_before_anything_starts() {
    let fakes = Fakes::new(&[], &json!([]));
    let error = run(&fakes, shim(), &Command::new("argocd"), seconds(5)).unwrap_err();
    assert!(matches!(&error, RunError::Missing { program } if program == "argocd"), "{error:?}");
}

#[test]
fn one_that_hangs_is_asked_to_end_once_and_then_killed() {
    // (ends after so many signals, how it is asked, the signals it must have seen)
    let cases = [
        (1, Stop::Group, vec![TERM]),
        (0, Stop::Group, vec![TERM]),
        (1, Stop::LeaderInterrupt, vec![i64::from(INT)]),
    ];
    for (ends_after, stop, seen) in cases {
        let fakes = Fakes::new(&["terraform"], &json!([{"tool": "terraform", "hang": ends_after}]));
        let command = Command::new("terraform").stop(stop, Duration::from_millis(300));
        let limits = Limits { timeout: Duration::from_millis(500), ..Limits::default() };
        let finished = run(&fakes, shim(), &command, limits).unwrap();
        assert_eq!(finished.ending, Ending::TimedOut(limits.timeout));
        assert_eq!(fakes.signals(), seen);
    }
}

#[test]
fn a_grandchild_that_holds_the_output_does_not_hold_us() {
    let fakes =
        Fakes::new(&["kubectl"], &json!([{"tool": "kubectl", "leaves_child": true, "stdout": "done\n"}]));
    let finished = run(&fakes, shim(), &Command::new("kubectl"), seconds(60)).unwrap();
    assert_eq!(finished.ending, Ending::Exited(0));
    assert_eq!(finished.stdout.text(), "done\n");
    assert!(finished.elapsed < Duration::from_secs(20), "{:?}", finished.elapsed);
}

#[test]
fn an_interrupt_reaches_the_child_once_however_often_it_is_raised() {
    let fakes = Fakes::new(&["terraform"], &json!([{"tool": "terraform", "hang": 1, "stdout": "ready\n"}]));
    let interrupts = Interrupts::none();
    let runner = Runner::new(shim(), fakes.environment(), interrupts.clone());
    let command = Command::new("terraform").stop(Stop::LeaderInterrupt, Duration::from_secs(20));
    let running = runner.start(&command).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // The fake says when its handlers are in place.
            eventually("the fake's wait", || fakes.calls().iter().any(|call| call["hanging"] == true));
            (0..3).for_each(|_| interrupts.raise(INT));
        });
        let finished = running.finish(&seconds(30), |_, _| ()).unwrap();
        assert_eq!(finished.ending, Ending::Interrupted(INT));
    });
    assert_eq!(fakes.signals(), [i64::from(INT)]);
}

#[test]
fn a_child_that_was_never_given_the_word_does_nothing() {
    let fakes = Fakes::new(&["kubectl"], &json!([{"tool": "kubectl", "creates": "effect"}]));
    let runner = Runner::new(shim(), fakes.environment(), Interrupts::none());
    let running = runner.start(&Command::new("kubectl")).unwrap();
    let id = running.id();
    assert!(id.is_alive());
    drop(running);
    eventually("the child's end", || !id.is_alive());
    assert_eq!(fakes.calls(), Vec::<Value>::new());
    assert_eq!(fakes.effects(), Vec::<String>::new());
}

#[test]
fn output_beyond_the_cap_is_counted_and_every_line_is_handed_on() {
    let text = "0123456789\n".repeat(1000);
    let fakes = Fakes::new(&["helm"], &json!([{"tool": "helm", "stdout": text}]));
    let runner = Runner::new(shim(), fakes.environment(), Interrupts::none());
    let limits = Limits { keep: 100, ..seconds(20) };
    let mut lines = 0;
    let running = runner.start(&Command::new("helm")).unwrap();
    let finished = running.finish(&limits, |_, line| lines += usize::from(line == "0123456789")).unwrap();
    assert_eq!((finished.stdout.text().len(), finished.stdout.dropped(), lines), (100, 10_900, 1000));
}
