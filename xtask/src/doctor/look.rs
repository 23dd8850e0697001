//! The questions to the machine: programs and their versions, rights, packages, ports, memory, disk.

use std::path::Path;

use super::Purpose::{Host, Kind, Sim};
use super::{Finding, Purpose, at_least};
use crate::cluster::needs;
use crate::run;

/// What a gigabyte is to the PRD's minimum: a machine sold with 4 GB shows a little less.
const GIGABYTE: u64 = 1_000_000_000;

/// Looks at everything.
pub(super) fn all() -> Vec<Finding> {
    let mut findings = programs();
    findings.extend([root(), packages(), components(), ports(), kind_ports()]);
    findings.extend([processors(), memory(), disk()]);
    findings
}

/// A program that says its version.
struct Tool {
    name: &'static str,
    needed_for: &'static [Purpose],
    command: &'static [&'static str],
    least: &'static [u32],
    get: &'static str,
}

const TOOLS: &[Tool] = &[
    Tool {
        name: "rust",
        needed_for: &[Sim, Host, Kind],
        command: &["rustc", "--version"],
        least: &[1, 95],
        get: "rustup toolchain install 1.95.0 (rustup: https://rustup.rs)",
    },
    Tool {
        name: "cc",
        needed_for: &[Sim, Host, Kind],
        command: &["cc", "--version"],
        least: &[],
        get: "apt-get install --yes gcc",
    },
    Tool {
        name: "git",
        needed_for: &[Host],
        command: &["git", "--version"],
        least: &[2, 28],
        get: "apt-get install --yes git",
    },
    Tool {
        name: "docker",
        needed_for: &[Kind],
        command: &["docker", "version", "--format", "{{.Server.Version}}"],
        least: &[20, 10],
        get: "install an engine and start it: https://docs.docker.com/engine/install/",
    },
    Tool {
        name: "terraform",
        needed_for: &[Kind],
        command: &["terraform", "version"],
        least: &[1, 0],
        get: "https://developer.hashicorp.com/terraform/install",
    },
    Tool {
        name: "kubectl",
        needed_for: &[Kind],
        command: &["kubectl", "version", "--client"],
        least: &[1, 24],
        get: "cargo xtask cluster build (1.34, in the cluster's own environment), or https://kubernetes.io/docs/tasks/tools/",
    },
    Tool {
        name: "kind",
        needed_for: &[Kind],
        command: &["kind", "--version"],
        least: &[0, 31],
        get: "go install sigs.k8s.io/kind@v0.31.0",
    },
    Tool {
        name: "make",
        needed_for: &[],
        command: &["make", "--version"],
        least: &[],
        get: "apt-get install --yes make (or call cargo xtask yourself)",
    },
];

fn programs() -> Vec<Finding> {
    TOOLS.iter().map(program).collect()
}

fn program(tool: &Tool) -> Finding {
    let said = tool
        .command
        .split_first()
        .and_then(|(program, words)| run::capture(run::command(program).args(words)).ok());
    let found =
        said.and_then(|text| text.lines().map(str::trim).find(|line| !line.is_empty()).map(str::to_owned));
    let good = found.as_deref().is_some_and(|text| tool.least.is_empty() || at_least(text, tool.least));
    let numbers: Vec<String> = tool.least.iter().map(u32::to_string).collect();
    let wanted =
        if numbers.is_empty() { "any".to_owned() } else { format!("{} or later", numbers.join(".")) };
    // A client without an engine says nothing on standard output.
    let silent = || run::which(tool.name).map(|path| format!("{}, which does not answer", path.display()));
    let found = found.or_else(silent);
    let (name, needed_for, get) = (tool.name, tool.needed_for, tool.get.to_owned());
    Finding { name, needed_for, wanted, found, good, get }
}

fn root() -> Finding {
    let good = nix::unistd::geteuid().is_root();
    Finding {
        name: "root",
        needed_for: &[Host],
        wanted: "root".to_owned(),
        found: Some(format!("user {}", nix::unistd::geteuid())),
        good,
        get: "sudo -E cargo xtask cluster …".to_owned(),
    }
}

fn packages() -> Finding {
    let (there, missing) = needs::packages();
    Finding {
        name: "packages",
        needed_for: &[Host],
        wanted: "Debian's share of the cluster".to_owned(),
        found: Some(format!("{there} programs, {} missing", missing.len())),
        good: missing.is_empty(),
        get: format!("apt-get install --yes {}", missing.join(" ")),
    }
}

/// Compiled components, or Go to compile them with.
fn components() -> Finding {
    let (there, all) = needs::components();
    let go = run::which("go");
    let with = if go.is_some() { "go" } else { "no go" };
    Finding {
        name: "components",
        needed_for: &[Host],
        wanted: "compiled, or go".to_owned(),
        found: Some(format!("{there} of {all} compiled, {with}")),
        good: there == all || go.is_some(),
        get: "apt-get install --yes golang && cargo xtask cluster build".to_owned(),
    }
}

fn ports() -> Finding {
    let get = "ss --listening --tcp --udp --processes names who has them";
    let taken = needs::taken();
    free("ports", &[Host], "the host cluster's are free", "free, or its own", &taken, get)
}

fn kind_ports() -> Finding {
    let get = "export TF_VAR_http_port=8080 TF_VAR_https_port=8443";
    let taken = needs::held(&[80, 443]);
    free("kind's ports", &[Kind], "80 and 443 are free", "free", &taken, get)
}

/// What is to be free, and by whom it is taken.
fn free(
    name: &'static str,
    needed_for: &'static [Purpose],
    wanted: &str,
    so: &str,
    taken: &[String],
    get: &str,
) -> Finding {
    let found = if taken.is_empty() { so.to_owned() } else { format!("taken: {}", taken.join(", ")) };
    Finding {
        name,
        needed_for,
        wanted: wanted.to_owned(),
        found: Some(found),
        good: taken.is_empty(),
        get: get.to_owned(),
    }
}

fn processors() -> Finding {
    let number = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    Finding {
        name: "processors",
        needed_for: &[Host, Kind],
        wanted: "2".to_owned(),
        found: Some(number.to_string()),
        good: number >= 2,
        get: "a machine with 2 cores (PRD §3.1)".to_owned(),
    }
}

fn memory() -> Finding {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let of = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? * 1024)
    };
    let (total, free) = (of("MemTotal").unwrap_or(0), of("MemAvailable").unwrap_or(0));
    Finding {
        name: "memory",
        needed_for: &[Host, Kind],
        wanted: "4 GB".to_owned(),
        found: Some(format!("{:.1} GB, {:.1} GB available", in_gigabytes(total), in_gigabytes(free))),
        good: total >= 4 * GIGABYTE,
        get: "a machine with 4 GB (PRD §3.1)".to_owned(),
    }
}

/// The file system that holds the host cluster's state: what is free, and how large it is.
fn disk() -> Finding {
    let folder = needs::state();
    let there = folder.ancestors().find(|folder| folder.is_dir()).unwrap_or(Path::new("/"));
    let (total, free) = nix::sys::statvfs::statvfs(there).map_or((0, 0), |system| {
        let block = system.fragment_size();
        (system.blocks() * block, system.blocks_available() * block)
    });
    Finding {
        name: "disk",
        needed_for: &[Host, Kind],
        wanted: "20 GB, 5 GB of it free".to_owned(),
        found: Some(format!("{:.0} GB, {:.0} GB free", in_gigabytes(total), in_gigabytes(free))),
        good: total >= 20 * GIGABYTE && free >= 5 * GIGABYTE,
        get: "another disk: cargo xtask cluster up --state DIR, and XDG_CACHE_HOME=DIR".to_owned(),
    }
}

#[expect(clippy::cast_precision_loss, reason = "shown with one digit")]
fn in_gigabytes(bytes: u64) -> f64 {
    bytes as f64 / GIGABYTE as f64
}
