//! What a cluster can leave behind on a machine, as a value: taken before `up` and compared after `down`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::places::Places;
use super::unit::{Action, Source, Unit};
use super::{forge, iptables, process, table};
use crate::run::{self, Error};

/// Settings of the kernel that Kubernetes changes.
const SETTINGS: &[&str] = &[
    "net/ipv4/ip_forward",
    "net/ipv4/conf/all/route_localnet",
    "kernel/panic",
    "kernel/panic_on_oops",
    "vm/overcommit_memory",
    "vm/panic_on_oom",
    "kernel/keys/root_maxkeys",
    "kernel/keys/root_maxbytes",
];

/// Debian's share of the cluster; others may run them too, so what they are told decides.
const DAEMONS: &[&str] =
    &["containerd", "containerd-shim-runc-v2", "redis-server", "prometheus", "docker-registry"];

/// The state of the machine in what a cluster touches.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct World {
    /// Network interfaces.
    pub(crate) links: BTreeSet<String>,
    /// Named network namespaces.
    pub(crate) namespaces: BTreeSet<String>,
    /// Where file systems are mounted, as far as a cluster could have done it.
    pub(crate) mounts: BTreeSet<String>,
    /// Rules and chains of the packet filter.
    pub(crate) rules: BTreeSet<String>,
    /// Control groups of pods.
    pub(crate) groups: BTreeSet<String>,
    /// Processes of the cluster, as far as they can be told.
    pub(crate) processes: BTreeSet<String>,
    /// Settings of the kernel.
    pub(crate) settings: BTreeMap<String, String>,
}

impl World {
    /// Looks at the machine.
    ///
    /// # Errors
    /// When the packet filter or a list of the kernel's cannot be read.
    pub(crate) fn look(places: &Places) -> Result<World, Error> {
        let mounts = run::read_file(Path::new("/proc/self/mountinfo"))?;
        Ok(World {
            links: names("/sys/class/net"),
            namespaces: names("/run/netns"),
            mounts: mount_points(&mounts, &[places.state(), places.run(), Path::new("/run/netns")]),
            rules: iptables::rules()?,
            groups: pod_groups(),
            processes: processes(places)?,
            settings: SETTINGS.iter().filter_map(|name| Some(((*name).to_owned(), setting(name)?))).collect(),
        })
    }

    /// What is there now and was not there before, one a line.
    pub(crate) fn left_since(&self, before: &World) -> Vec<String> {
        let pairs = [
            ("interface", &self.links, &before.links),
            ("network namespace", &self.namespaces, &before.namespaces),
            ("mount", &self.mounts, &before.mounts),
            ("rule", &self.rules, &before.rules),
            ("control group", &self.groups, &before.groups),
            ("process", &self.processes, &before.processes),
        ];
        let mut left: Vec<String> = pairs
            .iter()
            .flat_map(|(kind, now, then)| now.difference(then).map(move |item| format!("{kind} {item}")))
            .collect();
        for (name, value) in &self.settings {
            if let Some(old) = before.settings.get(name).filter(|old| *old != value) {
                left.push(format!("setting {name} is {value} and was {old}"));
            }
        }
        left
    }

    /// Puts the kernel's settings back to what they were here.
    pub(crate) fn restore_settings(&self) {
        for (name, value) in &self.settings {
            if setting(name).as_ref() != Some(value) {
                // What cannot be put back is told by the comparison that follows.
                let _ = std::fs::write(Path::new("/proc/sys").join(name), value);
            }
        }
    }
}

fn setting(name: &str) -> Option<String> {
    Some(std::fs::read_to_string(Path::new("/proc/sys").join(name)).ok()?.trim().to_owned())
}

fn names(folder: &str) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

/// The mount points below some folders, from the text of `mountinfo`.
fn mount_points(text: &str, below: &[&Path]) -> BTreeSet<String> {
    let points = text.lines().filter_map(|line| line.split(' ').nth(4));
    points
        .filter(|point| below.iter().any(|folder| Path::new(point).starts_with(folder)))
        .map(str::to_owned)
        .collect()
}

/// The folders of pods' control groups: version 1 has one for each controller, version 2 one for all.
pub(crate) fn pod_groups() -> BTreeSet<String> {
    let own = std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let mut groups = BTreeSet::new();
    let roots = names("/sys/fs/cgroup").into_iter().map(|name| format!("/sys/fs/cgroup/{name}"));
    for root in roots.chain(["/sys/fs/cgroup".to_owned()]) {
        let nested = own.lines().filter_map(|line| line.rsplit(':').next());
        for prefix in nested.chain(["/"]) {
            let group = format!("{root}{}/kubepods", prefix.trim_end_matches('/'));
            groups.extend(Path::new(&group).is_dir().then_some(group));
        }
    }
    groups
}

/// Processes that run one of the units, or hold one of the cluster's folders in their arguments.
fn processes(places: &Places) -> Result<BTreeSet<String>, Error> {
    let mut programs = BTreeSet::new();
    for node in table::nodes(places) {
        let Action::Run(Unit { source, .. }) = node.action else { continue };
        match source {
            Source::Go(program) => programs.insert(program.file()?),
            Source::Unprivileged(program) => programs.insert(forge::program(places, program)),
            Source::Debian(_) | Source::Own => continue,
        };
    }
    let mine = process::ancestry();
    let folders = [places.state(), places.run()].map(|folder| folder.display().to_string());
    let ours = |pid: i32, words: &[String]| {
        let program = std::fs::read_link(format!("/proc/{pid}/exe")).unwrap_or_default();
        let name = words.first().and_then(|word| word.rsplit('/').next()).unwrap_or("");
        programs.contains(&program)
            || words.windows(2).any(|pair| {
                pair[0] == "cluster" && ["supervise", "git-http", "targets"].contains(&pair[1].as_str())
            })
            || (DAEMONS.contains(&name)
                && words.iter().any(|word| folders.iter().any(|folder| word.contains(folder))))
    };
    let all = process::all().into_iter();
    let ours = all.filter(|(process, words)| !mine.contains(&process.pid) && ours(process.pid, words));
    Ok(ours
        .map(|(process, words)| format!("{} {}", process.pid, words.first().cloned().unwrap_or_default()))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_there_before_is_not_left_behind_and_the_rest_is_named() {
        let set = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<BTreeSet<_>>();
        let before = World {
            links: set(&["lo"]),
            settings: BTreeMap::from([("net/ipv4/ip_forward".to_owned(), "0".to_owned())]),
            ..World::default()
        };
        let mut after = before.clone();
        assert_eq!(after.left_since(&before), Vec::<String>::new());
        after.links = set(&["lo", "bgc0"]);
        after.mounts = set(&["/run/netns/bgc"]);
        after.settings.insert("net/ipv4/ip_forward".to_owned(), "1".to_owned());
        assert_eq!(
            after.left_since(&before),
            ["interface bgc0", "mount /run/netns/bgc", "setting net/ipv4/ip_forward is 1 and was 0"]
        );
    }

    #[test]
    fn only_mounts_below_the_clusters_folders_count() {
        let text = "24 1 0:1 / /proc rw - proc proc rw\n\
                    25 1 0:2 / /var/lib/x/host/data/kubelet/pods/1 rw - tmpfs tmpfs rw\n\
                    26 1 0:3 / /var/lib/x/hostile rw - tmpfs tmpfs rw\n";
        assert_eq!(
            mount_points(text, &[Path::new("/var/lib/x/host")]),
            BTreeSet::from(["/var/lib/x/host/data/kubelet/pods/1".to_owned()])
        );
    }
}
