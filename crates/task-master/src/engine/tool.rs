//! Tool steps: the commands of each, and what their ends mean for the step.

use std::time::Duration;

use task_manager::Evidence;

use super::hands::{Done, Hands, Talk};
use crate::cluster::Look;
use crate::command::Command;
use crate::executor::argocd::{self, ArgoCd};
use crate::executor::helm::{self, Helm};
use crate::executor::kubectl::{self, Kubectl};
use crate::executor::terraform::{self, Terraform};
use crate::executor::{Class, Executor, Outcome, Place};
use crate::fault::Fault;
use crate::runbook::{Run, TerraformAction, Tool};
use crate::runner::{Ending, Finished, Limits, RunError};
use crate::statics;

/// The name of the tool.
pub(super) fn name(tool: &Tool) -> &'static str {
    match tool {
        Tool::Terraform { .. } => "terraform",
        Tool::Kubectl { .. } => "kubectl",
        Tool::Helm { .. } => "helm",
        Tool::ArgoCd { .. } => "argocd",
    }
}

/// Whether the tool only looks. What changes something is not run where the target is a simulation.
pub(super) fn only_looks(tool: &Tool) -> bool {
    match tool {
        Tool::Helm { .. } => true,
        Tool::Terraform { action, .. } => {
            matches!(action, TerraformAction::Validate | TerraformAction::Format)
        }
        Tool::Kubectl { .. } | Tool::ArgoCd { .. } => false,
    }
}

/// Whether the tool compares shipped files and nothing else, so that it shows no more than a static check.
pub(super) fn only_compares(tool: &Tool) -> bool {
    matches!(tool, Tool::Terraform { action: TerraformAction::Format, .. })
}

/// The commands of a tool step in their order: those that look, then those that act if needed.
pub(super) fn commands(tool: &Tool, place: &Place, timeout: Duration) -> Vec<Command> {
    match tool {
        Tool::Terraform { action, .. } => {
            let verbs: &[terraform::Verb] = match action {
                TerraformAction::Format => &[action.question()],
                TerraformAction::Validate => &[terraform::Verb::Init, action.question()],
                TerraformAction::Apply | TerraformAction::Destroy => {
                    &[terraform::Verb::Init, action.question(), terraform::Verb::Apply]
                }
            };
            verbs.iter().map(|verb| Terraform.command(&terraform_intent(tool, *verb), place)).collect()
        }
        Tool::Kubectl { files } => {
            let (files, also) = (files.clone(), files.clone());
            [kubectl::Intent::Diff { files }, kubectl::Intent::Apply { files: also }]
                .iter()
                .map(|intent| Kubectl.command(intent, place))
                .collect()
        }
        Tool::Helm { chart, .. } => vec![Helm.command(&helm::Intent::Template(chart.clone()), place)],
        Tool::ArgoCd { app } => [argocd_get(app), argocd_sync(app, timeout), argocd_wait(app, timeout)]
            .iter()
            .map(|intent| ArgoCd.command(intent, place))
            .collect(),
    }
}

/// The command of a program of the runbook.
pub(super) fn program(argv: &[String], run: &Run, place: &Place) -> Command {
    let mut argv = argv.iter();
    let mut command = place.command(argv.next().map_or("", String::as_str)).args(argv.cloned());
    command.env.extend(run.env.clone());
    if let Some(folder) = &run.folder {
        command = command.cwd(place.root.join(folder));
    }
    command
}

fn terraform_intent(tool: &Tool, verb: terraform::Verb) -> terraform::Intent {
    match tool {
        Tool::Terraform { folder, variables, .. } => {
            terraform::Intent { folder: folder.clone(), variables: variables.clone(), verb }
        }
        _ => terraform::Intent { folder: ".".into(), variables: Default::default(), verb },
    }
}

fn argocd_get(app: &str) -> argocd::Intent {
    argocd::Intent::Get { app: app.to_owned() }
}

fn argocd_sync(app: &str, timeout: Duration) -> argocd::Intent {
    argocd::Intent::Sync { app: app.to_owned(), timeout }
}

fn argocd_wait(app: &str, timeout: Duration) -> argocd::Intent {
    argocd::Intent::Wait { app: app.to_owned(), timeout }
}

impl Hands<'_> {
    /// Whether a tool finds that everything is so. For a tool that only looks, this is the whole step.
    pub(super) fn tool_look(
        &mut self,
        tool: &Tool,
        limit: Duration,
        talk: &mut Talk<'_, '_>,
    ) -> Result<Look, Fault> {
        match tool {
            Tool::Terraform { folder, action: TerraformAction::Format, .. } => {
                let question = terraform_intent(tool, terraform::Verb::Format);
                let (is_so, finished) = self.ask(&Terraform, &question, limit, talk)?;
                let folder = folder.display();
                Ok(match is_so {
                    true => Look::So(format!("terraform reads {folder} and finds it formatted")),
                    false => {
                        Look::NotSo(format!("terraform would format {folder}: {}", finished.stdout.text()))
                    }
                })
            }
            Tool::Terraform { action, .. } => {
                self.ask(&Terraform, &terraform_intent(tool, terraform::Verb::Init), limit, talk)?;
                let question = terraform_intent(tool, action.question());
                Ok(match self.ask(&Terraform, &question, limit, talk)?.0 {
                    true => Look::So("terraform finds nothing to do".to_owned()),
                    false => Look::NotSo("terraform plans changes".to_owned()),
                })
            }
            Tool::Kubectl { files } => Ok(
                match self.ask(&Kubectl, &kubectl::Intent::Diff { files: files.clone() }, limit, talk)?.0 {
                    true => Look::So("kubectl finds no difference".to_owned()),
                    false => Look::NotSo("kubectl finds differences".to_owned()),
                },
            ),
            Tool::Helm { chart, rendered } => {
                let (_, finished) = self.ask(&Helm, &helm::Intent::Template(chart.clone()), limit, talk)?;
                let committed = statics::read(&self.root, rendered)?;
                statics::same_rendering(rendered, &committed, &finished.stdout.text())?;
                Ok(Look::So(format!("helm renders what {} holds", rendered.display())))
            }
            Tool::ArgoCd { app } => Ok(match self.ask(&ArgoCd, &argocd_get(app), limit, talk)?.0 {
                true => Look::So(format!("application {app} is Synced and Healthy")),
                false => Look::NotSo(format!("application {app} is not Synced and Healthy")),
            }),
        }
    }

    /// Has the tool do it.
    pub(super) fn tool_act(
        &mut self,
        tool: &Tool,
        limit: Duration,
        talk: &mut Talk<'_, '_>,
    ) -> Result<Done, Fault> {
        let detail = match tool {
            Tool::Terraform { .. } => {
                self.ask(&Terraform, &terraform_intent(tool, terraform::Verb::Apply), limit, talk)?;
                "terraform applied its plan".to_owned()
            }
            Tool::Kubectl { files } => {
                self.ask(&Kubectl, &kubectl::Intent::Apply { files: files.clone() }, limit, talk)?;
                "kubectl applied the files".to_owned()
            }
            Tool::Helm { .. } => "helm rendered".to_owned(),
            Tool::ArgoCd { app } => {
                self.ask(&ArgoCd, &argocd_sync(app, limit), limit, talk)?;
                self.ask(&ArgoCd, &argocd_wait(app, limit), limit, talk)?;
                format!("application {app} synced")
            }
        };
        Ok(Done { detail, evidence: Some(Evidence::Live) })
    }

    /// Runs one command of a tool; true for "done", false for "it differs".
    fn ask<E: Executor>(
        &mut self,
        executor: &E,
        intent: &E::Intent,
        limit: Duration,
        talk: &mut Talk<'_, '_>,
    ) -> Result<(bool, Finished), Fault> {
        let command = executor.command(intent, &self.place);
        let finished = self.spawn(&command, limit, talk)?;
        match executor.outcome(intent, &finished) {
            Outcome::Done => Ok((true, finished)),
            Outcome::Differs => Ok((false, finished)),
            Outcome::Failed { class, message } => {
                Err(Fault::of(class, format!("{}: {message}", command.program)))
            }
        }
    }

    /// Runs one program of the runbook; answers what it wrote as well.
    pub(super) fn run_program(
        &mut self,
        argv: &[String],
        run: &Run,
        limit: Duration,
        talk: &mut Talk<'_, '_>,
    ) -> Result<(Outcome, String), Fault> {
        let command = program(argv, run, &self.place);
        let finished = self.spawn(&command, limit, talk)?;
        let output = finished.stdout.text();
        Ok((crate::executor::by_exit_code(&finished, &[(0, crate::executor::Meaning::Done)]), output))
    }

    /// Asks a program whether it is so already: exit code 0 says yes, every other one no.
    pub(super) fn run_check(
        &mut self,
        argv: &[String],
        run: &Run,
        limit: Duration,
        talk: &mut Talk<'_, '_>,
    ) -> Result<Look, Fault> {
        let command = program(argv, run, &self.place);
        let finished = self.spawn(&command, limit, talk)?;
        let said = finished.stdout.text();
        let last = said.lines().map(str::trim).rfind(|line| !line.is_empty());
        match crate::executor::by_exit_code(&finished, &[(0, crate::executor::Meaning::Done)]) {
            Outcome::Failed { message, .. } if matches!(finished.ending, Ending::Exited(_)) => {
                Ok(Look::NotSo(message))
            }
            Outcome::Failed { class, message } => Err(Fault::of(class, message)),
            Outcome::Done | Outcome::Differs => {
                Ok(Look::So(last.map_or_else(|| format!("{} says so", command.program), str::to_owned)))
            }
        }
    }

    /// Starts a command, has its process recorded, and waits for its end.
    fn spawn(
        &mut self,
        command: &Command,
        limit: Duration,
        talk: &mut Talk<'_, '_>,
    ) -> Result<Finished, Fault> {
        std::fs::create_dir_all(&self.place.scratch).map_err(|error| {
            Fault::permanent(format!("cannot create {}: {error}", self.place.scratch.display()))
        })?;
        let running = self.runner.start(command).map_err(run_fault)?;
        talk.spawned(running.id())?;
        let limits = Limits { timeout: limit, ..Limits::default() };
        running.finish(&limits, |stream, line| talk.line(stream, line)).map_err(run_fault)
    }
}

fn run_fault(error: RunError) -> Fault {
    match error {
        RunError::Missing { program } => Fault::missing(&program),
        // Nothing was started, so trying again is safe.
        RunError::Start { .. } => Fault::chain(Class::Transient, &error),
        RunError::Lost { .. } => Fault::chain(Class::TimedOut, &error),
    }
}
