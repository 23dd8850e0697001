//! What an object of each kind looks like: pruning, defaults, validation.

use serde_json::Value;

use crate::refusal::Refusal;
use crate::resource::Resource;
use crate::world::World;

/// Makes `object` what the API server would store: pruned, defaulted, validated. `old` is the present object when
/// this is an update.
pub(crate) fn admit(
    _world: &mut World,
    _resource: Resource,
    _object: &mut Value,
    _old: Option<&Value>,
) -> Result<(), Refusal> {
    Ok(())
}
