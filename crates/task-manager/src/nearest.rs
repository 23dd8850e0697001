//! What a wrong name was meant to be: counted in insertions, deletions and replacements.

/// The candidate that differs from `wrong` in the fewest edits, if those are few enough to be a slip.
pub fn nearest<'a>(wrong: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let scored = candidates.into_iter().map(|candidate| (distance(wrong, candidate, false), candidate));
    scored.filter(|(edits, _)| *edits <= slips(wrong)).min().map(|(_, candidate)| candidate)
}

/// The candidates with a part that differs from `wrong` in few enough edits to be a slip, nearest first, else in their
/// own order: a person types a part of a long id.
pub fn near_a_part<'a>(wrong: &str, candidates: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let wrong = wrong.to_lowercase();
    if wrong.is_empty() {
        return Vec::new();
    }
    let scored = candidates.into_iter().map(|candidate| (distance(&wrong, candidate, true), candidate));
    // Stricter than for the whole: of a short word, two letters are found in any long id.
    let slips = wrong.chars().count() / 3;
    let mut near: Vec<_> = scored.filter(|(edits, _)| *edits <= slips).collect();
    near.sort_by_key(|(edits, _)| *edits);
    near.into_iter().map(|(_, candidate)| candidate).collect()
}

/// As many edits are a slip; never the whole word, to which anything short would be near.
fn slips(wrong: &str) -> usize {
    let length = wrong.chars().count();
    (length / 3).max(2).min(length.saturating_sub(1))
}

/// Edits from `a` to `b`, or to the part of `b` that is nearest to it.
fn distance(a: &str, b: &str, part: bool) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).map(|skipped| if part { 0 } else { skipped }).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    if part { row.into_iter().min().unwrap_or(0) } else { row[b.len()] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_found_and_strangers_are_not() {
        let names = ["apply", "probe", "rollout", "run", "terraform"];
        let cases = [
            ("aply", Some("apply")),
            ("rolout", Some("rollout")),
            ("teraform", Some("terraform")),
            ("x", None),
            ("on", None),
            ("database", None),
        ];
        for (wrong, expected) in cases {
            assert_eq!(nearest(wrong, names), expected, "{wrong}");
        }
    }

    #[test]
    fn a_part_of_an_id_is_enough() {
        let ids = ["setup/install-argo-rollouts", "setup/install-argocd", "green/create-helm-chart"];
        let cases: [(&str, &[&str]); 6] = [
            ("instal-argocd", &[ids[1], ids[0]]),
            ("Helm-Chrat", &[ids[2]]),
            ("setup/instll-argocd", &[ids[1], ids[0]]),
            ("database", &[]),
            ("moon", &[]),
            ("", &[]),
        ];
        for (wrong, expected) in cases {
            assert_eq!(near_a_part(wrong, ids), expected, "{wrong}");
        }
    }
}
