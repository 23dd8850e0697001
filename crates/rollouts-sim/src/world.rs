//! The whole simulated cluster as one value: objects, pending work, the present moment, and a seed.
//!
//! It owns no clock, no thread and no randomness. Someone outside calls `handle` with requests and `advance_to`
//! with moments; the same calls in the same order give the same world. What Argo CD wants to know of Git is asked for
//! (`wanted`) and handed over (`supply`): a world to which nobody hands anything has Applications that wait.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::controllers;
use crate::prometheus::Prometheus;
use crate::queue::{Queue, Work};
use crate::store::{Change, Store};
use crate::traffic;

/// A simulated cluster. See the module's documentation.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct World {
    pub(crate) store: Store,
    pub(crate) queue: Queue,
    /// The processes behind the pods.
    pub(crate) node: controllers::Node,
    /// Whose turn it is and which loads are attached.
    #[serde(default)]
    pub(crate) traffic: traffic::Traffic,
    /// Whether the controllers of Argo Rollouts are down: `faults`.
    #[serde(default)]
    pub(crate) rollouts_down: bool,
    /// What the autoscalers' controller remembers.
    #[serde(default)]
    pub(crate) autoscalers: controllers::Autoscalers,
    /// What was scraped of the ingress.
    #[serde(default)]
    pub(crate) prometheus: Prometheus,
    /// What Argo CD knows of Git.
    #[serde(default)]
    pub(crate) argocd: controllers::ArgoCd,
    seed: u64,
    /// How many names and uids have been drawn.
    drawn: u64,
}

impl World {
    /// A cluster with the namespaces that every cluster has, at the moment `start`.
    pub fn new(seed: u64, start: Timestamp) -> World {
        let mut world = World {
            store: Store::new(),
            queue: Queue::new(start),
            node: Default::default(),
            traffic: Default::default(),
            rollouts_down: false,
            autoscalers: Default::default(),
            prometheus: Default::default(),
            argocd: Default::default(),
            seed,
            drawn: 0,
        };
        crate::boot::fill(&mut world);
        world
    }

    /// The present moment.
    pub fn now(&self) -> Timestamp {
        self.queue.now()
    }

    /// The moment at which something will next happen by itself, if anything will.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.queue.next_deadline()
    }

    /// Runs everything that is due up to `to`, in order, and moves to `to`. The past is left alone.
    pub fn advance_to(&mut self, to: Timestamp) {
        while let Some(due) = self.queue.next_deadline().filter(|due| *due <= to) {
            traffic::on_advance(self, due);
            if let Some(work) = self.queue.pop(due) {
                self.run(work);
            }
        }
        traffic::on_advance(self, to);
        self.queue.set_now(to);
    }

    fn run(&mut self, work: Work) {
        match work {
            Work::Collect => crate::collect::owners(self),
            Work::Namespace { name } => crate::collect::namespace(self, &name),
            other => controllers::run(self, other),
        }
    }

    /// Tells everyone who acts on changes.
    pub(crate) fn changed(&mut self, change: &Change) {
        crate::collect::on_change(&mut self.queue, change);
        controllers::on_change(&mut self.queue, &self.store, change);
    }

    /// The next draw from the seed.
    pub(crate) fn draw(&mut self) -> [u8; 32] {
        self.drawn += 1;
        Sha256::new()
            .chain_update(self.seed.to_be_bytes())
            .chain_update(self.drawn.to_be_bytes())
            .finalize()
            .into()
    }

    /// A new uid, in the form of a version 4 UUID.
    pub(crate) fn draw_uid(&mut self) -> String {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&self.draw()[..16]);
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        let n = u128::from_be_bytes(bytes);
        format!(
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            n >> 96,
            n >> 80 & 0xffff,
            n >> 64 & 0xffff,
            n >> 48 & 0xffff,
            n & 0xffff_ffff_ffff
        )
    }

    /// Five characters as the API server appends them to `generateName`.
    pub(crate) fn draw_suffix(&mut self) -> String {
        const SAFE: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
        self.draw()[..5].iter().map(|b| char::from(SAFE[usize::from(*b) % SAFE.len()])).collect()
    }
}

/// A moment as `metav1.Time` is written: RFC 3339, UTC, a fraction of a second cut off.
pub(crate) fn stamp(at: Timestamp) -> String {
    let whole = at.as_second() - i64::from(at.subsec_nanosecond() < 0);
    Timestamp::from_second(whole).unwrap_or(at).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_in_whole_seconds() {
        for (at, stamped) in [
            ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"),
            ("2026-12-31T23:59:59.999Z", "2026-12-31T23:59:59Z"),
            ("1969-12-31T23:59:58.5Z", "1969-12-31T23:59:58Z"),
        ] {
            assert_eq!(stamp(at.parse().unwrap()), stamped);
        }
    }
}
