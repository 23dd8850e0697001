//! Whatever stands in Git or in an Application: nothing panics, and what came of it can be stored and read back.

use std::time::Duration;

use crate::json::{self, Value, json};
use proptest::prelude::*;

use super::apply::send;
use crate::queue::later;
use crate::repository::{Answer, File, Found};
use crate::world::World;

const APP: &str = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/a";

/// A value of any shape.
fn value() -> impl Strategy<Value = Value> {
    let text = prop::sample::select(vec![
        "a",
        "Running",
        "Terminating",
        "Failed",
        "Succeeded",
        "2026-01-01T00:00:00Z",
        "1",
        "5s",
        "PruneLast=true",
        "ServerSideApply=true",
        "RespectIgnoreDifferences=true",
        "/spec/selector/app",
        "/metadata/annotations",
        "/metadata",
        "main",
        "b:/Service:a/a",
        "Service",
        "Rollout",
        "*",
        "{}",
        "[]",
        r#"{"metadata": 1}"#,
        r#"{"metadata": {"annotations": []}, "spec": {"ports": [{"port": 2}, 3], "selector": {"x": "y"}}}"#,
    ]);
    let leaf = prop_oneof![
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::from),
        1 => (-3_i64..9).prop_map(Value::from),
        4 => text.prop_map(Value::from),
    ];
    let field = prop::sample::select(vec![
        "kind",
        "group",
        "name",
        "jsonPointers",
        "sync",
        "resources",
        "syncOptions",
        "limit",
        "factor",
        "phase",
        "id",
        "syncResult",
        "hookPhase",
        "revision",
        "port",
        "app",
        "annotations",
        "operation",
        "startedAt",
        "retry",
    ]);
    leaf.prop_recursive(3, 12, 4, move |inner| {
        let fields = prop::collection::vec((field.clone().prop_map(str::to_owned), inner.clone()), 0..5);
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(Value::from),
            fields.prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// A merge patch of some of these fields.
fn change(fields: &'static [&'static str]) -> impl Strategy<Value = Value> {
    prop::collection::vec((prop::sample::select(fields), value()), 0..4).prop_map(|set| {
        let mut patch = json!({});
        for (field, value) in set {
            let nested = field.rsplit(' ').fold(value, |inner, name| json!({name: inner}));
            json::outside(&mut patch, |patch| json_patch::merge(patch, &(&nested).into()));
        }
        patch
    })
}

const OF_AN_OBJECT: &[&str] = &[
    "metadata",
    "metadata name",
    "metadata namespace",
    "metadata labels",
    "metadata annotations",
    "metadata annotations argocd.argoproj.io/sync-wave",
    "metadata annotations argocd.argoproj.io/tracking-id",
    "metadata annotations kubectl.kubernetes.io/last-applied-configuration",
    "spec",
    "spec ports",
    "spec selector",
    "status",
    "kind",
];
const OF_AN_APPLICATION: &[&str] = &[
    "operation",
    "operation sync",
    "operation sync resources",
    "operation sync syncOptions",
    "operation retry limit",
    "status",
    "status history",
    "status conditions",
    "status operationState",
    "status operationState phase",
    "status operationState operation",
    "status operationState finishedAt",
    "status operationState syncResult",
    "status operationState syncResult resources",
    "spec ignoreDifferences",
    "spec syncPolicy syncOptions",
    "spec syncPolicy automated",
    "spec syncPolicy retry backoff factor",
    "spec revisionHistoryLimit",
    "spec destination namespace",
    "spec project",
    "metadata annotations",
];

/// Something like a manifest, and often one that is good.
fn manifest() -> impl Strategy<Value = String> {
    (prop::sample::select(vec!["a", "b"]), change(OF_AN_OBJECT)).prop_map(|(name, change)| {
        let mut object = json!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": {"ports": [{"port": 1}]},
        });
        json::outside(&mut object, |object| json_patch::merge(object, &(&change).into()));
        object.to_string()
    })
}

fn found() -> impl Strategy<Value = Found> {
    let files = prop::collection::vec(manifest(), 0..3).prop_map(|texts| {
        texts.into_iter().enumerate().map(|(n, text)| File { path: format!("{n}.json"), text }).collect()
    });
    prop_oneof![
        6 => ("[ab]", files).prop_map(|(revision, files)| Found::Tree { revision, files }),
        1 => Just(Found::Same),
        1 => Just(Found::Failed("gone".to_owned())),
    ]
}

fn world() -> World {
    let mut world = World::new(1, jiff::Timestamp::UNIX_EPOCH);
    for name in ["argocd", "a"] {
        let namespace = json!({"metadata": {"name": name}});
        send(&mut world, "POST", "/api/v1/namespaces", "application/json", &namespace).unwrap();
    }
    let app = json!({"metadata": {"name": "a"}, "spec": {
        "project": "default", "source": {"repoURL": "/a", "path": "."},
        "destination": {"name": "in-cluster", "namespace": "a"},
        "syncPolicy": {"automated": {"prune": true, "selfHeal": true}},
    }});
    send(&mut world, "POST", APP.trim_end_matches("/a"), "application/json", &app).unwrap();
    world
}

/// Lets a while pass, in which Git answers.
fn pass(world: &mut World, found: &Found) {
    for _ in 0..4 {
        let to = later(world.now(), Duration::from_secs(2));
        world.advance_to(to);
        while let Some(wanted) = world.wanted() {
            let answer =
                Answer { application: wanted.application, source: wanted.source, found: found.clone() };
            world.supply(answer);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, rng_seed: proptest::test_runner::RngSeed::Fixed(3), ..ProptestConfig::default() })]

    #[test]
    fn anything_is_compared_and_synced(
        steps in prop::collection::vec((change(OF_AN_APPLICATION), change(OF_AN_OBJECT), found()), 1..6),
    ) {
        let mut world = world();
        for (change, drift, found) in steps {
            // What is refused leaves things as they are.
            let _ = send(&mut world, "PATCH", APP, "application/merge-patch+json", &change);
            pass(&mut world, &found);
            let service = "/api/v1/namespaces/a/services/a";
            let _ = send(&mut world, "PATCH", service, "application/merge-patch+json", &drift);
            let refresh = json!({"metadata": {"annotations": {"argocd.argoproj.io/refresh": "hard"}}});
            let _ = send(&mut world, "PATCH", APP, "application/merge-patch+json", &refresh);
            pass(&mut world, &found);
        }
        let text = serde_json::to_string(&world).unwrap();
        let again: World = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(serde_json::to_string(&again).unwrap(), text);
    }
}
