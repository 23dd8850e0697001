//! Which raw lines look like a checkbox. Knows no Markdown tree, so that it can vouch for the count of one
//! that does: a line that a person takes for a checkbox must end up as an item or as a diagnostic.

use crate::lines::Lines;

/// A line that looks like a checkbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Candidate {
    /// 1-based line.
    pub(crate) line: usize,
    /// Offset of the innermost list marker, or of the bracket if there is none.
    pub(crate) marker_at: usize,
    /// Offset of `[`.
    pub(crate) open: usize,
    pub(crate) shape: Shape,
}

/// How nearly a line is a checkbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// `- [ ] Text`, `1. [x] Text`.
    Good { checked: bool },
    /// One ASCII character that is neither a space nor an x.
    Symbol(u8),
    /// One character of several bytes, such as a no-break space or a tick.
    Wide(char),
    /// `[]`.
    Empty,
    /// `[x ]`, `[  ]`.
    Padded,
    /// `[ ]Text`, or a no-break space after the bracket.
    Glued,
    /// `-[ ] Text`.
    GluedMarker,
    /// `[ ] Text` without a list marker, or with a marker that Markdown does not know.
    NoMarker,
    /// `### [ ] Text`.
    Heading,
    /// `- **[ ] Text**`.
    Emphasis,
    /// `| [ ] | Text |`.
    Cell,
}

/// All candidates of a source, by line.
pub(crate) fn scan(lines: &Lines<'_>) -> Vec<Candidate> {
    let mut found = Vec::new();
    let mut last = 0;
    for at in memchr::memchr_iter(b'[', lines.source().as_bytes()) {
        let line = lines.line_of(at, last);
        if line != last {
            last = line;
            found.extend(candidate(lines.text(line), line, lines.start(line)));
        }
    }
    found
}

fn candidate(text: &str, line: usize, start: usize) -> Option<Candidate> {
    let lead = Lead::of(text);
    let at = |offset: usize| start + offset;
    if let Some(shape) = bracket(&text[lead.end..]).map(|shape| lead.judge(shape)) {
        let unmarked = matches!(shape, Shape::NoMarker);
        // `[x]: url` and `[1] text` without a marker are everyday prose.
        if !unmarked || plain_box(&text[lead.end..]) {
            return Some(Candidate { line, marker_at: at(lead.marker), open: at(lead.end), shape });
        }
    }
    let cell = cell(text)?;
    Some(Candidate { line, marker_at: at(cell), open: at(cell), shape: Shape::Cell })
}

/// What stands before the bracket.
#[derive(Debug, Default)]
struct Lead {
    end: usize,
    marker: usize,
    listed: bool,
    glued: bool,
    heading: bool,
    emphasis: bool,
}

impl Lead {
    fn of(text: &str) -> Lead {
        let mut lead = Lead::default();
        loop {
            let rest = &text[lead.end..];
            let white =
                rest.len() - rest.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}').len();
            lead.end += white;
            let rest = &text[lead.end..];
            let Some(length) = lead.marker_of(rest) else {
                lead.marker = if lead.listed { lead.marker } else { lead.end };
                return lead;
            };
            lead.end += length;
        }
    }

    /// Reads one marker at the start of `rest` and returns its length in bytes.
    fn marker_of(&mut self, rest: &str) -> Option<usize> {
        let first = rest.chars().next()?;
        let length = match first {
            '>' => return Some(1),
            '#' => {
                self.heading = true;
                return Some(rest.len() - rest.trim_start_matches('#').len());
            }
            '-' | '+' | '*' => 1,
            '•' | '‣' | '◦' | '·' | '–' | '—' => {
                self.listed = false;
                return Some(first.len_utf8());
            }
            '0'..='9' => ordered(rest)?,
            '_' | '~' => 1,
            _ => return None,
        };
        match rest.as_bytes().get(length) {
            Some(b'[') if matches!(first, '*' | '_' | '~') => self.emphasis = true,
            Some(b'[') => {
                self.glued = true;
                self.listed = true;
                self.marker = self.end;
            }
            Some(b' ' | b'\t') if !matches!(first, '_' | '~') => {
                self.listed = true;
                self.marker = self.end;
            }
            Some(b'*' | b'_' | b'~') if matches!(first, '*' | '_' | '~') => self.emphasis = true,
            _ => return None,
        }
        Some(length)
    }

    fn judge(&self, shape: Shape) -> Shape {
        match shape {
            _ if self.heading => Shape::Heading,
            _ if self.emphasis => Shape::Emphasis,
            _ if self.glued => Shape::GluedMarker,
            _ if !self.listed => Shape::NoMarker,
            other => other,
        }
    }
}

/// The length of `1.` or `1)`; CommonMark allows nine digits. Full-width signs are near misses.
fn ordered(rest: &str) -> Option<usize> {
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    matches!(rest.as_bytes().get(digits), Some(b'.' | b')') if digits <= 9).then_some(digits + 1)
}

/// What a bracket at the start of `rest` holds, if it can be meant as a checkbox.
fn bracket(rest: &str) -> Option<Shape> {
    let inside = rest.strip_prefix('[')?;
    let mut chars = inside.char_indices();
    let (close, _) = chars.by_ref().take(4).find(|(_, c)| *c == ']')?;
    let (content, after) = (&inside[..close], &inside[close + 1..]);
    let shape = match content.as_bytes() {
        [] => Shape::Empty,
        [b' '] => Shape::Good { checked: false },
        [b'x' | b'X'] => Shape::Good { checked: true },
        [symbol] if symbol.is_ascii_graphic() => Shape::Symbol(*symbol),
        _ => several(content)?,
    };
    let link = after.starts_with(['(', '[', ':']) && content.trim() != "";
    if link {
        return None;
    }
    let spaced = after.is_empty() || after.starts_with([' ', '\t']);
    Some(match shape {
        Shape::Good { .. } | Shape::Symbol(_) if !spaced => Shape::Glued,
        other => other,
    })
}

fn several(content: &str) -> Option<Shape> {
    let mut chars = content.chars();
    match (chars.next(), chars.next()) {
        (Some(one), None) => Some(Shape::Wide(one)),
        _ => matches!(content.trim(), "" | "x" | "X").then_some(Shape::Padded),
    }
}

/// Whether a bracket without a list marker can be meant as nothing but a checkbox.
fn plain_box(rest: &str) -> bool {
    ["[ ] ", "[x] ", "[X] ", "[ ]\t", "[x]\t", "[X]\t"].iter().any(|start| rest.starts_with(start))
}

/// Offset of the first box in a table row.
fn cell(text: &str) -> Option<usize> {
    let row = text.trim_start_matches([' ', '\t', '>']);
    if !row.starts_with('|') {
        return None;
    }
    let indent = text.len() - row.len();
    ["[ ]", "[x]", "[X]"].iter().filter_map(|b| row.find(b)).min().map(|at| indent + at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(text: &str) -> Option<Shape> {
        scan(&Lines::new(text)).first().map(|c| c.shape)
    }

    #[test]
    fn boxes_are_boxes() {
        for text in [
            "- [ ] a",
            "* [ ] a",
            "+ [ ] a",
            "1. [ ] a",
            "12) [ ] a",
            "  - [ ] a",
            "\t- [ ] a",
            "> - [ ] a",
            "- [ ]",
            "-\t[ ]\ta",
            "- 1. [ ] a",
            "> > * [ ] a",
            "\u{feff}- [ ] a",
            "- [ ]  a\r\n",
        ] {
            assert_eq!(shape(text), Some(Shape::Good { checked: false }), "{text:?}");
        }
        assert_eq!(shape("- [x] a"), Some(Shape::Good { checked: true }));
        assert_eq!(shape("- [X] a"), Some(Shape::Good { checked: true }));
    }

    #[test]
    fn near_misses_are_named() {
        for (text, expected) in [
            ("- [] a", Shape::Empty),
            ("- [ ]a", Shape::Glued),
            ("- [ ]\u{a0}a", Shape::Glued),
            ("- [ ]* 1.3 a", Shape::Glued),
            ("- [\u{a0}] a", Shape::Wide('\u{a0}')),
            ("- [✓] a", Shape::Wide('✓')),
            ("- [~] a", Shape::Symbol(b'~')),
            ("- [-] a", Shape::Symbol(b'-')),
            ("- [1] a", Shape::Symbol(b'1')),
            ("- [x ] a", Shape::Padded),
            ("- [  ] a", Shape::Padded),
            ("-[ ] a", Shape::GluedMarker),
            ("1.[ ] a", Shape::GluedMarker),
            ("[ ] a", Shape::NoMarker),
            ("• [ ] a", Shape::NoMarker),
            ("### [ ] a", Shape::Heading),
            ("- **[ ]** a", Shape::Emphasis),
            ("- ~~[x] a~~", Shape::Emphasis),
            ("| [x] | a |", Shape::Cell),
            ("| a | ↳ [ ] b |", Shape::Cell),
        ] {
            assert_eq!(shape(text), Some(expected), "{text:?}");
        }
    }

    #[test]
    fn prose_is_not_a_box() {
        for text in [
            "",
            "text",
            "- text",
            "- [link](url)",
            "- [x](url)",
            "- [x][ref]",
            "[x]: url",
            "[1] note",
            "- [foo] a",
            "a [ ] b",
            "- a [ ] b",
            "- `[ ]` a",
            "\\[ ] a",
            "- \\[ ] a",
            "a[0] = [1]",
            "let a = [ ];",
            "- [",
            "[",
        ] {
            assert_eq!(shape(text), None, "{text:?}");
        }
    }
}
