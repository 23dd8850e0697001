//! What is to be done and what has happened: task graph, event log, queries and reports.
//!
//! The status of a task is never a field that somebody sets. It is a fold ([`State::fold`]) over one append-only
//! log of [`Event`]s ([`Store`]), judged by one table of legal moves ([`transition`]). Whoever changes something
//! records an event through a [`Ledger`], which refuses an illegal one before it reaches the disk.
//!
//! Nothing in here knows Kubernetes, starts a process, or reads the clock outside [`clock`], or looks at a terminal outside
//! [`terminal`].

pub mod actor;
pub mod api;
pub mod clock;
pub mod commit;
pub mod completions;
pub mod doc;
pub mod event;
pub mod exit;
pub mod graph;
pub mod known;
pub mod ledger;
pub mod lock;
pub mod man;
pub mod nearest;
pub mod project;
pub mod query;
pub mod render;
pub mod report;
pub mod select;
pub mod shown;
pub mod standing;
pub mod state;
pub mod status;
pub mod store;
pub mod target;
pub mod terminal;
pub mod tick;
pub mod transition;
pub mod update;

pub use api::{PrdDocument, Task, get_tasks, parse_prd, update_task_status};
pub use event::{Event, NewEvent, Recorded};
pub use exit::Code;
pub use graph::{Graph, GraphError};
pub use ledger::{Ledger, LedgerError};
pub use project::{Place, Project, ProjectError};
pub use query::{Filters, TaskView};
pub use state::{State, TaskState};
pub use status::{Evidence, Reason, Status};
pub use store::{Store, StoreError};
