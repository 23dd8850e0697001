//! A run that fails tells what was seen until then: on a busy machine it may not come again.

use std::sync::{Arc, Mutex};

use futures::FutureExt;
use futures::future::{BoxFuture, ready};
use rollouts_sim::Simulator;
use scenario::faults::{Component, FaultError};
use scenario::{Faults, NoForge, World};

use crate::files::{root, text};

#[tokio::test]
async fn a_failed_wait_tells_all_that_was_seen() {
    let shipped = text("scenarios/blue-green/deploy-and-promote.scenario");
    let end = shipped.find("  promote\n").unwrap();
    let script = scenario::parse(&format!("{}  wait degraded within 5s\n", &shipped[..end])).unwrap();
    let simulator = Simulator::in_memory(1);
    let world = World::simulated(simulator.client(), simulator.requests(), simulator.pace());
    let mut told = Vec::new();
    let outcome = scenario::run(&script, &root(), &world, &mut |line| told.push(line.to_owned())).await;
    assert!(outcome.is_err());
    let last = told.last().unwrap();
    for seen in ["step Deploy version 1", "selector  blue-green-active: none -> r1", "phase     Paused"] {
        assert!(last.contains(seen), "{last}");
    }
}

/// The control asks for losses; asked for none, it fails, and what it lost is handed over all the same.
#[tokio::test]
async fn what_a_failed_run_has_lost_is_not_lost() {
    let shipped = text("scenarios/blue-green/control-killed-pod.scenario");
    let asked = shipped.replace("load stop lost some", "load stop lost 0");
    assert_ne!(asked, shipped);
    let simulator = Simulator::in_memory(1);
    let world = World::simulated(simulator.client(), simulator.requests(), simulator.pace());
    let script = scenario::parse(&asked).unwrap();
    let failed = scenario::run(&script, &root(), &world, &mut |_| ()).await.unwrap_err();
    assert_eq!(failed.loads.len(), 1, "{failed}");
    assert!(failed.loads[0].account.lost() > 0 && !failed.loads[0].control);
}

/// Faults that are only written down.
#[derive(Default)]
struct Noted(Mutex<Vec<String>>);

impl Noted {
    fn note(&self, what: String) -> BoxFuture<'_, Result<(), FaultError>> {
        self.0.lock().unwrap().push(what);
        ready(Ok(())).boxed()
    }
}

impl Faults for Noted {
    fn component(&self, component: Component, runs: bool) -> BoxFuture<'_, Result<(), FaultError>> {
        self.note(format!("{} runs: {runs}", component.name()))
    }

    fn hang(&self, component: Component, hangs: bool) -> BoxFuture<'_, Result<(), FaultError>> {
        self.note(format!("{} hangs: {hangs}", component.name()))
    }

    fn kill(&self, _: &str, pod: &str) -> BoxFuture<'_, Result<(), FaultError>> {
        self.note(format!("killed {pod}"))
    }
}

#[tokio::test]
async fn a_failed_run_gives_back_what_it_took_away() {
    let script = "scenario x\nrollout a/b\nstep x\n  stop rollouts-controller\n  start rollouts-controller\n  \
                  stop prometheus\n  hang prometheus\n  wait healthy within 1s\n";
    let script = scenario::parse(script).unwrap();
    let simulator = Simulator::in_memory(1);
    let noted = Arc::new(Noted::default());
    let world = World {
        faults: noted.clone(),
        ..World::simulated(simulator.client(), simulator.requests(), simulator.pace())
    };
    assert!(scenario::run(&script, &root(), &world, &mut |_| ()).await.is_err());
    let done = noted.0.lock().unwrap().clone();
    assert_eq!(done[4..], ["prometheus hangs: false", "prometheus runs: true"], "{done:?}");
}

/// What cannot be done by Git, and why.
#[tokio::test]
async fn what_git_did_not_do_is_said() {
    const STATED: &str = "commit deploy/blue-green/services.yaml";
    for (commands, expected) in [
        ("webhook", "change what Git states: there is no commit yet: `commit FILE…` comes first"),
        (&format!("{STATED}\n  revert"), "change what Git states: git rev-parse: "),
        ("commit deploy/no-file.yaml", "change what Git states: commit files: read "),
        (&format!("{STATED}\n  refresh"), "change what Git states: ask argo cd: refresh application a"),
        (
            "edit remove Pod/a /spec/x",
            "carry it out: a script changes Rollouts, Services and Ingresses by hand",
        ),
        ("delete Service/a", "carry it out: delete Service/a: "),
    ] {
        let said = said(commands, |_| ()).await;
        assert!(said.contains(expected), "{commands}: {said}");
    }
    let nowhere = said(STATED, |world| world.forge = Arc::new(NoForge)).await;
    assert!(nowhere.contains("this target has no Git server"), "{nowhere}");
}

/// Why commands fail on a new simulated cluster.
async fn said(commands: &str, change: impl Fn(&mut World)) -> String {
    let script = scenario::parse(&format!("scenario x\nrollout a/b\nstep x\n  {commands}\n")).unwrap();
    let simulator = Simulator::in_memory(1);
    let mut world = World::simulated(simulator.client(), simulator.requests(), simulator.pace());
    change(&mut world);
    let error = scenario::run(&script, &root(), &world, &mut |_| ()).await.unwrap_err();
    let causes = std::iter::successors(Some(&error as &dyn std::error::Error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
