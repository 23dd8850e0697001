//! The account as a person reads it.

use std::fmt;

use crate::account::Account;
use crate::message::Measured;

impl fmt::Display for Account {
    /// A small table; figures that can only be zero for want of a mark are left out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let note = match self.measured() {
            Measured::Live => "",
            Measured::Modelled => " (modelled)",
        };
        row(f, "sent", self.sent(), note)?;
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
        Ok(())
    }
}

fn row(f: &mut fmt::Formatter<'_>, label: &str, n: u64, note: &str) -> fmt::Result {
    writeln!(f, "{label:<24} {n:>8}{note}")
}
