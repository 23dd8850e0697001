//! `cluster down`: everything ends, and then a look whether anything is left.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use super::places::Places;
use super::process::{self, Process};
use super::world::{self, World};
use super::{iptables, network, pace, supervise, up};
use crate::run::{self, Error};

/// These end last: the others want to write to them to the end, and the pods belong to the first.
const LAST: &[&str] = &["containerd", "kube-apiserver"];
/// This one ends after them: the API server waits for it when it ends.
const STORE: &str = "etcd";

/// Ends everything and keeps only the logs; a cluster that is not up is no error.
///
/// # Errors
/// What is left although it was taken away, one a line.
pub(crate) fn down(places: &Places) -> Result<(), Error> {
    super::requirements::root()?;
    if !places.state().is_dir() {
        run::say("down: there is no state of a cluster");
        return Ok(());
    }
    let start = Instant::now();
    let _lock = up::lock(places)?;
    let before = before(places);
    let names = units(places);
    let first: Vec<&str> =
        names.iter().map(String::as_str).filter(|name| *name != STORE && !LAST.contains(name)).collect();
    supervise::stop(places, &first);
    end_pods(places);
    supervise::stop(places, LAST);
    supervise::stop(places, &[STORE]);
    clean(places, before.as_ref())?;
    let after = World::look(places)?;
    let left = after.left_since(&before.unwrap_or_else(|| harmless(places, &after)));
    remove_state(places)?;
    if left.is_empty() {
        run::say(&format!("down after {:.1} s; nothing is left", start.elapsed().as_secs_f64()));
        Ok(())
    } else {
        Err(Error::Found(format!("left behind:\n  {}", left.join("\n  "))))
    }
}

fn before(places: &Places) -> Option<World> {
    serde_json::from_slice(&std::fs::read(up::before_file(places)).ok()?).ok()
}

/// Where nobody looked before `up`, what cannot be a cluster's is taken for having been there.
fn harmless(places: &Places, now: &World) -> World {
    let mut before = World { processes: BTreeSet::new(), ..now.clone() };
    before.mounts.retain(|point| !is_own(places, point));
    let ours = ["KUBE-", "CNI-"];
    before.rules.retain(|rule| !ours.iter().any(|prefix| rule.contains(prefix)));
    before
}

/// Every unit that a supervisor was ever told of.
fn units(places: &Places) -> Vec<String> {
    let entries = std::fs::read_dir(places.units()).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| Some(entry.file_name().to_str()?.strip_suffix(".spec.json")?.to_owned()))
        .collect()
}

/// Ends the pods' processes and what holds them. Nothing is asked of the container runtime: its whole store
/// is thrown away next, and asking costs a process for each container.
fn end_pods(places: &Places) {
    let socket = places.containerd().display().to_string();
    let shims: Vec<Process> = process::all()
        .into_iter()
        .filter(|(_, words)| {
            words.first().is_some_and(|word| word.ends_with("containerd-shim-runc-v2"))
                && words.contains(&socket)
        })
        .map(|(process, _)| process)
        .collect();
    let pods: Vec<Process> = shims.iter().flat_map(|shim| descendants(shim.pid)).collect();
    pods.iter().chain(&shims).for_each(|process| process.signal(Signal::SIGKILL));
    let ends: Vec<Process> = pods.into_iter().chain(shims).collect();
    pace::until(Duration::from_secs(5), || !ends.iter().any(Process::runs));
}

/// The processes below one, found by their parents.
fn descendants(pid: i32) -> Vec<Process> {
    let children = process::children(pid);
    children.iter().copied().chain(children.iter().flat_map(|child| descendants(child.pid))).collect()
}

/// Takes away mounts, links, rules, control groups and files outside of the state folder.
fn clean(places: &Places, before: Option<&World>) -> Result<(), Error> {
    let now = World::look(places)?;
    let nothing = BTreeSet::new();
    let known = before.map_or(&nothing, |before| &before.namespaces);
    network::delete_namespaces(now.namespaces.difference(known).filter(|name| name.starts_with("cni-")));
    network::down();
    for point in to_unmount(&World::look(places)?, before, places) {
        let _ = run::capture(run::command("umount").args(["--lazy", &point]));
    }
    iptables::clean()?;
    for group in world::pod_groups() {
        remove_groups(Path::new(&group));
    }
    if let Some(before) = before {
        before.restore_settings();
    }
    remove_traces(places);
    Ok(())
}

/// The mounts of the cluster, the deepest first. Where nobody looked before `up`, the mount of a network
/// namespace may be somebody else's and stays.
fn to_unmount(now: &World, before: Option<&World>, places: &Places) -> Vec<String> {
    let ours = |point: &String| match before {
        Some(before) => !before.mounts.contains(point),
        None => is_own(places, point),
    };
    now.mounts.iter().rev().filter(|point| ours(point)).cloned().collect()
}

/// Whether a mount point lies in a folder of the cluster's; the one for named namespaces is everybody's.
fn is_own(places: &Places, point: &str) -> bool {
    [places.state(), places.run()].iter().any(|folder| Path::new(point).starts_with(folder))
}

/// A control group can only be removed when it has no other below it.
fn remove_groups(group: &Path) {
    for entry in std::fs::read_dir(group).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            remove_groups(&entry.path());
        }
    }
    let _ = std::fs::remove_dir(group);
}

/// What components write to fixed places: network results by container, links to logs, sockets of plugins.
fn remove_traces(places: &Places) {
    let folder =
        |name: &str| std::fs::read_dir(name).into_iter().flatten().flatten().map(|entry| entry.path());
    let results = folder("/var/lib/cni/results")
        .filter(|path| std::fs::read_to_string(path).is_ok_and(|text| text.contains(super::places::BRIDGE)));
    let logs = folder("/var/log/containers")
        .filter(|path| std::fs::read_link(path).is_ok_and(|target| target.starts_with(places.state())));
    let sockets = folder("/var/lib/kubelet/device-plugins");
    for path in results.chain(logs).chain(sockets) {
        let _ = std::fs::remove_file(path);
    }
    for name in [
        "/var/lib/cni/results",
        "/var/lib/cni/cache",
        "/var/lib/cni",
        "/var/log/containers",
        "/var/lib/kubelet/device-plugins",
        "/var/lib/kubelet",
        "/run/containerd/s",
        "/run/containerd",
    ] {
        // Only what is empty goes.
        let _ = std::fs::remove_dir(name);
    }
    let _ = std::fs::remove_dir_all(places.run());
}

/// Everything but the logs and the lock that is held.
fn remove_state(places: &Places) -> Result<(), Error> {
    for name in ["data", "config", "pki", "units", "bin"] {
        let folder = places.state().join(name);
        if folder.exists() {
            std::fs::remove_dir_all(&folder).map_err(|source| Error::file("remove", &folder, source))?;
        }
    }
    for file in [places.kubeconfig(), places.environment(), up::before_file(places)] {
        let _ = std::fs::remove_file(file);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_mounted_before_stays_mounted() {
        let places = Places::new(Some(Path::new("/state")));
        let mounts = |points: &[&str]| World {
            mounts: points.iter().map(|point| (*point).to_owned()).collect(),
            ..World::default()
        };
        let now =
            mounts(&["/run/netns", "/run/netns/cni-1", "/state/data/kubelet", "/state/data/kubelet/pods/a"]);
        let before = mounts(&["/run/netns"]);
        assert_eq!(
            to_unmount(&now, Some(&before), &places),
            ["/state/data/kubelet/pods/a", "/state/data/kubelet", "/run/netns/cni-1"]
        );
        assert_eq!(to_unmount(&now, None, &places), ["/state/data/kubelet/pods/a", "/state/data/kubelet"]);
    }

    #[test]
    fn without_a_look_before_only_what_is_a_clusters_counts_as_left() {
        let set = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<BTreeSet<_>>();
        let now = World {
            rules: set(&["iptables-save *nat :KUBE-SERVICES", "iptables-save *filter -A INPUT -j DROP"]),
            processes: set(&["7 etcd"]),
            links: set(&["eth0"]),
            mounts: set(&["/run/netns", "/state/data/kubelet"]),
            ..World::default()
        };
        assert_eq!(
            now.left_since(&harmless(&Places::new(Some(Path::new("/state"))), &now)),
            ["mount /state/data/kubelet", "rule iptables-save *nat :KUBE-SERVICES", "process 7 etcd"]
        );
    }
}
