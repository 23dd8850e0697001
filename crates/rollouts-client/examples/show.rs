//! Looks at a Rollout: phase and message, a wait until it has settled, and the tree.
//!
//! `cargo run -p rollouts-client --example show -- CONTEXT NAMESPACE ROLLOUT`

use std::error::Error;
use std::io::Write;
use std::time::Duration;

use rollouts_client::client::Rollouts;
use rollouts_client::condition::Condition;
use rollouts_client::{connect, phase};

/// What there is to it.
pub async fn run(rollouts: &Rollouts, name: &str, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    for rollout in rollouts.list("").await? {
        writeln!(out, "{}: {}", rollout.name(), phase::in_words(&rollout))?;
    }
    rollouts.wait(name, &Condition::Settled, Duration::from_secs(60)).await?;
    write!(out, "\n{}", rollouts.view(name).await?.wide())?;
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [context, namespace, name] = arguments.as_slice() else {
        return Err("usage: show CONTEXT NAMESPACE ROLLOUT".into());
    };
    let (client, _) = connect::from_kubeconfig(Some(context)).await?;
    run(&Rollouts::new(client, namespace), name, &mut std::io::stdout().lock()).await
}
