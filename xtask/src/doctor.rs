//! `cargo xtask doctor`: what PRD §3.1 asks of a machine, what is found, and the command that brings the rest.
//!
//! Nothing is changed. A program that is missing is one line and no failure, unless what `--for` names needs it.

mod look;

use serde::Serialize;

use crate::run::{self, Error};

/// What the machine is to be able to do.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Which target must work here: the exit code is 0 when all that it needs is there.
    #[arg(long = "for", value_enum, value_name = "TARGET", default_value_t = Purpose::Sim)]
    purpose: Purpose,
    /// The form of the answer.
    #[arg(short, long, value_enum, default_value_t = Form::Table)]
    output: Form,
}

/// A target that has needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Purpose {
    /// The simulated cluster: Rust and a C compiler.
    Sim,
    /// Real Kubernetes as processes of this machine.
    Host,
    /// A cluster in a Docker engine.
    Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Form {
    /// For a person.
    Table,
    /// For a program.
    Json,
}

/// One thing that was looked at.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Finding {
    name: &'static str,
    /// The targets that need it; none for what is merely convenient.
    needed_for: &'static [Purpose],
    /// What is wanted, in words.
    wanted: String,
    /// What is there, in words.
    found: Option<String>,
    good: bool,
    /// The command that brings it, or where to read on.
    get: String,
}

/// The wire form of the whole answer.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'f> {
    schema_version: u32,
    #[serde(rename = "for")]
    purpose: Purpose,
    ready: bool,
    checks: &'f [Finding],
}

/// Looks at the machine and prints what it found.
///
/// # Errors
/// What the target of `--for` needs and does not have.
pub(crate) fn run(options: &Options) -> Result<(), Error> {
    let findings = look::all();
    let lacking = lacking(&findings, options.purpose);
    match options.output {
        Form::Table => table(&findings).iter().try_for_each(|line| run::out(line))?,
        Form::Json => {
            let document = Document {
                schema_version: 1,
                purpose: options.purpose,
                ready: lacking.is_empty(),
                checks: &findings,
            };
            let text = serde_json::to_string_pretty(&document)
                .map_err(|error| Error::Found(format!("cannot write what was found: {error}")))?;
            run::out(&text)?;
        }
    }
    let name = name(options.purpose);
    if lacking.is_empty() {
        run::say(&format!("ready for {name}"));
        return Ok(());
    }
    let names: Vec<&str> = lacking.iter().map(|finding| finding.name).collect();
    Err(Error::Found(format!("not ready for {name}: {}", names.join(", "))))
}

fn lacking(findings: &[Finding], purpose: Purpose) -> Vec<&Finding> {
    findings.iter().filter(|finding| !finding.good && finding.needed_for.contains(&purpose)).collect()
}

fn name(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Sim => "sim",
        Purpose::Host => "host",
        Purpose::Kind => "kind (unverified: no engine where this was written)",
    }
}

fn table(findings: &[Finding]) -> Vec<String> {
    let mut lines = vec![format!("{:<12} {:<4} {:<16} {:<28} {}", "WHAT", "", "FOR", "WANTED", "FOUND")];
    for finding in findings {
        let names: Vec<&str> = finding
            .needed_for
            .iter()
            .map(|purpose| name(*purpose).split(' ').next().unwrap_or_default())
            .collect();
        let names = if names.is_empty() { "convenience".to_owned() } else { names.join(", ") };
        let mark = if finding.good { "ok" } else { "-" };
        let found = finding.found.as_deref().unwrap_or("nothing");
        lines.push(format!("{:<12} {mark:<4} {names:<16} {:<28} {found}", finding.name, finding.wanted));
        if !finding.good {
            lines.push(format!("{:17} get it: {}", "", finding.get));
        }
    }
    lines
}

/// The first version in a text, as numbers: `Terraform v1.11.4` is 1, 11, 4.
fn version(text: &str) -> Option<Vec<u32>> {
    let words = text.split(|c: char| !(c.is_ascii_digit() || c == '.'));
    words
        .map(|word| word.trim_matches('.'))
        .find(|word| word.contains('.'))
        .map(|word| word.split('.').map_while(|part| part.parse().ok()).collect())
}

/// Whether a text names this version or a later one.
fn at_least(text: &str, wanted: &[u32]) -> bool {
    version(text).is_some_and(|found| found.as_slice() >= wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_out_of_what_programs_say() {
        for (text, wanted, good) in [
            ("rustc 1.95.0 (59807616e 2026-04-14)", vec![1, 95], true),
            ("Terraform v0.15.5", vec![1, 0], false),
            ("20.10.7", vec![20, 10], true),
            ("v1.9.0", vec![1, 24], false),
            ("Client Version: v1.32.4-dispatcher", vec![1, 24], true),
            ("no version", vec![1, 0], false),
        ] {
            assert_eq!(at_least(text, &wanted), good, "{text}");
        }
    }

    #[test]
    fn only_what_the_target_needs_counts_and_the_rest_names_its_command() {
        let finding = |name, needed_for, good| Finding {
            name,
            needed_for,
            wanted: "1".to_owned(),
            found: None,
            good,
            get: format!("get {name}"),
        };
        let findings = [
            finding("docker", &[Purpose::Kind][..], false),
            finding("rust", &[Purpose::Sim, Purpose::Host, Purpose::Kind], true),
            finding("make", &[], false),
        ];
        let names =
            |purpose| lacking(&findings, purpose).iter().map(|finding| finding.name).collect::<Vec<_>>();
        assert_eq!(names(Purpose::Sim), Vec::<&str>::new());
        assert_eq!(names(Purpose::Kind), ["docker"]);
        let text = table(&findings).join("\n");
        assert!(text.contains("get it: get docker") && !text.contains("get it: get rust"), "{text}");
    }

    #[test]
    fn every_tool_of_the_prds_prerequisites_is_looked_at() {
        let prd = run::read_file(&run::root().join("PRD.md")).unwrap();
        let section =
            prd.split("#### Prerequisites").nth(1).and_then(|text| text.split("###").next()).unwrap();
        let findings = look::all();
        for line in section.lines().filter_map(|line| line.strip_prefix("- ")) {
            let tool = line.split(' ').next().unwrap().to_lowercase();
            assert!(findings.iter().any(|finding| finding.name == tool), "{line}");
        }
    }

    #[test]
    fn this_machine_can_run_the_simulator_and_every_command_is_named() {
        let findings = look::all();
        assert!(lacking(&findings, Purpose::Sim).is_empty(), "{findings:?}");
        assert!(findings.iter().all(|finding| !finding.get.is_empty()));
    }
}
