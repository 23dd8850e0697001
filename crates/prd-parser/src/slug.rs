//! Slugs: the part of an id that is made from a title. Letters of every script stay; nothing becomes empty.

use std::borrow::Cow;

use unicode_normalization::char::is_combining_mark;
use unicode_normalization::{UnicodeNormalization, is_nfkc};

/// Characters after which a slug is cut and told apart by a hash instead. Ids stay fit for a terminal, and
/// a title as long as the file cannot make every id below it as long.
const LONGEST: usize = 96;

/// The slug of a title: NFKC, lower case, every run of other characters one hyphen.
pub(crate) fn slug(title: &str) -> String {
    let full = if title.is_ascii() { ascii(title) } else { unicode(title) };
    let full = if full.is_empty() { code_points(title) } else { full };
    if full.len() <= LONGEST {
        return full;
    }
    match full.char_indices().nth(LONGEST) {
        Some((cut, _)) => {
            format!("{}-{:08x}", full[..cut].trim_end_matches('-'), fnv1a(full.as_bytes()) >> 32)
        }
        None => full,
    }
}

/// Each step goes over all bytes without a look at any single one, which is much faster.
fn ascii(title: &str) -> String {
    let title = title.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    let sign = |byte: u8| if byte.is_ascii_alphanumeric() { byte.to_ascii_lowercase() } else { b'-' };
    let mut slug: Vec<u8> = title.bytes().map(sign).collect();
    slug.dedup_by(|next, last| *next == b'-' && *last == b'-');
    String::from_utf8(slug).unwrap_or_default()
}

fn unicode(title: &str) -> String {
    let lower: String = nfkc(title).chars().flat_map(char::to_lowercase).collect();
    let stays = |c: char| c.is_alphanumeric() || is_combining_mark(c);
    let mut slug = String::with_capacity(lower.len());
    for word in nfkc(&lower).split(|c| !stays(c)).filter(|word| !word.is_empty()) {
        if !slug.is_empty() {
            slug.push('-');
        }
        slug.push_str(word);
    }
    slug
}

fn nfkc(text: &str) -> Cow<'_, str> {
    if is_nfkc(text) { Cow::Borrowed(text) } else { Cow::Owned(text.nfkc().collect()) }
}

/// For a title of signs only, such as `🚀`: its code points, `u1f680`.
fn code_points(title: &str) -> String {
    let points: Vec<_> = title
        .chars()
        .filter(|c| !c.is_whitespace())
        .take(8)
        .map(|c| format!("u{:x}", u32::from(c)))
        .collect();
    if points.is_empty() { "untitled".to_owned() } else { points.join("-") }
}

/// A hash that is the same in every version and on every machine (FNV-1a, 64 bits); not for security.
pub(crate) fn fnv1a(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, &b| (hash ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_become_slugs() {
        for (title, expected) in [
            ("Create Helm chart", "create-helm-chart"),
            ("  Blue-Green  Implementation ", "blue-green-implementation"),
            ("Documentation & Automation", "documentation-automation"),
            ("Gradual traffic shifting (10% → 25%)", "gradual-traffic-shifting-10-25"),
            ("Rollback time < 30 seconds", "rollback-time-30-seconds"),
            ("Überprüfung der Größe", "überprüfung-der-größe"),
            ("任务管理 v0.1", "任务管理-v0-1"),
            ("ﬁle ＡＢＣ", "file-abc"),
            ("हिन्दी", "हिन्दी"),
            ("🚀", "u1f680"),
            ("", "untitled"),
            ("---", "u2d-u2d-u2d"),
        ] {
            assert_eq!(slug(title), expected, "{title:?}");
        }
    }

    #[test]
    fn long_titles_are_cut_and_told_apart() {
        let (a, b) = (slug(&format!("{}a", "word ".repeat(50))), slug(&format!("{}b", "word ".repeat(50))));
        assert_ne!(a, b);
        assert!(a.chars().count() <= LONGEST + 9, "{a}");
    }
}
