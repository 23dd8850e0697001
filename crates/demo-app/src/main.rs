//! The workload of every demonstration and test: a version, health, faults by environment, metrics, and a
//! stop that loses no request.
//!
//! It is configured by environment variables alone (see [`settings`]), so that the simulator, which reads a
//! pod's image tag and environment, can behave the same.

mod app;
mod metrics;
mod serve;
mod settings;

use std::process::ExitCode;

use settings::Settings;

fn main() -> ExitCode {
    // Lines on stderr without colours: they are read through `kubectl logs` and by tests.
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(false).with_target(false).init();
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
    match runtime.block_on(serve::run(settings)) {
        Ok(serve::Ended::Stopped) => ExitCode::SUCCESS,
        Ok(serve::Ended::Crashed) => ExitCode::FAILURE,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}
