//! Prints what a verb has to be allowed, as Roles in JSON. Needs no cluster.
//!
//! `cargo run -p rollouts-client --example allow -- VERB NAMESPACE`

use std::error::Error;
use std::io::Write;

use rollouts_client::access;

/// What there is to it.
pub fn run(verb: &str, namespace: &str, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let access = access::of(verb).ok_or("there is no such verb")?;
    for role in access.roles(namespace) {
        writeln!(out, "{role:#}")?;
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [verb, namespace] = arguments.as_slice() else {
        return Err("usage: allow VERB NAMESPACE".into());
    };
    run(verb, namespace, &mut std::io::stdout())
}
