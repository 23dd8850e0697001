//! The example at the end of a command's help is one that can be typed.

use clap::Command;

/// Holds the help of each command of a program to it: it ends with `Example: LINE`, the line names the command, and
/// `parses` takes it. Commands that only group others have none.
///
/// # Panics
/// At the first command of which that is not so.
#[expect(clippy::panic, reason = "a check of tests: what does not hold ends the test")]
pub fn ends_each_help(program: &Command, parses: impl Fn(Vec<String>) -> Result<(), clap::Error>) {
    for command in program.get_subcommands().filter(|command| !command.has_subcommands()) {
        let name = command.get_name();
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let line = words(help.strip_prefix("Example: ").unwrap_or_default());
        assert_eq!(line.get(1).map(String::as_str), Some(name), "{help}");
        if let Err(error) = parses(line) {
            panic!("{error}");
        }
    }
}

/// `"…"` keeps words together, as in a shell.
fn words(line: &str) -> Vec<String> {
    let quoted = line.split('"').enumerate();
    let words = quoted.flat_map(|(at, part)| match at % 2 {
        0 => part.split_whitespace().map(str::to_owned).collect(),
        _ => vec![part.to_owned()],
    });
    words.collect()
}
