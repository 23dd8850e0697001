//! Requests and their answers: reading, updating, patching, deleting, discovery.

use serde_json::{Value, json};

use crate::ask::{
    DEFAULT, JSON, MERGE, ROLLOUTS, STRATEGIC, ask, create, get, pod, post, read, request, rollout, with,
    world,
};

#[test]
fn updating_conflicts_and_parts() {
    let mut world = world();
    let made = create(&mut world, ROLLOUTS, &rollout("r"));
    let path = format!("{ROLLOUTS}/r");
    let version = made["metadata"]["resourceVersion"].clone();

    let changed = with(with(made, "/spec/paused", json!(true)), "/status", json!({"phase": "Lies"}));
    let (code, put) = ask(&mut world, "PUT", &path, "application/json", &changed);
    assert_eq!(
        (code, put["metadata"]["generation"].as_i64(), put.get("status")),
        (200, Some(2), None),
        "{put}"
    );

    let (code, stale) = ask(&mut world, "PUT", &path, "application/json", &changed);
    assert_eq!((code, stale["reason"].as_str()), (409, Some("Conflict")));
    assert_eq!(
        stale["message"],
        "Operation cannot be fulfilled on rollouts.argoproj.io \"r\": the object has been modified; please apply your \
         changes to the latest version and try again"
    );
    let (code, _) = ask(
        &mut world,
        "PATCH",
        &path,
        MERGE,
        &json!({"metadata": {"resourceVersion": version}, "spec": {"paused": false}}),
    );
    assert_eq!(code, 409);
    let blind = with(put, "/metadata/resourceVersion", json!(null));
    assert_eq!(ask(&mut world, "PUT", &path, "application/json", &blind).0, 422);

    // A status write cannot touch the spec, bumps no generation, and the other way round.
    let both = json!({"spec": {"paused": false}, "status": {"phase": "Paused"}});
    let (_, status) = ask(&mut world, "PATCH", &format!("{path}/status"), MERGE, &both);
    assert_eq!(
        (&status["spec"]["paused"], &status["status"]["phase"], &status["metadata"]["generation"]),
        (&json!(true), &json!("Paused"), &json!(2))
    );
    let (_, main) = ask(&mut world, "PATCH", &path, MERGE, &json!({"status": null, "spec": {"replicas": 4}}));
    assert_eq!((&main["status"]["phase"], &main["metadata"]["generation"]), (&json!("Paused"), &json!(3)));

    // What changes nothing makes no version.
    let (_, same) = ask(&mut world, "PATCH", &path, MERGE, &json!({"spec": {"replicas": 4}}));
    assert_eq!(same["metadata"]["resourceVersion"], main["metadata"]["resourceVersion"]);

    let (code, said) =
        ask(&mut world, "PATCH", &path, MERGE, &json!({"spec": {"selector": {"matchLabels": {"app": "b"}}}}));
    assert_eq!(code, 422);
    assert!(said["message"].as_str().unwrap().contains(".spec.selector is immutable"), "{said}");
    let (code, _) = ask(&mut world, "PATCH", &path, MERGE, &json!({"metadata": {"name": "other"}}));
    assert_eq!(code, 400);

    let (code, scale) = get(&mut world, &format!("{path}/scale"));
    assert_eq!((code, &scale["kind"], &scale["spec"]["replicas"]), (200, &json!("Scale"), &json!(4)));
    let (code, scale) =
        ask(&mut world, "PATCH", &format!("{path}/scale"), MERGE, &json!({"spec": {"replicas": 5}}));
    assert_eq!((code, &scale["spec"]["replicas"]), (200, &json!(5)));
    assert_eq!(get(&mut world, &path).1["spec"]["replicas"], 5);
}

#[test]
fn patches_by_media_type() {
    let mut world = world();
    create(
        &mut world,
        &format!("{DEFAULT}/configmaps"),
        &json!({"metadata": {"name": "c"}, "data": {"a": "1", "b": "2"}}),
    );
    create(&mut world, ROLLOUTS, &rollout("r"));
    let map = format!("{DEFAULT}/configmaps/c");
    let missing = format!("{DEFAULT}/configmaps/none");
    let apart = format!("{ROLLOUTS}/r");
    let data = |n: &str| json!({"data": {"a": n}});
    let cases: Vec<(&str, &str, Value, u16, &str)> = vec![
        (&map, MERGE, json!({"data": {"a": null}}), 200, ""),
        (&map, MERGE, json!("text"), 400, "error decoding patch"),
        (&map, STRATEGIC, data("2"), 200, ""),
        (
            &map,
            JSON,
            json!([{"op": "test", "path": "/data/a", "value": "2"}, {"op": "replace", "path": "/data/a", "value": "3"}]),
            200,
            "",
        ),
        (
            &map,
            JSON,
            json!([{"op": "test", "path": "/data/a", "value": "2"}, {"op": "remove", "path": "/data/a"}]),
            422,
            "the server rejected our request due to an error in our request",
        ),
        (&map, JSON, json!([{"op": "remove", "path": "/data/none"}]), 422, "rejected"),
        (&map, JSON, json!([{"op": "jump", "path": "/data"}]), 422, "rejected"),
        (&map, JSON, json!({"op": "add"}), 400, "error decoding patch"),
        (&map, "text/plain", data("4"), 415, "415: Unsupported Media Type"),
        (&map, "application/json", data("4"), 415, "415: Unsupported Media Type"),
        (&apart, STRATEGIC, json!({"spec": {"paused": true}}), 415, "accepted media types"),
        (&map, MERGE, json!({"data": {"a": 1}}), 422, "cannot be handled as a ConfigMap"),
        (&missing, MERGE, data("4"), 404, "configmaps \"none\" not found"),
    ];
    for (path, media, body, code, said) in cases {
        let (got, answer) = ask(&mut world, "PATCH", path, media, &body);
        assert_eq!(got, code, "{media} {body}: {answer}");
        assert!(answer["message"].as_str().unwrap_or_default().contains(said), "{media} {body}: {answer}");
    }
    assert_eq!(get(&mut world, &map).1["data"], json!({"b": "2", "a": "3"}));
    let (code, _) = ask(&mut world, "PATCH", &format!("{map}?force=true"), MERGE, &data("4"));
    assert_eq!(code, 422);
}

#[test]
fn listing_selecting_and_representing() {
    let mut world = world();
    for (name, app) in [("a", "x"), ("b", "y"), ("c", "x")] {
        create(
            &mut world,
            &format!("{DEFAULT}/pods"),
            &with(pod(name), "/metadata/labels", json!({"app": app})),
        );
    }
    create(&mut world, "/api/v1/namespaces/kube-system/pods", &pod("d"));
    let names = |world: &mut rollouts_sim::World, query: &str| -> Vec<String> {
        let (code, list) = get(world, query);
        assert_eq!(code, 200, "{list}");
        assert_eq!(list["kind"], "PodList");
        list["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|i| i["metadata"]["name"].as_str().unwrap().to_owned())
            .collect()
    };
    let pods = format!("{DEFAULT}/pods");
    for (query, want) in [
        (pods.clone(), vec!["a", "b", "c"]),
        ("/api/v1/pods".into(), vec!["a", "b", "c", "d"]),
        (format!("{pods}?labelSelector=app%3Dx"), vec!["a", "c"]),
        (format!("{pods}?labelSelector=app+notin+(x)"), vec!["b"]),
        (format!("{pods}?fieldSelector=metadata.name%3Db"), vec!["b"]),
        (format!("{pods}?fieldSelector=status.phase%3DRunning"), vec![]),
        (format!("{pods}?limit=1"), vec!["a", "b", "c"]),
    ] {
        assert_eq!(names(&mut world, &query), want, "{query}");
    }
    for (query, code) in [
        ("labelSelector=%3D", 400),
        ("fieldSelector=spec.color%3Dred", 400),
        ("continue=abc", 400),
        ("resourceVersion=999999", 504),
        ("resourceVersion=1&resourceVersionMatch=Exact", 410),
        ("watch=true", 400),
    ] {
        assert_eq!(get(&mut world, &format!("{pods}?{query}")).0, code, "{query}");
    }
    let table = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
    let mut asked = request("GET", &pods, "", "");
    asked.headers_mut().insert("accept", table.parse().unwrap());
    let (_, answer) = read(&world.handle(&asked));
    assert_eq!((&answer["kind"], answer["rows"].as_array().unwrap().len()), (&json!("Table"), 3));
    let cells = answer["rows"][0]["cells"].as_array().unwrap();
    assert_eq!(cells[..5], [json!("a"), json!("0/1"), json!("Pending"), json!("0"), json!("0s")]);
    assert_eq!(answer["rows"][0]["object"]["kind"], "PartialObjectMetadata");
    asked.headers_mut().insert("accept", "application/vnd.kubernetes.protobuf".parse().unwrap());
    assert_eq!(read(&world.handle(&asked)).0, 406);
}

#[test]
fn deleting() {
    let mut world = world();
    let maps = format!("{DEFAULT}/configmaps");
    let held = json!({"metadata": {"name": "held", "finalizers": ["example.com/hold"]}});
    for body in
        [json!({"metadata": {"name": "a"}}), json!({"metadata": {"name": "b", "labels": {"l": "1"}}}), held]
    {
        create(&mut world, &maps, &body);
    }
    let one = |name: &str| format!("{maps}/{name}");
    let options = json!({"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": {"uid": "other"}});
    assert_eq!(ask(&mut world, "DELETE", &one("a"), "application/json", &options).0, 409);
    let (code, dry) = ask(&mut world, "DELETE", &format!("{}?dryRun=All", one("a")), "", &Value::Null);
    assert_eq!((code, get(&mut world, &one("a")).0), (200, 200), "{dry}");
    let (code, status) = ask(&mut world, "DELETE", &one("a"), "", &Value::Null);
    assert_eq!(
        (code, &status["status"], &status["details"]["kind"]),
        (200, &json!("Success"), &json!("configmaps"))
    );
    assert_eq!(ask(&mut world, "DELETE", &one("a"), "", &Value::Null).0, 404);

    let (_, marked) = ask(&mut world, "DELETE", &one("held"), "", &Value::Null);
    assert!(marked["metadata"]["deletionTimestamp"].is_string());
    let (_, freed) =
        ask(&mut world, "PATCH", &one("held"), MERGE, &json!({"metadata": {"finalizers": null}}));
    assert_eq!((freed["metadata"]["name"].as_str(), get(&mut world, &one("held")).0), (Some("held"), 404));

    let (code, _) = ask(&mut world, "DELETE", &format!("{maps}?labelSelector=l%3D1"), "", &Value::Null);
    assert_eq!((code, get(&mut world, &one("b")).0), (200, 404));
    let bad = json!({"propagationPolicy": "Sideways"});
    create(&mut world, &maps, &json!({"metadata": {"name": "a"}}));
    assert_eq!(ask(&mut world, "DELETE", &one("a"), "application/json", &bad).0, 422);
}

#[test]
fn owners_take_orphan_or_outlive_their_dependents() {
    for (policy, gone_first) in [("Background", true), ("Foreground", false), ("Orphan", true)] {
        let mut world = world();
        let maps = format!("{DEFAULT}/configmaps");
        let owner = create(&mut world, &maps, &json!({"metadata": {"name": "owner"}}));
        let reference = json!([{"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner["metadata"]["uid"]}]);
        create(&mut world, &maps, &json!({"metadata": {"name": "child", "ownerReferences": reference}}));
        let body = json!({"propagationPolicy": policy});
        ask(&mut world, "DELETE", &format!("{maps}/owner"), "application/json", &body);
        if policy != "Orphan" {
            assert_eq!(get(&mut world, &format!("{maps}/owner")).0 == 404, gone_first, "{policy}");
        }
        let end = world.now() + jiff::SignedDuration::from_secs(5);
        world.advance_to(end);
        assert_eq!(get(&mut world, &format!("{maps}/owner")).0, 404, "{policy}");
        let (code, child) = get(&mut world, &format!("{maps}/child"));
        assert_eq!(code, if policy == "Orphan" { 200 } else { 404 }, "{policy}");
        assert!(child["metadata"]["ownerReferences"].as_array().is_none_or(Vec::is_empty), "{policy}");
    }
}

#[test]
fn dry_runs_change_nothing() {
    let mut world = world();
    create(&mut world, ROLLOUTS, &rollout("r"));
    let before = serde_json::to_value(&world).unwrap();
    let path = format!("{ROLLOUTS}/r?dryRun=All");
    let cases = [
        ("POST", format!("{ROLLOUTS}?dryRun=All"), "application/json", rollout("new"), 201),
        ("PATCH", path.clone(), MERGE, json!({"spec": {"replicas": 9}}), 200),
        ("DELETE", path, "", Value::Null, 200),
    ];
    for (method, path, media, body, want) in cases {
        let (code, answer) = ask(&mut world, method, &path, media, &body);
        assert_eq!(code, want, "{answer}");
    }
    let mut after = serde_json::to_value(&world).unwrap();
    // A dry run may draw a uid for its answer; nothing else moves.
    after["drawn"] = before["drawn"].clone();
    assert_eq!(after, before);
    assert_eq!(post(&mut world, &format!("{ROLLOUTS}?dryRun=Some"), &rollout("new")).0, 422);
}

#[test]
fn discovery_is_consistent_with_what_is_served() {
    let mut world = world();
    assert_eq!(get(&mut world, "/version").1["gitVersion"], "v1.34.4");
    for path in ["/healthz", "/readyz", "/livez"] {
        assert_eq!(world.handle(&request("GET", path, "", "")).body(), b"ok");
    }
    let mut group_versions = vec![("/api/v1".to_owned(), "v1".to_owned())];
    for group in get(&mut world, "/apis").1["groups"].as_array().unwrap() {
        let version = group["preferredVersion"]["groupVersion"].as_str().unwrap();
        group_versions.push((format!("/apis/{version}"), version.to_owned()));
    }
    let index = get(&mut world, "/openapi/v3").1;
    assert_eq!(index["paths"].as_object().unwrap().len(), group_versions.len());
    for (path, version) in group_versions {
        let (code, list) = get(&mut world, &path);
        assert_eq!((code, list["groupVersion"].as_str()), (200, Some(version.as_str())));
        for resource in list["resources"].as_array().unwrap() {
            let name = resource["name"].as_str().unwrap();
            if !name.contains('/') {
                let (code, answer) = get(&mut world, &format!("{path}/{name}"));
                assert_eq!(
                    (code, answer["kind"].as_str().unwrap()),
                    (200, format!("{}List", resource["kind"].as_str().unwrap()).as_str())
                );
            }
        }
        let (code, document) = get(&mut world, &format!("/openapi/v3{path}"));
        assert_eq!(code, 200, "{path}");
        // Every reference points into the document.
        let text = document.to_string();
        for part in text.split("\"$ref\":\"#/components/schemas/").skip(1) {
            let name = part.split('"').next().unwrap();
            assert!(document["components"]["schemas"].get(name).is_some(), "{path} {name}");
        }
    }
    let crds = get(&mut world, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions").1;
    assert_eq!(crds["items"].as_array().unwrap().len(), 7);
}

#[test]
fn who_asks_is_told_and_may_be_another() {
    const PATH: &str = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
    let mut world = world();
    let review = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"});
    let (code, own) = ask(&mut world, "POST", PATH, JSON, &review);
    assert_eq!((code, &own["status"]["userInfo"]["username"]), (201, &json!("simulated-user")));
    let mut other = request("POST", PATH, JSON, &review.to_string());
    other.headers_mut().insert("impersonate-user", "alice".parse().unwrap());
    assert_eq!(read(&world.handle(&other)).1["status"]["userInfo"]["username"], "alice");
    let (code, said) = ask(&mut world, "POST", PATH, JSON, &json!({"kind": "Pod"}));
    assert_eq!((code, said["reason"].as_str()), (400, Some("BadRequest")), "{said}");
    assert_eq!(ask(&mut world, "GET", PATH, JSON, &json!(null)).0, 404);
}
