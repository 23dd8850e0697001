//! The account as a person reads it.

use std::fmt;

use crate::account::{Account, Millis, Tally};
use crate::message::{Kind, Measured};

impl fmt::Display for Account {
    /// A small table; figures that can only be zero for want of a mark are left out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let note = match self.measured() {
            Measured::Live => "",
            Measured::Modelled => " (modelled)",
        };
        row(f, "sent", self.sent(), note)?;
        kinds(f, self)?;
        row(f, "answered", self.answered(), "")?;
        for (version, n) in self.by_version() {
            row(f, &format!("  by {version}"), n, "")?;
        }
        row(f, "late", self.late(), &format!(" (> {} ms)", self.late_limit().as_millis()))?;
        row(f, "lost", self.lost(), "")?;
        for (cause, n) in self.lost_by_cause() {
            row(f, &format!("  {cause}"), n, "")?;
        }
        for (label, n) in [("under way", self.under_way()), ("doubled", self.doubled())] {
            if n > 0 {
                row(f, label, n, "")?;
            }
        }
        if self.switches() > 0 {
            row(f, "back to another version", self.regressions(), "")?;
        }
        times(f, self)
    }
}

/// The kinds of requests, when there is more than the usual one.
fn kinds(f: &mut fmt::Formatter<'_>, account: &Account) -> fmt::Result {
    let kinds = account.by_kind();
    if kinds.keys().all(|kind| *kind == Kind::default()) {
        return Ok(());
    }
    for (kind, Tally { sent, lost, .. }) in kinds {
        let note = if lost > 0 { format!(" ({lost} lost)") } else { String::new() };
        row(f, &format!("  {kind}"), sent, &note)?;
    }
    Ok(())
}

fn times(f: &mut fmt::Formatter<'_>, account: &Account) -> fmt::Result {
    if let Some(latency) = account.latency() {
        let (p50, p99, max) = (Millis(latency.p50), Millis(latency.p99), Millis(latency.max));
        writeln!(f, "latency: p50 {p50}, p99 {p99}, max {max}")?;
    }
    if let Some(lag) = account.lag() {
        let (p99_9, max) = (Millis(lag.p99_9), Millis(lag.max));
        writeln!(f, "sender's own lag: p99.9 {p99_9}, max {max}")?;
    }
    let validity = account.validity();
    if validity.is_valid() { Ok(()) } else { writeln!(f, "{validity}") }
}

fn row(f: &mut fmt::Formatter<'_>, label: &str, n: u64, note: &str) -> fmt::Result {
    writeln!(f, "{label:<24} {n:>8}{note}")
}
