//! The words of a line with their places, so that a mistake is named with its line and column.

use std::time::Duration;

/// What is wrong with a script, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct ParseError {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// What is wrong, and what was expected.
    pub message: String,
}

pub(crate) struct Line<'a> {
    pub(crate) number: usize,
    pub(crate) text: &'a str,
}

impl<'a> Line<'a> {
    pub(crate) fn words(&self) -> Words<'a> {
        Words { line: self.number, text: self.text, at: 0 }
    }
}

/// What is left of a line.
pub(crate) struct Words<'a> {
    line: usize,
    text: &'a str,
    at: usize,
}

/// A piece of a line, with its place.
pub(crate) struct Word<'a> {
    pub(crate) line: usize,
    column: usize,
    pub(crate) text: &'a str,
}

impl<'a> Words<'a> {
    fn skip_space(&mut self) -> &'a str {
        let rest = self.text.get(self.at..).unwrap_or("");
        let trimmed = rest.trim_start();
        self.at += rest.len() - trimmed.len();
        trimmed.trim_end()
    }

    fn word(&mut self, length: usize) -> Word<'a> {
        let before = self.text.get(..self.at).unwrap_or("");
        let text = self.text.get(self.at..self.at + length).unwrap_or("");
        self.at += length;
        Word { line: self.line, column: before.chars().count() + 1, text }
    }

    pub(crate) fn optional(&mut self) -> Option<Word<'a>> {
        let rest = self.skip_space();
        let length = rest.find(char::is_whitespace).unwrap_or(rest.len());
        (length > 0).then(|| self.word(length))
    }

    pub(crate) fn next(&mut self, expected: &str) -> Result<Word<'a>, ParseError> {
        match self.optional() {
            Some(word) => Ok(word),
            None => Err(self.word(0).error(&format!("the line ends here; expected {expected}"))),
        }
    }

    /// All that is left, at least one character.
    pub(crate) fn rest(&mut self, expected: &str) -> Result<Word<'a>, ParseError> {
        let length = self.skip_space().len();
        let word = self.word(length);
        if length == 0 {
            Err(word.error(&format!("the line ends here; expected {expected}")))
        } else {
            Ok(word)
        }
    }

    /// What is left before the word `within`.
    pub(crate) fn before_within(&mut self) -> &'a str {
        let rest = self.skip_space();
        let length =
            if rest.starts_with("within ") { 0 } else { rest.find(" within ").unwrap_or(rest.len()) };
        self.word(length).text
    }

    pub(crate) fn take(&mut self, keyword: &str) -> bool {
        let rest = self.skip_space();
        let found = rest.split_whitespace().next() == Some(keyword);
        if found {
            self.word(keyword.len());
        }
        found
    }

    pub(crate) fn keyword(&mut self, keyword: &str) -> Result<(), ParseError> {
        let word = self.next(&format!("`{keyword}`"))?;
        if word.text == keyword { Ok(()) } else { Err(word.error(&format!("expected `{keyword}`"))) }
    }

    pub(crate) fn revision(&mut self) -> Result<String, ParseError> {
        self.numbered('r', "a revision such as r2")
    }

    pub(crate) fn commit(&mut self) -> Result<String, ParseError> {
        self.numbered('c', "a commit such as c2")
    }

    /// A letter and a number from 1.
    fn numbered(&mut self, letter: char, expected: &str) -> Result<String, ParseError> {
        let word = self.next(expected)?;
        let number = word.text.strip_prefix(letter).and_then(|number| number.parse::<u32>().ok());
        match number {
            Some(1..) => Ok(word.text.to_owned()),
            _ => Err(word.error(&format!("expected {expected}"))),
        }
    }

    pub(crate) fn end(&mut self) -> Result<(), ParseError> {
        match self.optional() {
            None => Ok(()),
            Some(word) => Err(word.error("expected the end of the line")),
        }
    }
}

impl<'a> Word<'a> {
    pub(crate) fn error(&self, message: &str) -> ParseError {
        ParseError { line: self.line, column: self.column, message: message.to_owned() }
    }

    pub(crate) fn pair(&self, separator: char, expected: &str) -> Result<(&'a str, &'a str), ParseError> {
        match self.text.split_once(separator) {
            Some((left, right)) if !left.is_empty() && !right.is_empty() => Ok((left, right)),
            _ => Err(self.error(&format!("expected {expected}"))),
        }
    }

    /// A whole number of `ms`, `s` or `m`.
    pub(crate) fn duration(&self) -> Result<Duration, ParseError> {
        let unit_at = self.text.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.text.len());
        let (number, unit) = self.text.split_at(unit_at);
        let millis = match unit {
            "ms" => Some(1),
            "s" => Some(1_000),
            "m" => Some(60_000),
            _ => None,
        };
        let number: Option<u64> = number.parse().ok();
        let product = millis.zip(number).and_then(|(millis, number)| number.checked_mul(millis));
        product
            .map(Duration::from_millis)
            .ok_or_else(|| self.error("expected a duration such as 500ms, 30s or 2m"))
    }
}
