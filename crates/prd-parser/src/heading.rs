//! What a heading says: its number, the phase it names, its priority, and what its checkboxes mean.

use std::borrow::Cow;

use crate::model::Priority;
use crate::text::one_line;

/// What the checkboxes under a heading are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Region {
    /// Nothing that the plan knows.
    #[default]
    None,
    Tasks,
    Requirements,
    Criteria,
}

/// Which list of the metadata the items under a heading are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum About {
    Timeline,
    Stakeholders,
    References,
}

impl About {
    fn of(word: &[u8]) -> Option<About> {
        let lists = [
            ("timeline", About::Timeline),
            ("schedule", About::Timeline),
            ("stakeholders", About::Stakeholders),
            ("references", About::References),
        ];
        lists.into_iter().find(|(list, _)| word.eq_ignore_ascii_case(list.as_bytes())).map(|(_, about)| about)
    }
}

/// The parts of a heading's text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Title {
    /// Number and text, without the priority.
    line: String,
    /// Where the number of the section ends; zero if there is none.
    section: usize,
    /// Where the text starts.
    text: usize,
    /// Set if the heading names a phase or milestone; the number if it has one.
    pub(crate) phase: Option<Option<u32>>,
    /// From `(Priority: …)`, or the word that is none.
    pub(crate) priority: Option<Result<Priority, String>>,
    seen: Seen,
}

impl Title {
    pub(crate) fn of(heading: String) -> Title {
        let line = one_line(heading);
        let (section, rest) = section_number(&line);
        let (section, text) = (section.map_or(0, str::len), line.len() - rest.len());
        let (line, priority) = take_priority(line);
        let text = text.min(line.len());
        let (phase, text) = match phase_prefix(&line[text..]) {
            Some((number, title)) if !title.is_empty() => (Some(number), line.len() - title.len()),
            Some((number, _)) => (Some(number), text),
            None => (None, text),
        };
        let seen = Seen::of(&line[text..]);
        Title { line, section, text, phase, priority, seen }
    }

    /// `13.2` of `13.2 Full Success Criteria`.
    pub(crate) fn section(&self) -> Option<&str> {
        (self.section > 0).then(|| &self.line[..self.section])
    }

    /// What remains: `Full Success Criteria`.
    pub(crate) fn text(&self) -> &str {
        &self.line[self.text..]
    }

    /// What the checkboxes below mean, given what those below the heading above mean. `document` says that
    /// this is the document's own title, which has to be plainer than a section's: every product
    /// requirements document has "requirements" in its title.
    pub(crate) fn region(&self, above: Region, document: bool) -> Region {
        let seen = &self.seen;
        let phase = self.phase.is_some();
        if document {
            return if phase || seen.plural || seen.plan { Region::Tasks } else { above };
        }
        match above {
            Region::Criteria => Region::Criteria,
            Region::Requirements if seen.criteria => Region::Criteria,
            Region::Requirements => Region::Requirements,
            _ if phase => Region::Tasks,
            _ if seen.criteria => Region::Criteria,
            _ if seen.requirements => Region::Requirements,
            Region::Tasks => Region::Tasks,
            Region::None if seen.features => Region::Requirements,
            Region::None if seen.plural || seen.work => Region::Tasks,
            Region::None => Region::None,
        }
    }

    /// The list of the metadata that stands below, if any.
    pub(crate) fn about(&self) -> Option<About> {
        self.seen.about
    }
}

/// Which of the words that matter occur in a heading.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Seen {
    /// By the first word.
    about: Option<About>,
    criteria: bool,
    requirements: bool,
    features: bool,
    /// Words that even the title of a document means as a list of work.
    plural: bool,
    /// "Implementation plan", likewise.
    plan: bool,
    /// Words that mean work in the title of a section only.
    work: bool,
}

impl Seen {
    fn of(text: &str) -> Seen {
        let mut seen = Seen::default();
        let text = split_up(text);
        let mut rest = words(&text);
        let mut first = true;
        while let Some(word) = rest.next() {
            if std::mem::take(&mut first) {
                seen.about = About::of(word);
            }
            let is = |any: &[&str]| any.iter().any(|one| word.eq_ignore_ascii_case(one.as_bytes()));
            let follow = |all: &[&str]| {
                let mut next = rest.clone();
                all.iter()
                    .all(|one| next.next().is_some_and(|word| word.eq_ignore_ascii_case(one.as_bytes())))
            };
            seen.criteria |= is(&["criteria", "criterion", "acceptance"]);
            seen.criteria |= is(&["definition"]) && follow(&["of", "done"]);
            seen.plan |= is(&["implementation"]) && follow(&["plan"]);
            seen.requirements |= is(&["requirement", "requirements"]);
            seen.features |= is(&["features"]);
            seen.plural |= is(&["tasks", "phases", "milestones"]);
            seen.work |= is(&["phase", "milestone", "implementation"]);
        }
        seen
    }
}

/// A text whose signs beyond ASCII are blanks.
fn split_up(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(|c| if c.is_ascii() || c.is_alphanumeric() { c } else { ' ' }).collect())
}

/// The words of a text that is split up.
fn words(text: &str) -> impl Iterator<Item = &[u8]> + Clone {
    let ends = |byte: &u8| byte.is_ascii() && !byte.is_ascii_alphanumeric();
    text.as_bytes().split(ends).filter(|word| !word.is_empty())
}

/// `("13.2", "Full …")` of `13.2 Full …`; `1.` and `1)` count too.
fn section_number(line: &str) -> (Option<&str>, &str) {
    if !line.starts_with(|c: char| c.is_ascii_digit()) {
        return (None, line);
    }
    let Some((first, rest)) = line.split_once(' ') else { return (None, line) };
    let number = first.trim_end_matches(['.', ')']);
    if is_section_number(number) { (Some(number), rest) } else { (None, line) }
}

/// Digits with single dots between them.
pub(crate) fn is_section_number(text: &str) -> bool {
    let mut digit = false;
    let fits = text.bytes().all(|byte| match byte {
        b'.' => std::mem::take(&mut digit),
        _ => {
            digit = byte.is_ascii_digit();
            digit
        }
    });
    fits && digit
}

/// Cuts `(Priority: High)` out of a line.
pub(crate) fn take_priority(mut line: String) -> (String, Option<Result<Priority, String>>) {
    const OPENS: &str = "(priority:";
    let opens =
        |at: &usize| line.get(*at..at + OPENS.len()).is_some_and(|form| form.eq_ignore_ascii_case(OPENS));
    let Some(at) = memchr::memchr_iter(b'(', line.as_bytes()).find(opens) else { return (line, None) };
    let word = &line[at + OPENS.len()..];
    let Some(close) = word.find(')') else { return (line, None) };
    let priority = word[..close].parse::<Priority>().map_err(|unknown| unknown.0);
    line.replace_range(at..=at + OPENS.len() + close, " ");
    (one_line(line), Some(priority))
}

/// The number and the title of `Phase 2: Title`, `Milestone A — Title`, `Phase: Title`.
fn phase_prefix(text: &str) -> Option<(Option<u32>, &str)> {
    let (rest, _) = phase_word(text)?;
    let rest = rest.trim_start();
    if let Some(title) = separator(rest) {
        return Some((None, title));
    }
    let end = rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
    let (label, after) = rest.split_at(end);
    let number = label.parse().ok();
    let title = separator(after.trim_start());
    match (number, title, after.trim()) {
        (_, Some(title), _) => Some((number, title)),
        (Some(_), None, rest) => Some((number, rest)),
        (None, None, _) => None,
    }
}

/// What follows the word phase or milestone, and the word itself.
pub(crate) fn phase_word(text: &str) -> Option<(&str, &str)> {
    ["phase", "milestone"].into_iter().find_map(|word| {
        let head = text.get(..word.len())?;
        let rest = &text[word.len()..];
        let ends = !rest.starts_with(char::is_alphanumeric);
        (head.eq_ignore_ascii_case(word) && ends).then_some((rest, word))
    })
}

/// What follows a colon or a dash.
fn separator(text: &str) -> Option<&str> {
    let rest = text.strip_prefix([':', '：', '-', '–', '—', '.'])?;
    Some(rest.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_taken_apart() {
        for (heading, section, phase, priority, text) in [
            (
                "Phase 1: Infrastructure Setup (Priority: Critical)",
                None,
                Some(Some(1)),
                Some(Priority::Critical),
                "Infrastructure Setup",
            ),
            ("4.1 Blue-Green Deployment Features", Some("4.1"), None, None, "Blue-Green Deployment Features"),
            ("6. Implementation Phases", Some("6"), None, None, "Implementation Phases"),
            ("Phase 3", None, Some(Some(3)), None, "Phase 3"),
            ("6.2 Phase 3 - Go", Some("6.2"), Some(Some(3)), None, "Go"),
            ("Milestone A — Go", None, Some(None), None, "Go"),
            ("Phase: Go", None, Some(None), None, "Go"),
            ("Phase 4 Go (priority: low)", None, Some(Some(4)), Some(Priority::Low), "Go"),
            ("Phase plan", None, None, None, "Phase plan"),
            ("Phases", None, None, None, "Phases"),
            ("2024 in review", Some("2024"), None, None, "in review"),
            ("A. Glossary", None, None, None, "A. Glossary"),
            ("Zsh (Oh My Zsh Priority)", None, None, None, "Zsh (Oh My Zsh Priority)"),
            ("", None, None, None, ""),
        ] {
            let title = Title::of(heading.to_owned());
            let seen =
                (title.section(), title.phase, title.priority.clone().and_then(Result::ok), title.text());
            assert_eq!(seen, (section, phase, priority, text), "{heading:?}");
        }
        assert_eq!(Title::of("A (Priority: Urgent)".to_owned()).priority, Some(Err("Urgent".to_owned())));
    }

    #[test]
    fn regions_follow_the_words() {
        use Region::{Criteria, None, Requirements, Tasks};
        for (heading, above, region) in [
            ("6. Implementation Phases", None, Tasks),
            ("Phase 4: Task Management System", Tasks, Tasks),
            ("Phase 2: Requirements", Tasks, Tasks),
            ("Acceptance criteria", Tasks, Criteria),
            ("4. Feature Requirements", None, Requirements),
            ("4.5 Task Management System", Requirements, Requirements),
            ("Phase 1 features", Requirements, Requirements),
            ("13. Success Criteria", None, Criteria),
            ("Phase 1", Criteria, Criteria),
            ("2. Core features", Tasks, Tasks),
            ("5. User Stories", None, None),
            ("7.1 Task Manager API", None, None),
        ] {
            assert_eq!(Title::of(heading.to_owned()).region(above, false), region, "{heading:?}");
        }
        for (heading, region) in [
            ("Product Requirements Document: Deployment System", None),
            ("Implementation Plan for Trails", Tasks),
            ("Implementation Tasks", Tasks),
            ("The implementation of trails", None),
        ] {
            assert_eq!(Title::of(heading.to_owned()).region(None, true), region, "{heading:?}");
        }
    }
}
