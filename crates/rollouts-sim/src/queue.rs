//! What is due when: work ordered by (deadline, sequence), in virtual time.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One thing to look at again. Controllers are level-triggered: work says where to look, never what happened.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum Work {
    Rollout {
        ns: String,
        name: String,
    },
    ReplicaSet {
        ns: String,
        name: String,
    },
    Pod {
        ns: String,
        name: String,
    },
    Endpoints {
        ns: String,
        service: String,
    },
    AnalysisRun {
        ns: String,
        name: String,
    },
    Autoscaler {
        ns: String,
        name: String,
    },
    Experiment {
        ns: String,
        name: String,
    },
    Ingress {
        ns: String,
        name: String,
    },
    /// An Application of Argo CD, which all stand in one namespace.
    Application {
        name: String,
    },
    /// Objects whose owners are gone, and owners that wait for their dependents: `collect`.
    Collect,
    /// A namespace that is being deleted: `collect`.
    Namespace {
        name: String,
    },
}

/// Pending work and the present moment. Equal work at an equal deadline is kept once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "Saved", into = "Saved")]
pub(crate) struct Queue {
    now: Timestamp,
    seq: u64,
    due: BTreeMap<(Timestamp, u64), Work>,
    known: HashSet<(Timestamp, Work)>,
}

/// The queue as it is stored: JSON has no maps with such keys.
#[derive(Serialize, Deserialize)]
struct Saved {
    now: Timestamp,
    seq: u64,
    due: Vec<(Timestamp, u64, Work)>,
}

impl From<Queue> for Saved {
    fn from(queue: Queue) -> Saved {
        let due = queue.due.into_iter().map(|((at, seq), work)| (at, seq, work)).collect();
        Saved { now: queue.now, seq: queue.seq, due }
    }
}

impl From<Saved> for Queue {
    fn from(saved: Saved) -> Queue {
        let known = saved.due.iter().map(|(at, _, work)| (*at, work.clone())).collect();
        let due = saved.due.into_iter().map(|(at, seq, work)| ((at, seq), work)).collect();
        Queue { now: saved.now, seq: saved.seq, due, known }
    }
}

impl Queue {
    pub(crate) fn new(now: Timestamp) -> Queue {
        Queue { now, seq: 0, due: BTreeMap::new(), known: HashSet::new() }
    }

    /// The present moment of the world.
    pub(crate) fn now(&self) -> Timestamp {
        self.now
    }

    /// Has `work` run at `at`; a past moment means now. The same work may be due at several moments.
    pub(crate) fn schedule(&mut self, at: Timestamp, work: Work) {
        let at = at.max(self.now);
        if self.known.insert((at, work.clone())) {
            self.due.insert((at, self.seq), work);
            self.seq += 1;
        }
    }

    /// Has `work` run after `delay`.
    pub(crate) fn after(&mut self, delay: Duration, work: Work) {
        self.schedule(later(self.now, delay), work);
    }

    /// The moment of the earliest work.
    pub(crate) fn next_deadline(&self) -> Option<Timestamp> {
        self.due.keys().next().map(|(at, _)| *at)
    }

    /// Moves to `to` (never back).
    pub(crate) fn set_now(&mut self, to: Timestamp) {
        self.now = self.now.max(to);
    }

    /// Takes the earliest work due by `until` and moves to its deadline.
    pub(crate) fn pop(&mut self, until: Timestamp) -> Option<Work> {
        let entry = self.due.first_entry().filter(|e| e.key().0 <= until)?;
        let ((at, _), work) = entry.remove_entry();
        let known = (at, work);
        self.known.remove(&known);
        self.set_now(at);
        Some(known.1)
    }
}

/// `at` + `delay`, held at the end of representable time.
pub(crate) fn later(at: Timestamp, delay: Duration) -> Timestamp {
    jiff::SignedDuration::try_from(delay)
        .ok()
        .and_then(|delay| at.checked_add(delay).ok())
        .unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(name: &str) -> Work {
        Work::Pod { ns: "n".into(), name: name.into() }
    }

    #[test]
    fn work_comes_by_deadline_then_by_sequence_and_once() {
        let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let second = Duration::from_secs(1);
        let mut queue = Queue::new(start);
        queue.after(second, pod("b"));
        queue.after(second, pod("a"));
        queue.after(second, pod("b"));
        queue.schedule(Timestamp::MIN, pod("past"));
        let end = later(start, second);
        let order: Vec<Work> = std::iter::from_fn(|| queue.pop(end)).collect();
        assert_eq!(order, [pod("past"), pod("b"), pod("a")]);
        assert_eq!(queue.now(), end);
        let saved = serde_json::to_string(&queue).unwrap();
        assert_eq!(serde_json::from_str::<Queue>(&saved).unwrap(), queue);
    }
}
