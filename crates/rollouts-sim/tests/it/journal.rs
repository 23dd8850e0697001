//! The world outlives the process: what was done is done again on open, exactly.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, Patch, PatchParams};
use kube::core::{ApiResource, DynamicObject, GroupVersionKind};
use rollouts_sim::{JournalError, Simulator, World};
use serde_json::{Value, json};

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// Applies every shipped blue-green file and lets the rollout become healthy.
async fn deploy(simulator: &Simulator) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy");
    for file in [
        "namespaces/blue-green.yaml",
        "blue-green/services.yaml",
        "blue-green/ingress.yaml",
        "blue-green/rollout.yaml",
    ] {
        let text = fs::read_to_string(root.join(file)).unwrap();
        for document in serde_yaml::Deserializer::from_str(&text) {
            let value: Value = serde::Deserialize::deserialize(document).unwrap();
            let (group, version) = match value["apiVersion"].as_str().unwrap().split_once('/') {
                Some((group, version)) => (group, version),
                None => ("", value["apiVersion"].as_str().unwrap()),
            };
            let kind = GroupVersionKind::gvk(group, version, value["kind"].as_str().unwrap());
            let kind = ApiResource::from_gvk(&kind);
            let api: Api<DynamicObject> = match value["metadata"]["namespace"].as_str() {
                Some(ns) => Api::namespaced_with(simulator.client(), ns, &kind),
                None => Api::all_with(simulator.client(), &kind),
            };
            let name = value["metadata"]["name"].as_str().unwrap();
            api.patch(name, &PatchParams::apply("tester"), &Patch::Apply(&value)).await.unwrap();
        }
    }
    let pace = simulator.pace();
    for _ in 0..200 {
        pace.turn(Duration::from_secs(1)).await;
    }
}

async fn touch(simulator: &Simulator, name: &str) {
    let api: Api<ConfigMap> = Api::namespaced(simulator.client(), "default");
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}});
    api.patch(name, &PatchParams::apply("tester"), &Patch::Apply(map)).await.unwrap();
}

/// Lets the tasks of dropped clients end, which hold the cluster too.
async fn settle() {
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
}

/// The folder as a crash at this moment would leave it: what is on disk, without the closing snapshot.
fn crash(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_name() != "lock" && entry.file_type().unwrap().is_file() {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

#[test]
fn replay_equals_the_live_world_byte_for_byte() {
    let dir = tempfile::tempdir().unwrap();
    let (live, crashed) = (dir.path().join("live"), dir.path().join("crashed"));
    run(async {
        let simulator = Simulator::open(&live).unwrap();
        deploy(&simulator).await;
        assert!(
            simulator.summary().objects.iter().any(|(kind, n)| *kind == "pods" && *n == 3),
            "{:?}",
            simulator.summary()
        );
        crash(&live, &crashed);
        let again = Simulator::open(&crashed).unwrap();
        assert_eq!(again.snapshot(), simulator.snapshot());
        // And both go on alike, from the journal and from a snapshot.
        for each in [&simulator, &again] {
            touch(each, "later").await;
            each.pace().turn(Duration::from_secs(90)).await;
        }
        assert_eq!(again.snapshot(), simulator.snapshot());
        let last = simulator.snapshot();
        drop((simulator, again));
        settle().await;
        let reopened = Simulator::open(&live).unwrap();
        assert_eq!(reopened.snapshot(), last);
        assert_eq!(reopened.summary().journaled, 0, "closing writes a snapshot");
    });
}

#[test]
fn every_prefix_of_the_journal_is_a_world() {
    let dir = tempfile::tempdir().unwrap();
    let live = dir.path().join("live");
    run(async {
        let simulator = Simulator::open(&live).unwrap();
        for n in 0..4 {
            touch(&simulator, &format!("c{n}")).await;
            simulator.pace().turn(Duration::from_millis(1500)).await;
        }
        let cut = dir.path().join("cut");
        crash(&live, &cut);
        let journal = cut.join("journal-0.jsonl");
        let whole = fs::read(&journal).unwrap();
        assert!(whole.iter().filter(|b| **b == b'\n').count() == 8);
        for length in (0..whole.len()).step_by(41) {
            fs::write(&journal, &whole[..length]).unwrap();
            let lines = whole[..length].iter().filter(|b| **b == b'\n').count() as u64;
            let opened = Simulator::open(&cut).unwrap();
            assert_eq!(opened.summary().journaled, lines, "cut at {length}");
            assert_eq!(opened.torn() > 0, length > 0 && whole[length - 1] != b'\n', "cut at {length}");
            drop(opened);
            // Opening and closing wrote a snapshot; start again from the first one.
            fs::remove_dir_all(&cut).unwrap();
            crash(&live, &cut);
        }
    });
}

#[test]
fn long_journals_become_snapshots() {
    let dir = tempfile::tempdir().unwrap();
    run(async {
        let simulator = Simulator::open(dir.path()).unwrap();
        for n in 0..300 {
            touch(&simulator, &format!("c{}", n % 3)).await;
        }
        assert!(simulator.summary().journaled < 64);
        let journals = fs::read_dir(dir.path()).unwrap();
        let journals =
            journals.filter(|e| e.as_ref().unwrap().file_name().to_string_lossy().starts_with("journal-"));
        assert_eq!(journals.count(), 1);
        let last = simulator.snapshot();
        drop(simulator);
        settle().await;
        assert_eq!(Simulator::open(dir.path()).unwrap().snapshot(), last);
    });
}

#[test]
fn a_second_holder_is_told_who_holds_it() {
    let dir = tempfile::tempdir().unwrap();
    let first = Simulator::open(dir.path()).unwrap();
    let refused = Simulator::open(dir.path()).unwrap_err();
    assert!(
        matches!(&refused, JournalError::Held { holder, .. } if holder.contains(&std::process::id().to_string())),
        "{refused}"
    );
    assert!(matches!(rollouts_sim::reset(dir.path()), Err(JournalError::Held { .. })));
    drop(first);
    assert!(rollouts_sim::reset(dir.path()).unwrap());
    assert!(!rollouts_sim::reset(dir.path()).unwrap());
    assert_eq!(Simulator::open(dir.path()).unwrap().now().to_string(), Simulator::START);
}

#[test]
fn what_cannot_be_read_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    run(async {
        let simulator = Simulator::open(dir.path()).unwrap();
        touch(&simulator, "a").await;
        touch(&simulator, "b").await;
        let copy = dir.path().join("copy");
        crash(dir.path(), &copy);
        let journal = copy.join("journal-0.jsonl");
        let whole = fs::read_to_string(&journal).unwrap();
        let second = whole.lines().nth(1).unwrap();
        let cases: [(&Path, String, &str); 4] = [
            (&journal, whole.replacen("entry", "entrx", 1), "corrupt at line 1"),
            (&journal, format!("{second}\n"), "has line 1 where 0 belongs"),
            (&copy.join("world.json"), "{\"format\":99}".into(), "format 99"),
            (&copy.join("world.json"), "{".into(), "corrupt"),
        ];
        for (path, text, want) in cases {
            let kept = fs::read(path).unwrap();
            fs::write(path, &text).unwrap();
            let error = Simulator::open(&copy).unwrap_err().to_string();
            assert!(error.contains(want), "{error}");
            assert_eq!(fs::read_to_string(path).unwrap(), text);
            fs::write(path, kept).unwrap();
        }
    });
}

#[test]
fn an_answer_is_given_only_after_its_line_is_on_disk() {
    let dir = tempfile::tempdir().unwrap();
    run(async {
        let simulator = Simulator::open(dir.path()).unwrap();
        touch(&simulator, "a").await;
        let text = fs::read_to_string(dir.path().join("journal-0.jsonl")).unwrap();
        assert!(text.ends_with('\n') && text.contains("/configmaps/a?"), "{text}");
    });
}

#[test]
fn the_start_is_a_timestamp_and_reads_are_not_journaled() {
    let dir = tempfile::tempdir().unwrap();
    run(async {
        let simulator = Simulator::open(dir.path()).unwrap();
        let api: Api<ConfigMap> = Api::namespaced(simulator.client(), "default");
        api.list(&Default::default()).await.unwrap();
        assert_eq!(simulator.summary().journaled, 0);
        let fresh = World::new(1, Simulator::START.parse().unwrap());
        assert_eq!(simulator.snapshot(), serde_json::to_string(&fresh).unwrap());
    });
}

#[test]
fn a_torn_line_is_cut_off_once() {
    let dir = tempfile::tempdir().unwrap();
    let copy = dir.path().join("copy");
    run(async {
        let simulator = Simulator::open(&dir.path().join("live")).unwrap();
        touch(&simulator, "a").await;
        crash(&dir.path().join("live"), &copy);
        OpenOptions::new()
            .append(true)
            .open(copy.join("journal-0.jsonl"))
            .unwrap()
            .write_all(b"{\"n\":1,\"ent")
            .unwrap();
        let opened = Simulator::open(&copy).unwrap();
        assert_eq!((opened.torn(), opened.snapshot()), (11, simulator.snapshot()));
        drop(opened);
        assert_eq!(Simulator::open(&copy).unwrap().torn(), 0);
    });
}
