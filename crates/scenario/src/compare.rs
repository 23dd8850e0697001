//! The difference between the transcript that was recorded and what a run has shown.

use std::fmt::Write;

use crate::transcript::{Fact, FactKind, Section, Transcript};

/// A readable difference, step by step; `None` when both say the same. Headers are not compared.
///
/// `-` is what the recorded transcript has and the run has not, `+` the other way round.
pub fn difference(recorded: &Transcript, shown: &Transcript) -> Option<String> {
    let empty = Section::default();
    let steps = recorded.sections.len().max(shown.sections.len());
    let mut text = String::new();
    for index in 0..steps {
        let left = &settled(recorded.sections.get(index).unwrap_or(&empty));
        let right = &settled(shown.sections.get(index).unwrap_or(&empty));
        if left != right {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "step {}", if left.title.is_empty() { &right.title } else { &left.title });
            if left.title != right.title {
                let _ = writeln!(text, "- step {}\n+ step {}", left.title, right.title);
            }
            for line in lines(&facts(left), &facts(right)) {
                let _ = writeln!(text, "{line}");
            }
        }
    }
    (!text.is_empty()).then_some(text)
}

/// The section with its analyses in the order of their names. Two that begin together are seen in either order.
fn settled(section: &Section) -> Section {
    let mut section = section.clone();
    let is_analysis = |fact: &Fact| fact.kind == FactKind::Analysis;
    let mut analyses: Vec<Fact> = section.facts.iter().filter(|fact| is_analysis(fact)).cloned().collect();
    analyses.sort_by(|left, right| left.text.cmp(&right.text));
    let mut sorted = analyses.into_iter();
    for fact in section.facts.iter_mut().filter(|fact| is_analysis(fact)) {
        *fact = sorted.next().unwrap_or_else(|| fact.clone());
    }
    section
}

fn facts(section: &Section) -> Vec<String> {
    section.facts.iter().map(ToString::to_string).collect()
}

/// Both lists merged along their longest common subsequence. A section has some dozens of lines, so the
/// quadratic table is small.
fn lines(left: &[String], right: &[String]) -> Vec<String> {
    let mut common = vec![vec![0_usize; right.len() + 1]; left.len() + 1];
    for i in (0..left.len()).rev() {
        for j in (0..right.len()).rev() {
            common[i][j] = if left[i] == right[j] {
                common[i + 1][j + 1] + 1
            } else {
                common[i + 1][j].max(common[i][j + 1])
            };
        }
    }
    let (mut i, mut j, mut merged) = (0, 0, Vec::new());
    while i < left.len() || j < right.len() {
        if i < left.len() && j < right.len() && left[i] == right[j] {
            merged.push(format!("    {}", left[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == right.len() || (i < left.len() && common[i + 1][j] >= common[i][j + 1]) {
            merged.push(format!("  - {}", left[i]));
            i += 1;
        } else {
            merged.push(format!("  + {}", right[j]));
            j += 1;
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transcript::read;

    #[test]
    fn equal_transcripts_differ_in_nothing_whatever_their_headers_say() {
        let text = "step One\n  phase     Healthy\n";
        let recorded = read(&format!("# date 2026-11-24\n\n{text}")).unwrap();
        assert_eq!(difference(&recorded, &read(text).unwrap()), None);
    }

    #[test]
    fn a_difference_shows_the_step_and_its_lines_in_place() {
        let recorded = read("step One\n  phase     A\n  phase     B\n  event     X\nstep Two\n").unwrap();
        let shown = read("step One\n  phase     A\n  phase     C\n  event     X\nstep Two\n").unwrap();
        assert_eq!(
            difference(&recorded, &shown).unwrap(),
            "step One\n    phase     A\n  - phase     B\n  + phase     C\n    event     X\n"
        );
    }

    #[test]
    fn analyses_are_the_same_in_any_order_and_nothing_else_is() {
        let recorded =
            read("step One\n  analysis  a: Running\n  analysis  b: Failed\n  event     X\n").unwrap();
        let shown = read("step One\n  analysis  b: Failed\n  analysis  a: Running\n  event     X\n").unwrap();
        assert_eq!(difference(&recorded, &shown), None);
        let shown = read("step One\n  analysis  b: Failed\n  analysis  b: Failed\n  event     X\n").unwrap();
        assert!(difference(&recorded, &shown).is_some());
        let recorded = read("step One\n  event     A\n  event     B\n").unwrap();
        assert!(difference(&recorded, &read("step One\n  event     B\n  event     A\n").unwrap()).is_some());
    }

    #[test]
    fn a_step_that_is_missing_is_a_difference() {
        let recorded = read("step One\nstep Two\n").unwrap();
        let shown = read("step One\n").unwrap();
        assert!(difference(&recorded, &shown).unwrap().contains("- step Two"));
    }
}
