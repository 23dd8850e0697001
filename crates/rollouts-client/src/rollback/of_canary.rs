//! A canary's ways back. Pure.

use super::decide::{Mechanism, Plan, Refusal, is};
use super::state::{Canary, State, Version};

/// An update is under way or aborted: the stable version still runs, and all it needs is the traffic.
pub(super) fn leave_update(state: &State, canary: &Canary, stable: Version) -> Plan {
    let strayed = state.active.as_ref().is_some_and(|active| active.hash != stable.hash);
    let left = match canary.routed {
        true => canary.weight > 0,
        false => canary.strangers > 0,
    };
    let (mechanism, because) = match state.aborted {
        true if !left && !strayed => {
            (Mechanism::Nothing, "the update is aborted already, and nothing is sent to it".to_owned())
        }
        true => (
            abort(state, canary),
            format!("the update is aborted already, but {}", share(state, canary, strayed)),
        ),
        false => {
            (abort(state, canary), format!("the update is under way, and {}", share(state, canary, strayed)))
        }
    };
    Plan { to: stable, from: state.current.clone(), mechanism, because }
}

/// A person's pause keeps the controller from taking pods away, and only without a router does that matter. Under
/// Argo CD the spec is Git's: only the abort is left.
fn abort(state: &State, canary: &Canary) -> Mechanism {
    match canary.paused && !canary.routed && state.argo_cd.is_none() {
        true => Mechanism::AbortAndResume,
        false => Mechanism::Abort,
    }
}

/// What of the traffic is not the stable version's.
fn share(state: &State, canary: &Canary, strayed: bool) -> String {
    match (&state.active, canary.routed) {
        (Some(active), _) if strayed => format!("the stable Service selects {active}"),
        (_, true) => format!("{} per cent of the traffic go to it", canary.weight),
        (_, false) => match canary.strangers {
            1 => "one pod of it is ready".to_owned(),
            pods => format!("{pods} pods of it are ready"),
        },
    }
}

/// Without the controller only Services can be helped.
pub(super) fn unobserved(state: &State, canary: &Canary, stable: Version) -> Result<Plan, Refusal> {
    let strayed = state.active.as_ref().is_some_and(|active| active.hash != stable.hash);
    let under_way = !is(state.current.as_ref(), &stable) && canary.routed && canary.weight > 0;
    if !under_way || strayed || canary.service.is_none() || stable.ready == 0 {
        return Err(Refusal::NotObserved { name: state.name.clone() });
    }
    let because = format!(
        "the controller is silent and takes no abort, and {} per cent of the traffic go to the canary Service",
        canary.weight
    );
    Ok(Plan { to: stable, from: state.current.clone(), mechanism: Mechanism::Divert, because })
}

/// What an undo alone would do.
pub(super) fn undo(state: &State, canary: &Canary, good: &Version) -> String {
    let pods = match good.ready >= state.replicas {
        true => "its pods still run",
        false => "its pods must start again",
    };
    match canary.steps {
        0 => pods.to_owned(),
        1 => format!("{pods}, and the controller would take its step again first"),
        steps => format!("{pods}, and the controller would take all {steps} steps again first"),
    }
}
