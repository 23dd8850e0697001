//! Goes back: says what a rollback would do, and does it. The single verbs underneath are in `give_up`.
//!
//! `cargo run -p rollouts-client --example go_back -- CONTEXT NAMESPACE ROLLOUT INGRESS HOST`, where INGRESS
//! is an address on loopback such as `127.0.0.1:80`.

use std::error::Error;
use std::io::Write;
use std::sync::Arc;

use rollouts_client::client::Rollouts;
use rollouts_client::connect;
use rollouts_client::proof::Probe;
use rollouts_client::rollback::{self, Order};
use traffic_probe::HttpRequests;

/// What there is to it.
pub async fn run(
    rollouts: &Rollouts,
    name: &str,
    probe: Probe,
    out: &mut impl Write,
) -> Result<(), Box<dyn Error>> {
    writeln!(out, "{}", rollback::plan(rollouts, name).await?)?;
    let order = Order::of(name).proven_by(probe);
    write!(out, "{}", rollback::run(rollouts, &order).await?)?;
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [context, namespace, name, ingress, host] = arguments.as_slice() else {
        return Err("usage: go_back CONTEXT NAMESPACE ROLLOUT INGRESS HOST".into());
    };
    let (client, _) = connect::from_kubeconfig(Some(context)).await?;
    let probe = Probe::new(Arc::new(HttpRequests::new(ingress.parse()?)?), host);
    let rollouts = Rollouts::new(client, namespace);
    Box::pin(run(&rollouts, name, probe, &mut std::io::stdout().lock())).await
}
