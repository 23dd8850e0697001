//! What an ingress controller writes: the address at which it serves an Ingress.

use crate::json::json;

use crate::resource::Resource;
use crate::world::World;
use crate::write::INGRESS;

/// Publishes the address of one Ingress.
pub(super) fn run(world: &mut World, ns: &str, name: &str) {
    if world.store.get(Resource::Ingress, ns, name).is_none() {
        return;
    }
    // It was just read, and an address is valid.
    let _ = world.modify_status(
        INGRESS,
        Resource::Ingress,
        ns,
        name,
        |_| json!({"loadBalancer": {"ingress": [{"ip": "127.0.0.1"}]}}),
    );
}
