//! Tries a template now: begins an analysis, waits for its verdict, and ends another one before its time.
//!
//! `cargo run -p rollouts-client --example analyse -- CONTEXT NAMESPACE TEMPLATE [ARGUMENT=VALUE]...`

use std::error::Error;
use std::io::Write;
use std::time::Duration;

use rollouts_client::analysis::NewRun;
use rollouts_client::client::Rollouts;
use rollouts_client::connect;

const WITHIN: Duration = Duration::from_secs(30 * 60);

/// What there is to it.
pub async fn run(
    rollouts: &Rollouts,
    template: &str,
    arguments: Vec<(String, String)>,
    out: &mut impl Write,
) -> Result<(), Box<dyn Error>> {
    let template = rollouts.template(template, false).await?;
    let new = NewRun { arguments, ..NewRun::default() };
    let begun = rollouts.create_analysis_run(&template, false, &new).await?;
    let name = begun.metadata.name.unwrap_or_default();
    let ended = rollouts.analysis_verdict(&name, WITHIN).await?;
    let phase = ended.status.map(|status| status.phase.to_string()).unwrap_or_default();
    writeln!(out, "{name}: {phase}")?;
    let second = rollouts.create_analysis_run(&template, false, &new).await?;
    let name = second.metadata.name.unwrap_or_default();
    rollouts.terminate_analysis_run(&name).await?;
    writeln!(out, "{name}: terminated")?;
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [context, namespace, template, values @ ..] = arguments.as_slice() else {
        return Err("usage: analyse CONTEXT NAMESPACE TEMPLATE [ARGUMENT=VALUE]...".into());
    };
    let pair =
        |value: &String| value.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
    let values = values.iter().filter_map(pair).collect();
    let (client, _) = connect::from_kubeconfig(Some(context)).await?;
    run(&Rollouts::new(client, namespace), template, values, &mut std::io::stdout()).await
}
