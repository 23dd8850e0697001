//! The table of the cluster: which units run with which arguments, which steps are done, and what needs what.

mod configs;
mod delivery;
mod forge;
mod kubernetes;
mod observe;

use std::collections::BTreeSet;

#[cfg(test)]
pub(crate) use self::configs::prometheus;
pub(crate) use self::configs::{PAUSE_IMAGE, write as write_configs};
use super::places::Places;
use super::unit::{Action, Health, Manifest, Node, Part, Source, Step, Unit};

/// Every node, in an order in which each stands after what it needs.
pub(crate) fn nodes(places: &Places) -> Vec<Node> {
    let mut nodes = kubernetes::nodes(places);
    nodes.extend(delivery::nodes(places));
    nodes.extend(observe::nodes(places));
    nodes.extend(forge::nodes(places));
    nodes
}

/// The nodes of some parts; without one, those of a whole cluster. The cluster itself always belongs to them.
pub(crate) fn of_parts(places: &Places, parts: &[Part]) -> Vec<Node> {
    let mut wanted: BTreeSet<Part> = parts.iter().copied().collect();
    wanted.insert(Part::Cluster);
    let is_wanted = |part: Part| if parts.is_empty() { !part.is_extra() } else { wanted.contains(&part) };
    nodes(places).into_iter().filter(|node| is_wanted(node.part)).collect()
}

fn unit(name: &'static str, part: Part, needs: &'static [&'static str], unit: Unit) -> Node {
    Node { name, part, needs, action: Action::Run(unit) }
}

fn step(name: &'static str, part: Part, needs: &'static [&'static str], step: Step) -> Node {
    Node { name, part, needs, action: Action::Do(step) }
}

fn apply(name: &'static str, part: Part, manifests: Vec<Manifest>) -> Node {
    step(name, part, &["kube-apiserver"], Step::Apply(manifests))
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::cluster::certificates::IDENTITIES;

    fn table() -> Vec<Node> {
        nodes(&Places::new(Some(std::path::Path::new("/state"))))
    }

    #[test]
    fn names_are_unique_and_each_need_stands_before_and_in_the_same_part_or_the_cluster() {
        let mut seen: BTreeMap<&str, Part> = BTreeMap::new();
        for node in table() {
            for need in node.needs {
                let part = seen
                    .get(need)
                    .unwrap_or_else(|| panic!("{} needs {need}, which is not before", node.name));
                assert!(
                    *part == node.part || *part == Part::Cluster,
                    "{} needs {need} of another part",
                    node.name
                );
            }
            assert!(seen.insert(node.name, node.part).is_none(), "{} twice", node.name);
        }
    }

    #[test]
    fn no_unit_is_cluster_admin() {
        let admin = ["admin", "/state/kubeconfig"].map(str::to_owned);
        for node in table() {
            let Action::Run(unit) = node.action else { continue };
            let text = format!("{:?} {:?}", unit.arguments, unit.environment);
            assert!(!text.contains("admin.kubeconfig") && !text.contains(&admin[1]), "{}: {text}", node.name);
        }
    }

    #[test]
    fn every_kubeconfig_that_is_named_belongs_to_an_identity() {
        for node in table() {
            let Action::Run(unit) = node.action else { continue };
            let values = unit.arguments.iter().chain(unit.environment.iter().map(|(_, value)| value));
            for value in values.filter_map(|value| value.strip_suffix(".kubeconfig")) {
                let name = value.rsplit('/').next().unwrap_or(value);
                assert!(IDENTITIES.iter().any(|identity| identity.name == name), "{}: {name}", node.name);
            }
        }
    }

    #[test]
    fn one_part_brings_the_cluster_and_no_other_part() {
        let places = Places::new(Some(std::path::Path::new("/state")));
        let parts: BTreeSet<Part> = of_parts(&places, &[Part::Dns]).iter().map(|node| node.part).collect();
        assert_eq!(parts, BTreeSet::from([Part::Cluster, Part::Dns]));
    }

    #[test]
    fn a_whole_cluster_is_all_but_what_must_be_asked_for() {
        let places = Places::new(Some(std::path::Path::new("/state")));
        let of = |parts: &[Part]| -> BTreeSet<&str> {
            of_parts(&places, parts).iter().map(|node| node.name).collect()
        };
        let extra: BTreeSet<&str> = of(&[Part::Forge]).difference(&of(&[Part::Cluster])).copied().collect();
        assert_eq!(extra, BTreeSet::from(["forge", "forge-home", "forge-objects"]));
        let whole = of(&[]);
        assert!(extra.is_disjoint(&whole), "{whole:?}");
        assert_eq!(whole.len() + extra.len(), nodes(&places).len());
    }

    #[test]
    fn nothing_is_told_to_listen_on_every_address() {
        for node in table() {
            let Action::Run(unit) = node.action else { continue };
            let text = unit.arguments.join(" ");
            assert!(!text.contains("0.0.0.0") && !text.contains("::"), "{}: {text}", node.name);
        }
    }
}
