//! What the terminal and the environment say about colour and width, and what a terminal is spared: the one place that
//! both programs ask.

use std::borrow::Cow;
use std::io::{self, IsTerminal, Write};
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

/// Clears a terminal and goes to its first line.
pub const CLEAR: &str = "\x1b[2J\x1b[H";

/// A stream that does not let a terminal obey what it shows. Plans, events, annotations and the output of tools are
/// written by others: a sequence in them could hide lines, retitle a window or answer for the person who types.
///
/// On a terminal every control character is shown as a sign of its own, except for line ends, tabs, colours, and
/// [`CLEAR`] at the beginning of a write; so are the marks that reorder text. A file or a pipe gets every byte.
#[derive(Debug)]
pub struct Shown<W> {
    stream: W,
    terminal: bool,
}

impl<W: Write + IsTerminal> Shown<W> {
    /// Over a stream.
    pub fn new(stream: W) -> Self {
        let terminal = stream.is_terminal();
        Shown { stream, terminal }
    }
}

impl<W: Write> Write for Shown<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes).map(|()| bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        if !self.terminal {
            return self.stream.write_all(bytes);
        }
        let text = String::from_utf8_lossy(bytes);
        let rest = match text.strip_prefix(CLEAR) {
            Some(rest) => {
                self.stream.write_all(CLEAR.as_bytes())?;
                rest
            }
            None => &text,
        };
        self.stream.write_all(harmless(rest).as_bytes())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

/// The text with a sign in the place of each character that a terminal obeys, but for line ends, tabs and colours.
pub fn harmless(text: &str) -> Cow<'_, str> {
    if !text.contains(obeyed) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(obeyed) {
        shown.push_str(&rest[..at]);
        rest = &rest[at..];
        let length = colour(rest);
        if length > 0 {
            shown.push_str(&rest[..length]);
            rest = &rest[length..];
        } else if let Some(character) = rest.chars().next() {
            shown.push(sign(character));
            rest = &rest[character.len_utf8()..];
        }
    }
    shown.push_str(rest);
    Cow::Owned(shown)
}

/// Whether a terminal, or the order in which text is shown, obeys it.
fn obeyed(character: char) -> bool {
    let reorders = matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    (character.is_control() && !matches!(character, '\n' | '\t')) || reorders
}

/// The length of the sequence that sets a colour, when the text begins with one.
fn colour(text: &str) -> usize {
    let Some(parameters) = text.strip_prefix("\x1b[") else { return 0 };
    let end = parameters.find(|c: char| !c.is_ascii_digit() && c != ';').unwrap_or(parameters.len());
    if parameters[end..].starts_with('m') { 2 + end + 1 } else { 0 }
}

/// What is shown instead: Unicode has a picture of each of the first control characters.
fn sign(character: char) -> char {
    match u32::from(character) {
        code @ 0..=0x1f => char::from_u32(0x2400 + code).unwrap_or(char::REPLACEMENT_CHARACTER),
        0x7f => '\u{2421}',
        _ => char::REPLACEMENT_CHARACTER,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_shown_is_obeyed() {
        for (text, shown) in [
            ("plain\n\tü 漢\n", "plain\n\tü 漢\n"),
            ("\x1b[1;32mgreen\x1b[0m", "\x1b[1;32mgreen\x1b[0m"),
            ("a\x1b[2Jb", "a\u{241b}[2Jb"),
            ("\x1b]0;title\x07", "\u{241b}]0;title\u{2407}"),
            ("\x1b[12", "\u{241b}[12"),
            ("\x1b", "\u{241b}"),
            ("done\rfailed", "done\u{240d}failed"),
            ("\u{9b}2J\x7f", "\u{fffd}2J\u{2421}"),
            ("\u{202e}txt.exe", "\u{fffd}txt.exe"),
        ] {
            assert_eq!(harmless(text), shown, "{text:?}");
        }
    }

    #[test]
    fn a_pipe_gets_every_byte_and_a_terminal_only_what_is_harmless() {
        let through = |terminal, text: &[u8]| {
            let mut stream = Shown { stream: Vec::new(), terminal };
            stream.write_all(text).unwrap();
            String::from_utf8_lossy(&stream.stream).into_owned()
        };
        let text = format!("{CLEAR}a{CLEAR}\r\n");
        assert_eq!(through(false, text.as_bytes()), text);
        assert_eq!(through(true, text.as_bytes()), format!("{CLEAR}a\u{241b}[2J\u{241b}[H\u{240d}\n"));
        assert_eq!(through(true, b"\xffa"), "\u{fffd}a");
    }
}
