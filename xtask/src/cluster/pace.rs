//! The one place where the cluster's verbs wait: for a state, within a bound.

use std::time::{Duration, Instant};

/// How often a state is looked at.
pub(crate) const LOOK: Duration = Duration::from_millis(50);

/// Looks until `state` holds or `bound` has passed; says whether it holds.
#[expect(clippy::disallowed_methods, reason = "the named wait of the cluster's verbs: a state and a bound")]
pub(crate) fn until(bound: Duration, mut state: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + bound;
    loop {
        if state() {
            return true;
        }
        if Instant::now() >= deadline {
            return false;
        }
        std::thread::sleep(LOOK);
    }
}
