//! Brings a new version: sets the image, waits for the preview, promotes, and believes it only when requests
//! are answered by it.
//!
//! `cargo run -p rollouts-client --example deliver -- CONTEXT NAMESPACE ROLLOUT CONTAINER IMAGE INGRESS HOST`,
//! where INGRESS is an address on loopback such as `127.0.0.1:80`.

use std::error::Error;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use rollouts_client::client::Rollouts;
use rollouts_client::condition::Condition;
use rollouts_client::connect;
use rollouts_client::promotion::{self, Promotion};
use rollouts_client::proof::Probe;
use rollouts_client::verbs::Promote;
use traffic_probe::HttpRequests;

const WITHIN: Duration = Duration::from_secs(120);

/// What there is to it.
pub async fn run(
    rollouts: &Rollouts,
    name: &str,
    (container, image): (&str, &str),
    probe: Probe,
    out: &mut impl Write,
) -> Result<(), Box<dyn Error>> {
    match rollouts.set_image(name, container, image).await {
        // Run once more, it goes on where it is.
        Err(error) if error.already_so() => {}
        set => drop(set?),
    }
    rollouts.wait(name, &Condition::Paused, WITHIN).await?;
    let order =
        Promotion { name: name.to_owned(), how: Promote::default(), probe: Some(probe), within: WITHIN };
    let promoted = promotion::promote(rollouts, &order).await?;
    writeln!(out, "{}", promoted.proof)?;
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [context, namespace, name, container, image, ingress, host] = arguments.as_slice() else {
        return Err("usage: deliver CONTEXT NAMESPACE ROLLOUT CONTAINER IMAGE INGRESS HOST".into());
    };
    let (client, _) = connect::from_kubeconfig(Some(context)).await?;
    let probe = Probe::new(Arc::new(HttpRequests::new(ingress.parse()?)?), host);
    let rollouts = Rollouts::new(client, namespace);
    Box::pin(run(&rollouts, name, (container, image), probe, &mut std::io::stdout())).await
}
