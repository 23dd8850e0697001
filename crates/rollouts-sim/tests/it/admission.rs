//! What of an object is accepted, filled in and refused on its way into the store.

use serde_json::{Value, json};

use crate::ask::{
    DEFAULT, JSON, MERGE, ROLLOUTS, ask, create, pod, post, read, request, rollout, with, world,
};

const INGRESSES: &str = "/apis/networking.k8s.io/v1/namespaces/default/ingresses";
const SETS: &str = "/apis/apps/v1/namespaces/default/replicasets";

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
            500,
            "",
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
            "Service in version \"v1\" cannot be handled as a Pod",
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
            "/apis/argoproj.io/v1alpha1/namespaces/default/applicationsets",
            json!({}),
            404,
            "NotFound",
            "of Argo CD the simulator has Applications",
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
        ("/api/v1/namespaces", json!({"metadata": {"name": "a.b"}}), 422, "Invalid", "must not contain dots"),
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
            .ends_with("duplicate field \"spec.replicas\", unknown field \"spec.bogus\""),
        "{answer}"
    );

    let warned = world.handle(&request("POST", ROLLOUTS, "application/json", &doubled));
    let warnings: Vec<&str> =
        warned.headers().get_all("warning").iter().map(|w| w.to_str().unwrap()).collect();
    assert_eq!(
        warnings,
        ["299 - \"duplicate field \\\"spec.replicas\\\"\"", "299 - \"unknown field \\\"spec.bogus\\\"\""]
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
