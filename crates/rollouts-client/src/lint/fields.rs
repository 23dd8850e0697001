//! Fields that no schema knows, and values that it refuses. What they are is found out before, beside the schemas.

use super::{Found, Objects, Rule};

pub(super) const RULES: &[Rule] = &[
    Rule::error("unknown-field", "a field that the API server takes out without a word", unknown),
    Rule::error("invalid-value", "a value that the API server refuses", invalid),
];

fn unknown(objects: &Objects) -> Vec<Found> {
    let all = objects.0.iter().enumerate();
    all.flat_map(|(index, object)| object.undeclared.iter().map(move |field| (index, field)))
        .map(|(index, field)| {
            let name = field.at.rsplit('/').next().unwrap_or_default();
            let found = Found::new(index, &field.at, format!("there is no field {name} here"));
            match &field.nearest {
                Some(near) => found.help(format!("the nearest is `{near}`")),
                None => found.help("the API server drops it, or refuses it under strict validation"),
            }
        })
        .collect()
}

fn invalid(objects: &Objects) -> Vec<Found> {
    let all = objects.0.iter().enumerate();
    all.flat_map(|(index, object)| object.refused.iter().map(move |value| (index, value)))
        .map(|(index, value)| Found::new(index, &value.at, &value.why))
        .collect()
}
