//! What goes wrong with Prometheus, asked for by a path of [`crate::faults`].

use super::Fault;
use crate::queue::Work;
use crate::world::World;

/// Brings about the fault that a query asks for; `None` when it asks for none.
pub(crate) fn bring(world: &mut World, query: &str) -> Option<()> {
    let fault = match query {
        "runs=false" => Fault::Down,
        "hangs=true" => Fault::Hangs,
        "answers=nan" => Fault::Nan,
        "runs=true" | "hangs=false" | "answers=numbers" => Fault::None,
        _ => return None,
    };
    set(world, fault);
    Some(())
}

/// What waits for an answer has it, or its refusal, at once.
fn set(world: &mut World, fault: Fault) {
    let now = world.now();
    world.prometheus.set_fault(fault, now);
    if fault == Fault::Hangs {
        return;
    }
    for (run, waiting) in &mut world.prometheus.waiting {
        waiting.until = now;
        if let Some((ns, name)) = run.split_once('/') {
            world.queue.schedule(now, Work::AnalysisRun { ns: ns.to_owned(), name: name.to_owned() });
        }
    }
}
