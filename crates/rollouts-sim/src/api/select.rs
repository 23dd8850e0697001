//! The label and field selectors of a query.

use crate::json::Value;

use super::route::Query;
use crate::object;
use crate::refusal::Refusal;
use crate::resource::Resource;

/// What a list, watch or deletecollection selects.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Selection {
    labels: Vec<Label>,
    fields: Vec<Field>,
}

#[derive(Clone, Debug, PartialEq)]
enum Label {
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    Exists(String),
    Absent(String),
}

#[derive(Clone, Debug, PartialEq)]
struct Field {
    path: String,
    value: String,
    equal: bool,
}

impl Selection {
    /// Reads `labelSelector` and `fieldSelector`.
    ///
    /// # Errors
    /// 400 for a selector that does not parse, or a field that the kind cannot be selected by.
    pub(crate) fn of(query: &Query, resource: Resource) -> Result<Selection, Refusal> {
        let labels = query.get("labelSelector").map(parse_labels).transpose()?.unwrap_or_default();
        let fields =
            query.get("fieldSelector").map(|t| parse_fields(t, resource)).transpose()?.unwrap_or_default();
        Ok(Selection { labels, fields })
    }

    /// Reads a label selector alone, as a Scale has it.
    ///
    /// # Errors
    /// When it does not parse.
    pub(crate) fn labels(text: &str) -> Result<Selection, Refusal> {
        Ok(Selection { labels: parse_labels(text)?, fields: Vec::new() })
    }

    /// The same, for the one object of this name.
    pub(crate) fn and_name(mut self, name: &str) -> Selection {
        self.fields.push(Field { path: "metadata.name".into(), value: name.into(), equal: true });
        self
    }

    pub(crate) fn holds(&self, object: &Value) -> bool {
        self.labels.iter().all(|l| l.holds(object)) && self.fields.iter().all(|f| f.holds(object))
    }
}

impl Label {
    fn holds(&self, object: &Value) -> bool {
        let among = |key: &str, values: &[String]| {
            object::label(object, key).is_some_and(|value| values.iter().any(|v| v == value))
        };
        match self {
            Label::In(key, values) => among(key, values),
            Label::NotIn(key, values) => !among(key, values),
            Label::Exists(key) => object::label(object, key).is_some(),
            Label::Absent(key) => object::label(object, key).is_none(),
        }
    }
}

impl Field {
    fn holds(&self, object: &Value) -> bool {
        let found = self.path.split('.').try_fold(object, |value, part| value.get(part));
        let text = match found {
            Some(Value::String(text)) => text.to_string(),
            Some(other) if !other.is_null() => other.to_string(),
            _ => String::new(),
        };
        (text == self.value) == self.equal
    }
}

fn unparsable(text: &str, why: &str) -> Refusal {
    Refusal::bad_request(format!("unable to parse requirement: {why} (selector \"{text}\")"))
}

/// Splits at commas outside parentheses.
fn requirements(text: &str) -> Vec<&str> {
    let mut depth = 0_i32;
    let pieces = text.split(|c: char| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        c == ',' && depth == 0
    });
    pieces.map(str::trim).filter(|piece| !piece.is_empty()).collect()
}

fn parse_labels(text: &str) -> Result<Vec<Label>, Refusal> {
    requirements(text)
        .into_iter()
        .map(|piece| parse_label(piece).ok_or_else(|| unparsable(text, piece)))
        .collect()
}

fn parse_label(piece: &str) -> Option<Label> {
    let key_good = |key: &str| {
        !key.is_empty()
            && key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/'))
    };
    let key = |text: &str| Some(text.trim().to_owned()).filter(|k| key_good(k));
    let one = |text: &str| vec![text.trim().to_owned()];
    if let Some(absent) = piece.strip_prefix('!') {
        return Some(Label::Absent(key(absent)?));
    }
    if let Some((before, values)) = piece.strip_suffix(')').and_then(|p| p.split_once('(')) {
        let values = values.split(',').map(|v| v.trim().to_owned()).collect();
        let (name, operator) = before.trim().rsplit_once(char::is_whitespace)?;
        return match operator {
            "in" => Some(Label::In(key(name)?, values)),
            "notin" => Some(Label::NotIn(key(name)?, values)),
            _ => None,
        };
    }
    for (operator, equal) in [("!=", false), ("==", true), ("=", true)] {
        if let Some((name, value)) = piece.split_once(operator) {
            let (name, value) = (key(name)?, one(value));
            return Some(if equal { Label::In(name, value) } else { Label::NotIn(name, value) });
        }
    }
    Some(Label::Exists(key(piece)?))
}

fn parse_fields(text: &str, resource: Resource) -> Result<Vec<Field>, Refusal> {
    let parse = |piece: &str| {
        let split = |operator, equal| piece.split_once(operator).map(|(path, value)| (path, value, equal));
        let (path, value, equal) =
            split("!=", false).or_else(|| split("==", true)).or_else(|| split("=", true)).ok_or_else(
                || Refusal::bad_request(format!("invalid selector: '{text}'; can't understand '{piece}'")),
            )?;
        if !selectable(resource, path) {
            return Err(Refusal::bad_request(format!("field label not supported: {path}")));
        }
        Ok(Field { path: path.to_owned(), value: value.to_owned(), equal })
    };
    requirements(text).into_iter().map(parse).collect()
}

/// The fields by which objects of a kind can be selected, as upstream has them.
fn selectable(resource: Resource, path: &str) -> bool {
    let of_kind: &[&str] = match resource {
        Resource::Pod => &[
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.nominatedNodeName",
        ],
        Resource::Event => &[
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "reason",
            "reportingComponent",
            "type",
        ],
        Resource::Namespace => &["status.phase"],
        Resource::Secret => &["type"],
        Resource::ReplicaSet => &["status.replicas"],
        Resource::Service => &["spec.clusterIP", "spec.type"],
        _ => &[],
    };
    path == "metadata.name"
        || (path == "metadata.namespace" && resource.info().namespaced)
        || of_kind.contains(&path)
}

#[cfg(test)]
mod tests {
    use crate::json::json;

    use super::*;

    fn select(query: &str, resource: Resource) -> Result<Selection, Refusal> {
        Selection::of(&Query::of(&format!("/?{query}").parse().unwrap()), resource)
    }

    #[test]
    fn selections() {
        let pod = json!({"metadata": {"name": "p", "namespace": "n", "labels": {"app": "a", "x/y": ""}},
            "status": {"phase": "Running"}});
        let cases = [
            ("", true),
            ("labelSelector=app=a", true),
            ("labelSelector=app==b", false),
            ("labelSelector=app!=b,x/y", true),
            ("labelSelector=app%20in%20(b,a),!z", true),
            ("labelSelector=app%20notin%20(b,a)", false),
            ("labelSelector=z%20notin%20(b,a)", true),
            ("labelSelector=x/y=", true),
            ("fieldSelector=metadata.name=p,status.phase!=Failed", true),
            ("fieldSelector=metadata.namespace=other", false),
            ("fieldSelector=spec.nodeName=", true),
        ];
        for (query, want) in cases {
            assert_eq!(select(query, Resource::Pod).unwrap().holds(&pod), want, "{query}");
        }
        for bad in
            ["labelSelector=a%20b", "labelSelector=a%20of%20(b)", "fieldSelector=spec.x=1", "fieldSelector=a"]
        {
            assert_eq!(select(bad, Resource::Pod).unwrap_err().code, 400, "{bad}");
        }
        assert!(select("fieldSelector=involvedObject.name=p", Resource::Event).is_ok());
    }
}
