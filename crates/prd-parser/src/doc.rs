//! The plan on the wire. `docs/reference/plan.schema.json` describes it, and a test compares the two.
//!
//! One document; `null` for an absent scalar, `[]` for an absent list, no key ever missing. New keys may
//! come within a version of the schema; anything else raises [`SCHEMA_VERSION`].

use serde::Serialize;

use crate::diagnostic::Diagnostic;
use crate::model::{Dependency, Item, Metadata, Phase, Plan, Priority, Span, Task};
use crate::tally::Tally;
use crate::{Parsed, model};

/// The version of the document's shape.
pub const SCHEMA_VERSION: u32 = 1;

/// What `parse -o json|yaml` prints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanDoc {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// Always `plan`.
    pub kind: &'static str,
    /// What the document says about itself.
    pub metadata: MetadataDoc,
    /// Phases in document order.
    pub phases: Vec<PhaseDoc>,
    /// Tasks in document order.
    pub tasks: Vec<TaskDoc>,
    /// Requirements in document order.
    pub requirements: Vec<ItemDoc>,
    /// Criteria in document order.
    pub criteria: Vec<ItemDoc>,
    /// Counts of checkboxes.
    pub tally: TallyDoc,
    /// Findings by line.
    pub diagnostics: Vec<DiagnosticDoc>,
}

/// [`model::Metadata`] on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields are those of the model, documented there")]
pub struct MetadataDoc {
    pub title: Option<String>,
    pub version: Option<String>,
    pub date: Option<String>,
    pub owner: Option<String>,
    pub timeline: Vec<TimelineDoc>,
    pub stakeholders: Vec<StakeholderDoc>,
    pub references: Vec<ReferenceDoc>,
}

/// [`model::TimelineEntry`] on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields are those of the model, documented there")]
pub struct TimelineDoc {
    pub label: Option<String>,
    pub text: String,
    pub line: u32,
    pub span: SpanDoc,
}

/// [`model::Stakeholder`] on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields are those of the model, documented there")]
pub struct StakeholderDoc {
    pub name: String,
    pub role: Option<String>,
    pub line: u32,
    pub span: SpanDoc,
}

/// [`model::Reference`] on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields are those of the model, documented there")]
pub struct ReferenceDoc {
    pub title: String,
    pub url: Option<String>,
    pub line: u32,
    pub span: SpanDoc,
}

/// [`model::Phase`] on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields are those of the model, documented there")]
pub struct PhaseDoc {
    pub id: String,
    pub number: Option<u32>,
    pub title: String,
    pub priority: Option<&'static str>,
    pub dependencies: Vec<DependencyDoc>,
    pub line: u32,
    pub span: SpanDoc,
}

/// [`model::Task`] on the wire; `phase` and `parent` are ids.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields are those of the model, documented there")]
pub struct TaskDoc {
    pub id: String,
    pub explicit_id: bool,
    pub title: String,
    pub phase: Option<String>,
    pub parent: Option<String>,
    pub priority: Option<&'static str>,
    pub checked: bool,
    pub details: Vec<String>,
    pub dependencies: Vec<DependencyDoc>,
    pub line: u32,
    pub span: SpanDoc,
    pub box_at: usize,
}

/// [`model::Item`] on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields are those of the model, documented there")]
pub struct ItemDoc {
    pub id: String,
    pub explicit_id: bool,
    pub title: String,
    pub section: String,
    pub checked: bool,
    pub line: u32,
    pub span: SpanDoc,
    pub box_at: usize,
}

/// [`model::Dependency`] on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields are those of the model, documented there")]
pub struct DependencyDoc {
    pub on: String,
    pub origin: &'static str,
    pub line: u32,
}

/// [`model::Span`] on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields are those of the model, documented there")]
pub struct SpanDoc {
    pub start: usize,
    pub end: usize,
}

/// [`Tally`] on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields are those of the tally, documented there")]
pub struct TallyDoc {
    pub tasks: usize,
    pub requirements: usize,
    pub criteria: usize,
    pub ignored: usize,
    pub checkboxes: usize,
    pub headings: usize,
}

/// [`Diagnostic`] on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields are those of the diagnostic, documented there")]
pub struct DiagnosticDoc {
    pub severity: &'static str,
    pub code: &'static str,
    pub message: String,
    pub help: Option<String>,
    pub line: u32,
    pub span: SpanDoc,
    pub checkboxes: usize,
}

impl PlanDoc {
    /// The wire form of a parse.
    pub fn new(parsed: &Parsed) -> PlanDoc {
        let Parsed { plan, diagnostics, tally } = parsed;
        PlanDoc {
            schema_version: SCHEMA_VERSION,
            kind: "plan",
            metadata: MetadataDoc::from(&plan.metadata),
            phases: plan.phases.iter().map(PhaseDoc::from).collect(),
            tasks: plan.tasks.iter().map(|task| task_doc(plan, task)).collect(),
            requirements: plan.requirements.iter().map(ItemDoc::from).collect(),
            criteria: plan.criteria.iter().map(ItemDoc::from).collect(),
            tally: TallyDoc::from(tally),
            diagnostics: diagnostics.iter().map(DiagnosticDoc::from).collect(),
        }
    }
}

fn task_doc(plan: &Plan, task: &Task) -> TaskDoc {
    let parent = task.parent.and_then(|parent| plan.tasks.get(parent));
    TaskDoc {
        id: task.id.clone(),
        explicit_id: task.explicit_id,
        title: task.title.clone(),
        phase: plan.phases.get(task.phase).map(|phase| phase.id.clone()),
        parent: parent.map(|parent| parent.id.clone()),
        priority: task.priority.map(Priority::as_str),
        checked: task.checked,
        details: task.details.clone(),
        dependencies: task.dependencies.iter().map(DependencyDoc::from).collect(),
        line: task.line,
        span: task.span.into(),
        box_at: task.box_at,
    }
}

impl From<&Metadata> for MetadataDoc {
    fn from(metadata: &Metadata) -> Self {
        MetadataDoc {
            title: metadata.title.clone(),
            version: metadata.version.clone(),
            date: metadata.date.clone(),
            owner: metadata.owner.clone(),
            timeline: metadata.timeline.iter().map(TimelineDoc::from).collect(),
            stakeholders: metadata.stakeholders.iter().map(StakeholderDoc::from).collect(),
            references: metadata.references.iter().map(ReferenceDoc::from).collect(),
        }
    }
}

impl From<&model::TimelineEntry> for TimelineDoc {
    fn from(entry: &model::TimelineEntry) -> Self {
        let model::TimelineEntry { label, text, span, line } = entry.clone();
        TimelineDoc { label, text, line, span: span.into() }
    }
}

impl From<&model::Stakeholder> for StakeholderDoc {
    fn from(stakeholder: &model::Stakeholder) -> Self {
        let model::Stakeholder { name, role, span, line } = stakeholder.clone();
        StakeholderDoc { name, role, line, span: span.into() }
    }
}

impl From<&model::Reference> for ReferenceDoc {
    fn from(reference: &model::Reference) -> Self {
        let model::Reference { title, url, span, line } = reference.clone();
        ReferenceDoc { title, url, line, span: span.into() }
    }
}

impl From<&Phase> for PhaseDoc {
    fn from(phase: &Phase) -> Self {
        PhaseDoc {
            id: phase.id.clone(),
            number: phase.number,
            title: phase.title.clone(),
            priority: phase.priority.map(Priority::as_str),
            dependencies: phase.dependencies.iter().map(DependencyDoc::from).collect(),
            line: phase.line,
            span: phase.span.into(),
        }
    }
}

impl From<&Item> for ItemDoc {
    fn from(item: &Item) -> Self {
        let Item { id, explicit_id, title, section, checked, span, box_at, line } = item.clone();
        ItemDoc { id, explicit_id, title, section, checked, line, span: span.into(), box_at }
    }
}

impl From<&Dependency> for DependencyDoc {
    fn from(dependency: &Dependency) -> Self {
        let Dependency { on, origin, line } = dependency.clone();
        DependencyDoc { on, origin: origin.as_str(), line }
    }
}

impl From<Span> for SpanDoc {
    fn from(span: Span) -> Self {
        SpanDoc { start: span.start, end: span.end }
    }
}

impl From<&Tally> for TallyDoc {
    fn from(tally: &Tally) -> Self {
        let Tally { tasks, requirements, criteria, ignored, checkboxes, headings } = *tally;
        TallyDoc { tasks, requirements, criteria, ignored, checkboxes, headings }
    }
}

impl From<&Diagnostic> for DiagnosticDoc {
    fn from(found: &Diagnostic) -> Self {
        let Diagnostic { severity, code, message, help, span, line, checkboxes } = found.clone();
        DiagnosticDoc {
            severity: severity.as_str(),
            code,
            message,
            help,
            line,
            span: span.into(),
            checkboxes,
        }
    }
}
