//! The one place where the cluster's verbs read the clock.

/// Now, for log lines, certificates and the reports of supervisors.
#[expect(clippy::disallowed_methods, reason = "the named clock function of the cluster's verbs")]
pub(crate) fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}
