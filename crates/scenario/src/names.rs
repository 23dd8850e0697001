//! Names for revisions, and texts without what differs from run to run.
//!
//! A ReplicaSet's name ends in a hash that depends on how a Go program encodes a template. Transcripts say
//! r1, r2 … instead, in the order in which the ReplicaSets first appeared. The revision *number* of
//! upstream is no name: an undo gives an old ReplicaSet a new number.

/// The hashes of a Rollout's ReplicaSets in order of appearance.
#[derive(Debug, Clone, Default)]
pub struct Names {
    rollout: String,
    hashes: Vec<String>,
    commits: Vec<String>,
}

impl Names {
    /// Names for the ReplicaSets of a Rollout of this name.
    pub fn new(rollout: &str) -> Self {
        Self { rollout: rollout.to_owned(), ..Self::default() }
    }

    /// Notes a pod-template hash; one that is known keeps its name.
    pub fn note(&mut self, hash: &str) {
        if !self.hashes.iter().any(|known| known == hash) {
            self.hashes.push(hash.to_owned());
        }
    }

    /// Notes a commit of the scenario's repository; they are called c1, c2 … in the order in which they were made.
    pub fn committed(&mut self, commit: &str) {
        self.commits.push(commit.to_owned());
    }

    /// The name of a hash: `r1`, `r2` …; a hash that never appeared as a ReplicaSet is `r?`.
    pub fn of(&self, hash: &str) -> String {
        match self.hashes.iter().position(|known| known == hash) {
            Some(index) => format!("r{}", index + 1),
            None => "r?".to_owned(),
        }
    }

    /// The hash of a revision's name, or of a commit's.
    pub fn hash(&self, name: &str) -> Option<&str> {
        let (hashes, number) = match name.strip_prefix('c') {
            Some(number) => (&self.commits, number),
            None => (&self.hashes, name.strip_prefix('r')?),
        };
        let number: usize = number.parse().ok()?;
        hashes.get(number.checked_sub(1)?).map(String::as_str)
    }

    /// The text with every ReplicaSet's name, every hash and every commit replaced by its name here.
    pub fn normalise(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for hash in &self.hashes {
            let name = self.of(hash);
            text = text.replace(&format!("{}-{hash}", self.rollout), &name).replace(hash, &name);
        }
        for (index, commit) in self.commits.iter().enumerate() {
            text = text.replace(commit, &format!("c{}", index + 1));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_order_of_appearance_and_stay() {
        let mut names = Names::new("demo");
        for hash in ["6cf78c66c5", "5f8dd7b9c", "6cf78c66c5"] {
            names.note(hash);
        }
        assert_eq!((names.of("6cf78c66c5").as_str(), names.of("5f8dd7b9c").as_str()), ("r1", "r2"));
        assert_eq!((names.hash("r2"), names.hash("r3"), names.hash("r0")), (Some("5f8dd7b9c"), None, None));
        assert_eq!(
            names.normalise(r#"ReplicaSet "demo-5f8dd7b9c" has timed out; demo-6cf78c66c5-2-pre"#),
            r#"ReplicaSet "r2" has timed out; r1-2-pre"#
        );
        assert_eq!(names.of("unseen"), "r?");
    }

    #[test]
    fn commits_have_names_of_their_own() {
        let mut names = Names::new("demo");
        names.note("6cf78c66c5");
        names.committed("0a1b");
        names.committed("2c3d");
        assert_eq!((names.hash("c2"), names.hash("c3"), names.hash("c0")), (Some("2c3d"), None, None));
        assert_eq!(names.hash("r1"), Some("6cf78c66c5"));
        assert_eq!(names.normalise("OutOfSync 0a1b; Synced 2c3d"), "OutOfSync c1; Synced c2");
    }
}
