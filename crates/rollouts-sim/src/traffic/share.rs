//! Whose request it is where two Services share them: Traefik's weighted round robin, which picks the branch whose
//! next deadline is earliest. It knows no chance, so that shares are exact after every `total` requests.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Split;

/// The state of every split, by the Service that is split.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Shares {
    by_service: BTreeMap<String, Share>,
}

/// How often each branch was picked since the weights are as they are.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Share {
    weight: u32,
    total: u32,
    primary: u64,
    canary: u64,
}

impl Shares {
    /// Whether the next request is the canary's.
    pub(super) fn picks_canary(&mut self, service: &str, split: &Split) -> bool {
        let share = self.by_service.entry(service.to_owned()).or_default();
        if (share.weight, share.total) != (split.weight, split.total) {
            // A changed configuration begins anew.
            *share = Share { weight: split.weight, total: split.total, primary: 0, canary: 0 };
        }
        let (canary, primary) = (u64::from(split.weight), u64::from(split.total - split.weight));
        // Deadlines are (picked + 1) / weight; a branch without weight has none. Of equals the primary goes first.
        let turn =
            canary > 0 && (primary == 0 || (share.canary + 1) * primary < (share.primary + 1) * canary);
        if turn {
            share.canary += 1;
        } else {
            share.primary += 1;
        }
        turn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_exact_and_spread() {
        for (weight, total) in
            [(0, 100), (1, 100), (10, 100), (25, 100), (50, 100), (75, 100), (100, 100), (1, 1000)]
        {
            let split = Split { service: "canary".into(), weight, total };
            let mut shares = Shares::default();
            for round in 1..=3 {
                let picked = (0..total).filter(|_| shares.picks_canary("stable", &split)).count();
                assert_eq!(picked, weight as usize, "{weight} of {total}, round {round}");
            }
        }
        let half = Split { service: "canary".into(), weight: 50, total: 100 };
        let mut shares = Shares::default();
        let turns: Vec<bool> = (0..4).map(|_| shares.picks_canary("stable", &half)).collect();
        assert_eq!(turns, [false, true, false, true]);
    }
}
