//! A run that fails tells what was seen until then: on a busy machine it may not come again.

use std::sync::Arc;

use rollouts_sim::Simulator;
use scenario::{SimulatedFaults, World};

use crate::files::{root, text};

#[tokio::test]
async fn a_failed_wait_tells_all_that_was_seen() {
    let shipped = text("scenarios/blue-green/deploy-and-promote.scenario");
    let end = shipped.find("  promote\n").unwrap();
    let script = scenario::parse(&format!("{}  wait degraded within 5s\n", &shipped[..end])).unwrap();
    let simulator = Simulator::in_memory(1);
    let client = simulator.client();
    let faults = Arc::new(SimulatedFaults(client.clone()));
    let world = World { client, requests: simulator.requests(), pace: simulator.pace(), faults };
    let mut told = Vec::new();
    let outcome = scenario::run(&script, &root(), &world, &mut |line| told.push(line.to_owned())).await;
    assert!(outcome.is_err());
    let last = told.last().unwrap();
    for seen in ["step Deploy version 1", "selector  blue-green-active: none -> r1", "phase     Paused"] {
        assert!(last.contains(seen), "{last}");
    }
}
