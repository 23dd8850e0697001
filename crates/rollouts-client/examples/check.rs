//! Lints a Rollout of a cluster by itself; with its Services and templates beside it more is found.
//!
//! `cargo run -p rollouts-client --example check -- CONTEXT NAMESPACE ROLLOUT`

use std::error::Error;
use std::io::Write;

use rollouts_client::client::Rollouts;
use rollouts_client::connect;
use rollouts_client::lint::{self, Object, Objects};

/// What there is to it.
pub async fn run(rollouts: &Rollouts, name: &str, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let value = serde_json::to_value(rollouts.get(name).await?)?;
    let object = Object { value, live: true, undeclared: Vec::new(), refused: Vec::new() };
    for finding in lint::lint(&Objects(vec![object])) {
        writeln!(out, "{}: {}", finding.rule, finding.found.message)?;
    }
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [context, namespace, name] = arguments.as_slice() else {
        return Err("usage: check CONTEXT NAMESPACE ROLLOUT".into());
    };
    let (client, _) = connect::from_kubeconfig(Some(context)).await?;
    run(&Rollouts::new(client, namespace), name, &mut std::io::stdout()).await
}
