//! Terraform: only a saved plan is applied, so what was looked at is what happens.
//!
//! Variables travel as `TF_VAR_name`, never in argv, where any user of the machine could read them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::{Executor, Meaning, Outcome, Place, by_exit_code};
use crate::command::{Command, Stop};
use crate::runner::Finished;

/// How long Terraform may take to save its state after an interrupt.
const GRACE: Duration = Duration::from_secs(120);

/// What can be asked of Terraform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    /// The folder of the configuration, relative to the place's root.
    pub folder: PathBuf,
    /// Input variables.
    pub variables: BTreeMap<String, String>,
    /// What to do with it.
    pub verb: Verb,
}

/// What to do with a configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Download what it needs. Safe to repeat.
    Init,
    /// Check the configuration by itself.
    Validate,
    /// Say whether its files are formatted as Terraform formats them, and so whether it can read them. Needs no
    /// provider and no network.
    Format,
    /// Say whether the world differs from it, and save the plan. Changes nothing.
    Plan,
    /// Apply the saved plan.
    Apply,
    /// Say whether anything is left of it, and save the plan that removes it.
    PlanDestroy,
}

/// The executor.
#[derive(Debug, Clone, Copy, Default)]
pub struct Terraform;

impl Intent {
    /// The file that a plan is saved in: one for each configuration, under the place's scratch folder.
    fn plan_file(&self, place: &Place) -> String {
        let name = self.folder.to_string_lossy().replace('/', "-");
        place.scratch.join(format!("{name}.tfplan")).to_string_lossy().into_owned()
    }
}

impl Executor for Terraform {
    type Intent = Intent;

    fn command(&self, intent: &Intent, place: &Place) -> Command {
        let mut command = place
            .command("terraform")
            .env("TF_IN_AUTOMATION", "1")
            .env("TF_INPUT", "0")
            .stop(Stop::LeaderInterrupt, GRACE)
            .arg(format!("-chdir={}", intent.folder.display()));
        let plan = intent.plan_file(place);
        command = match intent.verb {
            Verb::Init => command.args(["init", "-input=false", "-no-color"]),
            Verb::Validate => command.args(["validate", "-no-color"]),
            Verb::Format => command.args(["fmt", "-check", "-diff", "-recursive", "-no-color"]),
            Verb::Plan => {
                command.args(["plan", "-input=false", "-no-color", "-detailed-exitcode"]).arg(out(&plan))
            }
            Verb::PlanDestroy => command
                .args(["plan", "-destroy", "-input=false", "-no-color", "-detailed-exitcode"])
                .arg(out(&plan)),
            Verb::Apply => command.args(["apply", "-input=false", "-no-color"]).arg(plan),
        };
        for (name, value) in &intent.variables {
            command = command.env(format!("TF_VAR_{name}"), value);
        }
        command
    }

    fn outcome(&self, intent: &Intent, finished: &Finished) -> Outcome {
        match intent.verb {
            Verb::Plan | Verb::PlanDestroy => {
                by_exit_code(finished, &[(0, Meaning::Done), (2, Meaning::Differs)])
            }
            // 3 says that files would be formatted; 1 or 2 that one cannot be read.
            Verb::Format => by_exit_code(finished, &[(0, Meaning::Done), (3, Meaning::Differs)]),
            Verb::Init | Verb::Validate | Verb::Apply => by_exit_code(finished, &[(0, Meaning::Done)]),
        }
    }
}

fn out(plan: &str) -> String {
    format!("-out={plan}")
}

/// The id of the lock that stood in the way, if Terraform named one.
/// We only report it: a lock is never forced open by a program that cannot know who holds it.
#[must_use]
pub fn lock_id(said: &str) -> Option<&str> {
    if !said.contains("acquiring the state lock") {
        return None;
    }
    said.lines().find_map(|line| line.trim_start_matches(['│', ' ']).strip_prefix("ID:")).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::super::Class;
    use super::super::tests::finished;
    use super::*;

    fn intent(verb: Verb) -> Intent {
        let variables = BTreeMap::from([("name".to_owned(), "a b".to_owned())]);
        Intent { folder: "terraform/cluster".into(), variables, verb }
    }

    fn place() -> Place {
        Place { root: "/repo".into(), scratch: "/state/tools".into(), ..Place::default() }
    }

    #[test]
    fn commands() {
        let plan = "-out=/state/tools/terraform-cluster.tfplan";
        let cases = [
            (Verb::Init, "init -input=false -no-color".to_owned()),
            (Verb::Validate, "validate -no-color".to_owned()),
            (Verb::Format, "fmt -check -diff -recursive -no-color".to_owned()),
            (Verb::Plan, format!("plan -input=false -no-color -detailed-exitcode {plan}")),
            (Verb::PlanDestroy, format!("plan -destroy -input=false -no-color -detailed-exitcode {plan}")),
            (Verb::Apply, "apply -input=false -no-color /state/tools/terraform-cluster.tfplan".to_owned()),
        ];
        for (verb, rest) in cases {
            let command = Terraform.command(&intent(verb), &place());
            let start = "cd /repo && NO_COLOR=1 TF_INPUT=0 TF_IN_AUTOMATION=1 TF_VAR_name='a b' \
                         terraform -chdir=terraform/cluster";
            assert_eq!(command.to_string(), format!("{start} {rest}"));
            assert_eq!(command.stop, Stop::LeaderInterrupt);
        }
    }

    #[test]
    fn exit_codes() {
        let failed = |class| move |outcome: &Outcome| matches!(outcome, Outcome::Failed { class: c, .. } if *c == class);
        assert_eq!(Terraform.outcome(&intent(Verb::Plan), &finished(0, "", "")), Outcome::Done);
        assert_eq!(Terraform.outcome(&intent(Verb::Plan), &finished(2, "", "")), Outcome::Differs);
        assert_eq!(Terraform.outcome(&intent(Verb::PlanDestroy), &finished(2, "", "")), Outcome::Differs);
        assert_eq!(Terraform.outcome(&intent(Verb::Format), &finished(3, "", "")), Outcome::Differs);
        assert_eq!(Terraform.outcome(&intent(Verb::Apply), &finished(0, "", "Warning: x")), Outcome::Done);
        for verb in [Verb::Init, Verb::Validate, Verb::Plan, Verb::Apply] {
            let outcome = Terraform.outcome(&intent(verb), &finished(1, "", "Error: Unsupported argument"));
            assert!(failed(Class::Permanent)(&outcome), "{verb:?} {outcome:?}");
        }
        let outcome = Terraform.outcome(&intent(Verb::Apply), &finished(2, "", ""));
        assert!(failed(Class::Permanent)(&outcome), "only a plan answers with 2: {outcome:?}");
    }

    #[test]
    fn a_lock_that_is_held_is_transient_and_named() {
        let said =
            "│ Error: Error acquiring the state lock\n│ Lock Info:\n│   ID:        3f1c-9\n│   Path: x";
        assert_eq!(lock_id(said), Some("3f1c-9"));
        assert_eq!(lock_id("ID: 3"), None);
        let outcome = Terraform.outcome(&intent(Verb::Plan), &finished(1, "", said));
        assert!(matches!(outcome, Outcome::Failed { class: Class::Transient, .. }), "{outcome:?}");
    }
}
