//! Holds a Rollout still, lets it go on, and restarts its pods. Each verb is first shown as the line that
//! does the same.
//!
//! `cargo run -p rollouts-client --example hold -- CONTEXT NAMESPACE ROLLOUT`

use std::error::Error;
use std::io::Write;

use rollouts_client::client::Rollouts;
use rollouts_client::{connect, verbs};

/// What there is to it.
pub async fn run(rollouts: &Rollouts, name: &str, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    for patch in verbs::pause(&rollouts.get(name).await?)? {
        writeln!(out, "{patch}")?;
    }
    rollouts.pause(name).await?;
    rollouts.resume(name).await?;
    rollouts.restart(name, rollouts.pace().now()).await?;
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [context, namespace, name] = arguments.as_slice() else {
        return Err("usage: hold CONTEXT NAMESPACE ROLLOUT".into());
    };
    let (client, _) = connect::from_kubeconfig(Some(context)).await?;
    run(&Rollouts::new(client, namespace), name, &mut std::io::stdout()).await
}
