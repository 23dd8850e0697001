//! The manual page of either program, or of one of its commands.

use clap::Command;

use crate::nearest::near_a_part;
use crate::select::NoMatch;

/// Arguments of `man`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The command whose page it is, word by word [default: the program itself]
    #[arg(value_name = "COMMAND")]
    words: Vec<String>,
}

impl Args {
    /// The page as roff, which `man -l -` shows. `root` is the program's whole command line.
    ///
    /// # Errors
    /// [`NoMatch`] for a word that is no command there, with those that are.
    pub fn page(&self, mut root: Command) -> Result<String, NoMatch> {
        // Gives each command its full name, and the options that hold for all.
        root.build();
        let mut command = &root;
        for word in &self.words {
            command = command.find_subcommand(word).ok_or_else(|| no_match(command, word))?;
        }
        let mut page = Vec::new();
        // Writing into memory cannot fail.
        let _ = clap_mangen::Man::new(command.clone()).render(&mut page);
        Ok(String::from_utf8_lossy(&page).into_owned())
    }
}

fn no_match(command: &Command, word: &str) -> NoMatch {
    let names: Vec<&str> = command.get_subcommands().map(Command::get_name).collect();
    let near = near_a_part(word, names.iter().copied());
    let nearest = if near.is_empty() { names } else { near };
    NoMatch::Unknown {
        kind: "command",
        typed: word.to_owned(),
        nearest: nearest.into_iter().map(str::to_owned).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(words: &[&str]) -> Result<String, NoMatch> {
        let promote =
            Command::new("promote").about("Make it the active one").arg(clap::arg!(--full "Past all"));
        let root =
            Command::new("tool").about("A tool").subcommand(Command::new("rollout").subcommand(promote));
        Args { words: words.iter().map(|&word| word.to_owned()).collect() }.page(root)
    }

    #[test]
    fn a_page_is_named_after_its_command_and_has_its_options() {
        let promote = page(&["rollout", "promote"]).unwrap();
        assert!(promote.starts_with(".ie"), "{promote}");
        assert!(promote.contains(".TH tool-rollout-promote 1"), "{promote}");
        assert!(promote.contains("\\-\\-full"), "{promote}");
        assert!(page(&[]).unwrap().contains("tool\\-rollout(1)"));
    }

    #[test]
    fn what_is_no_command_leads_to_those_that_are() {
        let error = page(&["rollout", "promot"]).unwrap_err().to_string();
        assert_eq!(error, "no command is called \"promot\"; did you mean\n  promote");
        let error = page(&["x"]).unwrap_err().to_string();
        assert!(error.contains("rollout"), "{error}");
    }
}
