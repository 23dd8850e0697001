//! Requests and their answers: code, reason, and what stands in the object.

use serde_json::{Value, json};

use crate::ask::{JSON, MERGE, STRATEGIC, ask, create, get, post, read, request, world};

const DEFAULT: &str = "/api/v1/namespaces/default";
const ROLLOUTS: &str = "/apis/argoproj.io/v1alpha1/namespaces/default/rollouts";
const INGRESSES: &str = "/apis/networking.k8s.io/v1/namespaces/default/ingresses";
const SETS: &str = "/apis/apps/v1/namespaces/default/replicasets";

fn pod(name: &str) -> Value {
    json!({"metadata": {"name": name, "labels": {"app": "a"}}, "spec": {"containers": [{"name": "c", "image": "x:1"}]}})
}

fn rollout(name: &str) -> Value {
    json!({
        "metadata": {"name": name},
        "spec": {
            "selector": {"matchLabels": {"app": "a"}},
            "template": {"metadata": {"labels": {"app": "a"}}, "spec": {"containers": [{"name": "c", "image": "x:1"}]}},
            "strategy": {"blueGreen": {"activeService": "a"}},
        },
    })
}

/// A name for a body that changes one thing of a good one.
fn with(mut object: Value, pointer: &str, value: Value) -> Value {
    let (parent, field) = pointer.rsplit_once('/').unwrap();
    object.pointer_mut(parent).unwrap()[field] = value;
    object
}

#[test]
fn creating() {
    let service = json!({"metadata": {"name": "s"}, "spec": {"ports": [{"port": 80}]}});
    let service_path = "/api/v1/namespaces/default/services";
    let cases: Vec<(&str, Value, u16, &str, &str)> = vec![
        ("/api/v1/namespaces/default/pods", pod("p"), 201, "", ""),
        ("/api/v1/namespaces/default/pods", pod("p"), 409, "AlreadyExists", "pods \"p\" already exists"),
        ("/api/v1/namespaces/none/pods", pod("p"), 404, "NotFound", "namespaces \"none\" not found"),
        (
            "/api/v1/namespaces/default/pods",
            pod("P_"),
            422,
            "Invalid",
            "metadata.name: Invalid value: \"P_\"",
        ),
        (
            "/api/v1/namespaces/default/pods",
            json!({"metadata": {}, "spec": {}}),
            422,
            "Invalid",
            "name or generateName is required",
        ),
        (
            "/api/v1/namespaces/default/pods",
            with(pod("q"), "/spec/containers", json!([])),
            422,
            "Invalid",
            "spec.containers: Required value",
        ),
        (
            "/api/v1/namespaces/default/pods",
            with(pod("q"), "/spec/containers", json!("c")),
            400,
            "BadRequest",
            "cannot unmarshal string into Go struct field Pod.spec.containers of type array",
        ),
        (
            "/api/v1/namespaces/default/pods",
            with(pod("q"), "/spec/hostname", json!(7)),
            400,
            "BadRequest",
            "Pod.spec.hostname of type string",
        ),
        (
            "/api/v1/namespaces/default/pods",
            with(pod("q"), "/metadata/labels", json!({"a b": "c"})),
            422,
            "Invalid",
            "metadata.labels",
        ),
        (
            "/api/v1/namespaces/default/pods",
            with(pod("q"), "/metadata/labels", json!({"a": 1})),
            400,
            "BadRequest",
            "metadata.labels",
        ),
        (
            "/api/v1/namespaces/default/pods",
            with(pod("q"), "/metadata/resourceVersion", json!("1")),
            400,
            "BadRequest",
            "resourceVersion should not be set",
        ),
        (
            "/api/v1/namespaces/default/pods",
            with(pod("q"), "/metadata/namespace", json!("other")),
            400,
            "BadRequest",
            "does not match the namespace sent",
        ),
        (
            "/api/v1/namespaces/default/pods",
            json!({"kind": "Service", "metadata": {"name": "q"}}),
            400,
            "BadRequest",
            "must be of type Pod",
        ),
        (
            "/api/v1/namespaces/default/pods",
            json!({"apiVersion": "v2", "metadata": {"name": "q"}}),
            400,
            "BadRequest",
            "does not match the expected API version (v1)",
        ),
        ("/api/v1/pods", pod("q"), 405, "MethodNotAllowed", ""),
        (
            "/apis/apps/v1/namespaces/default/deployments",
            json!({"metadata": {"name": "d"}}),
            501,
            "NotImplemented",
            "no Deployment controller",
        ),
        (
            "/api/v1/namespaces/default/resourcequotas",
            json!({"metadata": {"name": "q"}}),
            501,
            "NotImplemented",
            "creating a ResourceQuota: nothing here would enforce it",
        ),
        ("/apis/batch/v1/namespaces/default/jobs", json!({}), 404, "NotFound", "no Job controller"),
        (
            "/apis/argoproj.io/v1alpha1/namespaces/default/applications",
            json!({}),
            404,
            "NotFound",
            "Argo CD is not simulated",
        ),
        (
            "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
            json!({"metadata": {"name": "x"}}),
            501,
            "NotImplemented",
            "the served kinds are fixed",
        ),
        (service_path, with(service.clone(), "/metadata/name", json!("1s")), 422, "Invalid", "DNS-1035"),
        (
            service_path,
            with(service.clone(), "/spec/ports", json!([{"port": 0}])),
            422,
            "Invalid",
            "must be between 1 and 65535",
        ),
        (
            service_path,
            with(service.clone(), "/spec/ports", json!([{"port": 1}, {"port": 2}])),
            422,
            "Invalid",
            "spec.ports[0].name: Required value",
        ),
        (
            service_path,
            with(service, "/spec/type", json!("Cluster")),
            422,
            "Invalid",
            "Unsupported value: \"Cluster\"",
        ),
        (
            INGRESSES,
            json!({"metadata": {"name": "i"}, "spec": {}}),
            422,
            "Invalid",
            "either `defaultBackend` or `rules`",
        ),
        (
            INGRESSES,
            json!({"metadata": {"name": "i"}, "spec": {"rules": [{"host": "h", "http": {"paths": [{"path": "/", "backend": {"service": {"name": "s", "port": {"number": 80}}}}]}}]}}),
            422,
            "Invalid",
            "pathType: Required value",
        ),
        (
            SETS,
            json!({"metadata": {"name": "r"}, "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": {"metadata": {"labels": {"a": "c"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}}}),
            422,
            "Invalid",
            "`selector` does not match template `labels`",
        ),
        (ROLLOUTS, rollout("r"), 201, "", ""),
        (
            ROLLOUTS,
            with(rollout("q"), "/spec/replicas", json!("3")),
            422,
            "Invalid",
            "spec.replicas in body must be of type integer: \"string\"",
        ),
        (
            ROLLOUTS,
            with(rollout("q"), "/spec/strategy/blueGreen", json!({})),
            422,
            "Invalid",
            "spec.strategy.blueGreen.activeService: Required value",
        ),
        (
            ROLLOUTS,
            with(rollout("q"), "/spec/restartAt", json!("soon")),
            422,
            "Invalid",
            "must be of type date-time",
        ),
        (ROLLOUTS, json!({"metadata": {"name": "q"}}), 422, "Invalid", "spec: Required value"),
        (
            ROLLOUTS,
            with(
                rollout("q"),
                "/spec/template/spec/containers",
                json!([{"name": "c", "image": "a"}, {"name": "c", "image": "b"}]),
            ),
            422,
            "Invalid",
            "spec.template.spec.containers[1]: Duplicate value",
        ),
        ("/api/v1/namespaces", json!({"metadata": {"name": "a.b"}}), 422, "Invalid", "RFC 1123 label"),
    ];
    let mut world = world();
    for (path, body, code, reason, message) in cases {
        let (got, answer) = post(&mut world, path, &body);
        let said = answer["message"].as_str().unwrap_or_default();
        assert_eq!(
            (got, answer["reason"].as_str().unwrap_or_default()),
            (code, reason),
            "{path} {body}: {said}"
        );
        assert!(said.contains(message), "{path} {body}: {said}");
        if code >= 400 {
            assert_eq!((&answer["kind"], &answer["code"]), (&json!("Status"), &json!(code)));
        }
    }
}

/// Where a body is posted, the body, and what then stands where.
type Filled<'a> = (&'a str, Value, &'a [(&'a str, Value)]);

#[test]
fn defaults_are_filled_in_and_the_server_owns_its_fields() {
    let mut world = world();
    let cases: [Filled<'_>; 5] = [
        (
            "/api/v1/namespaces/default/pods",
            json!({
                "metadata": {"generateName": "p-", "uid": "mine", "creationTimestamp": null},
                "status": {"phase": "Running"},
                "spec": {"containers": [{"name": "c", "image": "x", "ports": [{"containerPort": 80}],
                    "readinessProbe": {"httpGet": {"port": 80}}}]},
            }),
            &[
                ("/kind", json!("Pod")),
                ("/apiVersion", json!("v1")),
                ("/metadata/creationTimestamp", json!("2026-01-01T00:00:00Z")),
                ("/metadata/generation", json!(1)),
                ("/status/phase", json!("Pending")),
                ("/spec/restartPolicy", json!("Always")),
                ("/spec/terminationGracePeriodSeconds", json!(30)),
                ("/spec/containers/0/imagePullPolicy", json!("Always")),
                ("/spec/containers/0/ports/0/protocol", json!("TCP")),
                ("/spec/containers/0/readinessProbe/periodSeconds", json!(10)),
                ("/spec/containers/0/readinessProbe/httpGet/path", json!("/")),
                ("/metadata/managedFields/0/manager", json!("tester")),
            ],
        ),
        (
            "/api/v1/namespaces/default/services",
            json!({"metadata": {"name": "s"}, "spec": {"ports": [{"port": 80}]}}),
            &[
                ("/spec/type", json!("ClusterIP")),
                ("/spec/sessionAffinity", json!("None")),
                ("/spec/ports/0/targetPort", json!(80)),
                ("/spec/ports/0/protocol", json!("TCP")),
                ("/status", json!({"loadBalancer": {}})),
            ],
        ),
        (
            "/api/v1/namespaces/default/secrets",
            json!({"metadata": {"name": "s"}, "stringData": {"a": "b"}}),
            &[("/data/a", json!("Yg==")), ("/type", json!("Opaque"))],
        ),
        (
            "/api/v1/namespaces",
            json!({"metadata": {"name": "n"}}),
            &[
                ("/metadata/labels/kubernetes.io~1metadata.name", json!("n")),
                ("/status/phase", json!("Active")),
            ],
        ),
        (
            ROLLOUTS,
            with(rollout("r"), "/spec/template/spec/containers/0/ports", json!([{"containerPort": 80}])),
            &[
                // The CRD defaults the protocol, and nothing else of the template; the controller fills in replicas.
                (
                    "/spec/template/spec/containers/0",
                    json!({"name": "c", "image": "x:1", "ports": [{"containerPort": 80, "protocol": "TCP"}]}),
                ),
                ("/apiVersion", json!("argoproj.io/v1alpha1")),
            ],
        ),
    ];
    for (path, body, wants) in cases {
        let made = create(&mut world, path, &body);
        assert_ne!(made["metadata"]["uid"], "mine");
        for (pointer, want) in wants {
            assert_eq!(made.pointer(pointer), Some(want), "{path} {pointer}: {made}");
        }
    }
}

#[test]
fn strict_warn_and_ignore() {
    let mut world = world();
    let body = with(rollout("a"), "/spec/bogus", json!(1));
    let (code, answer) = post(&mut world, &format!("{ROLLOUTS}?fieldValidation=Strict"), &body);
    assert_eq!((code, answer["reason"].as_str()), (400, Some("BadRequest")));
    let said = "Rollout in version \"v1alpha1\" cannot be handled as a Rollout: strict decoding error: unknown field \"spec.bogus\"";
    assert_eq!(answer["message"], said);

    let doubled = body.to_string().replacen("\"spec\":{", "\"spec\":{\"replicas\":1,\"replicas\":2,", 1);
    let strict = request("POST", &format!("{ROLLOUTS}?fieldValidation=Strict"), "application/json", &doubled);
    let (_, answer) = read(&world.handle(&strict));
    assert!(
        answer["message"]
            .as_str()
            .unwrap()
            .ends_with("unknown field \"spec.bogus\", duplicate field \"spec.replicas\""),
        "{answer}"
    );

    let warned = world.handle(&request("POST", ROLLOUTS, "application/json", &doubled));
    let warnings: Vec<&str> =
        warned.headers().get_all("warning").iter().map(|w| w.to_str().unwrap()).collect();
    assert_eq!(
        warnings,
        ["299 - \"unknown field \\\"spec.bogus\\\"\"", "299 - \"duplicate field \\\"spec.replicas\\\"\""]
    );
    let (code, made) = read(&warned);
    assert_eq!((code, &made["spec"]["replicas"], made["spec"].get("bogus")), (201, &json!(2), None));

    let ignored = request(
        "POST",
        &format!("{DEFAULT}/pods?fieldValidation=Ignore"),
        "application/json",
        &with(pod("p"), "/spec/bogus", json!(1)).to_string(),
    );
    let ignored = world.handle(&ignored);
    assert!(ignored.headers().get("warning").is_none());
    assert!(read(&ignored).1["spec"].get("bogus").is_none());

    for (method, media, body) in [
        ("PATCH", MERGE, json!({"spec": {"x": {"y": 1}}})),
        ("PATCH", JSON, json!([{"op": "add", "path": "/spec/x", "value": 1}])),
    ] {
        let (code, answer) =
            ask(&mut world, method, &format!("{ROLLOUTS}/a?fieldValidation=Strict"), media, &body);
        assert_eq!(code, 422, "{answer}");
        assert!(
            answer["message"].as_str().unwrap().contains("strict decoding error: unknown field \"spec.x\""),
            "{answer}"
        );
    }
    let (code, _) = post(&mut world, &format!("{ROLLOUTS}?fieldValidation=Lax"), &rollout("b"));
    assert_eq!(code, 422);
}

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
        (&map, MERGE, json!("text"), 400, "no object"),
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
        (&map, JSON, json!([{"op": "jump", "path": "/data"}]), 400, "invalid JSON patch"),
        (&map, JSON, json!({"op": "add"}), 400, "invalid JSON patch"),
        (&map, "text/plain", data("4"), 415, "accepted media types"),
        (&map, "application/json", data("4"), 415, "accepted media types"),
        (&apart, STRATEGIC, json!({"spec": {"paused": true}}), 415, "accepted media types"),
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
    assert_eq!(crds["items"].as_array().unwrap().len(), 5);
}
