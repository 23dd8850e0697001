//! Looks back: what became of each revision, and what the newest one changed.
//!
//! `cargo run -p rollouts-client --example look_back -- CONTEXT NAMESPACE ROLLOUT`

use std::error::Error;
use std::io::Write;

use rollouts_client::client::Rollouts;
use rollouts_client::connect;

/// What there is to it.
pub async fn run(rollouts: &Rollouts, name: &str, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let history = rollouts.history(name).await?;
    for past in &history.revisions {
        writeln!(out, "{} {}: {}", past.revision, past.outcome.as_str(), past.what())?;
    }
    if history.revisions.len() > 1 {
        let diff = rollouts.diff(name, None, None).await?;
        diff.changes.iter().try_for_each(|change| writeln!(out, "{change}"))?;
    }
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [context, namespace, name] = arguments.as_slice() else {
        return Err("usage: look_back CONTEXT NAMESPACE ROLLOUT".into());
    };
    let (client, _) = connect::from_kubeconfig(Some(context)).await?;
    run(&Rollouts::new(client, namespace), name, &mut std::io::stdout()).await
}
