//! What a fresh cluster already holds.

use serde_json::json;

use crate::resource::Resource;
use crate::world::World;
use crate::write::Writer;

/// Creates the namespaces of every cluster.
pub(crate) fn fill(world: &mut World) {
    for name in ["default", "kube-node-lease", "kube-public", "kube-system"] {
        let namespace = json!({"metadata": {"name": name}});
        // The names are valid and the store is empty: this cannot be refused.
        let _ = world.create(Writer::named("kube-apiserver"), Resource::Namespace, namespace);
    }
}
