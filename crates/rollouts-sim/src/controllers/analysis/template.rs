//! From AnalysisTemplates and arguments to the spec of a run.

use std::convert::Infallible;

use crate::json::{Value, json};
use rollouts_client::types::{AnalysisTemplateRef, RolloutAnalysis};
use serde::Deserialize;

use super::metric::Metric;
use crate::object::{self, items, text};
use crate::resource::Resource;
use crate::store::Object;
use crate::world::World;

/// How deep templates may refer to templates.
const DEPTH: usize = 8;

/// The hashes that arguments may name.
#[derive(Debug, Clone)]
pub(crate) struct Hashes {
    pub(crate) latest: String,
    pub(crate) stable: String,
}

/// The templates of an analysis, those that they refer to included, each once.
#[derive(Debug)]
pub(crate) struct Templates {
    /// Those of the namespace first, as upstream.
    list: Vec<Object>,
}

impl Templates {
    /// One template.
    ///
    /// # Errors
    /// That it is not there, in upstream's words.
    pub(crate) fn find(world: &World, ns: &str, reference: &AnalysisTemplateRef) -> Result<Object, String> {
        let name = &reference.template_name;
        let (kind, resource, ns) = match reference.cluster_scope {
            Some(true) => ("ClusterAnalysisTemplate", Resource::ClusterAnalysisTemplate, ""),
            _ => ("AnalysisTemplate", Resource::AnalysisTemplate, ns),
        };
        world.store.get(resource, ns, name).cloned().ok_or_else(|| format!("{kind} '{name}' not found"))
    }

    /// All templates of an analysis.
    ///
    /// # Errors
    /// The first one that is not there.
    pub(crate) fn read(world: &World, ns: &str, asked: &RolloutAnalysis) -> Result<Templates, String> {
        let mut list: Vec<Object> = Vec::new();
        collect(world, ns, asked.templates.as_deref().unwrap_or_default(), &mut list, DEPTH)?;
        list.sort_by_key(|template| template["kind"] == "ClusterAnalysisTemplate");
        Ok(Templates { list })
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.list.iter().map(|template| object::name(template).to_owned()).collect()
    }

    /// The spec of a run: metrics, dry runs, retention, and the templates' arguments with the given values.
    ///
    /// # Errors
    /// Two metrics of one name, contradicting arguments, and arguments without a value.
    pub(crate) fn run_spec(&self, given: &[Value], asked: &RolloutAnalysis) -> Result<Value, String> {
        let args = self.check(given)?;
        let mut spec = json!({"metrics": self.each("metrics").collect::<Vec<_>>()});
        for field in ["dryRun", "measurementRetention"] {
            let own = asked.other.get(field).and_then(|own| own.as_array()).into_iter().flatten();
            let rules: Vec<Value> = own.map(Value::from).chain(self.each(field).cloned()).collect();
            if !rules.is_empty() {
                spec[field] = json!(rules);
            }
        }
        if !args.is_empty() {
            spec["args"] = json!(args);
        }
        Ok(spec)
    }

    /// The arguments of a run, whose spec would be without contradictions.
    ///
    /// # Errors
    /// Those of [`Templates::run_spec`].
    pub(crate) fn check(&self, given: &[Value]) -> Result<Vec<Value>, String> {
        self.unique("metrics", "name", "metrics")?;
        self.unique("dryRun", "metricName", "Dry-Run metric rules")?;
        self.unique("measurementRetention", "metricName", "Measurement Retention metric rules")?;
        self.arguments(given)
    }

    fn each<'a>(&'a self, field: &'a str) -> impl Iterator<Item = &'a Value> {
        self.list.iter().flat_map(move |t| t["spec"][field].as_array().into_iter().flatten())
    }

    fn unique(&self, field: &str, key: &str, what: &str) -> Result<(), String> {
        let mut keys: Vec<&Value> = Vec::new();
        for item in self.each(field) {
            if keys.contains(&&item[key]) {
                let name = item[key].as_str().unwrap_or_default();
                return Err(format!("two {what} have the same name '{name}'"));
            }
            keys.push(&item[key]);
        }
        Ok(())
    }

    fn arguments(&self, given: &[Value]) -> Result<Vec<Value>, String> {
        let mut merged: Vec<Value> = Vec::new();
        for arg in self.each("args") {
            match merged.iter_mut().find(|known| known["name"] == arg["name"]) {
                None => merged.push(arg.clone()),
                Some(known) => {
                    let (was, is) = (known["value"].as_str(), arg["value"].as_str());
                    if let (Some(was), Some(is)) = (was, is)
                        && was != is
                    {
                        let name = text(arg, "/name");
                        return Err(format!(
                            "Argument `{name}` specified multiple times with different values: '{was}', '{is}'"
                        ));
                    }
                    if was.is_none() {
                        *known = arg.clone();
                    }
                }
            }
        }
        for arg in &mut merged {
            if let Some(value) = given.iter().find(|given| given["name"] == arg["name"]) {
                arg["value"] = value["value"].clone();
            }
            if arg.get("value").is_none_or(Value::is_null) && arg.get("valueFrom").is_none_or(Value::is_null)
            {
                return Err(format!("args.{} was not resolved", text(arg, "/name")));
            }
        }
        Ok(merged)
    }

    /// The first template with a metric that never ends, and what is said of it. Only a background analysis may.
    pub(crate) fn endless(&self) -> Option<(String, String)> {
        self.list.iter().find_map(|template| {
            let Ok(said) = template.read(|json| Ok::<_, Infallible>(without_end(json)));
            Some((object::name(template).to_owned(), said.as_ref().clone()?))
        })
    }
}

/// What is said of a template with a metric that never ends.
fn without_end(template: &Value) -> Option<String> {
    let args: Vec<Value> = items(template, "/spec/args")
        .map(|arg| json!({"name": arg["name"], "value": arg["value"].as_str().unwrap_or("dummy-value")}))
        .collect();
    let said = items(template, "/spec/metrics").find_map(|metric| {
        let metric = match resolve(metric, &args) {
            Ok(metric) => metric,
            Err(why) => return Some(format!(": {why}")),
        };
        let endless = Metric::read(&metric).is_ok_and(|metric| metric.count.is_none());
        let name = text(&metric, "/name");
        endless.then(|| format!(" has metric {name} which runs indefinitely. Invalid value for count: <nil>"))
    })?;
    Some(said.trim_start().to_owned())
}

fn collect(
    world: &World,
    ns: &str,
    references: &[AnalysisTemplateRef],
    list: &mut Vec<Object>,
    depth: usize,
) -> Result<(), String> {
    if depth == 0 {
        return Err("AnalysisTemplates refer to each other without end".to_owned());
    }
    for reference in references {
        let template = Templates::find(world, ns, reference)?;
        if list.iter().any(|known| object::uid(known) == object::uid(&template)) {
            continue;
        }
        let inner: Vec<AnalysisTemplateRef> =
            Vec::deserialize(&template["spec"]["templates"]).unwrap_or_default();
        list.push(template);
        collect(world, ns, &inner, list, depth - 1)?;
    }
    Ok(())
}

/// The values of an analysis's own arguments: literal, a hash, or a field of the Rollout.
///
/// # Errors
/// A field that is not there or has no single value.
pub(crate) fn arguments(
    asked: &RolloutAnalysis,
    hashes: &Hashes,
    rollout: &Value,
) -> Result<Vec<Value>, String> {
    let value = |arg: &Value| match text(arg, "/valueFrom/podTemplateHashValue") {
        "Latest" => Ok(hashes.latest.clone()),
        "Stable" => Ok(hashes.stable.clone()),
        _ => match text(arg, "/valueFrom/fieldRef/fieldPath") {
            "" => Ok(text(arg, "/value").to_owned()),
            path => field(rollout, path),
        },
    };
    asked
        .args
        .iter()
        .flatten()
        .map(Value::from)
        .map(|arg| Ok(json!({"name": arg["name"], "value": value(&arg)?})))
        .collect()
}

/// A field by a path such as `metadata.labels['team']` or `spec.strategy.blueGreen.activeService`.
fn field(rollout: &Value, path: &str) -> Result<String, String> {
    let mut found = rollout;
    for part in
        path.split(['.', '[', ']']).map(|part| part.trim_matches(['\'', '"'])).filter(|part| !part.is_empty())
    {
        found = match found {
            Value::Array(list) => part.parse::<usize>().ok().and_then(|index| list.get(index)),
            other => other.get(part),
        }
        .ok_or_else(|| format!("invalid path {path} in rollout"))?;
    }
    match found {
        Value::String(text) => Ok(text.to_string()),
        Value::Object(_) | Value::Array(_) => {
            Err(format!("path {path} in rollout must terminate in a primitive value"))
        }
        Value::Null => Err(format!("invalid path {path} in rollout")),
        other => Ok(other.to_string()),
    }
}

/// Fills `{{args.name}}` in everywhere in a metric.
///
/// # Errors
/// A name that no argument has.
pub(super) fn resolve(metric: &Value, args: &[Value]) -> Result<Value, String> {
    Ok(match metric {
        Value::String(text) if text.contains("{{") => fill(text, args)?.into(),
        Value::Array(list) => {
            Value::Array(list.iter().map(|item| resolve(item, args)).collect::<Result<_, _>>()?)
        }
        Value::Object(fields) => {
            let filled = fields.iter().map(|(key, value)| Ok((key.clone(), resolve(value, args)?)));
            Value::Object(filled.collect::<Result<_, String>>()?)
        }
        other => other.clone(),
    })
}

fn fill(text: &str, args: &[Value]) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, tail)) = rest.split_once("{{") {
        let (tag, after) =
            tail.split_once("}}").ok_or_else(|| format!("Cannot find end tag=\"}}}}\" in {text:?}"))?;
        let name = tag.trim().strip_prefix("args.");
        let value = name
            .and_then(|name| args.iter().find(|arg| arg["name"] == name))
            .and_then(|arg| arg["value"].as_str());
        out.push_str(before);
        out.push_str(value.ok_or_else(|| format!("failed to resolve {{{{{tag}}}}}"))?);
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn templates(specs: &[Value]) -> Templates {
        let one = |(at, spec): (usize, &Value)| {
            Object::new(json!({"metadata": {"name": format!("t{at}")}, "spec": spec}))
        };
        Templates { list: specs.iter().enumerate().map(one).collect() }
    }

    #[test]
    fn arguments_are_filled_in() {
        let args = [json!({"name": "service", "value": "active"})];
        let metric =
            json!({"provider": {"prometheus": {"query": "up{s=\"{{ args.service }}\"} > {{args.service}}"}}});
        let filled = resolve(&metric, &args).unwrap();
        assert_eq!(filled["provider"]["prometheus"]["query"], "up{s=\"active\"} > active");
        assert_eq!(resolve(&json!("{{args.none}}"), &args), Err("failed to resolve {{args.none}}".into()));
    }

    #[test]
    fn specs_of_runs() {
        let asked: RolloutAnalysis = crate::json::from_value(&json!({
            "templates": [], "args": [
                {"name": "hash", "valueFrom": {"podTemplateHashValue": "Latest"}},
                {"name": "name", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
                {"name": "unknown", "value": "x"},
            ],
        }))
        .unwrap();
        let hashes = Hashes { latest: "new".into(), stable: "old".into() };
        let given = arguments(&asked, &hashes, &json!({"metadata": {"name": "ro"}})).unwrap();
        let template = json!({
            "metrics": [{"name": "m"}],
            "args": [{"name": "hash"}, {"name": "name", "value": "default"}, {"name": "limit", "value": "3"}],
        });
        let spec = templates(std::slice::from_ref(&template)).run_spec(&given, &asked).unwrap();
        let args = json!([
            {"name": "hash", "value": "new"}, {"name": "name", "value": "ro"}, {"name": "limit", "value": "3"},
        ]);
        assert_eq!(spec, json!({"metrics": [{"name": "m"}], "args": args}));
        let twice = templates(&[template.clone(), template]).run_spec(&given, &asked);
        assert_eq!(twice, Err("two metrics have the same name 'm'".into()));
        let missing = templates(&[json!({"args": [{"name": "a"}]})]).run_spec(&[], &asked);
        assert_eq!(missing, Err("args.a was not resolved".into()));
    }
}
