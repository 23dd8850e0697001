//! One walk over the blocks of the Markdown tree, in document order and without recursion.
//!
//! comrak's own task lists are not used: it has no place for near misses, and its positions are documented
//! as unreliable for list items. An item is a list item whose first paragraph starts, to the byte, at the
//! bracket that the scan of raw lines found.

use comrak::nodes::{Node, NodeValue, Sourcepos};
use comrak::{Arena, Options, parse_document};

use crate::heading::{About, Region, Title, phase_word};
use crate::item::{Clause, ItemText, clause_of_detail};
use crate::lines::Lines;
use crate::model::Span;
use crate::outline::{Draft, Entry, Heading, Opaque, Outline, Outside, PhaseDraft, Statement};
use crate::scan::{Candidate, Shape};
use crate::text::{Plain, one_line, plain};

/// The dialect: GitHub's tables and strikethrough, and YAML front matter, which would otherwise be read as
/// a heading.
pub(crate) fn options() -> Options<'static> {
    let mut options = Options::default();
    options.extension.table = true;
    options.extension.strikethrough = true;
    options.extension.front_matter_delimiter = Some("---".to_owned());
    options
}

/// How much text makes a node of the tree, in documents with many short lines; room for all nodes at once
/// spares the arena its growth.
const BYTES_A_NODE: usize = 12;

/// Parses the source and walks it.
pub(crate) fn walk(source: &str, lines: &Lines<'_>, candidates: &[Candidate]) -> Outline {
    let arena = Arena::with_capacity(source.len() / BYTES_A_NODE + 1);
    let root = parse_document(&arena, source, &options());
    let mut walker = Walker::new(source, lines, candidates);
    let mut next = root.first_child();
    while let Some(node) = next {
        let inner = if walker.enter(root, node) { node.first_child() } else { None };
        next = inner.or_else(|| walker.after(root, node));
    }
    walker.finish()
}

/// What an open list item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Listed {
    /// An item of the plan, by its draft.
    Draft(usize),
    /// A checkbox that is none.
    Ignored,
    /// A plain bullet.
    Plain,
}

impl Listed {
    fn draft(self) -> Option<usize> {
        match self {
            Listed::Draft(index) => Some(index),
            Listed::Ignored | Listed::Plain => None,
        }
    }
}

struct Walker<'w, 's> {
    source: &'s str,
    lines: &'w Lines<'s>,
    candidates: &'w [Candidate],
    /// The first candidate that is not above the last item.
    reached: usize,
    outline: Outline,
    /// Headings that are open, outermost first.
    sections: Vec<usize>,
    /// List items that are open, outermost first.
    items: Vec<Listed>,
    /// What the checkboxes before any heading are.
    top: Region,
    top_phase: Option<usize>,
}

impl<'w, 's> Walker<'w, 's> {
    fn new(source: &'s str, lines: &'w Lines<'s>, candidates: &'w [Candidate]) -> Self {
        let claimed = vec![false; candidates.len()];
        let outline = Outline { claimed, drafts: Vec::with_capacity(candidates.len()), ..Outline::default() };
        Walker {
            source,
            lines,
            candidates,
            reached: 0,
            outline,
            sections: Vec::new(),
            items: Vec::new(),
            top: Region::None,
            top_phase: None,
        }
    }

    /// Takes note of a node; says whether to go on inside it.
    fn enter<'a>(&mut self, root: Node<'a>, node: Node<'a>) -> bool {
        let data = node.data();
        let place = data.sourcepos;
        match &data.value {
            NodeValue::Heading(heading) => {
                self.outline.heading_count += 1;
                if node.parent().is_some_and(|parent| parent.same_node(root)) {
                    self.heading(heading.level, plain(node).text, place.start.line);
                }
            }
            NodeValue::FrontMatter(text) => {
                self.outline.front_matter = Some(text.clone());
                self.opaque(Opaque::FrontMatter, place);
            }
            NodeValue::CodeBlock(code) if code.fenced => {
                self.opaque(Opaque::Fence { closed: code.closed }, place);
            }
            NodeValue::CodeBlock(_) => self.opaque(Opaque::Indented, place),
            NodeValue::HtmlBlock(html) => {
                self.region_comment(&html.literal);
                self.opaque(Opaque::Html, place);
            }
            NodeValue::Table(_) => self.opaque(Opaque::Table, place),
            NodeValue::Item(_) => {
                let listed = node.first_child().and_then(|first| self.item(first));
                self.items.push(listed.unwrap_or(Listed::Plain));
                return true;
            }
            NodeValue::Paragraph => self.paragraph(node, place),
            NodeValue::BlockQuote | NodeValue::List(_) => return true,
            _ => {}
        }
        false
    }

    /// The node after `node` in document order, once all below it is done; closes what ends on the way.
    fn after<'a>(&mut self, root: Node<'a>, node: Node<'a>) -> Option<Node<'a>> {
        let mut node = node;
        loop {
            if matches!(node.data().value, NodeValue::Item(_)) {
                self.items.pop();
            }
            if let Some(sibling) = node.next_sibling() {
                return Some(sibling);
            }
            node = node.parent().filter(|parent| !parent.same_node(root))?;
        }
    }

    fn heading(&mut self, level: u8, text: String, line: usize) {
        let title = Title::of(text);
        let span = self.lines.span(line);
        while let Some(&open) = self.sections.last() {
            if self.outline.headings[open].level < level {
                break;
            }
            self.outline.headings[open].span.end = span.start;
            self.sections.pop();
        }
        let index = self.outline.headings.len();
        let region = title.region(self.region(), index == 0 && level == 1);
        let names_phase = region == Region::Tasks && title.phase.is_some();
        let about = title.about();
        let outside = Outside::default();
        self.outline.headings.push(Heading { level, title, region, about, phase: None, line, span, outside });
        self.sections.push(index);
        if names_phase {
            self.open_phase(Some(index), line);
        }
    }

    fn region(&self) -> Region {
        self.sections.last().map_or(self.top, |&open| self.outline.headings[open].region)
    }

    fn open_phase(&mut self, heading: Option<usize>, line: usize) -> usize {
        let index = self.outline.phases.len();
        self.outline.phases.push(PhaseDraft { heading, line, clauses: Vec::new(), tasks: 0 });
        match heading {
            Some(heading) => self.outline.headings[heading].phase = Some(index),
            None => self.top_phase = Some(index),
        }
        index
    }

    /// The phase that a task here belongs to: the nearest heading that names one, else the nearest heading.
    fn phase(&mut self, line: usize) -> usize {
        let named = self.sections.iter().rev().map(|&open| &self.outline.headings[open]);
        let named = named.filter(|heading| heading.title.phase.is_some()).find_map(|heading| heading.phase);
        let nearest = self.sections.last().copied();
        let open = nearest.map_or(self.top_phase, |heading| self.outline.headings[heading].phase);
        named.or(open).unwrap_or_else(|| {
            let at = nearest.map_or(line, |heading| self.outline.headings[heading].line);
            self.open_phase(nearest, at)
        })
    }

    /// `<!-- prd:tasks -->` says what the checkboxes of its section are.
    fn region_comment(&mut self, html: &str) {
        let Some(inside) = html.trim().strip_prefix("<!--").and_then(|rest| rest.strip_suffix("-->")) else {
            return;
        };
        let region = match inside.trim() {
            "prd:tasks" => Region::Tasks,
            "prd:requirements" => Region::Requirements,
            "prd:criteria" => Region::Criteria,
            "prd:none" => Region::None,
            _ => return,
        };
        match self.sections.last() {
            Some(&open) => self.outline.headings[open].region = region,
            None => self.top = region,
        }
    }

    fn opaque(&mut self, kind: Opaque, place: Sourcepos) {
        self.reach(place.end.line);
        self.outline.opaque.push((kind, place.start.line, place.end.line));
    }

    /// Extends the open items to the end of a line.
    fn reach(&mut self, line: usize) {
        for draft in self.items.iter().rev().filter_map(|open| open.draft()) {
            let end = self.lines.span(line).end;
            let span = &mut self.outline.drafts[draft].span;
            if span.end >= end {
                break;
            }
            span.end = end;
        }
    }

    /// The draft that a list item is, by its first block, if it starts with a box.
    fn item(&mut self, first: Node<'_>) -> Option<Listed> {
        let data = first.data();
        if !matches!(data.value, NodeValue::Paragraph) {
            return None;
        }
        let start = data.sourcepos.start;
        while self.candidates.get(self.reached).is_some_and(|candidate| candidate.line < start.line) {
            self.reached += 1;
        }
        let at = self.reached;
        let candidate = *self.candidates.get(at).filter(|candidate| candidate.line == start.line)?;
        let (checked, symbol) = match candidate.shape {
            Shape::Good { checked } => (checked, None),
            Shape::Symbol(symbol) => (false, Some(symbol)),
            _ => return None,
        };
        let box_at = candidate.open + 1;
        let around = self.source.as_bytes().get(box_at - 1..box_at + 2)?;
        let placed = self.lines.start(start.line) + start.column - 1 == candidate.open;
        if !placed || around[0] != b'[' || around[2] != b']' {
            return None;
        }
        self.outline.claimed[at] = true;
        let Plain { mut text, id, .. } = plain(first);
        let boxed = text.len() - after_box(&text).trim_start().len();
        text.drain(..boxed);
        if text.is_empty() {
            self.outline.empty.push(candidate.line);
            return Some(Listed::Ignored);
        }
        let region = self.region();
        if region == Region::None {
            self.outside(candidate.line);
            return Some(Listed::Ignored);
        }
        let phase = if region == Region::Tasks { self.phase(candidate.line) } else { 0 };
        let text = ItemText::of(text, candidate.line);
        let drafts = &self.outline.drafts;
        let mut open = self.items.iter().rev().filter_map(|open| open.draft());
        let parent = open.find(|&open| drafts[open].region == region);
        let draft = Draft {
            region,
            heading: self.sections.last().copied(),
            phase,
            parent,
            title: text.title,
            id: id.or(text.id),
            priority: text.priority,
            checked,
            symbol,
            span: Span { start: candidate.marker_at, end: self.lines.span(candidate.line).end },
            box_at,
            line: candidate.line,
            details: Vec::new(),
            clauses: text.clauses,
        };
        if region == Region::Tasks {
            self.outline.phases[phase].tasks += 1;
        }
        self.outline.drafts.push(draft);
        Some(Listed::Draft(self.outline.drafts.len() - 1))
    }

    fn outside(&mut self, line: usize) {
        match self.sections.last() {
            Some(&open) => self.outline.headings[open].outside.add(line),
            None => self.outline.outside.add(line),
        }
    }

    fn paragraph<'a>(&mut self, node: Node<'a>, place: Sourcepos) {
        self.reach(place.end.line);
        let first = node.previous_sibling().is_none();
        let plain_bullet = self.items.last().is_none_or(|&open| open == Listed::Plain);
        if first && !plain_bullet {
            return;
        }
        let line = place.start.line;
        let task = self.items.iter().rev().find_map(|open| open.draft());
        let about = self.sections.last().and_then(|&open| self.outline.headings[open].about);
        if let Some(task) = task {
            self.detail(task, plain(node).text, line);
        } else if let (Some(about), true, 1) = (about, first, self.items.len()) {
            self.entry(about, node, place);
        } else {
            self.prose(node, line);
        }
    }

    fn detail(&mut self, task: usize, text: String, line: usize) {
        let text = one_line(text);
        let clause = clause_of_detail(&text, line);
        let draft = &mut self.outline.drafts[task];
        draft.clauses.extend(clause);
        if !text.is_empty() {
            draft.details.push((text, line));
        }
    }

    fn entry(&mut self, about: About, node: Node<'_>, place: Sourcepos) {
        let plain = plain(node);
        let span = self.lines.range(place.start.line, place.end.line);
        let (text, link, line) = (one_line(plain.text), plain.link, place.start.line);
        self.outline.entries.push(Entry { about, text, link, span, line });
    }

    /// Prose outside items: what it says about phases, and about the document.
    fn prose(&mut self, node: Node<'_>, line: usize) {
        let preamble = self.sections.last().is_none_or(|&open| self.outline.headings[open].level == 1)
            && self.sections.len() <= 1;
        let phase = self.sections.iter().rev().find_map(|&open| self.outline.headings[open].phase);
        let last = node.data().sourcepos.end.line;
        if !preamble && !(line..=last).any(|line| may_state(self.lines.text(line))) {
            return;
        }
        let text = plain(node).text;
        if preamble {
            self.outline.preamble.extend(text.lines().map(str::to_owned));
        }
        for (below, sentence) in text.lines().enumerate() {
            let line = line + below;
            if let Some(statement) = statement(sentence, line) {
                self.outline.statements.push(statement);
            } else if let (Some(phase), Some(clause)) = (phase, clause_of_detail(sentence, line)) {
                self.outline.phases[phase].clauses.push(clause);
            }
        }
    }

    fn finish(mut self) -> Outline {
        for open in self.sections {
            self.outline.headings[open].span.end = self.source.len();
        }
        self.outline
    }
}

/// Whether a line can say `Phase 3 depends on` or `Depends on:`; saves reading all the prose of a document.
fn may_state(line: &str) -> bool {
    let first = line.bytes().find(u8::is_ascii_alphabetic);
    first.is_some_and(|first| b"pmdb".contains(&first.to_ascii_lowercase()))
}

/// Reads `Phase 3 depends on Phase 2`.
fn statement(sentence: &str, line: usize) -> Option<Statement> {
    let (rest, _) = phase_word(sentence.trim())?;
    let rest = rest.trim_start();
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let number = rest[..digits].parse().ok()?;
    let clause = clause_of_detail(rest[digits..].trim_start(), line)?;
    Some(Statement { number, clause: Clause { certain: true, ..clause } })
}

/// What follows the box in the plain text of an item.
fn after_box(text: &str) -> &str {
    let text = text.trim_start();
    let Some(inside) = text.strip_prefix('[') else {
        // The box was taken for a link to a definition called `x`.
        let mut chars = text.chars();
        chars.next();
        return chars.as_str();
    };
    match inside.char_indices().take(2).find(|(_, c)| *c == ']') {
        Some((close, _)) => &inside[close + 1..],
        None => inside,
    }
}
