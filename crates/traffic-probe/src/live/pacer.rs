//! When requests are due: a thread that does nothing but wait for the next one.
//!
//! The runtime's own timers fire up to two milliseconds late, which at fixed rates would be most of the
//! latency that is measured. A parked thread is woken within some ten microseconds.

use std::io;
use std::time::{Duration, Instant};

use thread_priority::{
    RealtimeThreadSchedulePolicy, ScheduleParams, ThreadPriority, ThreadSchedulePolicy,
    set_thread_priority_and_policy, thread_native_id,
};
use tokio::sync::mpsc;

/// Begins to give the moment of each request when it has come: now, and then every `interval`. Moments that
/// were missed come at once, in order. It ends when nobody takes them any more.
///
/// # Errors
/// When the system has no thread left.
pub(super) fn start(interval: Duration) -> io::Result<mpsc::UnboundedReceiver<Instant>> {
    let (due, moments) = mpsc::unbounded_channel();
    let pace = move || {
        hurry();
        let mut next = Instant::now();
        while due.send(next).is_ok() {
            next += interval;
            // A thread may wake for no reason, so the clock decides.
            while let Some(wait) = next.checked_duration_since(Instant::now()).filter(|wait| !wait.is_zero())
            {
                std::thread::park_timeout(wait);
            }
        }
    };
    std::thread::Builder::new().name("pacer".to_owned()).spawn(pace)?;
    Ok(moments)
}

/// Asks that this thread goes before all others, which it hardly keeps from their work: it sleeps most of
/// the time. On a machine whose servers keep its cores busy the wait for a turn is otherwise longer than
/// what is measured. Most users may not ask for that, and then the lag says whether it was needed.
pub(super) fn hurry() {
    let policy = ThreadSchedulePolicy::Realtime(RealtimeThreadSchedulePolicy::Fifo);
    let lowest = ThreadPriority::from_posix(ScheduleParams { sched_priority: 1 });
    let _ = set_thread_priority_and_policy(thread_native_id(), lowest, policy);
}
