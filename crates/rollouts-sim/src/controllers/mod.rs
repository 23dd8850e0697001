//! The controllers, level-triggered: a change schedules work, and work looks at the world as it is then.
//!
//! They are never called from inside a request. Owner references and namespaces are in `collect`.

use crate::queue::{Queue, Work};
use crate::store::{Change, Store};
use crate::world::World;

/// Schedules what has to be looked at again after a change. `queue.now()` is the present moment.
pub(crate) fn on_change(_queue: &mut Queue, _store: &Store, _change: &Change) {}

/// Does one piece of work.
pub(crate) fn run(_world: &mut World, _work: Work) {}
