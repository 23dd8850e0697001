//! The plain text of a block: what a person reads, without emphasis, links and code marks.

use comrak::nodes::{Node, NodeValue};

/// Plain text of a paragraph or heading.
#[derive(Debug, Default)]
pub(crate) struct Plain {
    /// Line breaks of the source stay line breaks.
    pub(crate) text: String,
    /// `x` of an inline comment `<!-- id: x -->`.
    pub(crate) id: Option<String>,
    /// Target and text of the first link.
    pub(crate) link: Option<(String, String)>,
}

/// Reads the inline content of a block, once: text that stands alone is taken out of the tree, not copied.
/// Walks without recursion: inlines nest as deep as the input likes.
pub(crate) fn plain<'a>(block: Node<'a>) -> Plain {
    let mut plain = Plain::default();
    if let Some(only) = block.first_child()
        && only.next_sibling().is_none()
        && let NodeValue::Text(text) = &mut only.data_mut().value
    {
        plain.text = std::mem::take(text).into_owned();
        return plain;
    }
    for node in block.descendants().skip(1) {
        match &node.data().value {
            NodeValue::Text(text) => plain.text.push_str(text),
            NodeValue::Code(code) => plain.text.push_str(&code.literal),
            NodeValue::SoftBreak | NodeValue::LineBreak => plain.text.push('\n'),
            NodeValue::HtmlInline(html) if html.starts_with("<!--") => {
                plain.id = plain.id.or_else(|| comment_id(html));
            }
            NodeValue::HtmlInline(html) if !is_formatting(html) => plain.text.push_str(html),
            NodeValue::Link(link) if plain.link.is_none() => {
                plain.link = Some((link.url.clone(), String::new()));
                if let Some(child) = node.first_child()
                    && let NodeValue::Text(text) = &child.data().value
                {
                    plain.link = Some((link.url.clone(), text.to_string()));
                }
            }
            _ => {}
        }
    }
    plain
}

/// Whether a tag only changes the looks of text; any other, such as `<name>`, is text that looks like a tag.
fn is_formatting(html: &str) -> bool {
    let name = html.trim_start_matches(['<', '/']);
    let end = name.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(name.len());
    let tags = [
        "a", "b", "br", "code", "del", "em", "i", "ins", "kbd", "mark", "s", "span", "strong", "sub", "sup",
        "u",
    ];
    tags.iter().any(|tag| name[..end].eq_ignore_ascii_case(tag))
}

/// `x` of `<!-- id: x -->`.
fn comment_id(html: &str) -> Option<String> {
    let inside = html.strip_prefix("<!--")?.strip_suffix("-->")?.trim();
    let id = inside.strip_prefix("id:")?.trim();
    (!id.is_empty() && !id.contains(char::is_whitespace)).then(|| id.to_owned())
}

/// One line: every run of white space one blank, none at the ends.
pub(crate) fn one_line(text: String) -> String {
    if is_one_line(&text) {
        return text;
    }
    let mut line = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    line
}

/// Whether a text can stay: printable ASCII with single blanks, none at the ends. Not true of all that could.
fn is_one_line(text: &str) -> bool {
    // Without a stop at the first hit, so that it goes many bytes at a time.
    let bytes = text.as_bytes();
    let unfit = bytes.iter().fold(0, |unfit, byte| unfit | u8::from(!(b' '..0x7f).contains(byte)));
    let pairs = bytes.iter().zip(bytes.get(1..).unwrap_or_default());
    let double = pairs.fold(0, |double, (a, b)| double | u8::from(*a == b' ') & u8::from(*b == b' '));
    unfit | double == 0 && bytes.first() != Some(&b' ') && bytes.last() != Some(&b' ')
}

/// Splits `Label: rest` at the first colon that is followed by white space or nothing.
pub(crate) fn labelled(text: &str) -> Option<(&str, &str)> {
    let (at, colon) = text.char_indices().find(|&(at, c)| {
        c == '：' || (c == ':' && text[at + 1..].chars().next().is_none_or(char::is_whitespace))
    })?;
    Some((text[..at].trim(), text[at + colon.len_utf8()..].trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_end_at_a_colon_with_space() {
        assert_eq!(labelled("Week 1: Setup"), Some(("Week 1", "Setup")));
        assert_eq!(labelled("版本：v0.1"), Some(("版本", "v0.1")));
        assert_eq!(labelled("at 10:30: start"), Some(("at 10:30", "start")));
        assert_eq!(labelled("no label"), None);
    }
}
