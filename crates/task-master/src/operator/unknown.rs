//! A name that no Rollout has: which ones there are.

use rollouts_client::client::{Error, Rollouts};
use rollouts_client::types::Rollout;
use task_manager::nearest::nearest;

use super::OperatorError;

/// As many names as a person reads.
const SHOWN: usize = 5;

/// The outcome as it is, but for a Rollout that is not there: then with what is there instead, as far as that can
/// be read.
pub(crate) async fn hinted<T>(
    rollouts: &Rollouts,
    name: &str,
    outcome: Result<T, OperatorError>,
) -> Result<T, OperatorError> {
    match outcome {
        Err(OperatorError::Client(Error::NotFound { what, .. })) if what == format!("get rollout {name}") => {
            let here = rollouts.list("").await.unwrap_or_default();
            // Only an administrator may look everywhere; whoever may not hears of this namespace alone.
            let everywhere = match here.is_empty() {
                true => rollouts.list_everywhere("").await.unwrap_or_default(),
                false => Vec::new(),
            };
            let namespace = rollouts.namespace().to_owned();
            Err(OperatorError::Unknown {
                name: name.to_owned(),
                namespace,
                hint: hint(name, &here, &everywhere),
            })
        }
        outcome => outcome,
    }
}

fn hint(wrong: &str, here: &[Rollout], everywhere: &[Rollout]) -> String {
    let names: Vec<&str> = here.iter().map(Rollout::name).collect();
    if let Some(hint) = among(wrong, &names) {
        return hint;
    }
    if everywhere.is_empty() {
        return "; no rollout was found at all".to_owned();
    }
    let placed = |rollout: &Rollout| {
        format!(
            "{} --namespace {}",
            rollout.name(),
            rollout.metadata.namespace.as_deref().unwrap_or_default()
        )
    };
    format!("; elsewhere there are: {}", some(everywhere.iter().map(placed)))
}

/// The name that was meant, or some of those that there are; `None` when there is none.
pub(super) fn among(wrong: &str, names: &[&str]) -> Option<String> {
    match nearest(wrong, names.iter().copied()) {
        Some(near) => Some(format!("; did you mean {near}?")),
        None if names.is_empty() => None,
        None => Some(format!("; there are: {}", some(names.iter().map(ToString::to_string)))),
    }
}

fn some(names: impl Iterator<Item = String>) -> String {
    let names: Vec<String> = names.collect();
    let more = names.len().saturating_sub(SHOWN);
    let shown = names.into_iter().take(SHOWN).collect::<Vec<_>>().join(", ");
    if more == 0 { shown } else { format!("{shown} and {more} more") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rollouts(names: &[&str]) -> Vec<Rollout> {
        let one = |name: &&str| {
            let object = json!({"metadata": {"name": name, "namespace": "shop"}, "spec": {"strategy": {}}});
            serde_json::from_value(object).unwrap()
        };
        names.iter().map(one).collect()
    }

    #[test]
    fn a_wrong_name_leads_to_a_right_one() {
        for (here, everywhere, expected) in [
            (&["cart", "payments"][..], &[][..], "; did you mean cart?"),
            (&["x", "y"], &[], "; there are: x, y"),
            (&["a", "b", "d", "e", "f", "g", "h"], &[], "; there are: a, b, d, e, f and 2 more"),
            (&[], &["zebra"], "; elsewhere there are: zebra --namespace shop"),
            (&[], &[], "; no rollout was found at all"),
        ] {
            assert_eq!(hint("carts", &rollouts(here), &rollouts(everywhere)), expected);
        }
    }
}
