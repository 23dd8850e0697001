//! The packet filter's rules that a cluster makes, and how they are taken away again.
//!
//! kube-proxy, the kubelet and the network plugins make chains of their own and jump to them from the
//! kernel's. All of them can be told by their names, so a pure function of what is there gives the exact
//! list of what to delete, and the rules of others are not touched.

use std::collections::BTreeSet;

use crate::run::{self, Error};

/// Both families, each by the program that saves and the one that restores.
const FAMILIES: &[(&str, &str)] =
    &[("iptables-save", "iptables-restore"), ("ip6tables-save", "ip6tables-restore")];

/// Every rule and chain of both families, one a line, without counters.
pub(crate) fn rules() -> Result<BTreeSet<String>, Error> {
    let mut rules = BTreeSet::new();
    for (save, _) in FAMILIES {
        if run::which(save).is_some() {
            rules.extend(lines(save, &run::capture(&mut run::command(save))?));
        }
    }
    Ok(rules)
}

/// Takes away what a cluster made.
///
/// # Errors
/// When the packet filter refuses.
pub(crate) fn clean() -> Result<(), Error> {
    for (save, restore) in FAMILIES {
        if run::which(save).is_none() {
            continue;
        }
        let script = removal(&run::capture(&mut run::command(save))?);
        if !script.is_empty() {
            run::feed(run::command(restore).args(["--noflush", "--wait"]), script.as_bytes())?;
        }
    }
    Ok(())
}

fn lines(program: &str, saved: &str) -> Vec<String> {
    let mut table = "";
    let mut lines = Vec::new();
    for line in saved.lines() {
        match line.chars().next() {
            Some('*') => table = line,
            // A chain of the kernel's has a policy; one of ours has a dash.
            Some(':') if line.contains(" - ") => {
                lines.push(format!("{program} {table} {}", line.split(' ').next().unwrap_or(line)));
            }
            Some('-') => lines.push(format!("{program} {table} {line}")),
            _ => {}
        }
    }
    lines
}

/// What to feed to `iptables-restore --noflush` so that nothing of a cluster is left.
fn removal(saved: &str) -> String {
    let mut script = String::new();
    let (mut table, mut deletions, mut chains) = ("", Vec::new(), Vec::new());
    for row in saved.lines() {
        if let Some(name) = row.strip_prefix('*') {
            table = name;
        } else if let Some(chain) = row.strip_prefix(':').and_then(|row| row.split(' ').next()) {
            chains.extend(ours(chain).then_some(chain));
        } else if let Some(rule) = row.strip_prefix("-A ") {
            let mut words = rule.split(' ');
            let in_ours = words.next().is_some_and(ours);
            deletions.extend((!in_ours && words.any(ours)).then_some(rule));
        } else if row == "COMMIT" && !(chains.is_empty() && deletions.is_empty()) {
            script.push_str(&format!("*{table}\n"));
            deletions.drain(..).for_each(|rule| script.push_str(&format!("-D {rule}\n")));
            chains.iter().for_each(|chain| script.push_str(&format!("-F {chain}\n")));
            chains.drain(..).for_each(|chain| script.push_str(&format!("-X {chain}\n")));
            script.push_str("COMMIT\n");
        }
    }
    script
}

fn ours(chain: &str) -> bool {
    ["KUBE-", "CNI-"].iter().any(|prefix| chain.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAVED: &str = "# Generated\n*nat\n:PREROUTING ACCEPT [0:0]\n:POSTROUTING ACCEPT [5:60]\n\
        :KUBE-SERVICES - [0:0]\n:CNI-0a - [0:0]\n:MINE - [0:0]\n\
        -A PREROUTING -m comment --comment \"kubernetes service portals\" -j KUBE-SERVICES\n\
        -A PREROUTING -j MINE\n-A POSTROUTING -s 10.244.0.2/32 -m comment --comment \"a b\" -j CNI-0a\n\
        -A KUBE-SERVICES -d 10.96.0.1/32 -j KUBE-SVC-X\n-A MINE -j RETURN\nCOMMIT\n\
        *filter\n:INPUT ACCEPT [0:0]\n-A INPUT -s 10.0.0.1/32 -j DROP\nCOMMIT\n";

    #[test]
    fn what_others_made_stays() {
        assert_eq!(
            removal(SAVED),
            "*nat\n-D PREROUTING -m comment --comment \"kubernetes service portals\" -j KUBE-SERVICES\n\
             -D POSTROUTING -s 10.244.0.2/32 -m comment --comment \"a b\" -j CNI-0a\n\
             -F KUBE-SERVICES\n-F CNI-0a\n-X KUBE-SERVICES\n-X CNI-0a\nCOMMIT\n"
        );
        assert_eq!(removal("*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -j DROP\nCOMMIT\n"), "");
    }

    #[test]
    fn a_rule_is_named_with_its_table_and_without_its_counters() {
        let lines = lines("iptables-save", SAVED);
        assert!(lines.contains(&"iptables-save *nat :KUBE-SERVICES".to_owned()), "{lines:?}");
        assert!(lines.contains(&"iptables-save *filter -A INPUT -s 10.0.0.1/32 -j DROP".to_owned()));
        assert!(!lines.iter().any(|line| line.contains("PREROUTING ACCEPT")));
    }
}
