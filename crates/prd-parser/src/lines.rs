//! Lines as CommonMark has them (ended by `\n`, `\r\n` or a lone `\r`), and the way between lines and bytes.

use crate::model::Span;

/// Where each line of a source starts; built once, looked up in constant time.
#[derive(Debug)]
pub(crate) struct Lines<'s> {
    source: &'s str,
    /// Offset of the first byte of each line; never empty.
    starts: Vec<usize>,
}

/// How much text makes a line of most documents; room for all of them at once spares the growth.
const BYTES_A_LINE: usize = 24;

impl<'s> Lines<'s> {
    pub(crate) fn new(source: &'s str) -> Self {
        let bytes = source.as_bytes();
        let mut starts = Vec::with_capacity(bytes.len() / BYTES_A_LINE + 1);
        starts.push(0);
        if memchr::memchr(b'\r', bytes).is_none() {
            starts.extend(memchr::memchr_iter(b'\n', bytes).map(|at| at + 1));
        } else {
            let after = memchr::memchr2_iter(b'\n', b'\r', bytes).map(|at| at + 1);
            let inside = |at: &usize| bytes[*at - 1] == b'\r' && bytes.get(*at) == Some(&b'\n');
            starts.extend(after.filter(|at| !inside(at)));
        }
        starts.pop_if(|last| *last == bytes.len() && *last > 0);
        Lines { source, starts }
    }

    /// How many lines there are; a terminator at the very end starts no further line.
    pub(crate) fn count(&self) -> usize {
        self.starts.len()
    }

    /// Offset of the first byte of a 1-based line; a line after the last starts at the end.
    pub(crate) fn start(&self, line: usize) -> usize {
        self.starts.get(line.saturating_sub(1)).copied().unwrap_or(self.source.len())
    }

    pub(crate) fn source(&self) -> &'s str {
        self.source
    }

    /// The 1-based line of an offset that is not before the line `from`. Constant time on the same line and
    /// the next ones, else logarithmic.
    pub(crate) fn line_of(&self, offset: usize, from: usize) -> usize {
        let near = (from.max(1)..from + 8).find(|&line| offset < self.start(line + 1));
        near.unwrap_or_else(|| self.starts.partition_point(|start| *start <= offset))
    }

    /// The bytes of a 1-based line without its terminator.
    pub(crate) fn span(&self, line: usize) -> Span {
        let start = self.start(line);
        let terminator = match &self.source.as_bytes()[start..self.start(line + 1)] {
            [.., b'\r', b'\n'] => 2,
            [.., b'\n' | b'\r'] => 1,
            _ => 0,
        };
        Span { start, end: self.start(line + 1) - terminator }
    }

    /// From the first of these 1-based lines to the end of the last.
    pub(crate) fn range(&self, first: usize, last: usize) -> Span {
        let first = self.span(first);
        Span { start: first.start, end: self.span(last).end.max(first.end) }
    }

    /// The text of a 1-based line without its terminator.
    pub(crate) fn text(&self, line: usize) -> &'s str {
        let span = self.span(line);
        &self.source[span.start..span.end]
    }
}

/// A line number of the tree as the plan carries it.
pub(crate) fn narrow(line: usize) -> u32 {
    u32::try_from(line).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_as_commonmark_has_it() {
        for (source, expected) in [
            ("", vec![""]),
            ("a", vec!["a"]),
            ("a\n", vec!["a"]),
            ("a\nb", vec!["a", "b"]),
            ("a\r\nb\r\n", vec!["a", "b"]),
            ("a\rb\r", vec!["a", "b"]),
            ("\n\n\r\r\n", vec!["", "", "", ""]),
            ("a\u{2028}b\u{b}c", vec!["a\u{2028}b\u{b}c"]),
        ] {
            let lines = Lines::new(source);
            let seen: Vec<_> = (1..=lines.count()).map(|n| lines.text(n)).collect();
            assert_eq!(seen, expected, "{source:?}");
        }
    }

    #[test]
    fn a_line_that_does_not_exist_is_empty() {
        let lines = Lines::new("a\nb");
        assert_eq!(lines.text(9), "");
        assert_eq!(lines.range(2, 9), Span { start: 2, end: 3 });
    }
}
