//! Slugs: the part of an id that is made from a title. Letters of every script stay; nothing becomes empty.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

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

fn ascii(title: &str) -> String {
    joined(title.len(), title.bytes().map(char::from), |c| c.is_ascii_alphanumeric())
}

fn unicode(title: &str) -> String {
    let lower: String = title.nfkc().flat_map(char::to_lowercase).collect();
    joined(lower.len(), lower.nfkc(), |c| c.is_alphanumeric() || is_combining_mark(c))
}

fn joined(length: usize, chars: impl Iterator<Item = char>, stays: impl Fn(char) -> bool) -> String {
    let mut slug = String::with_capacity(length);
    let mut gap = false;
    for c in chars {
        if !stays(c) {
            gap = !slug.is_empty();
            continue;
        }
        if std::mem::take(&mut gap) {
            slug.push('-');
        }
        slug.push(c.to_ascii_lowercase());
    }
    slug
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
