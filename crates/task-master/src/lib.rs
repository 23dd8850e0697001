//! Carries a plan out: runbook, executors, engine and the operator's verbs
