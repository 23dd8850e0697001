//! A Terraform configuration by itself, where Terraform is missing: what it uses is declared, and what it declares
//! is used and described. It is not parsed: lines and words are enough for that.

use std::collections::BTreeSet;
use std::path::Path;

use super::read;
use crate::fault::Fault;
use crate::runbook::Root;

/// Checks every `.tf` file of a folder together.
pub(super) fn check(root: &Root, folder: &Path) -> Result<String, Fault> {
    let full = root.inside(folder).map_err(|error| Fault::permanent(error.to_string()))?;
    let entries = std::fs::read_dir(full)
        .map_err(|error| Fault::permanent(format!("cannot list {}: {error}", folder.display())))?;
    let mut names: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.file_name())).collect();
    names.retain(|name| Path::new(name).extension().is_some_and(|end| end == "tf"));
    names.sort();
    let mut text = String::new();
    for name in names {
        text.push_str(&read(root, &folder.join(name))?);
    }
    judge(&text).map_err(|what| Fault::permanent(format!("{}: {what}", folder.display())))
}

fn judge(text: &str) -> Result<String, String> {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with('#')).collect();
    let of = |block: &str, label: usize| -> BTreeSet<&str> {
        let headers = lines.iter().filter(|line| line.starts_with(block) && line.ends_with('{'));
        headers.filter_map(|line| line.split('"').nth(label)).collect()
    };
    let (declared, resources) = (of("variable ", 1), of("resource ", 1));
    // What a variable's own block says of it, as its validation does, is no use of it.
    let mut declares = false;
    let uses = lines.iter().filter(|line| {
        declares = line.starts_with("variable ") || declares && **line != "}";
        !declares
    });
    let used: BTreeSet<&str> = uses.flat_map(|line| after_each(line, "var.")).collect();
    if resources.is_empty() {
        return Err("it makes nothing: there is no resource".to_owned());
    }
    if let Some(name) = used.difference(&declared).next() {
        return Err(format!("var.{name} is used and not declared"));
    }
    if let Some(name) = declared.difference(&used).next() {
        return Err(format!("variable {name} is declared and not used"));
    }
    for resource in &resources {
        let provider = resource.split('_').next().unwrap_or_default();
        let required = lines.iter().any(|line| line.trim_start().starts_with(&format!("{provider} = {{")));
        if !required {
            return Err(format!(
                "{resource} needs provider {provider}, which is not required with a version"
            ));
        }
    }
    let resources: Vec<&str> = resources.into_iter().collect();
    Ok(format!(
        "the configuration makes {} and declares the {} variables that it uses",
        resources.join(", "),
        used.len()
    ))
}

/// The names that follow a mark in a line.
fn after_each<'l>(line: &'l str, mark: &'l str) -> impl Iterator<Item = &'l str> {
    line.match_indices(mark).filter_map(move |(at, _)| {
        let part_of_a_word = line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '.');
        let rest = &line[at + mark.len()..];
        let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
        (!part_of_a_word && end > 0).then(|| &rest[..end])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "terraform {\n  required_providers {\n    kind = {\n    }\n  }\n}\nvariable \"name\" {\n  \
                        validation {\n    condition = var.name != \"\"\n  }\n}\n\
                        resource \"kind_cluster\" \"this\" {\n  name = var.name\n}\n";

    #[test]
    fn what_is_used_is_declared_and_the_other_way_round() {
        assert_eq!(
            judge(GOOD),
            Ok("the configuration makes kind_cluster and declares the 1 variables that it uses".to_owned())
        );
        for (from, to, said) in [
            ("= var.name\n", "= var.nam\n", "var.nam is used and not declared"),
            ("= var.name\n", "= \"x\"\n", "variable name is declared and not used"),
            ("kind = {", "other = {", "kind_cluster needs provider kind"),
            ("resource ", "data ", "there is no resource"),
        ] {
            let error = judge(&GOOD.replace(from, to)).unwrap_err();
            assert!(error.contains(said), "{error}");
        }
    }
}
