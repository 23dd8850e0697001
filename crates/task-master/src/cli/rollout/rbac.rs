//! `rollout rbac`: what a verb asks of the API server.

use rollouts_client::access::{self, Access};
use serde_json::json;
use task_manager::exit::Code;

use super::show;
use crate::cli::failure::Failure;
use crate::cli::{App, Form};

/// Arguments of `rollout rbac`.
#[derive(Debug, clap::Args)]
pub(super) struct Rbac {
    /// The verb; without one the rules of all are listed
    #[arg(value_name = "VERB", value_parser = clap::builder::PossibleValuesParser::new(access::ALL.iter().map(|one| one.verb)))]
    verb: Option<String>,
}

impl Rbac {
    /// Prints a Role for the verb, ready to be applied, or the table of all. Asks no cluster.
    pub(super) fn run(&self, namespace: Option<&str>, app: &mut App<'_>) -> Result<Code, Failure> {
        let named = self.verb.as_deref().and_then(access::of);
        let chosen = named.map_or(access::ALL, std::slice::from_ref);
        let text = match (app.form, named) {
            (Form::Json, _) => show::document("rollout-rbac", &json!({"verbs": chosen})),
            (Form::Text, Some(access)) => roles(access, namespace.unwrap_or("default")),
            (Form::Text, None) => table(),
        };
        app.print(&text)?;
        Ok(Code::Ok)
    }
}

/// The Roles as YAML. When a rule is needed, stands in front of them.
fn roles(access: &Access, namespace: &str) -> String {
    let what = match access.verb {
        access::REASON => "any verb with `--reason` asks besides".to_owned(),
        verb => format!("`rollout {verb}` asks"),
    };
    let mut text = format!("# What {what} of the API server. Bind it with a RoleBinding.\n");
    for rule in access.rules.iter().filter(|rule| !rule.when.is_empty()) {
        text.push_str(&format!("# {} {}: {}\n", rule.verb, rule.qualified(), rule.when));
    }
    for (index, role) in access.roles(namespace).iter().enumerate() {
        if index > 0 {
            text.push_str("---\n");
        }
        // Texts and lists of them: nothing in it can fail to be written.
        text.push_str(&serde_yaml::to_string(role).unwrap_or_default());
    }
    text
}

/// A line a rule.
fn table() -> String {
    let mut rows = vec![["VERB", "GROUP", "RESOURCE", "API VERB", "SCOPE", "WHEN"].map(str::to_owned)];
    for access in access::ALL {
        for rule in access.rules {
            let scope = if rule.cluster { "cluster" } else { "namespace" };
            let group = if rule.group.is_empty() { "core" } else { rule.group };
            let when = if rule.when.is_empty() { "always" } else { rule.when };
            rows.push([access.verb, group, rule.resource, rule.verb, scope, when].map(str::to_owned));
        }
    }
    let widths: Vec<usize> =
        (0..6).map(|column| rows.iter().map(|row| row[column].len()).max().unwrap_or(0)).collect();
    let line = |row: &[String; 6]| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}  "));
        cells.collect::<String>().trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}
