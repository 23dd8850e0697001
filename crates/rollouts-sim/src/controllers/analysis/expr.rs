//! Conditions of a metric: the part of upstream's expression language that conditions are written in.
//!
//! Numbers, strings, booleans, `result`, `result[i]`, `len(…)`, `isNaN`, `isInf`, `isNil`, `asInt`, `asFloat`,
//! `default(…, …)`; `!`, `-`, `* / %`, `+ -`, comparisons, `&& and`, `|| or`, `not`, and parentheses. Anything else
//! (closures, pipes, fields, ranges) is an error and makes the measurement one, as unknown syntax does upstream.

/// What an expression comes to.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Number(f64),
    Bool(bool),
    Text(String),
    List(Vec<f64>),
    Nil,
}

/// Evaluates a condition over a result.
///
/// # Errors
/// In words: what cannot be read, or what does not fit together.
pub(super) fn holds(condition: &str, result: &Value) -> Result<bool, String> {
    let tokens = tokens(condition)?;
    let mut parser = Parser { tokens: &tokens, at: 0, result, depth: 0, skipping: 0 };
    let value = parser.binary(0)?;
    if let Some(rest) = parser.peek() {
        return Err(format!("unexpected token {rest:?}"));
    }
    match value {
        Value::Bool(holds) => Ok(holds),
        other => Err(format!("expected bool, but got {}", kind(&other))),
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Number(f64),
    Text(String),
    Word(String),
    Sign(&'static str),
}

/// Longer signs first.
const SIGNS: [&str; 18] =
    ["&&", "||", "==", "!=", ">=", "<=", ">", "<", "!", "(", ")", "[", "]", ",", "+", "-", "*", "/"];

/// Operators by how loosely they bind; within a level from the left.
const LEVELS: [&[&str]; 6] =
    [&["||", "or"], &["&&", "and"], &["==", "!="], &[">", "<", ">=", "<="], &["+", "-"], &["*", "/", "%"]];

/// Deeper nesting than this is refused.
const DEPTH: usize = 64;

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, length) = if first.is_ascii_digit() || first == '.' {
            number(rest)?
        } else if first.is_alphabetic() || first == '_' {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            (Token::Word(rest[..end].to_owned()), end)
        } else if first == '"' || first == '\'' {
            let end = rest[1..].find(first).ok_or("unterminated string")?;
            (Token::Text(rest[1..=end].to_owned()), end + 2)
        } else if first == '%' {
            (Token::Sign("%"), 1)
        } else {
            let sign = SIGNS.into_iter().find(|sign| rest.starts_with(sign));
            let sign = sign.ok_or_else(|| format!("unrecognized character {first:?}"))?;
            (Token::Sign(sign), sign.len())
        };
        tokens.push(token);
        rest = rest[length..].trim_start();
    }
    Ok(tokens)
}

fn number(text: &str) -> Result<(Token, usize), String> {
    let mut end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    if let Some(exponent) = text[end..].strip_prefix(['e', 'E']) {
        let unsigned = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        let digits = unsigned.find(|c: char| !c.is_ascii_digit()).unwrap_or(unsigned.len());
        if digits > 0 {
            end += 1 + (exponent.len() - unsigned.len()) + digits;
        }
    }
    let number = text[..end].parse().map_err(|_| format!("bad number {:?}", &text[..end]))?;
    Ok((Token::Number(number), end))
}

struct Parser<'a> {
    tokens: &'a [Token],
    at: usize,
    result: &'a Value,
    depth: usize,
    /// Within how many operands that do not count any more: they are read, not evaluated.
    skipping: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    /// Takes the next token if it is this sign or word.
    fn take(&mut self, text: &str) -> bool {
        let found = match self.peek() {
            Some(Token::Sign(sign)) => *sign == text,
            Some(Token::Word(word)) => word == text,
            _ => false,
        };
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, sign: &str) -> Result<(), String> {
        if self.take(sign) { Ok(()) } else { Err(format!("expected {sign:?}, got {:?}", self.peek())) }
    }

    fn binary(&mut self, level: usize) -> Result<Value, String> {
        let Some(operators) = LEVELS.get(level) else { return self.unary() };
        let mut left = self.binary(level + 1)?;
        while let Some(operator) = operators.iter().copied().find(|operator| self.take(operator)) {
            // The second operand counts only when the first leaves it open: `len(result) > 0 && result[0] > 1`.
            let decided = matches!(
                (operator, &left),
                ("&&" | "and", Value::Bool(false)) | ("||" | "or", Value::Bool(true))
            );
            self.skipping += usize::from(decided);
            let right = self.binary(level + 1);
            self.skipping -= usize::from(decided);
            let right = right?;
            if !decided && self.skipping == 0 {
                left = apply(operator, left, right)?;
            }
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Value, String> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err("the expression is nested too deeply".to_owned());
        }
        let skipping = self.skipping > 0;
        let value = if self.take("!") || self.take("not") {
            match self.unary()? {
                other if skipping => other,
                Value::Bool(value) => Value::Bool(!value),
                other => return Err(format!("invalid operation: ! on {}", kind(&other))),
            }
        } else if self.take("-") {
            match self.unary()? {
                other if skipping => other,
                Value::Number(value) => Value::Number(-value),
                other => return Err(format!("invalid operation: - on {}", kind(&other))),
            }
        } else {
            self.indexed()?
        };
        self.depth -= 1;
        Ok(value)
    }

    fn indexed(&mut self) -> Result<Value, String> {
        let mut value = self.primary()?;
        while self.take("[") {
            let index = self.binary(0)?;
            self.expect("]")?;
            if self.skipping == 0 {
                value = at_index(&value, &index)?;
            }
        }
        Ok(value)
    }

    fn primary(&mut self) -> Result<Value, String> {
        let token = self.peek().cloned().ok_or("unexpected end of the expression")?;
        self.at += 1;
        match token {
            Token::Number(number) => Ok(Value::Number(number)),
            Token::Text(text) => Ok(Value::Text(text)),
            Token::Sign("(") => {
                let value = self.binary(0)?;
                self.expect(")")?;
                Ok(value)
            }
            Token::Word(word) => self.word(&word),
            Token::Sign(sign) => Err(format!("unexpected token {sign:?}")),
        }
    }

    fn word(&mut self, word: &str) -> Result<Value, String> {
        match word {
            "true" => return Ok(Value::Bool(true)),
            "false" => return Ok(Value::Bool(false)),
            "nil" => return Ok(Value::Nil),
            "result" => return Ok(self.result.clone()),
            _ => {}
        }
        if !self.take("(") {
            return Err(format!("unknown name {word}"));
        }
        let mut arguments = Vec::new();
        while !self.take(")") {
            if !arguments.is_empty() {
                self.expect(",")?;
            }
            arguments.push(self.binary(0)?);
        }
        if self.skipping > 0 { Ok(Value::Nil) } else { call(word, &arguments, self.result) }
    }
}

fn at_index(value: &Value, index: &Value) -> Result<Value, String> {
    let (Value::List(list), Value::Number(index)) = (value, index) else {
        return Err(format!("type {} does not support indexing", kind(value)));
    };
    #[expect(
        clippy::cast_possible_truncation,
        reason = "an index beyond the list is out of range either way"
    )]
    let wanted = *index as i64;
    let length = i64::try_from(list.len()).unwrap_or(i64::MAX);
    let from_start = if wanted < 0 { length + wanted } else { wanted };
    let found = usize::try_from(from_start).ok().and_then(|index| list.get(index));
    found
        .map(|number| Value::Number(*number))
        .ok_or_else(|| format!("index out of range: {wanted} (array length is {length})"))
}

fn call(name: &str, arguments: &[Value], result: &Value) -> Result<Value, String> {
    match (name, arguments) {
        #[expect(clippy::cast_precision_loss, reason = "no result has 2^53 samples")]
        ("len", [Value::List(list)]) => Ok(Value::Number(list.len() as f64)),
        ("isNaN", [Value::Number(number)]) => Ok(Value::Bool(number.is_nan())),
        ("isInf", [Value::Number(number)]) => Ok(Value::Bool(number.is_infinite())),
        // Upstream's two functions look at the whole result, whatever they are given.
        ("isNil", [_]) => Ok(Value::Bool(*result == Value::Nil)),
        ("default", [_, fallback]) => Ok(if *result == Value::Nil { fallback } else { result }.clone()),
        ("asFloat", [value]) => float(value).map(Value::Number),
        ("asInt", [value]) => float(value).map(|number| Value::Number(number.trunc())),
        ("len" | "isNaN" | "isInf" | "isNil" | "default" | "asFloat" | "asInt", _) => {
            let given: Vec<&str> = arguments.iter().map(kind).collect();
            Err(format!("cannot use ({}) as arguments of {name}", given.join(", ")))
        }
        _ => Err(format!("unknown name {name}")),
    }
}

fn float(value: &Value) -> Result<f64, String> {
    match value {
        Value::Number(number) => Ok(*number),
        Value::Text(text) => text.parse().map_err(|_| format!("parsing {text:?}: invalid syntax")),
        other => Err(format!("asFloat() not supported on {}", kind(other))),
    }
}

fn apply(operator: &str, left: Value, right: Value) -> Result<Value, String> {
    use Value::{Bool, Number, Text};
    let mismatch =
        format!("invalid operation: {operator} (mismatched types {} and {})", kind(&left), kind(&right));
    let value = match (operator, left, right) {
        ("&&" | "and", Bool(a), Bool(b)) => Bool(a && b),
        ("||" | "or", Bool(a), Bool(b)) => Bool(a || b),
        ("==", Number(a), Number(b)) => Bool(a == b),
        ("!=", Number(a), Number(b)) => Bool(a != b),
        ("==", a, b) => Bool(a == b),
        ("!=", a, b) => Bool(a != b),
        (">", Number(a), Number(b)) => Bool(a > b),
        ("<", Number(a), Number(b)) => Bool(a < b),
        (">=", Number(a), Number(b)) => Bool(a >= b),
        ("<=", Number(a), Number(b)) => Bool(a <= b),
        ("+", Number(a), Number(b)) => Number(a + b),
        ("-", Number(a), Number(b)) => Number(a - b),
        ("*", Number(a), Number(b)) => Number(a * b),
        ("/", Number(a), Number(b)) => Number(a / b),
        ("%", Number(a), Number(b)) => Number(a % b),
        ("+", Text(a), Text(b)) => Text(a + &b),
        _ => return Err(mismatch),
    };
    Ok(value)
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Number(_) => "float64",
        Value::Bool(_) => "bool",
        Value::Text(_) => "string",
        Value::List(_) => "[]float64",
        Value::Nil => "nil",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions() {
        let result = Value::List(vec![0.97]);
        for (condition, expected) in [
            ("result[0] >= 0.95", true),
            ("result[0] == 1", false),
            ("len(result) > 0 && result[0] >= 0.95", true),
            ("len(result) == 0 or isNaN(result[0])", false),
            ("not isNaN(result[0]) and !isInf(result[0])", true),
            ("(result[0] * 100 - 2) / 5 > 18.9", true),
            ("result[-1] < 1e0", true),
            ("asInt(result[0]) == 0", true),
            ("isNil(result)", false),
            ("-1 < 0 && 7 % 4 == 3", true),
            ("'a' == \"a\"", true),
        ] {
            assert_eq!(holds(condition, &result), Ok(expected), "{condition}");
        }
    }

    #[test]
    fn results_of_other_shapes() {
        for (result, condition, expected) in [
            (Value::List(vec![f64::NAN]), "result[0] >= 0.95", Ok(false)),
            (Value::List(vec![f64::NAN]), "isNaN(result[0])", Ok(true)),
            (Value::List(vec![]), "len(result) == 0", Ok(true)),
            (Value::List(vec![]), "len(result) > 0 && result[0] >= 0.95", Ok(false)),
            (
                Value::List(vec![]),
                "len(result) == 0 || !(result[0] > 1) || -result[0] > asFloat(result)",
                Ok(true),
            ),
            (
                Value::List(vec![]),
                "result[0] > 1",
                Err("index out of range: 0 (array length is 0)".to_owned()),
            ),
            (Value::Number(3.0), "result > 2", Ok(true)),
            (Value::Number(3.0), "result[0] > 2", Err("type float64 does not support indexing".to_owned())),
        ] {
            assert_eq!(holds(condition, &result), expected, "{condition} over {result:?}");
        }
    }

    #[test]
    fn what_is_not_in_the_language_is_an_error() {
        for condition in [
            "",
            "result",
            "result[0] >",
            "result[0] > 'a'",
            "all(result, {# > 1})",
            "result | len()",
            "unknown > 1",
            "result.value > 1",
            "(result[0] > 1",
            "result[0] > 1 2",
            "1 && true",
            "result[0] ?? 1",
            "'open",
        ] {
            assert!(holds(condition, &Value::List(vec![1.0])).is_err(), "{condition}");
        }
        let deep = format!("{}true{}", "(".repeat(10_000), ")".repeat(10_000));
        assert!(holds(&deep, &Value::Nil).is_err());
    }
}
