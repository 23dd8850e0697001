//! From text to an expression of the part of PromQL that analyses are written in.
//!
//! Numbers, selectors with matchers and a range, `rate`, `increase`, `sum` with or without `by`, `vector`,
//! `histogram_quantile`, arithmetic, comparisons with `bool`, `or`, `and`, `unless`, parentheses. Everything else is
//! refused by name.

use std::time::Duration;

use super::pattern::Pattern;

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expression {
    Number(f64),
    Select(Selector),
    /// A function over a range of samples.
    Over {
        rate: bool,
        selector: Selector,
        range: Duration,
    },
    Sum {
        by: Vec<String>,
        of: Box<Expression>,
    },
    Vector(Box<Expression>),
    Quantile {
        quantile: Box<Expression>,
        of: Box<Expression>,
    },
    Negative(Box<Expression>),
    Binary {
        operator: &'static str,
        as_number: bool,
        left: Box<Expression>,
        right: Box<Expression>,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Selector {
    pub(super) metric: String,
    pub(super) matchers: Vec<Matcher>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Matcher {
    pub(super) label: String,
    pub(super) negated: bool,
    pub(super) value: Wanted,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Wanted {
    Equal(String),
    Fitting(Pattern),
}

/// Operators by how loosely they bind; longer signs first.
const LEVELS: [&[&str]; 5] =
    [&["or"], &["and", "unless"], &["==", "!=", ">=", "<=", ">", "<"], &["+", "-"], &["*", "/", "%"]];
/// Deeper nesting than this is refused.
const DEPTH: usize = 64;

/// # Errors
/// What cannot be read, or is not known here.
pub(super) fn parse(text: &str) -> Result<Expression, String> {
    let mut parser = Parser { text, at: 0, depth: 0 };
    let expression = parser.binary(0)?;
    match parser.rest() {
        "" => Ok(expression),
        rest => Err(format!("invalid parameter \"query\": parse error: unexpected {:?}", head(rest))),
    }
}

fn head(text: &str) -> &str {
    let end = text.char_indices().nth(20).map_or(text.len(), |(at, _)| at);
    &text[..end]
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn rest(&mut self) -> &'a str {
        let rest = &self.text[self.at..];
        let trimmed = rest.trim_start();
        self.at += rest.len() - trimmed.len();
        trimmed
    }

    fn take(&mut self, sign: &str) -> bool {
        let rest = self.rest();
        let word = sign.starts_with(char::is_alphabetic);
        let found = rest.strip_prefix(sign).is_some_and(|tail| !word || !tail.starts_with(is_word));
        self.at += if found { sign.len() } else { 0 };
        found
    }

    fn expect(&mut self, sign: &str) -> Result<(), String> {
        if self.take(sign) {
            return Ok(());
        }
        let rest = head(self.rest());
        Err(format!("invalid parameter \"query\": parse error: expected {sign:?} before {rest:?}"))
    }

    fn word(&mut self) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c: char| !is_word(c)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    fn binary(&mut self, level: usize) -> Result<Expression, String> {
        let Some(operators) = LEVELS.get(level) else { return self.unary() };
        let mut left = self.binary(level + 1)?;
        while let Some(operator) = operators.iter().copied().find(|operator| self.take(operator)) {
            let as_number = self.take("bool");
            if let Some(matching) = ["on", "ignoring"].into_iter().find(|word| self.take(word)) {
                return Err(format!("the simulated Prometheus does not know {matching}"));
            }
            let right = Box::new(self.binary(level + 1)?);
            left = Expression::Binary { operator, as_number, left: Box::new(left), right };
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Expression, String> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err("the query is nested too deeply".to_owned());
        }
        let expression = if self.take("-") {
            Expression::Negative(Box::new(self.unary()?))
        } else {
            let _ = self.take("+");
            self.primary()?
        };
        self.depth -= 1;
        Ok(expression)
    }

    fn primary(&mut self) -> Result<Expression, String> {
        if self.take("(") {
            let inner = self.binary(0)?;
            self.expect(")")?;
            return Ok(inner);
        }
        if self.rest().starts_with(|c: char| c.is_ascii_digit() || c == '.') {
            return self.number();
        }
        let word = self.word();
        match word {
            "NaN" => Ok(Expression::Number(f64::NAN)),
            "Inf" => Ok(Expression::Number(f64::INFINITY)),
            "" => {
                Err(format!("invalid parameter \"query\": parse error: unexpected {:?}", head(self.rest())))
            }
            "sum" => self.sum(),
            "rate" | "increase" => self.over(word == "rate"),
            "vector" => {
                self.expect("(")?;
                let inner = self.binary(0)?;
                self.expect(")")?;
                Ok(Expression::Vector(Box::new(inner)))
            }
            "histogram_quantile" => {
                self.expect("(")?;
                let quantile = Box::new(self.binary(0)?);
                self.expect(",")?;
                let of = Box::new(self.binary(0)?);
                self.expect(")")?;
                Ok(Expression::Quantile { quantile, of })
            }
            function if self.rest().starts_with('(') => {
                Err(format!("the simulated Prometheus does not know {function}()"))
            }
            metric => {
                let selector = self.selector(metric)?;
                if self.rest().starts_with('[') {
                    return Err(
                        "the simulated Prometheus knows ranges in rate() and increase() only".to_owned()
                    );
                }
                Ok(Expression::Select(selector))
            }
        }
    }

    fn number(&mut self) -> Result<Expression, String> {
        let rest = self.rest();
        let end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(rest.len());
        self.at += end;
        let read = rest[..end].parse().map_err(|_| format!("bad number {:?}", &rest[..end]))?;
        Ok(Expression::Number(read))
    }

    fn sum(&mut self) -> Result<Expression, String> {
        let mut by = self.labels_by()?;
        self.expect("(")?;
        let of = Box::new(self.binary(0)?);
        self.expect(")")?;
        by = match by {
            Some(by) => Some(by),
            None => self.labels_by()?,
        };
        Ok(Expression::Sum { by: by.unwrap_or_default(), of })
    }

    fn labels_by(&mut self) -> Result<Option<Vec<String>>, String> {
        if self.take("without") {
            return Err("the simulated Prometheus does not know without".to_owned());
        }
        if !self.take("by") {
            return Ok(None);
        }
        self.expect("(")?;
        let mut labels = Vec::new();
        while !self.take(")") {
            labels.push(self.word().to_owned());
            if !self.take(",") {
                self.expect(")")?;
                break;
            }
        }
        Ok(Some(labels))
    }

    fn over(&mut self, rate: bool) -> Result<Expression, String> {
        self.expect("(")?;
        let metric = self.word();
        let selector = self.selector(metric)?;
        self.expect("[")?;
        let rest = self.rest();
        let end = rest.find(']').ok_or("invalid parameter \"query\": parse error: unclosed range")?;
        let range = crate::controllers::go_duration(&rest[..end]).filter(|range| !range.is_zero());
        let range = range.ok_or_else(|| format!("not a valid duration string: {:?}", &rest[..end]))?;
        self.at += end + 1;
        self.expect(")")?;
        Ok(Expression::Over { rate, selector, range })
    }

    fn selector(&mut self, metric: &str) -> Result<Selector, String> {
        let mut matchers = Vec::new();
        if self.take("{") {
            while !self.take("}") {
                matchers.push(self.matcher()?);
                if !self.take(",") {
                    self.expect("}")?;
                    break;
                }
            }
        }
        Ok(Selector { metric: metric.to_owned(), matchers })
    }

    fn matcher(&mut self) -> Result<Matcher, String> {
        let label = self.word().to_owned();
        let signs = ["=~", "!~", "!=", "="];
        let sign = signs.into_iter().find(|sign| self.take(sign));
        let sign = sign.ok_or("invalid parameter \"query\": parse error: expected a matcher")?;
        let text = self.string()?;
        let value =
            if sign.ends_with('~') { Wanted::Fitting(Pattern::read(&text)?) } else { Wanted::Equal(text) };
        Ok(Matcher { label, negated: sign.starts_with('!'), value })
    }

    fn string(&mut self) -> Result<String, String> {
        let unclosed = "invalid parameter \"query\": parse error: unterminated string";
        let rest = self.rest();
        let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\'')).ok_or(unclosed)?;
        let mut text = String::new();
        let mut characters = rest.char_indices().skip(1);
        while let Some((at, character)) = characters.next() {
            match character {
                '\\' => text.extend(characters.next().map(|(_, escaped)| escaped)),
                end if end == quote => {
                    self.at += at + 1;
                    return Ok(text);
                }
                other => text.push(other),
            }
        }
        Err(unclosed.to_owned())
    }
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_' || character == ':'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_refused_by_name() {
        for (query, said) in [
            ("", "unexpected"),
            ("1 +", "unexpected"),
            ("avg(up)", "does not know avg()"),
            ("a / on (b) c", "does not know on"),
            ("sum without (a) (b)", "does not know without"),
            ("up[1m]", "ranges in rate()"),
            ("rate(up[soon])", "not a valid duration"),
            ("up{a=~\"[a]\"}", "regular expression"),
            ("up{a=\"b}", "unterminated"),
            ("(1", "expected"),
            ("1 2", "unexpected"),
        ] {
            let error = parse(query).unwrap_err();
            assert!(error.contains(said), "{query}: {error}");
        }
        let deep = format!("{}1{}", "(".repeat(1000), ")".repeat(1000));
        assert!(parse(&deep).is_err());
    }
}
