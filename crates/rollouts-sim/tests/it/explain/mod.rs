//! Each cause that `explain` knows, brought about and told apart from all others.
//!
//! `worlds` changes specs, images and faults of a simulated cluster, and nothing else. `shapes` has the causes that
//! the simulator does not bring about: there a part of a real object is put into the facts, as the API server has it.
#![expect(clippy::unwrap_used, reason = "clippy's exemption for tests does not reach their helpers")]
#![expect(clippy::needless_pass_by_value, reason = "values are written where they are passed")]

mod shapes;
mod worlds;

use std::collections::BTreeSet;

use rollouts_client::explain::{Facts, causes, explain};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::cluster::Cluster;

/// Facts in which some causes are at work, and what must be said of them.
pub(crate) struct Scenario {
    name: &'static str,
    facts: fn() -> Facts,
    /// All causes that are at work.
    causes: &'static [&'static str],
    says: &'static [&'static str],
}

fn typed<T: DeserializeOwned>(objects: Vec<Value>) -> Vec<T> {
    objects.into_iter().map(|object| serde_json::from_value(object).unwrap()).collect()
}

/// All that is there, as `explain` is given it.
fn facts(cluster: &mut Cluster) -> Facts {
    let rollout = cluster.rollout();
    facts_of(cluster, rollout)
}

fn facts_of(cluster: &mut Cluster, rollout: Value) -> Facts {
    let rollout = serde_json::from_value(rollout).unwrap();
    let mut facts = Facts::of(rollout, "task-master rollout", cluster.world.now());
    facts.replica_sets = typed(cluster.items("apis/apps/v1", "replicasets"));
    facts.pods = typed(cluster.items("api/v1", "pods"));
    facts.services = typed(cluster.items("api/v1", "services"));
    facts.endpoint_slices = typed(cluster.items("apis/discovery.k8s.io/v1", "endpointslices"));
    facts.ingresses = typed(cluster.items("apis/networking.k8s.io/v1", "ingresses"));
    facts.analysis_runs = typed(cluster.items("apis/argoproj.io/v1alpha1", "analysisruns"));
    facts.events = typed(cluster.items("api/v1", "events"));
    facts
}

/// What is wrong with a scenario; empty when nothing is.
fn judge(Scenario { name, facts, causes, says }: &Scenario) -> String {
    let explanation = explain(&facts());
    let found: Vec<&str> = explanation.findings.iter().map(|finding| finding.cause).collect();
    let text = explanation.to_string();
    let unsaid: Vec<&&str> = says.iter().filter(|said| !text.contains(**said)).collect();
    let next = explanation.findings.iter().all(|finding| finding.found.next.is_some());
    if found == *causes && unsaid.is_empty() && next {
        return String::new();
    }
    format!("\n== {name}: {found:?} and not {causes:?}; not said {unsaid:?}; next commands {next}\n{text}")
}

/// The whole matrix: in each scenario exactly its causes show themselves, and every cause has a scenario.
#[test]
fn each_scenario_shows_its_causes_and_no_other() {
    let scenarios: Vec<&Scenario> = worlds::SCENARIOS.iter().chain(shapes::SCENARIOS).collect();
    // Each is a world of its own: they are judged side by side.
    let wrong: String = std::thread::scope(|scope| {
        let judged = |part: Vec<&'static Scenario>| {
            scope.spawn(move || part.into_iter().map(judge).collect::<String>())
        };
        let parts = (0..4).map(|at| scenarios.iter().copied().skip(at).step_by(4).collect());
        let parts: Vec<_> = parts.map(judged).collect();
        parts.into_iter().map(|part| part.join().unwrap()).collect()
    });
    assert!(wrong.is_empty(), "{wrong}");
    let shown: BTreeSet<&str> = scenarios.iter().flat_map(|scenario| scenario.causes).copied().collect();
    let all: BTreeSet<&str> = causes().map(|cause| cause.name).collect();
    assert_eq!(shown, all, "a cause without a scenario, or a name that no cause has");
    assert_eq!(causes().count(), all.len(), "two causes of one name");
}

#[test]
fn a_healthy_rollout_has_no_cause() {
    let promoted = || {
        let mut cluster = Cluster::deployed(|_| {});
        cluster.set_image("v2", &[]);
        cluster.wait("paused", 30, |c| c.phase().starts_with("Paused"));
        cluster.promote();
        cluster.wait("healthy", 60, |c| c.phase() == "Healthy");
        cluster
    };
    let later: fn() -> Cluster = || {
        let mut cluster = Cluster::deployed(|_| {});
        cluster.pass(3600);
        cluster
    };
    let healthy: [fn() -> Cluster; 4] =
        [|| Cluster::deployed(|_| {}), || Cluster::canary(|_| {}), promoted, later];
    for bring in healthy {
        let explanation = explain(&facts(&mut bring()));
        assert_eq!((explanation.phase.as_str(), &explanation.findings[..]), ("Healthy", &[][..]));
        assert!(explanation.to_string().ends_with("Nothing is wrong.\n"), "{explanation}");
    }
}
