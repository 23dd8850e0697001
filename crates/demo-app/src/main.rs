//! The workload of every demonstration and test: a version, health, faults by environment, metrics, and a
//! stop that loses no request. `demo-app ledger` keeps the account of what instances have acknowledged, and
//! `demo-app migrate` raises that ledger's schema version, as a migration raises a database's.
//!
//! It is configured by environment variables alone (see [`demo_app::settings`]), so that the simulator, which
//! reads a pod's image tag and environment, can behave the same.

mod app;
mod cpu;
mod ledger;
mod metrics;
mod serve;

use std::process::ExitCode;
use std::sync::Arc;

use demo_app::Settings;

/// What the process is.
enum Role {
    App,
    Ledger,
    Migration,
}

fn main() -> ExitCode {
    // Lines on stderr without colours: they are read through `kubectl logs` and by tests.
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(false).with_target(false).init();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let role = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => Role::App,
        ["ledger"] => Role::Ledger,
        ["migrate"] => Role::Migration,
        _ => {
            tracing::error!("{}: expected no argument, `ledger` or `migrate`", arguments.join(" "));
            return ExitCode::from(2);
        }
    };
    let settings = match Settings::read(|name| std::env::var(name).ok()) {
        Ok(settings) => settings,
        Err(error) => {
            tracing::error!("{error}");
            return ExitCode::from(2);
        }
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!("the runtime did not start: {error}");
            return ExitCode::FAILURE;
        }
    };
    let stop = Arc::default();
    let router = match role {
        Role::App => app::router(Arc::new(app::App::new(settings.clone(), Arc::clone(&stop)))),
        Role::Ledger => ledger::server::router(),
        Role::Migration => return runtime.block_on(migrate(&settings)),
    };
    let ended = runtime.block_on(serve::run(&settings, &stop, router));
    // Looking up a name may hang for seconds; the end does not wait for it.
    runtime.shutdown_background();
    match ended {
        Ok(serve::Ended::Stopped) => ExitCode::SUCCESS,
        Ok(serve::Ended::Crashed) => ExitCode::FAILURE,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Brings the schema that `SCHEMA_IN_PLACE` names to the ledger that `LEDGER` names, and ends.
async fn migrate(settings: &Settings) -> ExitCode {
    let (Some(ledger), Some(schema)) = (&settings.ledger, settings.schema_in_place) else {
        tracing::error!("migrate: LEDGER and SCHEMA_IN_PLACE say what is brought where, and one is not set");
        return ExitCode::from(2);
    };
    match ledger::client::Ledger::new(ledger).migrate(schema).await {
        Ok(()) => {
            tracing::info!("schema {schema} is in place at {ledger}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            tracing::error!("migrate to schema {schema}: {error}");
            ExitCode::FAILURE
        }
    }
}
