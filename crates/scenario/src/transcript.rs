//! What happened, as text that a person reads and a test compares.
//!
//! Lines that begin with `#` are the header: when and on what it was recorded. They are not compared,
//! except that the sums of the applied files must still be those of the files.

use std::fmt;

/// What happened in one run of a script.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Transcript {
    /// Where and from what it was recorded; `None` for one that was only run.
    pub header: Option<Header>,
    /// One section a step.
    pub sections: Vec<Section>,
}

/// Where a transcript comes from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Header {
    /// The day, as `2026-11-24`.
    pub date: String,
    /// Kubernetes' version as `/version` gives it.
    pub kubernetes: String,
    /// The version of the Argo Rollouts controller.
    pub rollouts: String,
    /// The script and the files that were applied, with their SHA-256 in hexadecimal.
    pub files: Vec<(String, String)>,
}

/// What was observed during one step.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Section {
    /// The step's title.
    pub title: String,
    /// The facts.
    pub facts: Vec<Fact>,
}

/// One observation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// Of what kind.
    pub kind: FactKind,
    /// What, in words that do not differ from run to run.
    pub text: String,
}

/// The kinds of observations, in the order in which a section lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FactKind {
    /// A phase of the Rollout with its message, at its first appearance in the step.
    Phase,
    /// A Service's selector moved to another revision. Each move is told once a step.
    Selector,
    /// The share of a canary, as its Ingress says it.
    Weight,
    /// The index of the canary's step.
    Index,
    /// The wanted pods of a revision's ReplicaSet, from the first to the last number.
    Replicas,
    /// The phases of an analysis run.
    Analysis,
    /// What Argo CD says of the cluster beside Git, and of which commit.
    Sync,
    /// The health of the Application.
    Health,
    /// How a sync of a commit ended.
    Operation,
    /// The reason of an event about the Rollout.
    Event,
    /// One thing that a rollback did.
    Rollback,
    /// An answer to a probe.
    Request,
    /// The account of a load.
    Load,
    /// A share of requests that was measured.
    Share,
}

impl FactKind {
    const ALL: [FactKind; 14] = [
        FactKind::Phase,
        FactKind::Selector,
        FactKind::Weight,
        FactKind::Index,
        FactKind::Replicas,
        FactKind::Analysis,
        FactKind::Sync,
        FactKind::Health,
        FactKind::Operation,
        FactKind::Event,
        FactKind::Rollback,
        FactKind::Request,
        FactKind::Load,
        FactKind::Share,
    ];

    /// The kind of a word, as transcripts and scripts have it.
    pub fn named(word: &str) -> Option<FactKind> {
        FactKind::ALL.into_iter().find(|kind| kind.word() == word)
    }

    fn word(self) -> &'static str {
        match self {
            FactKind::Phase => "phase",
            FactKind::Selector => "selector",
            FactKind::Weight => "weight",
            FactKind::Index => "index",
            FactKind::Replicas => "replicas",
            FactKind::Analysis => "analysis",
            FactKind::Sync => "sync",
            FactKind::Health => "health",
            FactKind::Operation => "operation",
            FactKind::Event => "event",
            FactKind::Rollback => "rollback",
            FactKind::Request => "request",
            FactKind::Load => "load",
            FactKind::Share => "share",
        }
    }
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<9} {}", self.kind.word(), self.text)
    }
}

impl fmt::Display for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(header) = &self.header {
            writeln!(
                f,
                "# Recorded on a real cluster by `cargo xtask e2e --record`; nothing else writes this."
            )?;
            writeln!(f, "# date {}", header.date)?;
            writeln!(f, "# kubernetes {}", header.kubernetes)?;
            writeln!(f, "# argo-rollouts {}", header.rollouts)?;
            for (path, sum) in &header.files {
                writeln!(f, "# file {path} sha256:{sum}")?;
            }
        }
        for (index, section) in self.sections.iter().enumerate() {
            if index > 0 || self.header.is_some() {
                writeln!(f)?;
            }
            writeln!(f, "step {}", section.title)?;
            for fact in &section.facts {
                writeln!(f, "  {fact}")?;
            }
        }
        Ok(())
    }
}

/// Why a text is no transcript.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: not a line of a transcript: {text:?}")]
pub struct ReadError {
    /// From 1.
    pub line: usize,
    /// The line.
    pub text: String,
}

/// Reads what [`Transcript`]'s `Display` writes.
///
/// # Errors
/// The first line that is none of a transcript's.
pub fn read(text: &str) -> Result<Transcript, ReadError> {
    let mut transcript = Transcript::default();
    for (index, line) in text.lines().enumerate() {
        let unknown = || ReadError { line: index + 1, text: line.to_owned() };
        if let Some(comment) = line.strip_prefix("# ") {
            note(transcript.header.get_or_insert_default(), comment);
        } else if let Some(title) = line.strip_prefix("step ") {
            transcript.sections.push(Section { title: title.to_owned(), facts: Vec::new() });
        } else if let Some(fact) = line.strip_prefix("  ") {
            let section = transcript.sections.last_mut().ok_or_else(unknown)?;
            section.facts.push(fact_from(fact).ok_or_else(unknown)?);
        } else if !line.is_empty() {
            return Err(unknown());
        }
    }
    Ok(transcript)
}

fn note(header: &mut Header, comment: &str) {
    match comment.split_once(' ') {
        Some(("date", date)) => header.date = date.to_owned(),
        Some(("kubernetes", version)) => header.kubernetes = version.to_owned(),
        Some(("argo-rollouts", version)) => header.rollouts = version.to_owned(),
        Some(("file", file)) => {
            if let Some((path, sum)) = file.split_once(" sha256:") {
                header.files.push((path.to_owned(), sum.to_owned()));
            }
        }
        _ => {}
    }
}

fn fact_from(line: &str) -> Option<Fact> {
    let (word, text) = line.split_once(' ')?;
    Some(Fact { kind: FactKind::named(word)?, text: text.trim_start().to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let fact = |kind, text: &str| Fact { kind, text: text.to_owned() };
        let transcript = Transcript {
            header: Some(Header {
                date: "2026-11-24".into(),
                kubernetes: "v1.34.4".into(),
                rollouts: "v1.10.2".into(),
                files: vec![("deploy/a.yaml".into(), "00ff".into())],
            }),
            sections: vec![
                Section {
                    title: "One".into(),
                    facts: FactKind::ALL.map(|kind| fact(kind, "some: text")).to_vec(),
                },
                Section { title: "Two, without facts".into(), facts: Vec::new() },
            ],
        };
        assert_eq!(read(&transcript.to_string()), Ok(transcript));
    }

    #[test]
    fn a_line_that_is_none_is_refused_with_its_number() {
        for (text, line) in
            [("step a\n  phase x\nnonsense\n", 3), ("  phase x\n", 1), ("step a\n  mood x\n", 2)]
        {
            assert_eq!(read(text).unwrap_err().line, line, "{text:?}");
        }
    }
}
