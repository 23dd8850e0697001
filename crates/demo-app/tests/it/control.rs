//! Whether the instruments see anything: the same load must count losses when a process is killed hard and
//! when the graceful stop is taken out, and none when the stop is graceful.

use traffic_probe::{Account, HttpRequests, Load, Requests, RunningLoad};

use crate::instance::Instance;
use crate::ledger::account;

const RATE: u32 = 250;

fn start(instance: &Instance, load: impl Fn(&'static str, u32) -> Load) -> Box<dyn RunningLoad> {
    HttpRequests::new(instance.address).unwrap().start(load("demo.local", RATE))
}

fn stop(load: Box<dyn RunningLoad>) -> Account {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(load.stop())
}

/// Waits until so many more requests were answered. An instance under load is the clock of these tests.
fn wait_for(instance: &Instance, requests: u64) {
    let until = instance.answered() + requests;
    while instance.answered() < until {}
}

#[test]
fn a_hard_kill_loses_requests_and_the_twin_beside_it_none() {
    let ledger = Instance::ledger();
    let url = format!("http://{}", ledger.address);
    let [mut killed, twin] =
        ["v1", "v2"].map(|version| Instance::start(&[("VERSION", version), ("LEDGER", &url)]));
    let [to_killed, to_twin] = [&killed, &twin].map(|instance| start(instance, Load::mixed));
    wait_for(&killed, 100);
    killed.kill();
    wait_for(&twin, 100);
    let [killed, twin] = [to_killed, to_twin].map(stop);
    assert!(killed.lost() > 0, "{killed}");
    assert!(killed.answered() > 0, "{killed}");
    assert_eq!(twin.lost(), 0, "{twin}");
    // Not even a kill makes an acknowledgement a lie, because the account is elsewhere.
    let server = account(&ledger);
    for client in [&killed, &twin] {
        let both = client.reconcile(&server);
        assert!(both.holds() && both.both > 0, "{both}\n{client}");
    }
}

#[test]
fn a_graceful_stop_loses_none_and_its_twin_without_one_does() {
    let environment = |graceful| [("DRAIN", "60s"), ("GRACEFUL_STOP", graceful)];
    let [mut graceful, mut twin] = ["true", "false"].map(|graceful| Instance::start(&environment(graceful)));
    let [to_graceful, to_twin] = [&graceful, &twin].map(|instance| start(instance, Load::on));
    wait_for(&graceful, 100);
    wait_for(&twin, 10);
    graceful.terminate();
    twin.terminate();
    // Every connection that is kept alive was used since, told to close, and opened anew.
    wait_for(&graceful, 100);
    let [graceful, twin] = [to_graceful, to_twin].map(stop);
    assert_eq!(graceful.lost(), 0, "{graceful}");
    assert!(graceful.answered() >= 200, "{graceful}");
    assert!(twin.lost() > 0, "{twin}");
}
