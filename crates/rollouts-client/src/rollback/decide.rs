//! From a state to a plan, or to the reason why there is none. Pure, and a table in its test.

use std::fmt;

use super::good::Evidence;
use super::of_canary;
use super::state::{State, Version};

/// How this state gets back to its last good version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The version to go back to.
    pub to: Version,
    /// The version that is left behind; `None` when it is unknown.
    pub from: Option<Version>,
    /// The way.
    pub mechanism: Mechanism,
    /// Why this way and this version, in words.
    pub because: String,
}

/// A way back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mechanism {
    /// It is there already; this is only proven.
    Nothing,
    /// Give the update up. The active Service has not left the good version.
    Abort,
    /// Give the update up, and see that the active Service comes back: by the controller, or, when its new
    /// pods are not ready and it therefore does nothing, by a repair of the selector.
    AbortAndSwitch,
    /// Point the active Service at the good version again, once that has ready pods.
    Repair,
    /// The same for a canary's stable Service.
    RepairStable,
    /// Give a canary up and end a person's pause: while it lasts, the controller takes no pods away, and without a
    /// router pods are the traffic.
    AbortAndResume,
    /// Point the canary Service at the stable version. The controller is silent, so nothing else has an effect.
    Divert,
    /// Write the template of the good version back. Its pods still run, all of them, and the controller
    /// switches by itself.
    Undo,
    /// The same where the controller would scale, pause or analyse first: it is told to promote in full.
    UndoAndPromote,
}

impl fmt::Display for Mechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Mechanism::Nothing => "nothing",
            Mechanism::Abort => "abort",
            Mechanism::AbortAndSwitch => "abort, and repair of the active Service's selector if need be",
            Mechanism::Repair => "repair of the active Service's selector",
            Mechanism::RepairStable => "repair of the stable Service's selector",
            Mechanism::AbortAndResume => "abort, and the end of a person's pause",
            Mechanism::Divert => "turning the canary Service to the stable version",
            Mechanism::Undo => "undo",
            Mechanism::UndoAndPromote => "undo, and full promotion of it",
        })
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "back to {} by {}: {}", self.to, self.mechanism, self.because)
    }
}

/// Why this state has no way back from here. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The version is fully promoted and Argo CD owns the template.
    #[error(
        "cannot roll rollout {name} back from here: {version} is fully promoted and Argo CD (application \
         {application}) would revert an undo; revert the change in Git and refresh the application"
    )]
    OnlyGit {
        /// The Rollout.
        name: String,
        /// The version.
        version: String,
        /// Argo CD's application.
        application: String,
    },
    /// No earlier version is known, or none that was good.
    #[error("cannot roll rollout {name} back: {because}")]
    NoGoodVersion {
        /// The Rollout.
        name: String,
        /// Why none is known.
        because: String,
    },
    /// The controller has not seen the spec.
    #[error(
        "cannot roll rollout {name} back yet: its controller has not seen the spec, so what is running and \
         what is good cannot be told; is the controller running?"
    )]
    NotObserved {
        /// The Rollout.
        name: String,
    },
    /// It has no strategy.
    #[error("cannot roll rollout {name} back: its strategy is not set, so its controller does nothing")]
    Strategy {
        /// The Rollout.
        name: String,
    },
}

/// The way back from a state.
///
/// # Errors
/// When there is none from here.
pub fn decide(state: &State) -> Result<Plan, Refusal> {
    let name = || state.name.clone();
    if state.strategy.is_empty() {
        return Err(Refusal::Strategy { name: name() });
    }
    let no_good = |because: &str| Refusal::NoGoodVersion { name: name(), because: because.to_owned() };
    let Some(stable) = state.stable.clone() else {
        return Err(match state.observed {
            true => no_good("no version of it was ever fully promoted, or its ReplicaSet is gone"),
            false => Refusal::NotObserved { name: name() },
        });
    };
    if !state.observed {
        return unobserved(state, stable);
    }
    let under_way = state.current.as_ref().is_none_or(|current| current.hash != stable.hash);
    match (under_way, &state.canary) {
        (true, Some(canary)) => Ok(of_canary::leave_update(state, canary, stable)),
        (true, None) => Ok(leave_update(state, stable)),
        (false, _) => leave_promoted(state, stable),
    }
}

pub(super) fn is(version: Option<&Version>, other: &Version) -> bool {
    version.is_some_and(|version| version.hash == other.hash)
}

/// Without the controller only the Service can be helped.
fn unobserved(state: &State, stable: Version) -> Result<Plan, Refusal> {
    if let Some(canary) = &state.canary {
        return of_canary::unobserved(state, canary, stable);
    }
    if is(state.active.as_ref(), &stable) || stable.ready <= ready(state.active.as_ref()) {
        return Err(Refusal::NotObserved { name: state.name.clone() });
    }
    let because =
        "the controller is silent, and the active Service does not select the stable version".to_owned();
    Ok(Plan { to: stable, from: state.active.clone(), mechanism: Mechanism::Repair, because })
}

fn ready(version: Option<&Version>) -> i32 {
    version.map_or(0, |version| version.ready)
}

/// An update is under way or aborted: the good version is the stable one, and no template need change.
fn leave_update(state: &State, stable: Version) -> Plan {
    let (mechanism, because) = match (is(state.active.as_ref(), &stable), state.aborted) {
        (true, true) => {
            (Mechanism::Nothing, "the update is aborted and the active Service selects the stable version")
        }
        (true, false) => (
            Mechanism::Abort,
            "the update is not promoted yet: the active Service still selects the stable version",
        ),
        (false, true) => {
            (Mechanism::Repair, "the update is aborted, but the active Service was not switched back")
        }
        (false, false) if state.halted => (
            Mechanism::AbortAndSwitch,
            "the update is promoted but not stable yet, and the controller is paused: it switches nothing back",
        ),
        (false, false) => (
            Mechanism::AbortAndSwitch,
            "the update is promoted but not stable yet: the old version still runs",
        ),
    };
    Plan { to: stable, from: state.current.clone(), mechanism, because: because.to_owned() }
}

/// No update is under way: the good version is an earlier one, and its template must come back.
fn leave_promoted(state: &State, stable: Version) -> Result<Plan, Refusal> {
    let strayed = state.active.as_ref().filter(|active| active.hash != stable.hash);
    if let Some(strayed) = strayed.filter(|strayed| strayed.ready == 0 && stable.ready > 0) {
        let (service, mechanism) = match &state.canary {
            Some(_) => ("stable", Mechanism::RepairStable),
            None => ("active", Mechanism::Repair),
        };
        let because = format!("the {service} Service selects {strayed}, which has no ready pod");
        let from = Some(strayed.clone());
        return Ok(Plan { to: stable, from, mechanism, because });
    }
    if let Some(application) = state.argo_cd.clone() {
        return Err(Refusal::OnlyGit { name: state.name.clone(), version: stable.to_string(), application });
    }
    let Some(good) = state.before.clone() else {
        let because = format!("{stable} is fully promoted, and no good version before it is left");
        return Err(Refusal::NoGoodVersion { name: state.name.clone(), because });
    };
    let (mechanism, how) = match &state.canary {
        Some(canary) => (Mechanism::UndoAndPromote, of_canary::undo(state, canary, &good.version)),
        None => {
            let (mechanism, how) = undo(state, &good.version, &stable);
            (mechanism, how.to_owned())
        }
    };
    let why = match good.evidence {
        Evidence::Promoted => format!("{} before it was fully promoted once", good.version),
        Evidence::Order => {
            format!("{} is the one before, and no Event tells whether it was good", good.version)
        }
    };
    let because = format!("{stable} is fully promoted; {why}; {how}");
    Ok(Plan { to: good.version, from: Some(stable), mechanism, because })
}

/// Upstream switches to an older version without a pause while its scale-down delay runs. A smaller preview
/// spoils that: the version is first scaled down to it, and pauses again.
fn undo(state: &State, good: &Version, stable: &Version) -> (Mechanism, &'static str) {
    let within_delay = good.deadline.is_some_and(|deadline| deadline > state.at);
    let older = good.created.is_some() && good.created < stable.created;
    let whole_preview = state.preview_replicas.is_none_or(|preview| preview >= state.replicas);
    let running = good.ready >= state.replicas;
    match within_delay && older && whole_preview && running && !state.halted {
        true => (Mechanism::Undo, "its pods still run and the controller switches at once"),
        false if within_delay && running => {
            (Mechanism::UndoAndPromote, "its pods still run, but the controller would pause first")
        }
        false => {
            (Mechanism::UndoAndPromote, "its pods must start again, and the controller would pause first")
        }
    }
}
