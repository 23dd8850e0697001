//! `traffic-probe`: sends a load to one address on loopback and accounts for every request of it.
//!
//! Exit codes follow the project's table (docs/reference/exit-codes.md): 0 every request answered properly,
//! 1 something was lost or the two accounts disagree, 2 usage, 5 finished and not to be judged because the
//! sender itself was late, 9 input or output, 130 and 143 interrupted.

mod cli;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let options = cli::Options::parse();
    let (mut out, mut notes) = (std::io::stdout().lock(), std::io::stderr().lock());
    match cli::run(&options, &mut out) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            // Nobody is left to tell when this fails too.
            let _ = writeln!(notes, "error: {error}");
            let mut cause = std::error::Error::source(&error);
            while let Some(error) = cause {
                let _ = writeln!(notes, "  caused by: {error}");
                cause = error.source();
            }
            ExitCode::from(error.code())
        }
    }
}
