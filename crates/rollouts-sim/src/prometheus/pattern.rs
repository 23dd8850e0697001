//! The part of regular expressions that label matchers are written in: characters, `.`, `*`, `+`, `?` behind one of
//! them, `\` before a character, and `|` between whole patterns. A pattern fits a whole value.

/// A pattern that was read.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Pattern {
    alternatives: Vec<Vec<(Piece, Times)>>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Piece {
    Any,
    Is(char),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Times {
    Once,
    AtMostOnce,
    Any,
    AtLeastOnce,
}

impl Pattern {
    /// # Errors
    /// Names the first part that is not known here.
    pub(super) fn read(text: &str) -> Result<Pattern, String> {
        let mut alternatives = vec![Vec::new()];
        let mut characters = text.chars();
        while let Some(character) = characters.next() {
            let Some(current) = alternatives.last_mut() else { break };
            let piece = match character {
                '|' => {
                    alternatives.push(Vec::new());
                    continue;
                }
                '*' | '+' | '?' => {
                    let times = match character {
                        '*' => Times::Any,
                        '+' => Times::AtLeastOnce,
                        _ => Times::AtMostOnce,
                    };
                    match current.last_mut() {
                        Some((_, once @ Times::Once)) => *once = times,
                        _ => return Err(unknown(text)),
                    }
                    continue;
                }
                '.' => Piece::Any,
                '\\' => match characters.next() {
                    Some(escaped) if !escaped.is_alphanumeric() => Piece::Is(escaped),
                    _ => return Err(unknown(text)),
                },
                '(' | ')' | '[' | ']' | '{' | '}' | '^' | '$' => return Err(unknown(text)),
                other => Piece::Is(other),
            };
            current.push((piece, Times::Once));
        }
        Ok(Pattern { alternatives })
    }

    pub(super) fn fits(&self, value: &str) -> bool {
        let value: Vec<char> = value.chars().collect();
        self.alternatives.iter().any(|pieces| fits(pieces, &value))
    }
}

fn unknown(text: &str) -> String {
    format!("the simulated Prometheus does not read the regular expression {text:?}")
}

fn fits(pieces: &[(Piece, Times)], value: &[char]) -> bool {
    let Some(((piece, times), rest)) = pieces.split_first() else { return value.is_empty() };
    let is = |character: &char| match piece {
        Piece::Any => true,
        Piece::Is(wanted) => wanted == character,
    };
    let run = value.iter().take_while(|character| is(character)).count();
    let (least, most) = match times {
        Times::Once => (1, 1),
        Times::AtMostOnce => (0, 1),
        Times::Any => (0, run),
        Times::AtLeastOnce => (1, run),
    };
    (least..=most.min(run)).any(|taken| fits(rest, &value[taken..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, value, want) in [
            ("5..", "503", true),
            ("5..", "5030", false),
            ("5..|4..", "404", true),
            ("a-.*@x", "a-b@x", true),
            ("a-.+", "a-", false),
            ("ab?c", "ac", true),
            (r"a\.b", "axb", false),
            ("", "", true),
        ] {
            assert_eq!(Pattern::read(pattern).unwrap().fits(value), want, "{pattern} {value}");
        }
        for pattern in ["[45]..", "(a|b)", "^a", "*", "a**", r"\d"] {
            assert!(Pattern::read(pattern).is_err(), "{pattern}");
        }
    }
}
