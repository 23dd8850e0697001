//! The integration tests of task-master: one binary, one module a subject.

mod api;
mod automation;
mod bad_input;
mod bench;
mod crash;
mod explain;
mod fakes;
mod forms;
mod hostile;
mod interrupt;
mod kubectl;
mod lint;
mod mutation;
mod operator;
mod phase1;
mod phase2;
mod phase3;
mod reference;
mod release;
mod resume;
mod runbook;
mod runner;
mod simulate;
mod terraform;
mod tools;
