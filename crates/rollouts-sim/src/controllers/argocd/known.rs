//! What Git is known to hold for each Application, and when it is asked.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::json::Value;
use jiff::Timestamp;
use rollouts_client::names::ARGOCD_REFRESH;
use serde::{Deserialize, Serialize};

use super::desired;
use crate::object::{self, text};
use crate::queue::{Work, later};
use crate::repository::{Answer, Found, Source, Wanted};
use crate::world::World;

/// `timeout.reconciliation`.
const POLL: Duration = Duration::from_secs(120);
/// How long the repo server takes: fetching and rendering.
const RENDERS: Duration = Duration::from_millis(300);

/// What Argo CD keeps in its memory.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct ArgoCd {
    applications: BTreeMap<String, Known>,
}

/// What is known for one Application.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Known {
    source: Source,
    /// Git was asked and has not answered.
    waiting: bool,
    /// What is known does not count: the manifests are wanted again.
    hard: bool,
    /// Git has answered since the last look.
    pub(super) fresh: bool,
    asked: Option<Timestamp>,
    pub(super) found: Manifests,
    /// What the operation under way syncs, whatever is committed meanwhile.
    pub(super) pinned: Option<Manifests>,
    /// The next wave of that operation does not begin before.
    pub(super) next_wave: Option<Timestamp>,
}

/// The objects of a commit, or why they cannot be had.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Manifests {
    /// Empty when the repository could not be read.
    pub(super) revision: String,
    pub(super) objects: Vec<Value>,
    pub(super) error: Option<String>,
}

impl Known {
    fn of(source: Source) -> Known {
        Known {
            source,
            waiting: false,
            hard: false,
            fresh: false,
            asked: None,
            found: Manifests::default(),
            pinned: None,
            next_wave: None,
        }
    }
}

impl ArgoCd {
    pub(super) fn forget(&mut self, name: &str) {
        self.applications.remove(name);
    }

    pub(super) fn of(&mut self, app: &Value) -> &mut Known {
        let name = object::name(app).to_owned();
        self.applications.entry(name).or_insert_with(|| Known::of(source(app)))
    }
}

impl World {
    /// What somebody has to read of a repository, and [`World::supply`].
    pub(crate) fn wanted(&self) -> Option<Wanted> {
        let (name, known) = self.argocd.applications.iter().find(|(_, known)| known.waiting)?;
        let commit = Some(&known.found.revision).filter(|commit| !commit.is_empty() && !known.hard);
        Some(Wanted { application: name.clone(), source: known.source.clone(), known: commit.cloned() })
    }

    /// Takes the answer to [`World::wanted`].
    pub(crate) fn supply(&mut self, answer: Answer) {
        let Some(known) = self.argocd.applications.get_mut(&answer.application) else { return };
        if !known.waiting || known.source != answer.source {
            return;
        }
        known.waiting = false;
        known.hard = false;
        known.fresh = true;
        match answer.found {
            Found::Same => {}
            Found::Tree { revision, files } => {
                let (objects, error) = match desired::parse(&files) {
                    Ok(objects) => (objects, None),
                    Err(error) => (Vec::new(), Some(error)),
                };
                known.found = Manifests { revision, objects, error };
            }
            Found::Failed(error) => known.found = Manifests { error: Some(error), ..Manifests::default() },
        }
        self.queue.after(RENDERS, Work::Application { name: answer.application });
    }
}

/// Asks Git when it is time or somebody wants it. Says whether its answer is to be waited for.
pub(super) fn ask(world: &mut World, app: &Value) -> bool {
    let now = world.now();
    let refresh = object::annotation(app, ARGOCD_REFRESH);
    let known = world.argocd.of(app);
    let source = source(app);
    if known.source != source {
        let Known { pinned, next_wave, .. } = known.clone();
        *known = Known { pinned, next_wave, ..Known::of(source) };
    }
    let due = known.asked.is_none_or(|asked| later(asked, POLL) <= now);
    if !known.waiting && !known.fresh && (due || refresh.is_some()) {
        known.waiting = true;
        known.hard = refresh == Some("hard");
        known.asked = Some(now);
        world.queue.after(POLL, Work::Application { name: object::name(app).to_owned() });
        return true;
    }
    known.waiting
}

fn source(app: &Value) -> Source {
    let source = &app["spec"]["source"];
    Source {
        url: text(source, "/repoURL").to_owned(),
        revision: text(source, "/targetRevision").to_owned(),
        path: text(source, "/path").to_owned(),
        recurse: object::at(source, "/directory/recurse") == Some(&Value::Bool(true)),
    }
}
