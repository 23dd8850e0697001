//! Gives an update up, takes it up again, and goes back by its template: the single verbs, without a proof.
//!
//! `cargo run -p rollouts-client --example give_up -- CONTEXT NAMESPACE ROLLOUT`

use std::error::Error;
use std::io::Write;
use std::time::Duration;

use rollouts_client::client::Rollouts;
use rollouts_client::condition::Condition;
use rollouts_client::{connect, phase};

const WITHIN: Duration = Duration::from_secs(60);

/// What there is to it.
pub async fn run(rollouts: &Rollouts, name: &str, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    rollouts.abort(name).await?;
    let given_up = rollouts.wait(name, &Condition::Settled, WITHIN).await?;
    writeln!(out, "aborted: {}", phase::in_words(&given_up))?;
    rollouts.retry(name).await?;
    let again = rollouts.wait(name, &Condition::Paused, WITHIN).await?;
    writeln!(out, "retried: {}", phase::in_words(&again))?;
    // To the revision before; a number says another one.
    rollouts.undo(name, None).await?;
    let undone = rollouts.wait(name, &Condition::Healthy, WITHIN).await?;
    writeln!(out, "undone: {}", phase::in_words(&undone))?;
    match rollouts.promote_full(name).await {
        Err(error) if error.already_so() => writeln!(out, "{error}")?,
        promoted => writeln!(out, "promoted in full: {}", phase::in_words(&promoted?))?,
    }
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [context, namespace, name] = arguments.as_slice() else {
        return Err("usage: give_up CONTEXT NAMESPACE ROLLOUT".into());
    };
    let (client, _) = connect::from_kubeconfig(Some(context)).await?;
    run(&Rollouts::new(client, namespace), name, &mut std::io::stdout()).await
}
