//! Spending processor time, as `CPU_PER_REQUEST` asks for.

use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

/// Keeps this thread busy until it has had so much of the processor. It is the thread's own time that is counted: on a
/// busy machine it takes longer and spends no more. Meanwhile the process does nothing else, for it has one thread.
pub(crate) fn spend(amount: Duration) {
    if amount.is_zero() {
        return;
    }
    let end = spent().saturating_add(amount);
    while spent() < end {
        std::hint::spin_loop();
    }
}

/// What this thread has had so far. A system without such a clock would end the loop above at once.
fn spent() -> Duration {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).map_or(Duration::MAX, Duration::from)
}
