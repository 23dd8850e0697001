//! How things look on a terminal, and that they look the same without one.
//!
//! Colour only ever repeats what a word or a sign says. Widths are those of a terminal's cells, not of bytes.

use unicode_width::UnicodeWidthStr;

use crate::shown::Level;
use crate::status::{Evidence, Status};

/// Whether to colour, and how wide a line may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Style {
    /// Whether escape sequences are written.
    pub colour: bool,
    /// The terminal's width in cells; none where there is no terminal, and then no line is cut.
    pub width: Option<usize>,
}

impl Style {
    fn wrap(self, code: &str, text: &str) -> String {
        if self.colour && !text.is_empty() { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// A heading.
    pub fn bold(self, text: &str) -> String {
        self.wrap("1", text)
    }

    /// Something of less weight.
    pub fn dim(self, text: &str) -> String {
        self.wrap("2", text)
    }

    /// Something that went wrong.
    pub fn bad(self, text: &str) -> String {
        self.wrap("31", text)
    }

    /// Something that is new, or went well.
    pub fn good(self, text: &str) -> String {
        self.wrap("32", text)
    }

    /// Text in the colour of a status.
    pub fn status(self, status: Status, text: &str) -> String {
        let code = match status {
            Status::Pending => "2",
            Status::InProgress => "33",
            Status::Completed => "32",
            Status::Failed => "31",
        };
        self.wrap(code, text)
    }

    /// Text in the colour of how far something is shown.
    pub fn level(self, level: Level, text: &str) -> String {
        let code = match level {
            Level::Live => "32",
            Level::Simulated => "36",
            Level::Not => "2",
        };
        self.wrap(code, text)
    }

    /// Text in the colour of a kind of evidence.
    pub fn evidence(self, evidence: Evidence, text: &str) -> String {
        let code = match evidence {
            Evidence::Live => "32",
            Evidence::Simulated => "36",
            Evidence::Static => "34",
            Evidence::Stated => "35",
        };
        self.wrap(code, text)
    }

    /// Cuts plain text to what is left of the line after `used` cells, with a sign that it was cut.
    pub fn fit(self, text: &str, used: usize) -> String {
        let Some(room) = self.width.map(|width| width.saturating_sub(used)) else { return text.to_owned() };
        if width(text) <= room {
            return text.to_owned();
        }
        let mut cut = String::new();
        for letter in text.chars() {
            if width(&cut) + width(letter.encode_utf8(&mut [0; 4])) >= room {
                break;
            }
            cut.push(letter);
        }
        if room == 0 { String::new() } else { cut.trim_end().to_owned() + "…" }
    }

    /// Breaks plain text at its blanks so that no line is wider than the terminal. The first line begins after `lead`
    /// cells that are written already, the others are indented by `hang`. A word is never broken, so that a path or an
    /// id can be copied, even where it is wider than the line. Without a terminal, nothing is broken.
    pub fn fold(self, text: &str, lead: usize, hang: usize) -> String {
        let Some(cells) = self.width.filter(|cells| lead + width(text) > *cells) else {
            return text.to_owned();
        };
        let (first, others) = (" ".repeat(lead), " ".repeat(hang));
        let options = textwrap::Options::new(cells)
            .initial_indent(&first)
            .subsequent_indent(&others)
            .break_words(false)
            .wrap_algorithm(textwrap::WrapAlgorithm::FirstFit)
            .word_separator(textwrap::WordSeparator::AsciiSpace)
            .word_splitter(textwrap::WordSplitter::NoHyphenation);
        textwrap::fill(text, options).trim_start_matches(' ').to_owned()
    }
}

/// How many cells of a terminal plain text takes.
pub fn width(text: &str) -> usize {
    text.width()
}

/// Plain text, filled up with spaces to so many cells.
pub fn pad(text: &str, to: usize) -> String {
    format!("{text}{}", " ".repeat(to.saturating_sub(width(text))))
}

/// `1 warning`, `2 warnings`.
pub fn count(number: usize, one: &str) -> String {
    format!("{number} {one}{}", if number == 1 { "" } else { "s" })
}

/// The sign of a status.
pub(super) fn sign(status: Status) -> &'static str {
    match status {
        Status::Pending => "·",
        Status::InProgress => "▸",
        Status::Completed => "✓",
        Status::Failed => "✗",
    }
}

/// The status in words for a person.
pub(super) fn word(status: Status) -> &'static str {
    match status {
        Status::InProgress => "in progress",
        other => other.name(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_letters_are_counted_as_two_and_cut_whole() {
        let narrow = Style { colour: false, width: Some(10) };
        let table = [
            ("abcdefghij", 0, "abcdefghij"),
            ("abcdefghijk", 0, "abcdefghi…"),
            ("部署蓝绿发布", 0, "部署蓝绿…"),
            ("abc", 9, "…"),
            ("abc", 10, ""),
            ("abc", 50, ""),
        ];
        for (text, used, expected) in table {
            assert_eq!(narrow.fit(text, used), expected);
        }
        assert_eq!(Style::default().fit("anything at all", 500), "anything at all");
        assert_eq!(Style::default().fold("anything at all", 500, 2), "anything at all");
        assert_eq!(pad("部署", 6), "部署  ");
    }

    #[test]
    fn a_line_is_broken_at_blanks_and_no_word_is() {
        let narrow = Style { colour: false, width: Some(12) };
        let table = [
            ("one two", 5, 5, "one two"),
            ("one two", 6, 2, "one\n  two"),
            ("one two three", 2, 4, "one two\n    three"),
            ("部署蓝绿 发布", 2, 2, "部署蓝绿\n  发布"),
            ("a/very/long/path/that/stays here", 0, 2, "a/very/long/path/that/stays\n  here"),
            ("--no-hyphen-is-a-break it", 0, 0, "--no-hyphen-is-a-break\nit"),
        ];
        for (text, lead, hang, expected) in table {
            assert_eq!(narrow.fold(text, lead, hang), expected, "{text}");
        }
    }
}
