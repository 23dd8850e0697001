//! Looks at a Rollout: phase and message, the tree, and a wait until it has settled.
//!
//! `cargo run -p rollouts-client --example show -- CONTEXT NAMESPACE ROLLOUT`

use std::error::Error;
use std::io::Write;
use std::time::Duration;

use rollouts_client::client::Rollouts;
use rollouts_client::condition::Condition;
use rollouts_client::{connect, phase};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [context, namespace, name] = arguments.as_slice() else {
        return Err("usage: show CONTEXT NAMESPACE ROLLOUT".into());
    };
    let (client, _) = connect::from_kubeconfig(Some(context)).await?;
    let rollouts = Rollouts::new(client, namespace);
    let mut out = std::io::stdout().lock();
    for rollout in rollouts.list("").await? {
        writeln!(out, "{}: {}", rollout.name(), phase::in_words(&rollout))?;
    }
    rollouts.wait(name, &Condition::Settled, Duration::from_secs(60)).await?;
    write!(out, "\n{}", rollouts.view(name).await?)?;
    Ok(())
}
