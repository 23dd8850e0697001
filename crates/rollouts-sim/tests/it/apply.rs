//! Server-side apply: who owns which fields, and what that decides.

use rollouts_sim::World;
use serde_json::{Value, json};

use crate::ask::{APPLY, JSON, MERGE, ask, create, get, world};

const SERVICES: &str = "/api/v1/namespaces/default/services";
const ROLLOUTS: &str = "/apis/argoproj.io/v1alpha1/namespaces/default/rollouts";
const MAPS: &str = "/api/v1/namespaces/default/configmaps";

fn apply(world: &mut World, path: &str, manager: &str, body: &Value) -> (u16, Value) {
    ask(world, "PATCH", &format!("{path}?fieldManager={manager}"), APPLY, body)
}

fn map(data: Value) -> Value {
    let mut map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}});
    if !data.is_null() {
        map["data"] = data;
    }
    map
}

fn rollout(containers: &Value) -> Value {
    json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "r"},
        "spec": {
            "replicas": 2, "selector": {"matchLabels": {"app": "a"}},
            "template": {"metadata": {"labels": {"app": "a"}}, "spec": {"containers": containers}},
        },
    })
}

/// `manager operation[/subresource]` of every entry.
fn managers(object: &Value) -> Vec<String> {
    let entries = object["metadata"]["managedFields"].as_array().cloned().unwrap_or_default();
    let spell = |e: &Value| {
        let sub = e["subresource"].as_str().map(|s| format!("/{s}")).unwrap_or_default();
        format!("{} {}{sub}", e["manager"].as_str().unwrap(), e["operation"].as_str().unwrap())
    };
    entries.iter().map(spell).collect()
}

#[test]
fn applying_creates_updates_and_drops_what_is_no_longer_stated() {
    let mut world = world();
    let path = format!("{MAPS}/m");
    let (code, made) = apply(&mut world, &path, "a", &map(json!({"x": "1", "y": "1"})));
    assert_eq!((code, managers(&made)), (201, vec!["a Apply".to_owned()]), "{made}");
    let (code, again) = apply(&mut world, &path, "a", &map(json!({"x": "1", "y": "1"})));
    assert_eq!((code, &again["metadata"]["resourceVersion"]), (200, &made["metadata"]["resourceVersion"]));
    // b owns z and shares x; a's dropping of x and y takes away y only.
    apply(&mut world, &path, "b", &map(json!({"x": "1", "z": "1"})));
    let (code, less) = apply(&mut world, &path, "a", &map(json!(null)));
    assert_eq!((code, &less["data"]), (200, &json!({"x": "1", "z": "1"})));
    assert_eq!(managers(&less), ["b Apply"]);
}

#[test]
fn conflicts_name_the_manager_and_force_takes_over() {
    let mut world = world();
    let path = format!("{MAPS}/m");
    apply(&mut world, &path, "a", &map(json!({"x": "1", "y": "1"})));
    let (code, said) = apply(&mut world, &path, "b", &map(json!({"x": "2"})));
    assert_eq!((code, said["reason"].as_str()), (409, Some("Conflict")));
    assert_eq!(said["message"], "Apply failed with 1 conflict: conflict with \"a\": .data.x");
    assert_eq!(
        said["details"]["causes"][0],
        json!({"reason": "FieldManagerConflict", "message": "conflict with \"a\"", "field": ".data.x"})
    );
    let (_, said) = apply(&mut world, &path, "b", &map(json!({"x": "2", "y": "2"})));
    assert_eq!(said["message"], "Apply failed with 2 conflicts: conflicts with \"a\":\n- .data.x\n- .data.y");
    let (code, forced) = ask(
        &mut world,
        "PATCH",
        &format!("{path}?fieldManager=b&force=true"),
        APPLY,
        &map(json!({"x": "2"})),
    );
    assert_eq!((code, &forced["data"]), (200, &json!({"x": "2", "y": "1"})));
    // a lost x: it can leave it out without taking it away.
    let (_, after) = apply(&mut world, &path, "a", &map(json!({"y": "1"})));
    assert_eq!(after["data"], json!({"x": "2", "y": "1"}));
    // A plain write takes fields over without asking.
    ask(&mut world, "PATCH", &format!("{path}?fieldManager=c"), MERGE, &json!({"data": {"y": "3"}}));
    let (code, said) = apply(&mut world, &path, "a", &map(json!({"y": "1"})));
    assert_eq!(code, 409, "{said}");
    assert!(said["message"].as_str().unwrap().contains("\"c\" using v1: .data.y"), "{said}");
    let (_, now) = get(&mut world, &path);
    assert_eq!(managers(&now), ["b Apply", "c Update"]);
}

#[test]
fn lists_merge_by_their_keys() {
    let mut world = world();
    let path = format!("{ROLLOUTS}/r");
    apply(
        &mut world,
        &path,
        "team",
        &rollout(&json!([{"name": "app", "image": "x:1", "env": [{"name": "A", "value": "1"}]}])),
    );
    let side = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "r"},
        "spec": {"template": {"spec": {"containers": [{"name": "side", "image": "y:1"}, {"name": "app", "env": [{"name": "B", "value": "2"}]}]}}}});
    let (code, both) = apply(&mut world, &path, "mesh", &side);
    assert_eq!(code, 200, "{both}");
    let containers = &both["spec"]["template"]["spec"]["containers"];
    let app = containers.as_array().unwrap().iter().find(|c| c["name"] == "app").unwrap();
    assert_eq!(
        (containers.as_array().unwrap().len(), app["env"].as_array().unwrap().len(), &app["image"]),
        (2, 2, &json!("x:1"))
    );
    // The team drops its variable; the mesh's stays, and so does its container.
    let (_, less) = apply(&mut world, &path, "team", &rollout(&json!([{"name": "app", "image": "x:2"}])));
    let containers = less["spec"]["template"]["spec"]["containers"].as_array().unwrap().clone();
    let app = containers.iter().find(|c| c["name"] == "app").unwrap();
    assert_eq!(
        (app["env"].clone(), app["image"].clone(), containers.len()),
        (json!([{"name": "B", "value": "2"}]), json!("x:2"), 2)
    );
    // The mesh takes its own away altogether.
    let none = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "r"}, "spec": {}});
    let (_, last) = apply(&mut world, &path, "mesh", &none);
    assert_eq!(last["spec"]["template"]["spec"]["containers"], json!([{"name": "app", "image": "x:2"}]));
}

#[test]
fn ports_are_keyed_with_their_default_protocol() {
    let mut world = world();
    let service = |ports: Value| json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}, "spec": {"ports": ports}});
    let path = format!("{SERVICES}/s");
    apply(&mut world, &path, "a", &service(json!([{"port": 80, "name": "http"}])));
    let (code, same) =
        apply(&mut world, &path, "a", &service(json!([{"port": 80, "name": "web", "protocol": "TCP"}])));
    assert_eq!(
        (code, same["spec"]["ports"].as_array().map(Vec::len), &same["spec"]["ports"][0]["name"]),
        (200, Some(1), &json!("web")),
        "{same}"
    );
    let (code, said) = apply(&mut world, &path, "a", &service(json!([{"port": 80}, {"port": 80}])));
    assert_eq!(code, 500);
    assert!(said["message"].as_str().unwrap().contains("duplicate entries for key"), "{said}");
}

#[test]
fn a_selector_that_the_controller_switched_is_a_conflict() {
    let mut world = world();
    let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"},
        "spec": {"ports": [{"port": 80}], "selector": {"app": "a"}}});
    let path = format!("{SERVICES}/s");
    apply(&mut world, &path, "kubectl", &service);
    let switch = json!({"spec": {"selector": {"rollouts-pod-template-hash": "h"}}});
    ask(&mut world, "PATCH", &format!("{path}?fieldManager=rollouts-controller"), MERGE, &switch);
    let (code, said) = apply(&mut world, &path, "kubectl", &service);
    assert_eq!(
        (code, said["message"].as_str()),
        (
            409,
            Some(
                "Apply failed with 1 conflict: conflict with \"rollouts-controller\" using v1: .spec.selector"
            )
        )
    );
}

#[test]
fn the_status_has_owners_of_its_own() {
    let mut world = world();
    let path = format!("{ROLLOUTS}/r");
    apply(&mut world, &path, "team", &rollout(&json!([{"name": "app", "image": "x:1"}])));
    ask(
        &mut world,
        "PATCH",
        &format!("{path}/status?fieldManager=ctl"),
        MERGE,
        &json!({"status": {"phase": "Paused"}}),
    );
    let (_, object) = get(&mut world, &path);
    assert_eq!(managers(&object), ["team Apply", "ctl Update/status"]);
    let status = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "r"}, "status": {"phase": "Healthy"}});
    let (code, said) = apply(&mut world, &format!("{path}/status"), "team", &status);
    assert_eq!(code, 409);
    assert!(said["message"].as_str().unwrap().contains("\"ctl\" with subresource \"status\""), "{said}");
}

#[test]
fn what_an_apply_may_not_say() {
    let mut world = world();
    let path = format!("{MAPS}/m");
    create(&mut world, ROLLOUTS, &rollout(&json!([{"name": "c", "image": "x:1"}])));
    let cases: Vec<(String, Value, u16, &str)> = vec![
        (path.clone(), map(json!({})), 422, "fieldManager: Required value"),
        (format!("{path}?fieldManager=a"), json!({"data": {}}), 400, "must have apiVersion and kind"),
        (format!("{path}?fieldManager=a"), json!([1]), 400, "must be an object"),
        (
            format!("{path}?fieldManager=a"),
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "other"}}),
            400,
            "does not match the name on the URL",
        ),
        (
            format!("{path}?fieldManager=a"),
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"managedFields": []}}),
            400,
            "managedFields must be nil",
        ),
        (
            format!("{path}?fieldManager=a"),
            json!({"apiVersion": "v1", "kind": "ConfigMap", "bogus": 1}),
            500,
            ".bogus: field not declared in schema",
        ),
        (format!("{ROLLOUTS}/r/scale?fieldManager=a"), json!({}), 501, "not implemented by the simulator"),
        (
            "/api/v1/namespaces/none/configmaps/m?fieldManager=a".into(),
            map(json!({})),
            404,
            "namespaces \"none\" not found",
        ),
    ];
    for (path, body, code, said) in cases {
        let (got, answer) = ask(&mut world, "PATCH", &path, APPLY, &body);
        assert_eq!(got, code, "{path} {body}: {answer}");
        assert!(answer["message"].as_str().unwrap().contains(said), "{path} {body}: {answer}");
    }
}

#[test]
fn managed_fields_can_be_sent_and_cleared() {
    let mut world = world();
    let path = format!("{MAPS}/m");
    create(&mut world, MAPS, &json!({"metadata": {"name": "m"}, "data": {"x": "1"}}));
    // As kubectl moves client-side apply over to server-side apply.
    let moved = json!([{"manager": "kubectl", "operation": "Apply", "apiVersion": "v1", "time": "2026-01-01T00:00:00Z",
        "fieldsType": "FieldsV1", "fieldsV1": {"f:data": {"f:x": {}}}}]);
    let patch = json!([{"op": "replace", "path": "/metadata/managedFields", "value": moved}]);
    let (code, object) = ask(&mut world, "PATCH", &path, JSON, &patch);
    assert_eq!((code, managers(&object)), (200, vec!["kubectl Apply".to_owned()]), "{object}");
    let (_, object) = ask(&mut world, "PATCH", &path, MERGE, &json!({"metadata": {"managedFields": [{}]}}));
    assert_eq!(managers(&object), Vec::<String>::new());
}
