//! No request makes the API panic, and no answer is without a shape: whatever comes, a JSON object and a code.

use proptest::prelude::*;
use rollouts_sim::World;
use serde_json::{Value, json};

use crate::ask::{request, world};

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f32>().prop_map(|f| json!(f)),
        "[a-z0-9./:-]{0,8}".prop_map(Value::from),
        "\\PC{0,6}".prop_map(Value::from),
    ];
    let field = prop_oneof![
        4 => prop::sample::select(vec![
            "metadata", "spec", "status", "name", "namespace", "labels", "finalizers", "ownerReferences", "template",
            "containers", "selector", "matchLabels", "ports", "port", "replicas", "strategy", "blueGreen", "data",
            "managedFields", "fieldsV1", "$patch", "$setElementOrder/ports", "$retainKeys", "rules", "http", "paths",
            "generateName", "resourceVersion", "deletionTimestamp", "preconditions", "propagationPolicy", "env",
            "op", "path", "value", "from", "resources", "limits", "readinessProbe", "httpGet", "image",
        ]).prop_map(str::to_owned),
        1 => "\\PC{0,5}",
    ];
    leaf.prop_recursive(5, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((field.clone(), inner), 0..5)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn uri() -> impl Strategy<Value = String> {
    let path = prop::sample::select(vec![
        "/api/v1/namespaces",
        "/api/v1/namespaces/default",
        "/api/v1/namespaces/default/pods",
        "/api/v1/namespaces/default/pods/p",
        "/api/v1/namespaces/default/services/s",
        "/api/v1/namespaces/default/services",
        "/api/v1/namespaces/default/configmaps/c",
        "/api/v1/namespaces/default/secrets/c",
        "/apis/apps/v1/namespaces/default/replicasets/r",
        "/apis/apps/v1/namespaces/default/replicasets/r/scale",
        "/apis/networking.k8s.io/v1/namespaces/default/ingresses/i",
        "/apis/argoproj.io/v1alpha1/namespaces/default/rollouts/r",
        "/apis/argoproj.io/v1alpha1/namespaces/default/rollouts",
        "/apis/argoproj.io/v1alpha1/namespaces/default/rollouts/r/status",
        "/apis/argoproj.io/v1alpha1/namespaces/default/rollouts/r/scale",
        "/apis/argoproj.io/v1alpha1/namespaces/default/analysisruns/a",
        "/openapi/v3/api/v1",
        "/apis",
        "/x",
    ]);
    let query = prop_oneof![
        3 => Just(String::new()),
        1 => prop::sample::select(vec![
            "?fieldManager=m", "?fieldManager=m&force=true", "?fieldManager=n", "?dryRun=All", "?fieldValidation=Strict",
            "?labelSelector=a%20in%20(", "?fieldSelector=metadata.name", "?watch=true", "?limit=1&continue=x",
        ]).prop_map(str::to_owned),
        1 => "\\?[a-zA-Z=&%0-9,()!]{0,20}",
    ];
    (path, query).prop_map(|(path, query)| format!("{path}{query}"))
}

/// A good object to begin with, so that patches and updates meet something.
fn furnished() -> World {
    let mut world = world();
    let template =
        json!({"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i:1"}]}});
    let objects = [
        ("/api/v1/namespaces/default/pods", json!({"metadata": {"name": "p"}, "spec": template["spec"]})),
        (
            "/api/v1/namespaces/default/services",
            json!({"metadata": {"name": "s"}, "spec": {"ports": [{"port": 1}]}}),
        ),
        ("/api/v1/namespaces/default/configmaps", json!({"metadata": {"name": "c"}, "data": {"a": "b"}})),
        (
            "/apis/argoproj.io/v1alpha1/namespaces/default/rollouts",
            json!({"metadata": {"name": "r"}, "spec": {
            "selector": {"matchLabels": {"a": "b"}}, "template": template, "strategy": {"blueGreen": {"activeService": "s"}}}}),
        ),
    ];
    for (path, object) in objects {
        let made = world.handle(&request("POST", path, "application/json", &object.to_string()));
        assert_eq!(made.status(), 201);
    }
    world
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, rng_seed: proptest::test_runner::RngSeed::Fixed(3), ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_of_requests_is_answered(
        steps in prop::collection::vec(
            (
                prop::sample::select(vec!["GET", "POST", "PUT", "PATCH", "PATCH", "PATCH", "DELETE", "HEAD"]),
                uri(),
                prop::sample::select(vec![
                    "application/json", "application/merge-patch+json", "application/json-patch+json",
                    "application/strategic-merge-patch+json", "application/apply-patch+yaml", "application/yaml", "",
                ]),
                prop_oneof![6 => json_value().prop_map(|v| v.to_string()), 1 => "\\PC{0,30}"],
            ),
            1..12,
        ),
    ) {
        let mut world = furnished();
        for (method, uri, media, body) in steps {
            if uri.parse::<http::Uri>().is_err() {
                continue;
            }
            let answer = world.handle(&request(method, &uri, media, &body));
            let code = answer.status().as_u16();
            prop_assert!((200..600).contains(&code));
            let value: Value = serde_json::from_slice(answer.body()).unwrap();
            prop_assert!(value.is_object());
            if code >= 400 {
                prop_assert_eq!(&value["kind"], "Status");
            }
            let next = world.now() + jiff::SignedDuration::from_millis(700);
            world.advance_to(next);
        }
        // What came of it can be stored and read back.
        let text = serde_json::to_string(&world).unwrap();
        let again: World = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(serde_json::to_string(&again).unwrap(), text);
    }
}
