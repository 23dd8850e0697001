//! The matching itself, in rounds; each round takes what the ones before have left.

use std::collections::{HashMap, HashSet};

use super::{Carried, Changes, Known};
use crate::slug::slug;

/// Token overlap from which a title counts as similar.
const SIMILAR: f64 = 0.6;
/// Pairs of one place that are compared by similarity at most; beyond, everything there is new or gone.
const PAIRS: usize = 250_000;

pub(super) fn compare(before: &[Known], after: &[Known]) -> Changes {
    let mut rounds = Rounds::new(before, after);
    let mut changes = rounds.same_id();
    rounds.same_title(|known| format!("{:016x}", known.spec));
    rounds.same_title(|known| slug(&known.title));
    let certain = rounds.pairs.len();
    rounds.similar_title();
    for (index, &(old, new)) in rounds.pairs.iter().enumerate() {
        let (from, to) = (before[old].clone(), after[new].clone());
        let list = if from.place == to.place { &mut changes.renamed } else { &mut changes.moved };
        list.push(Carried { from, to, proposed: index >= certain });
    }
    changes.removed.extend(rounds.old.iter().map(|&old| before[old].clone()));
    changes.added.extend(rounds.new.iter().map(|&new| after[new].clone()));
    changes
}

struct Rounds<'k> {
    before: &'k [Known],
    after: &'k [Known],
    /// Indices that no round has matched yet, in order.
    old: Vec<usize>,
    new: Vec<usize>,
    /// Matched pairs of old and new indices.
    pairs: Vec<(usize, usize)>,
}

/// Old and new indices that share a key.
type Group = (Vec<usize>, Vec<usize>);

impl<'k> Rounds<'k> {
    fn new(before: &'k [Known], after: &'k [Known]) -> Self {
        let (old, new) = ((0..before.len()).collect(), (0..after.len()).collect());
        Rounds { before, after, old, new, pairs: Vec::new() }
    }

    fn same_id(&mut self) -> Changes {
        let ids: HashMap<&str, usize> =
            self.before.iter().enumerate().map(|(index, known)| (known.id.as_str(), index)).collect();
        let mut changes = Changes::default();
        let mut kept = HashSet::new();
        self.new.retain(|&new| {
            let known = &self.after[new];
            let Some(&old) = ids.get(known.id.as_str()) else { return true };
            kept.insert(old);
            if self.before[old].spec != known.spec {
                changes.changed.push(known.id.clone());
            }
            changes.kept.push(known.clone());
            false
        });
        self.old.retain(|old| !kept.contains(old));
        changes
    }

    /// Matches by a key that has to be equal; where several have it, by the place that shares most.
    fn same_title(&mut self, key: impl Fn(&Known) -> String) {
        let groups = self.groups(key);
        let shared = self.shared(&groups);
        let mut found = Vec::new();
        for (old, new) in &groups {
            match (old.as_slice(), new.as_slice()) {
                ([old], [new]) => found.push((*old, *new)),
                _ => self.by_place(old, new, &shared, &mut found),
            }
        }
        self.take(found);
    }

    /// Groups with members on both sides, in the order of the old document.
    fn groups(&self, key: impl Fn(&Known) -> String) -> Vec<Group> {
        let mut index = HashMap::new();
        let mut groups: Vec<Group> = Vec::new();
        for &old in &self.old {
            let at = *index.entry(key(&self.before[old])).or_insert_with(|| {
                groups.push((Vec::new(), Vec::new()));
                groups.len() - 1
            });
            groups[at].0.push(old);
        }
        for &new in &self.new {
            if let Some(&at) = index.get(&key(&self.after[new])) {
                groups[at].1.push(new);
            }
        }
        groups.retain(|(_, new)| !new.is_empty());
        groups
    }

    /// For each pair of places, how many keys they have in common.
    fn shared(&self, groups: &[Group]) -> HashMap<(&'k str, &'k str), usize> {
        let mut shared = HashMap::new();
        for (old, new) in groups.iter().filter(|(old, new)| old.len() * new.len() <= 64) {
            let pairs: HashSet<_> = old
                .iter()
                .flat_map(|&o| new.iter().map(move |&n| (o, n)))
                .map(|(o, n)| self.places(o, n))
                .collect();
            for pair in pairs {
                *shared.entry(pair).or_insert(0) += 1;
            }
        }
        shared
    }

    fn places(&self, old: usize, new: usize) -> (&'k str, &'k str) {
        (&self.before[old].place, &self.after[new].place)
    }

    /// Matches places one to one where each is the other's best, then their members in order.
    fn by_place(
        &self,
        old: &[usize],
        new: &[usize],
        shared: &HashMap<(&str, &str), usize>,
        found: &mut Vec<(usize, usize)>,
    ) {
        let mut olds: HashMap<&str, Vec<usize>> = HashMap::new();
        let mut news: HashMap<&str, Vec<usize>> = HashMap::new();
        for &index in old {
            olds.entry(&self.before[index].place).or_default().push(index);
        }
        for &index in new {
            news.entry(&self.after[index].place).or_default().push(index);
        }
        if olds.len() * news.len() > PAIRS {
            return;
        }
        let score =
            |a: &str, b: &str| if a == b { usize::MAX } else { shared.get(&(a, b)).copied().unwrap_or(0) };
        for (&place, members) in &olds {
            let Some(other) = best(news.keys().copied(), |other| score(place, other)) else { continue };
            if best(olds.keys().copied(), |place| score(place, other)) != Some(place) {
                continue;
            }
            // Members of different number may be any of them: no guess.
            if members.len() == news[other].len() {
                found.extend(members.iter().copied().zip(news[other].iter().copied()));
            }
        }
        found.sort_unstable();
    }

    /// Matches titles that share most of their words, in the same place, where neither has a rival.
    fn similar_title(&mut self) {
        let mut places: HashMap<&str, Group> = HashMap::new();
        for &old in &self.old {
            places.entry(&self.before[old].place).or_default().0.push(old);
        }
        for &new in &self.new {
            places.entry(&self.after[new].place).or_default().1.push(new);
        }
        let mut found = Vec::new();
        for (old, new) in places.values().filter(|(old, new)| old.len() * new.len() <= PAIRS) {
            let olds: Vec<_> = old.iter().map(|&old| tokens(&self.before[old].title)).collect();
            let news: Vec<_> = new.iter().map(|&new| tokens(&self.after[new].title)).collect();
            for (o, left) in olds.iter().enumerate() {
                let mut close = news.iter().enumerate().filter(|(_, right)| dice(left, right) >= SIMILAR);
                let (Some((n, right)), None) = (close.next(), close.next()) else { continue };
                if olds.iter().filter(|other| dice(other, right) >= SIMILAR).count() == 1 {
                    found.push((old[o], new[n]));
                }
            }
        }
        found.sort_unstable();
        self.take(found);
    }

    fn take(&mut self, found: Vec<(usize, usize)>) {
        let olds: HashSet<_> = found.iter().map(|(old, _)| *old).collect();
        let news: HashSet<_> = found.iter().map(|(_, new)| *new).collect();
        self.old.retain(|old| !olds.contains(old));
        self.new.retain(|new| !news.contains(new));
        self.pairs.extend(found);
    }
}

/// The only candidate with the highest score above zero.
fn best<'a>(candidates: impl Iterator<Item = &'a str>, score: impl Fn(&str) -> usize) -> Option<&'a str> {
    let mut best = None;
    let mut highest = 0;
    for candidate in candidates {
        let score = score(candidate);
        if score > highest {
            (best, highest) = (Some(candidate), score);
        } else if score == highest {
            best = None;
        }
    }
    best
}

fn tokens(title: &str) -> HashSet<String> {
    slug(title).split('-').map(str::to_owned).collect()
}

/// Sørensen-Dice coefficient of two sets of words.
fn dice(left: &HashSet<String>, right: &HashSet<String>) -> f64 {
    let common = u32::try_from(left.intersection(right).count()).unwrap_or(u32::MAX);
    let all = u32::try_from(left.len() + right.len()).unwrap_or(u32::MAX);
    2.0 * f64::from(common) / f64::from(all.max(1))
}
