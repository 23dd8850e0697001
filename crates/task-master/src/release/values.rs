//! `image.tag` in a values file: found and replaced, every other byte as it was. Pure.

use serde_yaml::Value;

/// Where the tag stands in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// The tag; empty when none is set.
    pub value: String,
    /// The same as it is written, with its quotes.
    pub written: String,
    /// The bytes of what is written.
    at: std::ops::Range<usize>,
}

/// Why a tag cannot be changed.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ValuesError {
    /// There is no such line.
    #[error("there is no line `tag:` below a line `image:` at the left margin")]
    NoTag,
    /// The change would change something else too, which only odd YAML brings about.
    #[error("the line of image.tag is written in a way that cannot be changed alone")]
    Odd,
    /// No image can have such a tag.
    #[error("{0:?} is no image tag: up to 128 letters, digits, `_`, `.` and `-`, the first no `.` or `-`")]
    NoSuchTag(String),
}

/// The tag of a values file.
///
/// # Errors
/// When there is none in block style below a top-level `image:`.
pub fn find(text: &str) -> Result<Tag, ValuesError> {
    let mut offset = 0;
    // The indentation of what is directly below `image:`, once it is known.
    let mut inside: Option<Option<usize>> = None;
    for line in text.split_inclusive('\n') {
        let start = offset;
        offset += line.len();
        let bare = line.trim_end_matches(['\n', '\r']);
        let content = bare.trim_start_matches(' ');
        let indent = bare.len() - content.len();
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        if indent == 0 {
            let rest = content.strip_prefix("image:");
            inside = rest.filter(|rest| rest.trim().is_empty() || rest.trim().starts_with('#')).map(|_| None);
            continue;
        }
        let Some(level) = &mut inside else { continue };
        if *level.get_or_insert(indent) != indent {
            continue;
        }
        if let Some(rest) =
            content.strip_prefix("tag:").filter(|rest| rest.is_empty() || rest.starts_with(' '))
        {
            let written = written(rest);
            let value_at = start + indent + "tag:".len() + (rest.len() - rest.trim_start().len());
            let at = value_at..value_at + written.len();
            let value: Option<Value> = serde_yaml::from_str(written).map_err(|_| ValuesError::Odd)?;
            let value = match value {
                None | Some(Value::Null) => String::new(),
                Some(Value::String(text)) => text,
                Some(Value::Number(_) | Value::Bool(_)) => written.to_owned(),
                Some(_) => return Err(ValuesError::Odd),
            };
            return Ok(Tag { value, written: written.to_owned(), at });
        }
    }
    Err(ValuesError::NoTag)
}

/// The value of a line without the comment behind it.
fn written(rest: &str) -> &str {
    let rest = rest.trim();
    let quote = rest.chars().next().filter(|first| matches!(first, '"' | '\''));
    let end = match quote {
        Some(quote) => rest[1..].find(quote).map_or(rest.len(), |end| end + 2),
        None if rest.starts_with('#') => 0,
        None => rest.find(" #").unwrap_or(rest.len()),
    };
    rest[..end].trim_end()
}

/// The text with another tag, written with the quotes that the old one has; double ones where it has none and the
/// new one would be read as a number.
///
/// # Errors
/// When the tag is none, or cannot be found or changed alone.
pub fn with_tag(text: &str, tag: &str) -> Result<String, ValuesError> {
    if !is_tag(tag) {
        return Err(ValuesError::NoSuchTag(tag.to_owned()));
    }
    let old = find(text)?;
    let plain = matches!(serde_yaml::from_str(tag), Ok(Value::String(_)));
    let new = match old.written.chars().next() {
        Some('\'') => format!("'{tag}'"),
        Some('"') => format!("\"{tag}\""),
        Some(_) if plain => tag.to_owned(),
        _ => format!("\"{tag}\""),
    };
    written_back(text, &old, &new)
}

/// The text with what is written in place of the tag.
///
/// # Errors
/// When that would change something else as well.
pub fn written_back(text: &str, old: &Tag, new: &str) -> Result<String, ValuesError> {
    let space = if text[..old.at.start].ends_with(':') && !new.is_empty() { " " } else { "" };
    let changed = format!("{}{space}{new}{}", &text[..old.at.start], &text[old.at.end..]);
    let parse = |text: &str| serde_yaml::from_str::<Value>(text).map_err(|_| ValuesError::Odd);
    let (mut before, after) = (parse(text)?, parse(&changed)?);
    let set = after.get("image").and_then(|image| image.get("tag")).cloned().ok_or(ValuesError::Odd)?;
    if let Some(tag) = before.get_mut("image").and_then(|image| image.get_mut("tag")) {
        *tag = set;
    }
    if before == after { Ok(changed) } else { Err(ValuesError::Odd) }
}

/// Whether an image can have this tag: at most 128 letters, digits, `_`, `.` and `-`, and neither of the last two first
/// (the OCI distribution specification, "Pulling manifests").
pub fn is_tag(tag: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    tag.len() <= 128 && tag.starts_with(word) && tag.chars().all(|c| word(c) || c == '.' || c == '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_value_changes_and_nothing_else() {
        for (text, tag, expected) in [
            ("image:\n  tag: \"v1\"  # CI\nx: 1\n", "v2", "image:\n  tag: \"v2\"  # CI\nx: 1\n"),
            ("image:\n  tag: 'v1'\n", "v2", "image:\n  tag: 'v2'\n"),
            ("image:\n  repository: r\n  tag: v1\n", "v2", "image:\n  repository: r\n  tag: v2\n"),
            ("image:\n  tag: v1\n", "1.10", "image:\n  tag: \"1.10\"\n"),
            ("image:\n  tag: 1.9\n", "1.10", "image:\n  tag: \"1.10\"\n"),
            ("image:\n  tag:\n", "v2", "image:\n  tag: \"v2\"\n"),
            ("image:\n  tag: \"\"\n", "v2", "image:\n  tag: \"v2\"\n"),
            (
                "image: # which\r\n    # -- The tag.\r\n    tag: v1\r\n",
                "v2",
                "image: # which\r\n    # -- The tag.\r\n    tag: v2\r\n",
            ),
            (
                "sidecar:\n  tag: a\nimage:\n  init:\n    tag: b\n  tag: v1\nother:\n  tag: c\n",
                "v2",
                "sidecar:\n  tag: a\nimage:\n  init:\n    tag: b\n  tag: v2\nother:\n  tag: c\n",
            ),
        ] {
            assert_eq!(with_tag(text, tag).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_changed_alone_is_not_changed() {
        for (text, tag, error) in [
            ("image: {tag: v1}\n", "v2", ValuesError::NoTag),
            ("tag: v1\n", "v2", ValuesError::NoTag),
            ("image:\n  nested:\n    tag: v1\n", "v2", ValuesError::NoTag),
            ("image:\n  tag: &t v1\nother: *t\n", "v2", ValuesError::Odd),
            ("image:\n  tag: v1\n", "-x", ValuesError::NoSuchTag("-x".into())),
            ("image:\n  tag: v1\n", "a b", ValuesError::NoSuchTag("a b".into())),
            ("image:\n  tag: v1\n", "", ValuesError::NoSuchTag(String::new())),
        ] {
            assert_eq!(with_tag(text, tag), Err(error), "{text}");
        }
    }

    #[test]
    fn the_shipped_values_have_a_tag() {
        for chart in ["blue-green-app", "canary-app"] {
            let file = format!("{}/../../charts/{chart}/values.yaml", env!("CARGO_MANIFEST_DIR"));
            let text = std::fs::read_to_string(file).unwrap();
            let changed = with_tag(&text, "v2").unwrap();
            let differing = text.lines().zip(changed.lines()).filter(|(old, new)| old != new);
            assert_eq!(differing.collect::<Vec<_>>(), [("  tag: \"\"", "  tag: \"v2\"")], "{chart}");
        }
    }
}
