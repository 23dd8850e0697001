//! Holds a Rollout still, lets it go on, and restarts its pods. Each verb is first shown as the line that
//! does the same.
//!
//! `cargo run -p rollouts-client --example hold -- CONTEXT NAMESPACE ROLLOUT`

use std::error::Error;
use std::io::Write;

use rollouts_client::client::Rollouts;
use rollouts_client::{connect, verbs};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [context, namespace, name] = arguments.as_slice() else {
        return Err("usage: hold CONTEXT NAMESPACE ROLLOUT".into());
    };
    let (client, _) = connect::from_kubeconfig(Some(context)).await?;
    let rollouts = Rollouts::new(client, namespace);
    for patch in verbs::pause(&rollouts.get(name).await?)? {
        writeln!(std::io::stdout(), "{patch}")?;
    }
    rollouts.pause(name).await?;
    rollouts.resume(name).await?;
    rollouts.restart(name, rollouts.pace().now()).await?;
    Ok(())
}
