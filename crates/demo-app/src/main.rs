//! The workload of every demonstration and test: versions, health, faults and a graceful stop

fn main() {}
