//! The workload of every demonstration and test: a version, health, faults by environment, metrics, and a
//! stop that loses no request. `demo-app ledger` keeps the account of what instances have acknowledged.
//!
//! It is configured by environment variables alone (see [`demo_app::settings`]), so that the simulator, which
//! reads a pod's image tag and environment, can behave the same.

mod app;
mod ledger;
mod metrics;
mod serve;

use std::process::ExitCode;
use std::sync::Arc;

use demo_app::Settings;

fn main() -> ExitCode {
    // Lines on stderr without colours: they are read through `kubectl logs` and by tests.
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(false).with_target(false).init();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let keeps_ledger = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => false,
        ["ledger"] => true,
        _ => {
            tracing::error!("{}: expected no argument, or `ledger`", arguments.join(" "));
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
    let router = if keeps_ledger {
        ledger::server::router()
    } else {
        app::router(Arc::new(app::App::new(settings.clone(), Arc::clone(&stop))))
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
