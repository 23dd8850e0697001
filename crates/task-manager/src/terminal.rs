//! What the terminal and the environment say about colour and width: the one place that both programs ask.

use std::io::IsTerminal;
use std::os::fd::AsFd;

use crate::render::Style;
use clap::ValueEnum;

/// When to colour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Colour {
    /// On a terminal, unless NO_COLOR or TERM=dumb is set; everywhere with FORCE_COLOR or CLICOLOR_FORCE
    #[default]
    Auto,
    /// Everywhere
    Always,
    /// Nowhere
    Never,
}

/// The style for a stream: coloured or not, and the columns it has where it is a terminal.
pub fn style(colour: Colour, stream: &(impl IsTerminal + AsFd)) -> Style {
    let terminal = stream.is_terminal();
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let forced = || {
        ["FORCE_COLOR", "CLICOLOR_FORCE"]
            .into_iter()
            .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty() && value != "0"))
    };
    let dumb = || std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    let colour = match colour {
        Colour::Always => true,
        Colour::Never => false,
        Colour::Auto => !set("NO_COLOR") && (forced() || (terminal && !dumb())),
    };
    let size = || terminal_size::terminal_size_of(stream).map(|(width, _)| usize::from(width.0));
    Style { colour, width: terminal.then(size).flatten().filter(|width| *width > 0) }
}
