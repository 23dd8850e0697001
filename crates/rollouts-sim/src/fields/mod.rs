//! Field ownership, as `metadata.managedFields` records it: sets of paths, the difference of two objects as sets,
//! and merging by schema. Server-side apply and plain updates both stand on this.

mod compare;
mod managers;
mod merge;
mod set;
mod step;

pub(crate) use managers::{Creation, Managers, Tracked, apply, track_creation, track_update};
pub(crate) use set::repeated_key;
