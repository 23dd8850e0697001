//! A script in a namespace of its own, so that several run beside each other on one cluster.
//!
//! The transcript is the same as in the script's own namespace: nothing in it names a namespace, and hosts are told as
//! the script has them.

use std::sync::Arc;

use futures::future::BoxFuture;
use traffic_probe::{Answer, Load, Measured, NoServerAccount, Requests, RunningLoad, ServerAccount};

use crate::manifest::host_in;
use crate::run::World;
use crate::script::Script;

/// Moves a script, and the world as it sees it, into a namespace. Everything that the script applies moves too
/// ([`crate::manifest::adopt`]).
pub fn move_to(namespace: &str, script: &mut Script, world: &mut World) {
    script.rollout.namespace = namespace.to_owned();
    let requests = Arc::clone(&world.requests);
    world.requests = Arc::new(Moved { requests, namespace: namespace.to_owned() });
}

/// Requests to the hosts of a namespace, by the names that a script has for them.
struct Moved {
    requests: Arc<dyn Requests>,
    namespace: String,
}

impl Requests for Moved {
    fn send(&self, host: &str, path: &str) -> BoxFuture<'_, Answer> {
        self.requests.send(&host_in(&self.namespace, host), path)
    }

    fn start(&self, load: Load) -> Box<dyn RunningLoad> {
        self.requests.start(Load { host: host_in(&self.namespace, &load.host), ..load })
    }

    fn kind(&self) -> Measured {
        self.requests.kind()
    }

    fn server_account(&self) -> BoxFuture<'_, Result<ServerAccount, NoServerAccount>> {
        self.requests.server_account()
    }
}
