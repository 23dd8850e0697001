//! The forms that names, labels and quantities must have (RFC 1123, RFC 1035, Kubernetes quantities).

const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must \
                     start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for \
                     validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or \
                         '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used \
                         for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL_1035: &str = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an \
                          alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or \
                          'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
/// Why a label's or annotation's key does not have its form.
pub(super) const QUALIFIED: &str = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start \
                                    and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or \
                                    '123-abc', regex used for validation is \
                                    '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

fn alphanumeric(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit()
}

fn ends_well(text: &str) -> bool {
    text.starts_with(alphanumeric) && text.ends_with(alphanumeric)
}

fn too_long(text: &str, most: usize) -> Option<String> {
    (text.len() > most).then(|| format!("must be no more than {most} bytes"))
}

/// Why `text` is no RFC 1123 label.
pub(super) fn label_fault(text: &str) -> Option<String> {
    if text.contains('.') {
        return Some("must not contain dots".to_owned());
    }
    let good = ends_well(text) && text.chars().all(|c| alphanumeric(c) || c == '-');
    (!good).then(|| LABEL.to_owned()).or_else(|| too_long(text, 63))
}

/// Why `text` is no RFC 1123 subdomain.
pub(crate) fn subdomain_fault(text: &str) -> Option<String> {
    let part = |p: &str| ends_well(p) && p.chars().all(|c| alphanumeric(c) || c == '-');
    (!text.split('.').all(part)).then(|| SUBDOMAIN.to_owned()).or_else(|| too_long(text, 253))
}

/// Why `text` is no RFC 1035 label, which Service names are.
pub(super) fn label_1035_fault(text: &str) -> Option<String> {
    let good = ends_well(text)
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(|c| alphanumeric(c) || c == '-');
    (!good).then(|| LABEL_1035.to_owned()).or_else(|| too_long(text, 63))
}

/// Why `text` cannot be the name of an rbac object: a path segment.
pub(super) fn path_segment_fault(text: &str) -> Option<String> {
    let bad = text == "." || text == ".." || text.contains(['/', '%']);
    bad.then(|| "may not be '.', '..' or contain '/' or '%'".to_owned())
}

fn qualified_part(text: &str) -> bool {
    let end = |c: char| c.is_ascii_alphanumeric();
    !text.is_empty()
        && text.len() <= 63
        && text.starts_with(end)
        && text.ends_with(end)
        && text.chars().all(|c| end(c) || matches!(c, '-' | '_' | '.'))
}

/// Whether `key` can be the key of a label or annotation.
pub(super) fn is_qualified_name(key: &str) -> bool {
    match key.split_once('/') {
        Some((prefix, name)) => subdomain_fault(prefix).is_none() && qualified_part(name),
        None => qualified_part(key),
    }
}

/// Whether `value` can be a label's value.
pub(super) fn is_label_value(value: &str) -> bool {
    value.is_empty() || qualified_part(value)
}

/// Whether `text` is a quantity, such as `500m`, `1.5Gi` or `1e3`.
pub(super) fn is_quantity(text: &str) -> bool {
    let body = text.strip_prefix(['+', '-']).unwrap_or(text);
    let end = body.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(body.len());
    let (number, suffix) = body.split_at(end);
    let digits = number.chars().filter(char::is_ascii_digit).count();
    let number_good = digits > 0 && number.matches('.').count() <= 1;
    let exponent = suffix.strip_prefix(['e', 'E']).map(|e| e.strip_prefix(['+', '-']).unwrap_or(e));
    let exponent_good = exponent.is_some_and(|e| !e.is_empty() && e.chars().all(|c| c.is_ascii_digit()));
    let known = ["", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
    number_good && (known.contains(&suffix) || exponent_good)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        for (good, text) in [(true, "a-1"), (false, "A"), (false, "-a"), (false, ""), (false, "a.b")] {
            assert_eq!(label_fault(text).is_none(), good, "{text}");
        }
        for (good, text) in [(true, "a.b-c.1"), (false, "a..b"), (false, "a_b"), (false, "")] {
            assert_eq!(subdomain_fault(text).is_none(), good, "{text}");
        }
        assert!(label_1035_fault("1a").is_some());
        assert!(label_fault(&"a".repeat(64)).is_some());
        for (good, text) in [
            (true, "500m"),
            (true, "1.5Gi"),
            (true, "1e3"),
            (true, "12E"),
            (false, "1.2.3"),
            (false, "x"),
            (false, "5mi"),
            (false, ""),
        ] {
            assert_eq!(is_quantity(text), good, "{text}");
        }
        assert!(is_qualified_name("argoproj.io/x_Y.z") && !is_qualified_name("a/b/c"));
    }
}
