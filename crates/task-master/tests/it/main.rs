//! The integration tests of task-master: one binary, one module a subject.

mod fakes;
mod runbook;
mod runner;
