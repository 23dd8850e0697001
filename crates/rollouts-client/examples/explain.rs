//! Says why a Rollout does not go on: a paragraph for a person, the causes for a program.
//!
//! `cargo run -p rollouts-client --example explain -- CONTEXT NAMESPACE ROLLOUT`

use std::error::Error;
use std::io::Write;

use rollouts_client::client::Rollouts;
use rollouts_client::connect;

/// What there is to it.
pub async fn run(rollouts: &Rollouts, name: &str, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let explanation = rollouts.explain(name, "kubectl rollouts").await?;
    writeln!(out, "{}", explanation.paragraph())?;
    for finding in &explanation.findings {
        writeln!(out, "{}: {}", finding.cause, finding.found.summary)?;
    }
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [context, namespace, name] = arguments.as_slice() else {
        return Err("usage: explain CONTEXT NAMESPACE ROLLOUT".into());
    };
    let (client, _) = connect::from_kubeconfig(Some(context)).await?;
    run(&Rollouts::new(client, namespace), name, &mut std::io::stdout()).await
}
