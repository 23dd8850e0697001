//! The commands of a guide, run as they stand there: what a reader would paste is what is tested.
//!
//! A block fenced as `sh` is run. A second word says what it needs: `live` a machine that can run the host
//! cluster, `docker` an engine, and `once` is for a person alone, since it changes the machine for good. All
//! chosen blocks of a guide are one shell, so that a later one has what an earlier one exported.

use std::path::{Path, PathBuf};

use crate::run::{self, Error};

/// Which blocks to run.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The guide, a Markdown file.
    #[arg(value_name = "FILE")]
    guide: PathBuf,
    /// The blocks that need the host cluster as well.
    #[arg(long)]
    live: bool,
}

/// What a block needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// Rust and a C compiler.
    Nothing,
    /// A machine on which the host cluster runs.
    Live,
    /// A Docker engine.
    Docker,
    /// A person.
    Once,
}

/// A fenced block of commands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    /// The line of its fence.
    pub(crate) line: usize,
    /// What it needs.
    pub(crate) need: Need,
    /// Its commands.
    pub(crate) script: String,
}

/// Runs the chosen blocks in their order; the first command that fails ends it.
///
/// # Errors
/// A guide that cannot be read, a fence with an unknown word, or the command that failed.
pub(crate) fn run(options: &Options) -> Result<(), Error> {
    let path = run::root().join(&options.guide);
    let blocks = blocks(&options.guide, &run::read_file(&path)?)?;
    let wanted = |block: &&Block| block.need == Need::Nothing || (options.live && block.need == Need::Live);
    let chosen: Vec<&Block> = blocks.iter().filter(wanted).collect();
    run::say(&format!("{}: {} of {} blocks", options.guide.display(), chosen.len(), blocks.len()));
    let folder =
        tempfile::tempdir().map_err(|source| Error::file("create", &std::env::temp_dir(), source))?;
    let file = folder.path().join("guide.sh");
    run::write_file(&file, &script(&options.guide, &chosen))?;
    // Each line is shown as it is read, so that the last one shown is the one that failed.
    run::run(run::command(bash()).args(["-euvo", "pipefail"]).arg(file))
}

/// The shell of the guides: where it usually is, whatever PATH says, else by PATH.
fn bash() -> &'static str {
    let usual = "/bin/bash";
    if Path::new(usual).is_file() { usual } else { "bash" }
}

fn script(guide: &Path, blocks: &[&Block]) -> String {
    let of = |block: &&Block| format!("# {}:{}\n{}", guide.display(), block.line, block.script);
    blocks.iter().map(of).collect()
}

/// The blocks of a guide's text that are fenced as `sh`.
///
/// # Errors
/// A second word that is none of `live`, `docker` and `once`.
pub(crate) fn blocks(guide: &Path, text: &str) -> Result<Vec<Block>, Error> {
    let mut blocks = Vec::new();
    let mut open: Option<Option<Block>> = None;
    for (number, line) in (1..).zip(text.lines()) {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(words)) => open = Some(begin(guide, number, words)?),
            (Some(_), Some("")) => blocks.extend(open.take().flatten()),
            (Some(Some(block)), _) => {
                block.script.push_str(line);
                block.script.push('\n');
            }
            _ => {}
        }
    }
    Ok(blocks)
}

fn begin(guide: &Path, line: usize, words: &str) -> Result<Option<Block>, Error> {
    let words: Vec<&str> = words.split_whitespace().collect();
    let need = match words.as_slice() {
        ["sh"] => Need::Nothing,
        ["sh", "live"] => Need::Live,
        ["sh", "docker"] => Need::Docker,
        ["sh", "once"] => Need::Once,
        ["sh", ..] => {
            let guide = guide.display();
            return Err(Error::Found(format!("{guide}:{line}: after `sh` comes live, docker or once")));
        }
        _ => return Ok(None),
    };
    Ok(Some(Block { line, need, script: String::new() }))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    fn guides() -> Vec<(PathBuf, Vec<Block>)> {
        let entries = std::fs::read_dir(run::root().join("docs")).unwrap();
        let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        files.retain(|file| file.to_str().is_some_and(|name| name.ends_with("-guide.md")));
        files.sort();
        let read = |file: PathBuf| {
            let text = run::read_file(&file).unwrap();
            let blocks = blocks(&file, &text).unwrap();
            (file, blocks)
        };
        files.into_iter().map(read).collect()
    }

    #[test]
    fn blocks_are_found_with_their_needs_and_lines() {
        let text = "a\n```sh\none\ntwo\n```\n```yaml\nkind: x\n```\n```sh live\nthree\n```\n";
        let found = blocks(Path::new("g.md"), text).unwrap();
        assert_eq!(
            found,
            [
                Block { line: 2, need: Need::Nothing, script: "one\ntwo\n".to_owned() },
                Block { line: 9, need: Need::Live, script: "three\n".to_owned() },
            ]
        );
        let error = blocks(Path::new("g.md"), "\n```sh liv\n```\n").unwrap_err();
        assert_eq!(error.to_string(), "g.md:2: after `sh` comes live, docker or once");
    }

    #[test]
    fn a_command_that_fails_fails_the_guide() {
        let folder = tempfile::tempdir().unwrap();
        for (text, good) in
            [("```sh\nx=1\n```\n```sh\ntest $x = 1\n```\n", true), ("```sh\nfalse\ntrue\n```\n", false)]
        {
            let guide = folder.path().join("g.md");
            run::write_file(&guide, text).unwrap();
            assert_eq!(run(&Options { guide, live: false }).is_ok(), good, "{text}");
        }
    }

    #[test]
    fn every_verb_of_the_build_system_in_the_guides_is_one() {
        let guides = guides();
        assert!(guides.iter().any(|(file, _)| file.ends_with("setup-guide.md")));
        let mut seen = 0;
        for (file, blocks) in guides {
            for line in blocks.iter().flat_map(|block| block.script.lines()) {
                let Some(words) =
                    line.trim().strip_prefix("cargo ").filter(|words| words.starts_with("xtask "))
                else {
                    continue;
                };
                seen += 1;
                let parsed = crate::Verb::try_parse_from(words.split_whitespace());
                assert!(parsed.is_ok(), "{}: {line}: {}", file.display(), parsed.err().unwrap());
            }
        }
        assert!(seen >= 10, "{seen}");
    }
}
