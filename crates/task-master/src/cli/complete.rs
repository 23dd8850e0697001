//! `kubectl_complete-rollouts`: what kubectl runs, under that name, when Tab is pressed behind `kubectl rollouts`
//! (since kubectl 1.26). The words so far come as arguments, the last of them unfinished; a candidate a line goes out,
//! and a last line that tells the shell to offer no files. What goes wrong offers nothing: nobody reads an error there.

use std::ffi::OsString;
use std::io;

use clap::{CommandFactory as _, Parser as _};
use task_manager::exit::Code;
use task_master::operator::{self, Scope};

use super::App;
use super::plugin::{self, Plugin};

/// `ShellCompDirectiveNoFileComp` of the library cobra, whose protocol kubectl speaks.
const NO_FILES: &str = ":4\n";

/// Stands where the unfinished word does.
const HERE: &str = "here";

/// What may have to follow the name of a Rollout for the whole to be a command.
const TAILS: [&[&str]; 3] = [&[], &["healthy"], &["container=image"]];

/// Under this name the binary completes.
pub(super) const NAME: &str = "kubectl_complete-rollouts";

/// Prints the candidates for the last of `words`.
pub(super) fn run(words: &[OsString], out: &mut dyn io::Write) -> Code {
    let (unfinished, before) = match words.split_last() {
        Some((last, before)) => (last.to_string_lossy().into_owned(), before),
        None => (String::new(), &[][..]),
    };
    let lines = match wants_a_rollout(before).filter(|_| !unfinished.starts_with('-')) {
        Some(plugin) => rollouts(&plugin, &unfinished, out).unwrap_or_default(),
        None => verbs(before, &unfinished),
    };
    let text: String = lines.into_iter().map(|line| line + "\n").collect();
    // A shell that has gone needs no answer.
    let _ = io::Write::write_all(out, (text + NO_FILES).as_bytes());
    Code::Ok
}

/// Verbs, options and their values, with what they are for.
fn verbs(before: &[OsString], unfinished: &str) -> Vec<String> {
    let mut words: Vec<OsString> = vec![plugin::NAME.into()];
    words.extend_from_slice(before);
    words.push(unfinished.into());
    let last = words.len() - 1;
    let found = clap_complete::engine::complete(&mut Plugin::command(), words, last, None);
    let shown = found.unwrap_or_default().into_iter().filter(|candidate| !candidate.is_hide_set());
    let line = |candidate: clap_complete::CompletionCandidate| {
        let value = candidate.get_value().to_string_lossy().into_owned();
        match candidate.get_help() {
            Some(help) => format!("{value}\t{}", help.to_string().lines().next().unwrap_or_default()),
            None => value,
        }
    };
    shown.map(line).collect()
}

/// What was typed, if the unfinished word is the name of a Rollout.
fn wants_a_rollout(before: &[OsString]) -> Option<Plugin> {
    TAILS.iter().find_map(|tail| {
        let program = OsString::from(plugin::NAME);
        let rest = [HERE].iter().chain(*tail).map(OsString::from);
        let plugin =
            Plugin::try_parse_from([program].into_iter().chain(before.iter().cloned()).chain(rest)).ok()?;
        (plugin.rollout.name() == Some(HERE)).then_some(plugin)
    })
}

/// The Rollouts that begin so, where the verb would look for one.
fn rollouts(plugin: &Plugin, unfinished: &str, out: &mut dyn io::Write) -> Option<Vec<String>> {
    let (global, environment) = plugin.surroundings().ok()?;
    let context = App { environment, ..App::new(global, out, true) }.context().ok()?;
    let namespace = plugin.rollout.namespace(&context);
    let scope = Scope { namespace: Some(namespace), labels: String::new() };
    let (rows, _) = operator::list(&context, &scope).ok()?;
    Some(rows.into_iter().map(|row| row.name).filter(|name| name.starts_with(unfinished)).collect())
}
