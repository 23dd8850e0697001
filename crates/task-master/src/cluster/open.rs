//! Opening the cluster of a target.

use super::Cluster;
use crate::context::Context;
use crate::fault::Fault;
use crate::runbook::Root;
use crate::target::Target;

/// Opens the cluster of the context's target. Needs a runtime.
pub(crate) async fn open(context: &Context, root: &Root) -> Result<Cluster, Fault> {
    let _ = root;
    match &context.target {
        Target::Sim => Err(Fault::permanent("the simulated cluster is not there yet")),
        other => Err(Fault::permanent(format!("target {other} is not there yet"))),
    }
}
