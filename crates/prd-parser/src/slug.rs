//! Slugs: the part of an id that is made from a title. Letters of every script stay; nothing becomes empty.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Characters after which a slug is cut and told apart by a hash instead. Ids stay fit for a terminal, and
/// a title as long as the file cannot make every id below it as long.
const LONGEST: usize = 96;

/// The slug of a title: NFKC, lower case, every run of other characters one hyphen.
pub(crate) fn slug(title: &str) -> String {
    let mut slug = String::with_capacity(title.len());
    push_slug(&mut slug, title);
    slug
}

/// Appends the slug of a title.
pub(crate) fn push_slug(to: &mut String, title: &str) {
    let start = to.len();
    if title.is_ascii() {
        push_words(to, title, |c| c.is_ascii_alphanumeric());
    } else {
        let lower: String = title.nfkc().flat_map(char::to_lowercase).collect();
        let composed: String = lower.nfkc().collect();
        push_words(to, &composed, |c| c.is_alphanumeric() || is_combining_mark(c));
    }
    to[start..].make_ascii_lowercase();
    let slug = &to[start..];
    if slug.is_empty() {
        to.push_str(&code_points(title));
    } else if slug.len() > LONGEST
        && let Some((cut, _)) = slug.char_indices().nth(LONGEST)
    {
        let hash = fnv1a(slug.as_bytes()) >> 32;
        let kept = slug[..cut].trim_end_matches('-').len();
        to.truncate(start + kept);
        to.push_str(&format!("-{hash:08x}"));
    }
}

/// Appends the runs of characters that stay, with one hyphen between them.
fn push_words(to: &mut String, text: &str, stays: impl Fn(char) -> bool) {
    for (index, word) in text.split(|c| !stays(c)).filter(|word| !word.is_empty()).enumerate() {
        if index > 0 {
            to.push('-');
        }
        to.push_str(word);
    }
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
