//! The graph as JSON, Graphviz and Mermaid. Hard edges are drawn through, the order of the document dotted.

use std::collections::HashMap;
use std::fmt::Write;

use prd_parser::{Dependency, Plan};

use crate::doc::{EdgeDoc, GraphDoc, NodeDoc, SCHEMA_VERSION};
use crate::project::Project;

/// The graph with the statuses of one target, as the document that the other forms are made from.
pub fn document(project: &Project, target: &str) -> GraphDoc {
    let plan = project.plan();
    let phases = plan.phases.iter().map(|phase| NodeDoc {
        id: phase.id.clone(),
        kind: "phase",
        title: crate::select::label(phase),
        phase: None,
        status: None,
    });
    let tasks = plan.tasks.iter().map(|task| NodeDoc {
        id: task.id.clone(),
        kind: "task",
        title: task.title.clone(),
        phase: plan.phases.get(task.phase).map(|phase| phase.id.clone()),
        status: Some(project.state().status(target, &task.id).name()),
    });
    GraphDoc {
        schema_version: SCHEMA_VERSION,
        kind: "graph",
        target: target.to_owned(),
        nodes: phases.chain(tasks).collect(),
        edges: edges(plan),
        order: project.graph().order().iter().map(|task| plan.tasks[*task].id.clone()).collect(),
    }
}

fn edges(plan: &Plan) -> Vec<EdgeDoc> {
    let edge = |from: &str, needed: &Dependency| EdgeDoc {
        from: from.to_owned(),
        to: needed.on.clone(),
        origin: needed.origin.as_str(),
        hard: needed.origin.is_hard(),
        line: needed.line,
    };
    let phases = plan.phases.iter().map(|phase| (&phase.id, &phase.dependencies));
    let tasks = plan.tasks.iter().map(|task| (&task.id, &task.dependencies));
    phases.chain(tasks).flat_map(|(id, needs)| needs.iter().map(move |needed| edge(id, needed))).collect()
}

/// The tasks of each phase, by the phase's id.
fn by_phase(graph: &GraphDoc) -> HashMap<&str, Vec<&NodeDoc>> {
    let mut tasks: HashMap<&str, Vec<&NodeDoc>> = HashMap::new();
    for node in &graph.nodes {
        if let Some(phase) = &node.phase {
            tasks.entry(phase.as_str()).or_default().push(node);
        }
    }
    tasks
}

/// The graph for Graphviz.
pub fn dot(graph: &GraphDoc) -> String {
    let quoted = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    let tasks = by_phase(graph);
    let mut text = String::from("digraph plan {\n  rankdir=LR;\n  node [shape=box];\n");
    for phase in graph.nodes.iter().filter(|node| node.kind == "phase") {
        let _ = writeln!(text, "  subgraph {} {{", quoted(&format!("cluster/{}", phase.id)));
        let _ = writeln!(text, "    label={};", quoted(&phase.title));
        let _ = writeln!(text, "    {} [shape=point, label=\"\"];", quoted(&phase.id));
        for task in tasks.get(phase.id.as_str()).into_iter().flatten() {
            let status = task.status.unwrap_or_default();
            let label = quoted(&format!("{}\n{status}", task.title)).replace('\n', "\\n");
            let _ = writeln!(text, "    {} [label={label}, class={}];", quoted(&task.id), quoted(status));
        }
        text.push_str("  }\n");
    }
    for edge in &graph.edges {
        let style = if edge.hard { "solid" } else { "dotted, constraint=false" };
        let label = quoted(&format!("{}, line {}", edge.origin, edge.line));
        let (from, to) = (quoted(&edge.to), quoted(&edge.from));
        let _ = writeln!(text, "  {from} -> {to} [label={label}, style={style}];");
    }
    text.push_str("}\n");
    text
}

/// The graph for Mermaid.
pub fn mermaid(graph: &GraphDoc) -> String {
    let places: HashMap<&str, usize> =
        graph.nodes.iter().enumerate().map(|(place, node)| (node.id.as_str(), place)).collect();
    let name = |id: &str| format!("n{}", places.get(id).copied().unwrap_or_default());
    let quoted = |text: &str| text.replace('"', "#quot;");
    let tasks = by_phase(graph);
    let mut text = String::from("flowchart LR\n");
    for phase in graph.nodes.iter().filter(|node| node.kind == "phase") {
        let _ = writeln!(text, "  subgraph {}[\"{}\"]", name(&phase.id), quoted(&phase.title));
        for task in tasks.get(phase.id.as_str()).into_iter().flatten() {
            let label = format!("{}<br/>{}", quoted(&task.title), task.status.unwrap_or_default());
            let _ = writeln!(text, "    {}[\"{label}\"]", name(&task.id));
        }
        text.push_str("  end\n");
    }
    for edge in &graph.edges {
        let arrow = if edge.hard { "-->" } else { "-.->" };
        let _ = writeln!(text, "  {} {arrow}|{}| {}", name(&edge.to), edge.origin, name(&edge.from));
    }
    text
}
