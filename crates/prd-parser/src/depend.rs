//! Dependencies: what a clause names, found by id, by phase, by section number or by exact title. Nothing is
//! guessed: a noun that occurs in two titles makes no edge, and the order inside a phase makes none.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use crate::build::about;
use crate::diagnostic::{Diagnostic, Severity, codes};
use crate::heading::phase_word;
use crate::item::Clause;
use crate::lines::{Lines, narrow};
use crate::model::{Dependency, Origin, Plan};
use crate::outline::Outline;
use crate::reference::{Sections, section_reference};
use crate::slug::slug;

/// Everything that a clause can name. Built once; each look-up takes the same time.
struct Resolver<'p> {
    ids: HashMap<&'p str, usize>,
    /// The slugs of titles, numbered.
    titles: HashMap<String, usize>,
    /// By number of the title.
    titled: Vec<Same>,
    /// By phase and number of the title.
    titled_in: HashMap<(usize, usize), Same>,
    phase_numbers: HashMap<u32, Same>,
    phase_titles: HashMap<&'p str, usize>,
    sections: &'p Sections<'p>,
}

/// What goes by one name.
#[derive(Debug, Clone, Copy)]
enum Same {
    One(usize),
    Several,
}

/// What a name turned out to mean.
enum Named {
    Task(usize),
    Phase(usize, Origin),
    Several,
    Range,
    Nothing,
}

/// The edges of a plan, by index.
pub(crate) struct Edges {
    tasks: Vec<Vec<Dependency>>,
    phases: Vec<Vec<Dependency>>,
}

impl Edges {
    pub(crate) fn put_into(self, plan: &mut Plan) {
        for (task, edges) in plan.tasks.iter_mut().zip(self.tasks) {
            task.dependencies.splice(0..0, edges);
        }
        for (phase, edges) in plan.phases.iter_mut().zip(self.phases) {
            phase.dependencies = edges;
        }
    }
}

impl<'p> Resolver<'p> {
    fn new(plan: &'p Plan, sections: &'p Sections<'p>) -> Self {
        let tasks = plan.tasks.len();
        let mut titles = HashMap::with_capacity(tasks);
        let mut titled = Vec::with_capacity(tasks);
        let mut titled_in = HashMap::with_capacity(tasks);
        for (index, task) in plan.tasks.iter().enumerate() {
            let title = *titles.entry(slug(&task.title)).or_insert(titled.len());
            match titled.get_mut(title) {
                Some(same) => *same = Same::Several,
                None => titled.push(Same::One(index)),
            }
            titled_in
                .entry((task.phase, title))
                .and_modify(|same| *same = Same::Several)
                .or_insert(Same::One(index));
        }
        let mut phase_numbers = HashMap::new();
        for (index, phase) in plan.phases.iter().enumerate() {
            if let Some(number) = phase.number {
                phase_numbers
                    .entry(number)
                    .and_modify(|same| *same = Same::Several)
                    .or_insert(Same::One(index));
            }
        }
        Resolver {
            ids: plan.tasks.iter().enumerate().map(|(i, task)| (task.id.as_str(), i)).collect(),
            titles,
            titled,
            titled_in,
            phase_numbers,
            phase_titles: plan.phases.iter().enumerate().map(|(i, phase)| (phase.id.as_str(), i)).collect(),
            sections,
        }
    }

    fn name(&self, name: &str, phase: Option<usize>) -> Named {
        let name = name.trim().trim_matches(['`', '"', '\'', '“', '”']).trim_end_matches('.').trim();
        if let Some(&task) = self.ids.get(name) {
            return Named::Task(task);
        }
        if let Some((rest, _)) = phase_word(name)
            && let Ok(number) = rest.trim().parse()
        {
            return match self.phase_numbers.get(&number) {
                Some(Same::One(phase)) => Named::Phase(*phase, Origin::Phase),
                Some(Same::Several) => Named::Several,
                None => Named::Nothing,
            };
        }
        if let Some(reference) = section_reference(name)
            && let Some(phase) = self.sections.phase_of(&reference)
        {
            return Named::Phase(phase, Origin::Reference);
        }
        self.title(name, phase)
    }

    fn title(&self, name: &str, phase: Option<usize>) -> Named {
        let slug = slug(name);
        // Where a phase depends, a phase is meant.
        if let (None, Some(&phase)) = (phase, self.phase_titles.get(slug.as_str())) {
            return Named::Phase(phase, Origin::Phase);
        }
        let title = self.titles.get(&slug).copied();
        let near = phase.zip(title).and_then(|place| self.titled_in.get(&place));
        match near.or_else(|| self.titled.get(title?)) {
            Some(Same::One(task)) => Named::Task(*task),
            Some(Same::Several) => Named::Several,
            None => match self.phase_titles.get(slug.as_str()) {
                Some(&phase) => Named::Phase(phase, Origin::Phase),
                None if self.is_range(name) => Named::Range,
                None => Named::Nothing,
            },
        }
    }

    /// `T012–T018`, `T012-T018`, `T012..T018`, where both ends exist.
    fn is_range(&self, name: &str) -> bool {
        ["–", "—", "..", "-", " to "].into_iter().filter_map(|dash| name.split_once(dash)).any(
            |(first, last)| {
                self.ids.contains_key(first.trim())
                    && self.ids.contains_key(last.trim_start_matches('.').trim())
            },
        )
    }
}

/// Resolves every clause of the plan: those of each task, and those of phases.
pub(crate) fn resolve(
    plan: &Plan,
    outline: &Outline,
    sections: &Sections<'_>,
    clauses: &[Vec<Clause>],
    lines: &Lines<'_>,
    found: &mut Vec<Diagnostic>,
) -> Edges {
    let mut edges = Edges { tasks: Vec::new(), phases: vec![Vec::new(); plan.phases.len()] };
    let stated = clauses.iter().chain(outline.phases.iter().map(|phase| &phase.clauses));
    if !outline.statements.is_empty() || stated.flatten().next().is_some() {
        let resolver = &Resolver::new(plan, sections);
        Work { resolver, plan, lines, found }.resolve(outline, clauses, &mut edges);
    }
    order(plan, &mut edges.phases);
    edges
}

/// The order of the document between phases that stand next to each other, unless a barrier says it already.
fn order(plan: &Plan, edges: &mut [Vec<Dependency>]) {
    for (index, pair) in plan.phases.windows(2).enumerate() {
        let (before, phase) = (&pair[0], &pair[1]);
        let mut seen = HashSet::new();
        edges[index + 1].retain(|edge| seen.insert(edge.on.clone()));
        if !seen.contains(&before.id) {
            let edge = Dependency { on: before.id.clone(), origin: Origin::Order, line: phase.line };
            edges[index + 1].push(edge);
        }
    }
}

struct Work<'w, 'p, 's> {
    resolver: &'w Resolver<'p>,
    plan: &'w Plan,
    lines: &'w Lines<'s>,
    found: &'w mut Vec<Diagnostic>,
}

impl Work<'_, '_, '_> {
    fn resolve(&mut self, outline: &Outline, clauses: &[Vec<Clause>], edges: &mut Edges) {
        for (clauses, task) in clauses.iter().zip(&self.plan.tasks) {
            edges.tasks.push(self.edges(clauses, Some(task.phase)));
        }
        for (edges, draft) in edges.phases.iter_mut().zip(&outline.phases) {
            edges.extend(self.phase_edges(&draft.clauses));
        }
        for statement in &outline.statements {
            let (clause, subject) = (&statement.clause, format!("Phase {}", statement.number));
            match self.resolver.phase_numbers.get(&statement.number) {
                Some(&Same::One(phase)) => {
                    edges.phases[phase].extend(self.phase_edges(std::slice::from_ref(clause)));
                }
                Some(Same::Several) => self.report(clause, &subject, &Named::Several),
                None => self.report(clause, &subject, &Named::Nothing),
            }
        }
    }

    fn edges(&mut self, clauses: &[Clause], phase: Option<usize>) -> Vec<Dependency> {
        let mut edges = Vec::new();
        let mut seen = HashSet::new();
        for clause in clauses {
            let text = without_parentheses(&clause.text);
            for (name, named) in self.names(text.trim(), phase) {
                let (on, origin, index) = match named {
                    Named::Task(task) => (&self.plan.tasks[task].id, Origin::Explicit, task),
                    Named::Phase(phase, origin) => (&self.plan.phases[phase].id, origin, phase),
                    other => {
                        self.report(clause, name, &other);
                        continue;
                    }
                };
                if seen.insert((index, origin.names_phase())) {
                    edges.push(Dependency { on: on.clone(), origin, line: narrow(clause.line) });
                }
            }
        }
        edges
    }

    /// Edges of a phase; only phases can be named.
    fn phase_edges(&mut self, clauses: &[Clause]) -> Vec<Dependency> {
        let mut edges = self.edges(clauses, None);
        let clause_line = clauses.first().map_or(1, |clause| clause.line);
        edges.retain(|edge| {
            if !edge.origin.names_phase() {
                let message = format!("a phase depends on the task \"{}\"", edge.on);
                let help = Some("name a phase, or write the dependency at the tasks".to_owned());
                let line = usize::try_from(edge.line).unwrap_or(clause_line);
                self.found.push(about(
                    Severity::Error,
                    codes::UNREAD_DEPENDENCY,
                    message,
                    help,
                    line,
                    self.lines,
                ));
            }
            edge.origin.names_phase()
        });
        edges
    }

    /// The names in the text of a clause: the whole if it is one, else split at commas, else at `and`.
    fn names<'t>(&self, whole: &'t str, phase: Option<usize>) -> Vec<(&'t str, Named)> {
        if is_none(whole) {
            return Vec::new();
        }
        if let known @ (Named::Task(_) | Named::Phase(..)) = self.resolver.name(whole, phase) {
            return vec![(whole, known)];
        }
        let mut names = Vec::new();
        for part in whole.split([',', ';', '、', '，']).map(str::trim).filter(|part| !part.is_empty()) {
            let part = part.strip_prefix("and ").unwrap_or(part);
            match self.resolver.name(part, phase) {
                Named::Nothing if part.contains(" and ") || part.contains(" & ") => {
                    let halves = part.split(" and ").flat_map(|half| half.split(" & "));
                    names.extend(halves.map(|half| (half.trim(), self.resolver.name(half, phase))));
                }
                named => names.push((part, named)),
            }
        }
        names
    }

    fn report(&mut self, clause: &Clause, name: &str, named: &Named) {
        let (severity, code, message, help) = match named {
            Named::Several => (
                Severity::Error,
                codes::AMBIGUOUS_DEPENDENCY,
                format!("dependency \"{name}\" names several tasks or phases"),
                "name it by its id",
            ),
            Named::Range => (
                Severity::Error,
                codes::UNREAD_DEPENDENCY,
                format!("dependency \"{name}\" is a range"),
                "ranges are not read; name each task",
            ),
            _ if clause.certain => (
                Severity::Error,
                codes::UNKNOWN_DEPENDENCY,
                format!("dependency \"{name}\" is no task and no phase of this document"),
                "name a task by its id or its exact title, or a phase as Phase N",
            ),
            _ => (
                Severity::Warning,
                codes::UNRESOLVED_REFERENCE,
                format!("\"depends on {name}\" names nothing in this document"),
                "write Depends on: and a task's id or exact title if it is meant as a dependency",
            ),
        };
        self.found.push(about(severity, code, message, Some(help.to_owned()), clause.line, self.lines));
    }
}

/// `Phase 22 (reason), Phase 23` without the reasons.
fn without_parentheses(text: &str) -> Cow<'_, str> {
    if !text.contains('(') {
        return Cow::Borrowed(text);
    }
    let mut depth = 0_usize;
    text.chars()
        .filter(|c| {
            match c {
                '(' => depth += 1,
                ')' if depth > 0 => {
                    depth -= 1;
                    return false;
                }
                _ => {}
            }
            depth == 0
        })
        .collect()
}

/// The words for no dependency at all.
fn is_none(text: &str) -> bool {
    let text = text.trim_end_matches('.');
    ["", "-", "–", "—", "none", "nothing", "n/a", "no one"].iter().any(|word| word.eq_ignore_ascii_case(text))
}
