//! The controllers, level-triggered: a change schedules work, and work looks at the world as it is then.
//!
//! They are never called from inside a request. Owner references and namespaces are in `collect`.
//!
//! - [`pod`]: scheduler and node, with the processes behind the pods
//! - [`replicaset`], [`endpoints`]: the controllers of Kubernetes that a rollout stands on
//! - [`autoscaler`]: the controller of HorizontalPodAutoscalers, by what `crate::usage` knows of pods
//! - [`rollout`], [`analysis`]: the controllers of Argo Rollouts
//! - [`ingress`]: the address that an ingress controller publishes; [`argocd`]: the controller of Argo CD
//! - [`mod@admit`]: what is refused because nothing here would carry it out
//!
//! # What they leave out
//! There is one node with room for everything and every image except those with the tag `missing`, whose pull fails.
//! All containers are taken for the demo-app, and what a pod uses of the processor is what its first container does. ReplicaSets do not adopt pods that they did not create. Limits,
//! quotas, disruption budgets, network policies and service accounts are stored and have no effect. Events are never
//! dropped by rate, and there is none for a deleted Rollout. An aborted canary's Service is turned to and fro once a second,
//! two seconds after the abort, and not sixteen times. What happens in upstream's 15-minute resync does not happen here.

mod admit;
mod analysis;
mod argocd;
mod autoscaler;
mod endpoints;
mod ingress;
mod pod;
mod pods;
mod replicaset;
mod rollout;
mod time;
mod watch;

pub(crate) use self::admit::admit;
pub(crate) use self::analysis::duration as go_duration;
pub(crate) use self::argocd::ArgoCd;
pub(crate) use self::autoscaler::Autoscalers;
pub(crate) use self::endpoints::slice_of;
pub(crate) use self::pod::{Node, Workload, kill};
pub(crate) use self::watch::on_change;

use crate::queue::Work;
use crate::world::World;

/// Does one piece of work.
pub(crate) fn run(world: &mut World, work: Work) {
    match work {
        // Nobody is there to do it; who starts again looks at everything.
        Work::Rollout { .. } | Work::AnalysisRun { .. } if world.rollouts_down => {}
        Work::Pod { ns, name } => pod::run(world, &ns, &name),
        Work::ReplicaSet { ns, name } => replicaset::run(world, &ns, &name),
        Work::Endpoints { ns, service } => endpoints::run(world, &ns, &service),
        Work::Rollout { ns, name } => rollout::run(world, &ns, &name),
        Work::AnalysisRun { ns, name } => analysis::run(world, &ns, &name),
        Work::Autoscaler { ns, name } => autoscaler::run(world, &ns, &name),
        Work::Ingress { ns, name } => ingress::run(world, &ns, &name),
        Work::Application { name } => argocd::run(world, &name),
        // Refused at admission, or done by `collect`.
        Work::Experiment { .. } | Work::Collect | Work::Namespace { .. } => {}
    }
}
