//! The real Terraform on a configuration that needs no provider: plan, apply, no change, interrupt, destroy.
//!
//! `TERRAFORM` names the program. Without it the test says that it was skipped; under `REQUIRE_LIVE=1` that is a
//! failure.

#![expect(clippy::unwrap_used, reason = "a test whose fixture cannot be built has failed")]

use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Stdio;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use task_manager::transition::Condition;
use task_manager::{Evidence, ledger};
use test_support::gate;

use crate::bench::{Bench, Ran, eventually, root};

const TASK: &str = "infrastructure-setup/create-terraform-configurations-for-kind-cluster";

/// Writes where it is told that it has begun, and takes its time when asked to.
const CONFIGURATION: &str = r#"
variable "name" { type = string }
variable "seconds" { type = number }
resource "terraform_data" "cluster" {
  input = var.name
  provisioner "local-exec" {
    command = "echo begun >> begun; sleep ${var.seconds}"
  }
}
"#;

/// A project with the shipped PRD, the configuration, and a runbook for it.
fn project(action: &str, seconds: u32, folder: &Path, terraform: &Path) -> Bench {
    std::fs::create_dir_all(folder.join("infra")).unwrap();
    std::fs::write(folder.join("infra/main.tf"), CONFIGURATION).unwrap();
    std::fs::copy(root().join("PRD.md"), folder.join("PRD.md")).unwrap();
    let bin = folder.join("bin");
    std::fs::create_dir_all(&bin).unwrap();
    let link = bin.join("terraform");
    if !link.exists() {
        std::os::unix::fs::symlink(terraform, &link).unwrap();
    }
    let runbook = format!(
        "version: 1\ntasks:\n  {TASK}:\n    steps:\n      - terraform: {{folder: infra, action: {action}, variables: \
         {{name: kind, seconds: '{seconds}'}}}}\n    mutation: {{delete: {{apiVersion: v1, kind: Namespace, name: x}}}}\n"
    );
    let path = format!("{}:/usr/bin:/bin", bin.display());
    let environment = vec![
        ("PATH".into(), path.into()),
        ("HOME".into(), folder.into()),
        ("CHECKPOINT_DISABLE".into(), "1".into()),
    ];
    Bench::with_runbook(&runbook, environment).on(folder.join("PRD.md"))
}

const ON: [&str; 5] = ["execute-task", TASK, "--target", "context:none", "--yes"];

#[test]
fn apply_no_change_destroy() {
    let Some(terraform) = gate::program("TERRAFORM") else { return };
    let folder = tempfile::tempdir().unwrap();
    let apply = project("apply", 0, folder.path(), &terraform);
    let ran = apply.run(&ON);
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("terraform applied its plan"), "{}", ran.stdout);
    let (state, _) = ledger::read(&apply.state()).unwrap();
    assert_eq!(state.task("context:none", TASK).evidence, Some(Evidence::Live));

    let ran = apply.run(&ON);
    assert!(ran.stdout.contains("Nothing to do"), "{}", ran.stdout);
    assert_eq!(std::fs::read_to_string(folder.path().join("infra/begun")).unwrap(), "begun\n");

    let destroy = project("destroy", 0, folder.path(), &terraform);
    let ran = destroy.run(&ON);
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    let ran = destroy.run(&ON);
    assert!(ran.stdout.contains("Nothing to do"), "{}", ran.stdout);
}

#[test]
fn an_interrupt_lets_it_save_its_state_and_a_resume_finishes() {
    let Some(terraform) = gate::program("TERRAFORM") else { return };
    let folder = tempfile::tempdir().unwrap();
    let slow = project("apply", 3, folder.path(), &terraform);
    let mut command = slow.command(&ON);
    command.process_group(0).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    let group = Pid::from_raw(i32::try_from(child.id()).unwrap());
    eventually("the beginning of the apply", || folder.path().join("infra/begun").exists());
    killpg(group, Signal::SIGINT).unwrap();
    killpg(group, Signal::SIGINT).unwrap();
    let ran = Ran::from(child.wait_with_output().unwrap());
    assert_eq!(ran.code, Some(130), "{}{}", ran.stdout, ran.stderr);
    let (state, _) = ledger::read(&slow.state()).unwrap();
    assert_eq!(state.task("context:none", TASK).condition, Condition::Interrupted);
    let log = slow.run(&["logs", "--target", "context:none"]).stdout;
    assert!(log.contains("Interrupt received") && !log.contains("Two interrupts received"), "{log}");

    let ran = slow.run(&["resume", "--target", "context:none", "--yes"]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    let saved = std::fs::read_to_string(folder.path().join("infra/terraform.tfstate")).unwrap();
    assert!(saved.contains("terraform_data"), "{saved}");
}
