//! What goes over a wire: versioned JSON and YAML documents, apart from the types of the model.
//!
//! Every document has `schemaVersion` and `kind`. A field may be added without a new version; anything else raises
//! it. What is absent is `null` or `[]`, never left out. The report's schema is `docs/reference/report.schema.json`.

mod history;
mod report;
mod task;

pub use history::{EventDoc, HistoryDoc};
pub use report::{
    EvidenceTotalsDoc, ItemDoc, PhaseDoc, ReportDoc, ShowingDoc, ShownDoc, ShownTotalsDoc, TotalsDoc,
};
pub use task::{
    EdgeDoc, ExplainDoc, GraphDoc, NeedDoc, NodeDoc, OpenDoc, ReasonDoc, TaskDoc, TaskListDoc, TaskOneDoc,
    UpdateDoc,
};

/// The version of every document here.
pub const SCHEMA_VERSION: u32 = 1;
