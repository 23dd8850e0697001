//! How many pods each version should have: arithmetic, and nothing else.
//!
//! Without a router weights are approximated by pods, within `maxSurge` and `maxUnavailable`. With one the stable
//! version keeps all its pods (or follows its traffic, `dynamicStableScale`) and the canary has as many as its
//! weight needs. Both come to upstream's results for upstream's own tables (`sizes_tests`).

use super::spec::Canary;

/// A version as the arithmetic sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Set {
    /// Pods asked for.
    pub(crate) desired: i32,
    pub(crate) available: i32,
    /// Pods that are there, ready or not.
    pub(crate) created: i32,
}

/// Pods that the two versions should have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) canary: i32,
    pub(crate) stable: i32,
}

/// Shares of traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shares {
    pub(crate) canary: i32,
    pub(crate) stable: i32,
}

/// What the status says that sizes depend on.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct At {
    /// A full promotion was asked for.
    pub(crate) full: bool,
    /// There is no stable version yet, or it is the one that is asked for.
    pub(crate) settled: bool,
    pub(crate) aborted: bool,
    /// The index of the step; `None` counts as the first.
    pub(crate) index: Option<i32>,
}

/// Everything that sizes depend on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizing<'a> {
    pub(crate) canary: &'a Canary,
    pub(crate) at: At,
    pub(crate) replicas: i32,
    pub(crate) new: Option<Set>,
    pub(crate) stable: Option<Set>,
    /// Whether the stable version is another than the new one.
    pub(crate) apart: bool,
    /// Of versions that are neither: pods asked for, and available ones.
    pub(crate) others: Set,
}

/// What the canary is asked to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Replicas(i32),
    Weight(i32),
}

impl Sizing<'_> {
    /// The weight of the steps so far: 0 when aborted, all behind the last step.
    pub(crate) fn set_weight(&self) -> i32 {
        let index = self.canary.index(self.at.index);
        if self.at.aborted {
            0
        } else if self.canary.step(index).is_none() {
            self.canary.max_weight()
        } else {
            self.canary.back_from(index).find_map(|step| step.set_weight).unwrap_or(0)
        }
    }

    /// The same, but an abort with `dynamicStableScale` goes down the steps as fast as the stable version comes up.
    pub(crate) fn desired_weight(&self) -> i32 {
        let (true, Some(new), Some(stable)) =
            (self.at.aborted && self.canary.dynamic_stable_scale, self.new, self.stable)
        else {
            return self.set_weight();
        };
        let still_needed = (self.replicas - stable.available).max(new.available);
        let weights = self.canary.steps.iter().rev().filter_map(|step| step.set_weight);
        let max = self.canary.max_weight();
        weights.into_iter().find(|weight| pods(self.replicas, *weight, max) < still_needed).unwrap_or(0)
    }

    fn asked(&self) -> Asked {
        if self.at.full || self.at.settled {
            return Asked::Weight(self.canary.max_weight());
        }
        match self.set_canary_scale() {
            Some((Some(replicas), _)) => Asked::Replicas(replicas),
            Some((None, Some(weight))) => Asked::Weight(weight),
            _ => Asked::Weight(self.desired_weight()),
        }
    }

    /// The last `setCanaryScale`, as (replicas, weight), while it counts.
    fn set_canary_scale(&self) -> Option<(Option<i32>, Option<i32>)> {
        let kept_on_abort = self.canary.abort_delay().is_none();
        if !self.canary.routed() || (self.at.aborted && !kept_on_abort) {
            return None;
        }
        let index = self.canary.index(self.at.index);
        let last = self.canary.back_from(index).find_map(|step| step.set_canary_scale.as_ref())?;
        (!last.match_traffic_weight).then_some((last.replicas, last.weight))
    }

    /// The sizes to go to now, given the present shares of traffic.
    pub(crate) fn counts(&self, shares: Option<Shares>) -> Counts {
        if self.canary.routed() { self.routed(shares) } else { self.basic() }
    }

    fn at_least(&self, count: i32) -> i32 {
        match self.canary.min_pods_per_replica_set {
            Some(least) if count != 0 && self.canary.routed() => count.max(least.min(self.replicas)),
            _ => count,
        }
    }

    fn routed(&self, shares: Option<Shares>) -> Counts {
        let max = self.canary.max_weight();
        let (mut canary, weight) = match self.asked() {
            Asked::Replicas(replicas) => (replicas, 0),
            Asked::Weight(weight) => (self.at_least(pods(self.replicas, weight, max)), weight),
        };
        if !self.canary.dynamic_stable_scale {
            return Counts { canary, stable: self.replicas };
        }
        // Enough for the traffic that it has and for the traffic that it is to have.
        let mut stable = pods(self.replicas, max - weight, max);
        if let Some(shares) = shares {
            stable = stable.max(pods(self.replicas, shares.stable, max));
            if self.at.aborted {
                canary = canary.max(pods(self.replicas, shares.canary, max));
            }
        }
        Counts { canary: self.at_least(canary), stable: self.at_least(stable) }
    }

    fn basic(&self) -> Counts {
        let Asked::Weight(weight) = self.asked() else {
            return Counts { canary: 0, stable: self.replicas };
        };
        let (surge, _) = self.canary.fence_posts(self.replicas);
        let goal = if self.apart {
            approximate(self.replicas, weight, self.canary.max_weight(), surge)
        } else {
            Counts { canary: self.replicas, stable: 0 }
        };
        let most = self.replicas + surge;
        let mut next = self.up(goal, most);
        if self.others.desired > 0 {
            // Older versions go first.
            return next;
        }
        let least = self.replicas - self.canary.max_unavailable(self.replicas);
        let growing = self.new.is_none_or(|new| goal.canary >= new.desired);
        let counted = to_scale_down(self.new, !growing) + to_scale_down(self.stable, growing);
        if counted <= least {
            return next;
        }
        let spare = counted - least;
        if !growing {
            next.canary = drained(self.new, goal.canary, spare, next.canary);
            (next.canary, next.stable) =
                within(self.new, self.stable, (next.canary, next.stable), most, least);
        } else if self.apart {
            next.stable = drained(self.stable, goal.stable, spare, next.stable);
            (next.stable, next.canary) =
                within(self.stable, self.new, (next.stable, next.canary), most, least);
        }
        next
    }

    /// Upwards as far as the surge allows, the stable version first.
    fn up(&self, goal: Counts, most: i32) -> Counts {
        let new = self.new.map_or(0, |new| new.desired);
        let stable = self.stable.filter(|_| self.apart).map_or(0, |stable| stable.desired);
        let mut room = most - self.others.desired - new - stable;
        let mut grow = |from: i32, to: i32| {
            let step = (to - from).max(0).min(room.max(0));
            room -= step;
            from + step
        };
        let stable = if self.apart { grow(stable, goal.stable) } else { stable };
        let canary = if self.new.is_some() { grow(new, goal.canary) } else { new };
        Counts { canary, stable }
    }

    /// Whether both versions have what the weight needs.
    pub(crate) fn at_desired(&self, shares: Option<Shares>) -> bool {
        let goal = self.counts(shares);
        let stable_there =
            self.stable.is_some_and(|stable| stable.desired == goal.stable && stable.created == goal.stable);
        self.enough(self.new, goal.canary)
            && (stable_there || (self.canary.routed() && self.canary.dynamic_stable_scale))
            && (self.canary.routed() || self.others.available == 0)
    }

    /// Whether a version has enough available pods, by `replicaProgressThreshold`.
    pub(crate) fn enough(&self, set: Option<Set>, desired: i32) -> bool {
        let threshold = self.canary.replica_progress_threshold.as_ref();
        let (Some(set), Some(threshold)) = (set, threshold.filter(|threshold| threshold.value >= 0)) else {
            return set.is_some_and(|set| set.desired == desired && set.available == desired);
        };
        if threshold.kind == "Percent" {
            return i64::from(set.available) * 100 >= i64::from(threshold.value) * i64::from(desired);
        }
        set.available >= threshold.value
    }
}

/// Pods for a share of traffic, rounded up.
pub(crate) fn pods(replicas: i32, weight: i32, max: i32) -> i32 {
    let product = i64::from(replicas) * i64::from(weight);
    let max = i64::from(max.max(1));
    i32::try_from(product.div_euclid(max) + i64::from(product.rem_euclid(max) > 0)).unwrap_or(i32::MAX)
}

/// The split of pods that is nearest to a weight: of `replicas`, or of one more where a surge is allowed. Weights
/// between none and all leave each version at least one pod where there is room; of equals the larger canary wins.
pub(crate) fn approximate(replicas: i32, weight: i32, max: i32, surge: i32) -> Counts {
    if replicas == 0 {
        return Counts { canary: 0, stable: 0 };
    }
    let share = |total: i32| i64::from(total) * i64::from(weight);
    let up = pods(replicas, weight, max);
    let down = i32::try_from(share(replicas) / i64::from(max)).unwrap_or(i32::MAX);
    let zero_allowed = weight == max || weight == 0 || (replicas == 1 && surge == 0);
    let tied = |total: i32| 2 * (share(total) % i64::from(max)) == i64::from(max);
    let down_allowed = down != 0 || zero_allowed;
    let mut options = Vec::new();
    for total in [replicas, replicas + 1].into_iter().take(if surge > 0 { 2 } else { 1 }) {
        if total > replicas || up < replicas || zero_allowed {
            options.push((up, total));
        }
        if !tied(total) && down_allowed {
            options.push((down, total));
        }
    }
    // The distance from the weight, as fractions of one denominator.
    let distance = |(canary, total): &(i32, i32), other: i32| {
        let exact = i64::from(*canary) * i64::from(max) - i64::from(weight) * i64::from(*total);
        exact.abs() * i64::from(other)
    };
    let best = options
        .into_iter()
        .reduce(|best, next| if distance(&next, best.1) < distance(&best, next.1) { next } else { best });
    let (canary, total) = best.unwrap_or((0, replicas));
    Counts { canary, stable: total - canary }
}

/// What of a version counts when it is decided how much may go. Pods that are not available are ignored, unless
/// they are those that are to go.
fn to_scale_down(set: Option<Set>, all: bool) -> i32 {
    match set {
        None => 0,
        Some(set) if set.desired < set.available || all => set.desired,
        Some(set) => set.available,
    }
}

fn drained(set: Option<Set>, goal: i32, spare: i32, unchanged: i32) -> i32 {
    match set {
        Some(set) if set.desired > goal => goal.max(set.desired - spare),
        _ => unchanged,
    }
}

/// Fits the size of the version that drains and of the other one into the fence posts: the other one first, as
/// long as enough pods stay available.
fn within(
    draining: Option<Set>,
    other: Option<Set>,
    (mut drain, mut adjust): (i32, i32),
    most: i32,
    least: i32,
) -> (i32, i32) {
    let Some(other) = other else { return (drain, adjust) };
    let over = (adjust + drain - most).max(0);
    adjust -= over;
    let available = draining.map_or(0, |set| set.available.min(drain)) + other.available.min(adjust);
    let lost = (other.available - adjust).max(0);
    adjust += lost.min((least - available).max(0));
    drain -= (adjust + drain - most).max(0);
    (drain, adjust)
}

#[cfg(test)]
#[path = "sizes_tests.rs"]
mod tests;
