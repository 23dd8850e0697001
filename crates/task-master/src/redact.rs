//! Removes secrets from text before it is kept or shown: known values first, then shapes.
//!
//! Shapes: a JSON web token, the user part of a URL, and what follows `Bearer` or `Basic`.
//! It works on one line at a time; a secret of several lines is known by each of its lines.

use crate::command::Secret;

/// What stands in a secret's place.
pub const MASK: &str = "****";

/// Values shorter than this are not replaced: masking every `1` would make logs unreadable.
const SHORTEST: usize = 4;

/// The known values, longest first, so that a value that contains another is masked whole.
#[derive(Debug, Clone, Default)]
pub struct Redactor {
    values: Vec<Secret>,
}

impl Redactor {
    /// A redactor that knows `secrets`, each of their lines, and both encoded in base64.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a Secret>) -> Self {
        let mut values = Vec::new();
        for secret in secrets {
            let text = secret.expose();
            for line in std::iter::once(text).chain(text.lines()) {
                if line.len() >= SHORTEST {
                    values.push(Secret::new(line));
                    values.push(Secret::new(base64(line.as_bytes())));
                }
            }
        }
        values.sort_by(|a, b| b.expose().len().cmp(&a.expose().len()).then_with(|| a.cmp(b)));
        values.dedup();
        Self { values }
    }

    /// `text` without secrets.
    #[must_use]
    pub fn clean(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for value in &self.values {
            if text.contains(value.expose()) {
                text = text.replace(value.expose(), MASK);
            }
        }
        shapes(&text)
    }
}

/// Masks what looks like a secret, word by word.
fn shapes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut scheme_before = false;
    for word in text.split_inclusive(|c: char| c.is_whitespace() || "\"'`<>(){}[],;".contains(c)) {
        let body_len =
            word.trim_end_matches(|c: char| c.is_whitespace() || "\"'`<>(){}[],;".contains(c)).len();
        let (body, separator) = word.split_at(body_len);
        if scheme_before && body.len() >= SHORTEST {
            out.push_str(MASK);
        } else {
            out.push_str(&without_user(&without_token(body)));
        }
        if !body.is_empty() || !separator.trim().is_empty() {
            scheme_before = body.eq_ignore_ascii_case("bearer") || body.eq_ignore_ascii_case("basic");
        }
        out.push_str(separator);
    }
    out
}

/// Masks a JSON web token: three parts of base64url, the first of which begins with `eyJ`.
fn without_token(word: &str) -> String {
    let Some(start) = word.find("eyJ") else { return word.to_owned() };
    let token_char = |c: char| c.is_ascii_alphanumeric() || "-_.=".contains(c);
    let tail = &word[start..];
    let end = tail.find(|c| !token_char(c)).unwrap_or(tail.len());
    if tail[..end].matches('.').count() < 2 {
        return word.to_owned();
    }
    format!("{}{MASK}{}", &word[..start], &tail[end..])
}

/// Masks the user part of a URL: `https://user:password@host`.
fn without_user(word: &str) -> String {
    let Some(start) = word.find("://").map(|at| at + 3) else { return word.to_owned() };
    let authority_end = word[start..].find(['/', '?', '#']).map_or(word.len(), |at| start + at);
    match word[start..authority_end].rfind('@') {
        Some(at) => format!("{}{MASK}{}", &word[..start], &word[start + at..]),
        None => word.to_owned(),
    }
}

/// Base64 as Kubernetes prints the values of a Secret.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let group =
            chunk.iter().fold(0_u32, |sum, byte| (sum << 8) | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            if place > chunk.len() {
                out.push('=');
            } else {
                out.push(char::from(ALPHABET[(group >> (18 - 6 * place) & 63) as usize]));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values_and_shapes_are_masked_and_the_rest_stays() {
        let redactor = Redactor::new(&[Secret::new("canary-7f3a"), Secret::new("line one\nline two")]);
        let cases = [
            ("token=canary-7f3a.", "token=****."),
            ("data: Y2FuYXJ5LTdmM2E=", "data: ****"),
            ("it said line two", "it said ****"),
            ("Authorization: Bearer abcdef", "Authorization: Bearer ****"),
            ("{\"Authorization\":\"bearer abcdef\"}", "{\"Authorization\":\"bearer ****\"}"),
            ("t=eyJhbGciOi.eyJzdWIi.c2lnbmF0dXJl!", "t=****!"),
            ("eyJ is not a token", "eyJ is not a token"),
            ("clone https://u:p@git.example/x.git", "clone https://****@git.example/x.git"),
            ("https://git.example/a@b", "https://git.example/a@b"),
            ("plain words, (in) brackets", "plain words, (in) brackets"),
        ];
        for (text, clean) in cases {
            assert_eq!(redactor.clean(text), clean);
        }
    }

    #[test]
    fn base64_pads_as_kubernetes_does() {
        let cases = [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")];
        for (text, encoded) in cases {
            assert_eq!(base64(text.as_bytes()), encoded);
        }
    }
}
