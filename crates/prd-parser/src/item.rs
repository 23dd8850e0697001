//! The text of one checkbox: its title, and what the author wrote beside it (id, dependencies, priority).
//! None of these is part of the title, so that adding one changes no id that is made from it.

use memchr::{memchr2, memchr3};

use crate::heading::take_priority;
use crate::model::Priority;
use crate::text::one_line;

/// A clause that names what comes before, as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Clause {
    /// `T012, Create Helm chart`.
    pub(crate) text: String,
    /// 1-based line.
    pub(crate) line: usize,
    /// Whether the form leaves no doubt that a dependency is meant.
    pub(crate) certain: bool,
}

/// The parts of an item's text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct ItemText {
    pub(crate) title: String,
    pub(crate) id: Option<String>,
    pub(crate) priority: Option<Result<Priority, String>>,
    pub(crate) clauses: Vec<Clause>,
}

impl ItemText {
    /// Reads an item's text after the box; `line` is that of the box.
    pub(crate) fn of(text: String, line: usize) -> ItemText {
        let mut item = ItemText::default();
        // Nothing can stand beside a title without one of these or a sign that is not ASCII.
        if text.is_ascii() && memchr3(b'(', b':', b'^', text.as_bytes()).is_none() {
            item.take_title(one_line(text));
            return item;
        }
        let rest = item.take_parenthesised(&text, line);
        let rest = item.take_signs(rest, line);
        let (rest, priority) = take_priority(one_line(rest));
        item.priority = priority;
        item.take_title(rest);
        if item.title.is_empty() {
            // Nothing but an id or a clause: then that is the title too.
            item.title = one_line(text);
        }
        item
    }

    /// Takes what is left for the title, after an id that opens it.
    fn take_title(&mut self, rest: String) {
        match leading_id(&rest) {
            Some((id, title)) if self.id.is_none() => {
                self.id = Some(id.to_owned());
                self.title = title.to_owned();
            }
            _ => self.title = rest,
        }
    }

    /// Cuts out every `(depends on …)`. One pass: a line can hold any number of them.
    fn take_parenthesised(&mut self, text: &str, line: usize) -> String {
        let (mut kept, mut from, mut line) = (String::new(), 0, line);
        for (open, _) in text.match_indices('(') {
            if open < from {
                continue;
            }
            let Some(length) = opening(&text[open..]) else { continue };
            let inside = open + length;
            let Some(close) = closing(&text[inside..]).map(|at| inside + at) else { break };
            line += text[from..open].matches('\n').count();
            let clause = text[inside..close].trim_start_matches([':', ' ']).to_owned();
            self.clauses.push(Clause { text: clause, line, certain: true });
            line += text[open..close].matches('\n').count();
            kept.push_str(&text[from..open]);
            from = close + 1;
        }
        kept.push_str(&text[from..]);
        kept
    }

    /// Cuts out `🆔 id`, `⛔ id,id`, `[id:: id]`, `[dependsOn:: id, id]` and a closing `^id`.
    fn take_signs(&mut self, mut kept: String, line: usize) -> String {
        if kept.is_ascii() && memchr2(b':', b'^', kept.as_bytes()).is_none() {
            return kept;
        }
        for (sign, end) in [("🆔", None), ("⛔", None), ("[id::", Some(']')), ("[dependsOn::", Some(']'))]
        {
            let Some(at) = kept.find(sign) else { continue };
            let value = kept[at + sign.len()..].trim_start_matches(['\u{fe0f}', ' ']);
            let start = kept.len() - value.len();
            let length = match end {
                Some(end) => value.find(end),
                None => Some(value.find(char::is_whitespace).unwrap_or(value.len())),
            };
            let Some(length) = length else { continue };
            let word = value[..length].trim().to_owned();
            let below = kept[..at].matches('\n').count();
            if word.is_empty() {
                continue;
            }
            kept.replace_range(at..start + length + end.map_or(0, char::len_utf8), "");
            match sign {
                "🆔" | "[id::" => self.id = self.id.take().or(Some(word)),
                _ => self.clauses.push(Clause { text: word, line: line + below, certain: true }),
            }
        }
        if let Some((head, tail)) = kept.rsplit_once(" ^")
            && self.id.is_none()
            && !tail.is_empty()
            && tail.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        {
            let length = head.len();
            self.id = Some(tail.to_owned());
            kept.truncate(length);
        }
        kept
    }
}

/// Reads a plain bullet or paragraph such as `Depends on: X, Y` as a clause.
pub(crate) fn clause_of_detail(text: &str, line: usize) -> Option<Clause> {
    ["depends on", "dependencies", "blocked by"].into_iter().find_map(|opening| {
        let head = text.get(..opening.len())?;
        if !head.eq_ignore_ascii_case(opening) {
            return None;
        }
        let rest = &text[opening.len()..];
        let colon = rest.trim_start().strip_prefix([':', '：']);
        let certain = colon.is_some();
        let rest = match colon {
            Some(rest) => rest,
            None if opening == "dependencies" || !rest.starts_with(char::is_whitespace) => return None,
            None => rest,
        };
        let text = one_line(rest.to_owned());
        (!text.is_empty()).then_some(Clause { text, line, certain })
    })
}

/// The length of `(depends on` at the start of `text`.
fn opening(text: &str) -> Option<usize> {
    ["(depends on", "(blocked by"].into_iter().find_map(|form| {
        let same = text.get(..form.len())?.eq_ignore_ascii_case(form);
        (same && !text[form.len()..].starts_with(char::is_alphanumeric)).then_some(form.len())
    })
}

/// Offset of the parenthesis that closes one opened before `text`.
fn closing(text: &str) -> Option<usize> {
    let mut open = 1_usize;
    text.bytes().position(|byte| {
        match byte {
            b'(' => open += 1,
            b')' => open -= 1,
            _ => {}
        }
        open == 0
    })
}

/// An id that the author put before the title: `T012 Title`, `1.2 Title`, `3. Title`, `[ABC-7] Title`,
/// `AC-001: Title`.
fn leading_id(text: &str) -> Option<(&str, &str)> {
    // Each form has a digit in its first word, which nearly no title has.
    if !text.bytes().take_while(|byte| *byte != b' ').any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    if let Some(inside) = text.strip_prefix('[') {
        let (id, title) = inside.split_once(']')?;
        let title = title.trim_start_matches([':', ' ']);
        return (is_ticket(id) && !title.is_empty()).then_some((id, title));
    }
    let (word, title) = text.split_once(' ')?;
    if let Some(id) = word.strip_suffix(':') {
        return (is_ticket(id) || is_numbered(id)).then_some((id, title));
    }
    let id = word.trim_end_matches(['.', ')']);
    let dotted = crate::heading::is_section_number(id) && (id.contains('.') || id.len() + 1 == word.len());
    (dotted || (id.len() == word.len() && is_numbered(id))).then_some((id, title))
}

/// `T012`, `WP001`, `T007a`: letters and at least three digits. Fewer would take `S3` or `P1` for an id.
fn is_numbered(id: &str) -> bool {
    let digits = id.trim_start_matches(|c: char| c.is_ascii_uppercase());
    let letters = id.len() - digits.len();
    let tail = digits.trim_start_matches(|c: char| c.is_ascii_digit());
    (1..=4).contains(&letters)
        && digits.len() - tail.len() >= 3
        && tail.len() <= 1
        && tail.bytes().all(|b| b.is_ascii_alphabetic())
}

/// `ABC-7`, `BACK-355.04`, `#12`, `T012`.
fn is_ticket(id: &str) -> bool {
    if let Some(number) = id.strip_prefix('#') {
        return !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    }
    let Some((letters, number)) = id.split_once('-') else { return is_numbered(id) };
    letters.starts_with(|c: char| c.is_ascii_uppercase())
        && letters.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
        && crate::heading::is_section_number(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_cut_from_titles() {
        for (text, id, title) in [
            ("Create Helm chart", None, "Create Helm chart"),
            ("T012 Create chart", Some("T012"), "Create chart"),
            ("T007a [P] Create chart", Some("T007a"), "[P] Create chart"),
            ("1. Create chart", Some("1"), "Create chart"),
            ("1.1. Create chart", Some("1.1"), "Create chart"),
            ("1.2.3 Create chart", Some("1.2.3"), "Create chart"),
            ("[JIRA-345] Create chart", Some("JIRA-345"), "Create chart"),
            ("AC-001: Create chart", Some("AC-001"), "Create chart"),
            ("#12: Create chart", Some("#12"), "Create chart"),
            ("Create chart 🆔 ya44g5", Some("ya44g5"), "Create chart"),
            ("Create chart [id:: abc]", Some("abc"), "Create chart"),
            ("Create chart ^abc-1", Some("abc-1"), "Create chart"),
            ("T012", None, "T012"),
            ("10 minutes of load", None, "10 minutes of load"),
            ("S3 bucket", None, "S3 bucket"),
            ("UTF-8 everywhere", None, "UTF-8 everywhere"),
            ("K8S cluster", None, "K8S cluster"),
            ("2^10 items", None, "2^10 items"),
            ("[P] Create", None, "[P] Create"),
            ("", None, ""),
        ] {
            let item = ItemText::of(text.to_owned(), 1);
            assert_eq!((item.id.as_deref(), item.title.as_str()), (id, title), "{text:?}");
        }
    }

    #[test]
    fn clauses_are_cut_from_titles() {
        for (text, title, clauses) in [
            ("Go (depends on T1, T2)", "Go", vec![("T1, T2", 5)]),
            ("Go\n(Depends on: Phase 2 (all of it))\nnow", "Go now", vec![("Phase 2 (all of it)", 6)]),
            ("Go ⛔ a,b 🆔 c", "Go", vec![("a,b", 5)]),
            ("Go [dependsOn:: a, b]", "Go", vec![("a, b", 5)]),
            ("What depends on Redis", "What depends on Redis", vec![]),
            ("Go (depends on T1", "Go (depends on T1", vec![]),
        ] {
            let item = ItemText::of(text.to_owned(), 5);
            let seen: Vec<_> = item.clauses.iter().map(|c| (c.text.as_str(), c.line)).collect();
            assert_eq!((item.title.as_str(), seen), (title, clauses), "{text:?}");
        }
    }

    #[test]
    fn details_can_be_clauses() {
        for (text, expected) in [
            ("Depends on: A, B", Some(("A, B", true))),
            ("depends on the weather", Some(("the weather", false))),
            ("Dependencies: A", Some(("A", true))),
            ("Dependencies are listed below", None),
            ("Depends on:", None),
            ("Support task dependencies", None),
        ] {
            let clause = clause_of_detail(text, 1);
            assert_eq!(clause.as_ref().map(|c| (c.text.as_str(), c.certain)), expected, "{text:?}");
        }
    }
}
