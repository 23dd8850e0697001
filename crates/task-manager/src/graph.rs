//! What has to be done before what.
//!
//! Tasks and phases are both nodes: a phase stands for "all of its tasks are done", so that "phase 3 depends on
//! phase 2" costs one edge a task and not one a pair. Only hard edges are in the graph; the order of the document
//! breaks ties and blocks nothing. Everything here is linear in tasks and edges but for a logarithm in the order.

use std::cmp::Reverse;
use std::collections::hash_map::Entry;
use std::collections::{BinaryHeap, HashMap, VecDeque};

use petgraph::Direction;
use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;
use prd_parser::{Dependency, Origin, Plan};

/// What a node stands for, by its index in the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Node {
    /// A task.
    Task(usize),
    /// All tasks of a phase.
    Phase(usize),
}

/// Why one node comes before another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edge {
    /// The origin that the plan gives; none for a task's belonging to its phase, which no line states.
    pub origin: Option<Origin>,
    /// The line that says so; for belonging, the line of the task.
    pub line: u32,
}

/// One hard dependency of a task, as the plan states it or as it comes from the task's phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Need {
    /// What has to be done first.
    pub on: Node,
    /// Why.
    pub origin: Origin,
    /// The line that says so.
    pub line: u32,
}

/// Why a plan is no order of work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GraphError {
    /// Tasks wait for each other.
    #[error("the dependencies form a cycle: {}", path(steps))]
    Cycle {
        /// The way round, each step from a node to one that has to be done before it; the last leads to the first.
        steps: Vec<CycleStep>,
    },
    /// A dependency names what is not in the plan.
    #[error("{task} depends on {on}, which is not in the plan ({origin}, line {line})")]
    Unknown {
        /// The id of the task or phase that depends.
        task: String,
        /// What it names.
        on: String,
        /// Why the edge exists.
        origin: Origin,
        /// The line that says so.
        line: u32,
    },
}

/// One step of a cycle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CycleStep {
    /// The id that waits.
    pub from: String,
    /// The id that it waits for.
    pub to: String,
    /// Why; none for a phase that waits for a task of its own.
    pub origin: Option<Origin>,
    /// The line that says so.
    pub line: u32,
}

fn path(steps: &[CycleStep]) -> String {
    let mut text = steps.first().map(|step| step.from.clone()).unwrap_or_default();
    for CycleStep { to, origin, line, .. } in steps {
        let origin = origin.map_or("phase holds task", Origin::as_str);
        text.push_str(&format!(" → {to} ({origin}, line {line})"));
    }
    text
}

/// The dependencies of a plan, without cycles.
#[derive(Debug, Clone)]
pub struct Graph {
    /// Edges lead from what comes first to what waits for it. Tasks have the indexes of the plan, phases follow.
    graph: DiGraph<Node, Edge>,
    order: Vec<usize>,
}

impl Graph {
    /// Builds the graph and its order.
    ///
    /// # Errors
    /// [`GraphError::Cycle`] with the shortest way round through its first task in the document;
    /// [`GraphError::Unknown`] for a name that is not in the plan (the parser has a diagnostic for it too).
    pub fn new(plan: &Plan) -> Result<Graph, GraphError> {
        let graph = build(plan)?;
        let order = order(&graph).ok_or_else(|| GraphError::Cycle { steps: cycle(plan, &graph) })?;
        let tasks = order.into_iter().filter_map(|node| match graph[node] {
            Node::Task(task) => Some(task),
            Node::Phase(_) => None,
        });
        Ok(Graph { order: tasks.collect(), graph })
    }

    /// Every task, each after all that it needs; where nothing decides, in document order.
    pub fn order(&self) -> &[usize] {
        &self.order
    }

    /// What a task needs, in document order of the reasons.
    pub fn needs(&self, task: usize) -> Vec<Need> {
        let mut needs: Vec<Need> = self
            .graph
            .edges_directed(NodeIndex::new(task), Direction::Incoming)
            .filter_map(|edge| {
                let Edge { origin, line } = *edge.weight();
                Some(Need { on: self.graph[edge.source()], origin: origin?, line })
            })
            .collect();
        needs.reverse();
        needs
    }

    /// For every task whether all that it needs is done, given for every task of the plan whether it is done.
    pub fn ready(&self, done: &[bool]) -> Vec<bool> {
        let phases = self.graph.node_count() - done.len();
        let open_phases: Vec<bool> =
            (0..phases).map(|phase| self.tasks_of(done.len(), phase).any(|task| !done[task])).collect();
        let is_open = |node: Node| match node {
            Node::Task(task) => !done[task],
            Node::Phase(phase) => open_phases[phase],
        };
        (0..done.len())
            .map(|task| {
                let before = self.graph.neighbors_directed(NodeIndex::new(task), Direction::Incoming);
                !before.into_iter().any(|node| is_open(self.graph[node]))
            })
            .collect()
    }

    fn tasks_of(&self, tasks: usize, phase: usize) -> impl Iterator<Item = usize> {
        self.graph
            .edges_directed(NodeIndex::new(tasks + phase), Direction::Incoming)
            .filter(|edge| edge.weight().origin.is_none())
            .map(|edge| edge.source().index())
    }
}

fn build(plan: &Plan) -> Result<DiGraph<Node, Edge>, GraphError> {
    let mut graph = DiGraph::with_capacity(plan.tasks.len() + plan.phases.len(), plan.tasks.len() * 2);
    (0..plan.tasks.len()).for_each(|task| {
        graph.add_node(Node::Task(task));
    });
    (0..plan.phases.len()).for_each(|phase| {
        graph.add_node(Node::Phase(phase));
    });
    let tasks: HashMap<&str, usize> =
        plan.tasks.iter().enumerate().rev().map(|(place, task)| (task.id.as_str(), place)).collect();
    let phases: HashMap<&str, usize> =
        plan.phases.iter().enumerate().rev().map(|(place, phase)| (phase.id.as_str(), place)).collect();
    let phase_node = |phase: usize| NodeIndex::new(plan.tasks.len() + phase);
    let find = |who: &str, needed: &Dependency| {
        let found = if needed.origin.names_phase() {
            phases.get(needed.on.as_str()).copied().map(phase_node)
        } else {
            tasks.get(needed.on.as_str()).copied().map(NodeIndex::new)
        };
        found.ok_or_else(|| GraphError::Unknown {
            task: who.to_owned(),
            on: needed.on.clone(),
            origin: needed.origin,
            line: needed.line,
        })
    };
    for (place, task) in plan.tasks.iter().enumerate() {
        let node = NodeIndex::new(place);
        let of_phase = plan.phases.get(task.phase).map_or(&[][..], |phase| &phase.dependencies);
        if task.phase < plan.phases.len() {
            graph.add_edge(node, phase_node(task.phase), Edge { origin: None, line: task.line });
        }
        for needed in of_phase.iter().chain(&task.dependencies).filter(|needed| needed.origin.is_hard()) {
            let before = find(&task.id, needed)?;
            graph.add_edge(before, node, Edge { origin: Some(needed.origin), line: needed.line });
        }
    }
    Ok(graph)
}

/// Kahn's algorithm with the smallest index first; none when there is a cycle.
fn order(graph: &DiGraph<Node, Edge>) -> Option<Vec<NodeIndex>> {
    let mut waits: Vec<usize> =
        graph.node_indices().map(|node| graph.edges_directed(node, Direction::Incoming).count()).collect();
    let mut free: BinaryHeap<Reverse<NodeIndex>> =
        graph.node_indices().filter(|node| waits[node.index()] == 0).map(Reverse).collect();
    let mut order = Vec::with_capacity(graph.node_count());
    while let Some(Reverse(node)) = free.pop() {
        order.push(node);
        for next in graph.neighbors(node) {
            waits[next.index()] -= 1;
            if waits[next.index()] == 0 {
                free.push(Reverse(next));
            }
        }
    }
    (order.len() == graph.node_count()).then_some(order)
}

/// The shortest cycle through the first node, in document order, that is on one.
fn cycle(plan: &Plan, graph: &DiGraph<Node, Edge>) -> Vec<CycleStep> {
    let on_one = |nodes: &Vec<NodeIndex>| {
        nodes.len() > 1 || nodes.iter().any(|node| graph.contains_edge(*node, *node))
    };
    let first = kosaraju_scc(graph).into_iter().filter(on_one).flatten().min();
    first.map(|first| way_round(plan, graph, first)).unwrap_or_default()
}

/// The shortest way from a node back to itself, against the edges: each step goes to what has to be done before.
fn way_round(plan: &Plan, graph: &DiGraph<Node, Edge>, first: NodeIndex) -> Vec<CycleStep> {
    let mut came_by = HashMap::new();
    let mut queue = VecDeque::from([first]);
    while let Some(node) = queue.pop_front() {
        for edge in graph.edges_directed(node, Direction::Incoming) {
            if let Entry::Vacant(unseen) = came_by.entry(edge.source()) {
                unseen.insert((node, *edge.weight()));
                queue.push_back(edge.source());
            }
        }
        if came_by.contains_key(&first) {
            break;
        }
    }
    let id = |node: NodeIndex| match graph[node] {
        Node::Task(task) => plan.tasks[task].id.clone(),
        Node::Phase(phase) => plan.phases[phase].id.clone(),
    };
    let mut steps = Vec::new();
    let mut at = first;
    while let Some((from, Edge { origin, line })) = came_by.get(&at).copied() {
        steps.push(CycleStep { from: id(from), to: id(at), origin, line });
        at = from;
        if at == first {
            break;
        }
    }
    steps.reverse();
    steps
}
