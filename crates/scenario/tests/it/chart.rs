//! charts/: the renderings against the plain manifests and against `helm` where there is one, and the values.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Map, Value, json};
use test_support::gate;

use crate::environments::ENVIRONMENTS;
use crate::files::{find, objects, root, text, title, yaml};
use crate::{canary, manifests};

/// A chart, with each committed rendering and the values files that it is made with, besides values.yaml.
struct Chart {
    folder: &'static str,
    release: &'static str,
    renderings: &'static [(&'static str, &'static [&'static str])],
}

/// What both charts have: an environment each, and a provider each.
const SHARED: [(&str, &[&str]); 6] = [
    ("dev", &["values-dev.yaml"]),
    ("staging", &["values-staging.yaml"]),
    ("prod", &["values-prod.yaml"]),
    ("gateway", &["values-gateway.yaml"]),
    ("traefik", &["values-traefik.yaml"]),
    ("none", &["values-none.yaml"]),
];

const BLUE_GREEN: Chart = Chart {
    folder: "charts/blue-green-app",
    release: "blue-green",
    renderings: &[
        ("default", &[]),
        ("preview-full", &["values-preview-full.yaml"]),
        ("breaking", &["values-breaking.yaml"]),
    ],
};

const CANARY: Chart = Chart {
    folder: "charts/canary-app",
    release: "canary",
    renderings: &[
        ("default", &[]),
        ("1-10-50-100", &["values-1-10-50-100.yaml"]),
        ("manual-gate", &["values-manual-gate.yaml"]),
        ("ingress-nginx", &["values-ingress-nginx.yaml"]),
        ("fast", &["values-fast.yaml"]),
        ("failing", &["values-failing.yaml"]),
        ("fast-failing", &["values-fast.yaml", "values-failing.yaml"]),
        ("expand", &["values-expand.yaml"]),
        ("contract", &["values-contract.yaml"]),
    ],
};

const CHARTS: [&Chart; 2] = [&BLUE_GREEN, &CANARY];

impl Chart {
    fn rendering(&self, name: &str) -> Vec<Value> {
        objects(&[&format!("{}/rendered/{name}.yaml", self.folder)])
    }

    fn values(&self) -> Value {
        yaml(&text(&format!("{}/values.yaml", self.folder)))
    }

    fn schema(&self) -> Value {
        serde_json::from_str(&text(&format!("{}/values.schema.json", self.folder))).unwrap()
    }

    /// What helm says to these words after the chart; none without helm.
    fn helm(&self, words: &[&str]) -> Option<Output> {
        self.helm_in(self.release, words)
    }

    fn helm_in(&self, namespace: &str, words: &[&str]) -> Option<Output> {
        let helm = helm()?;
        #[expect(clippy::disallowed_methods, reason = "a test that asks the real tool, where there is one")]
        let mut command = Command::new(helm);
        command.current_dir(root()).args(["template", self.release, self.folder]);
        command.args(["--namespace", namespace]).args(words);
        Some(command.output().unwrap())
    }
}

#[test]
fn each_rendering_is_the_plain_manifests_plus_the_labels_of_helm() {
    let nginx: Vec<&str> = [canary::NGINX].into_iter().chain(canary::DEPLOY.into_iter().skip(1)).collect();
    for (chart, name, plain) in [
        (&BLUE_GREEN, "default", &manifests::DEPLOY[..]),
        (&CANARY, "default", &canary::DEPLOY),
        (&CANARY, "ingress-nginx", &nginx),
    ] {
        let mut rendered = chart.rendering(name);
        let app = Path::new(chart.folder).file_name().unwrap().to_str().unwrap();
        for object in &mut rendered {
            let labels = object["metadata"]["labels"].as_object_mut().unwrap();
            assert_eq!(labels.remove("app.kubernetes.io/managed-by").unwrap(), "Helm");
            assert!(labels.remove("helm.sh/chart").unwrap().as_str().unwrap().starts_with(app));
        }
        let mut plain = objects(plain);
        // Stated there because PRD §3.3 states it; a zero is none to the controller, and drift to Argo CD.
        for object in plain.iter_mut().filter(|object| object["kind"] == "Rollout") {
            let blue_green = object.pointer_mut("/spec/strategy/blueGreen").and_then(Value::as_object_mut);
            assert_eq!(
                blue_green.and_then(|all| all.remove("autoPromotionSeconds")).is_some(),
                app == "blue-green-app"
            );
        }
        let titles = |objects: &[Value]| objects.iter().map(title).collect::<BTreeSet<_>>();
        assert_eq!(titles(&rendered), titles(&plain));
        for object in &plain {
            assert_eq!(find(&rendered, &title(object)), object, "{}: {}", chart.folder, title(object));
        }
    }
}

#[test]
fn the_full_preview_differs_in_previewreplicacount_alone() {
    let mut default = BLUE_GREEN.rendering("default");
    for object in &mut default {
        if object["kind"] == "Rollout" {
            let strategy = object["spec"]["strategy"]["blueGreen"].as_object_mut().unwrap();
            assert_eq!(strategy.remove("previewReplicaCount").unwrap(), 1);
        }
    }
    assert_eq!(BLUE_GREEN.rendering("preview-full"), default);
}

/// Takes the steps out of the Rollout and answers them.
fn steps(objects: &mut [Value]) -> Vec<Value> {
    let rollout = objects.iter_mut().find(|object| object["kind"] == "Rollout").unwrap();
    let steps = rollout["spec"]["strategy"]["canary"]["steps"].take();
    steps.as_array().unwrap().clone()
}

#[test]
fn other_weights_and_the_manual_gate_change_the_steps_alone() {
    let mut default = CANARY.rendering("default");
    let usual = steps(&mut default);

    let mut other = CANARY.rendering("1-10-50-100");
    let weights: Vec<Value> =
        steps(&mut other).iter().filter_map(|step| step.get("setWeight").cloned()).collect();
    assert_eq!(weights, [1, 10, 50, 100]);
    assert_eq!(other, default);

    let mut gated = CANARY.rendering("manual-gate");
    let mut gated_steps = steps(&mut gated);
    assert_eq!(gated_steps.remove(3), json!({ "pause": {} }), "after the first weight's analysis");
    assert_eq!(gated_steps, usual);
    assert_eq!(gated, default);
}

#[test]
fn the_fast_values_change_times_alone_and_are_the_only_ones_that_may() {
    let rendering = |name: &str| text(&format!("charts/canary-app/rendered/{name}.yaml"));
    for (usual, fast) in [("default", "fast"), ("failing", "fast-failing")] {
        differ_in_times(&rendering(usual), &rendering(fast));
    }
    for chart in CHARTS {
        for entry in std::fs::read_dir(root().join(chart.folder)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            if name.starts_with("values") && name.ends_with(".yaml") {
                let values = yaml(&text(&format!("{}/{name}", chart.folder)));
                assert_eq!(values["testing"]["fast"] == true, name == "values-fast.yaml", "{name}");
            }
        }
    }
}

fn differ_in_times(usual: &str, fast: &str) {
    let mut times = 0;
    for (usual, fast) in usual.lines().zip(fast.lines()) {
        if usual != fast {
            let without = |line: &str| {
                ["2m", "1m", "60s", "20s", "10s"]
                    .iter()
                    .fold(line.to_owned(), |line, time| line.replace(time, "T"))
            };
            assert_eq!(without(usual), without(fast));
            times += 1;
        }
    }
    assert_eq!(usual.lines().count(), fast.lines().count());
    assert!(times >= 17, "4 pauses, 3 intervals and 10 windows: {times}");
}

#[test]
fn helm_renders_what_is_committed() {
    for chart in CHARTS {
        for (name, values) in chart.renderings.iter().chain(&SHARED).chain([&("tests", &[][..])]) {
            let files: Vec<String> = values.iter().map(|file| format!("{}/{file}", chart.folder)).collect();
            let mut words: Vec<&str> = files.iter().flat_map(|file| ["--values", file.as_str()]).collect();
            // What is applied is rendered without the pod of `helm test`, which has a rendering of its own.
            match *name {
                "tests" => words.extend(["--show-only", "templates/tests/answers.yaml"]),
                _ => words.push("--skip-tests"),
            }
            let namespace = if ENVIRONMENTS.contains(name) { name } else { chart.release };
            let Some(output) = chart.helm_in(namespace, &words) else {
                return;
            };
            let (out, err) =
                (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            assert!(output.status.success(), "{err}");
            // Objects and not bytes: versions of Helm differ in blank lines.
            let rendered: Vec<Value> = out.split("\n---\n").map(yaml).collect();
            assert_eq!(
                rendered,
                chart.rendering(name),
                "render the chart again into {}/rendered/{name}.yaml",
                chart.folder
            );
        }
    }
}

#[test]
fn helm_refuses_misspelt_values_and_times_below_a_minute() {
    let cases: [(&Chart, &str, bool); 46] = [
        (&BLUE_GREEN, "replica=3", false),
        (&BLUE_GREEN, "replicas=three", false),
        (&BLUE_GREEN, "image.tags=v2", false),
        (&BLUE_GREEN, "image.pullPolicy=always", false),
        (&BLUE_GREEN, "blueGreen.previewReplicas=1", false),
        (&BLUE_GREEN, "blueGreen.prePromotionAnalysis.template=x", false),
        (&BLUE_GREEN, "ingress.hosts={a.example.com}", false),
        (&BLUE_GREEN, "ingress.provider=haproxy", false),
        (&BLUE_GREEN, "ingress.provider=gateway,ingress.tls[0].secretName=a", false),
        (&BLUE_GREEN, "ingress.provider=traefik,ingress.tls[0].secretName=a", true),
        (&BLUE_GREEN, "ingress.tls[0].secret=a", false),
        (&BLUE_GREEN, "env[0].name=A,env[0].valeu=b", false),
        (&BLUE_GREEN, "env[0].name=A,env[0].valueFrom.secretKeyRef.name=s", false),
        (
            &BLUE_GREEN,
            "env[0].name=A,env[0].valueFrom.secretKeyRef.name=s,env[0].valueFrom.secretKeyRef.key=k",
            true,
        ),
        (&BLUE_GREEN, "envFrom[0].secret=s", false),
        (&BLUE_GREEN, "envFrom[0].secretRef.name=s", true),
        (&BLUE_GREEN, "probes.readyness.periodSeconds=1", false),
        (&BLUE_GREEN, "probes.readiness.period=1", false),
        (&BLUE_GREEN, "resources.request.cpu=1", false),
        (&BLUE_GREEN, "resources.requests.mem=1Mi", false),
        (&BLUE_GREEN, "autoscaling.enable=true", false),
        (&BLUE_GREEN, "podDisruptionBudget.minAvailable=1", false),
        (&BLUE_GREEN, "topologySpread.whenUnsatisfiable=Never", false),
        (&BLUE_GREEN, "tests.images.tag=1", false),
        (&CANARY, "ingress.activeHosts={a.example.com}", false),
        (&CANARY, "ingress.provider=none", false),
        (&CANARY, "ingress.provider=gateway,analysis.ingress=ingress-nginx", false),
        (&BLUE_GREEN, "blueGreen.autoPromotionEnable=true", false),
        (&BLUE_GREEN, "blueGreen.autoPromotionEnabled=true", true),
        (&CANARY, "canary.weigths={1}", false),
        (&CANARY, "canary.weights={101}", false),
        (&CANARY, "canary.pause=59s", false),
        (&CANARY, "canary.pause=60s", true),
        (&CANARY, "analysis.interval=30s", false),
        (&CANARY, "analysis.window=5s", false),
        (&CANARY, "analysis.gateWindow=5s", false),
        (&CANARY, "testing.fast=true,analysis.interval=30s", true),
        (&CANARY, "testing.fast=false,analysis.interval=30s", false),
        (&CANARY, "ingress.enabled=false", false),
        (&CANARY, "ingress.enabled=false,analysis.enabled=false", true),
        (&CANARY, "schema.worksWith={one}", false),
        (&CANARY, "schema.workWith={1}", false),
        (&CANARY, "schema.worksWith={1},schema.inPlace=1", true),
        (&CANARY, "schema.migration.enabled=true", false),
        (&BLUE_GREEN, "schema.migration.enabled=true,schema.inPlace=1", false),
        (&BLUE_GREEN, "schema.migration.enabled=true,schema.inPlace=1,schema.worksWith={1}", true),
    ];
    for (chart, set, good) in cases {
        let Some(output) = chart.helm(&["--set", set]) else {
            return;
        };
        let err = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.success(), good, "{set}: {err}");
        assert!(good || err.contains("schema"), "{set}: {err}");
    }
}

/// The Job comes before everything else, no Service finds its pods, and it and the pods say the same of the schema.
#[test]
fn a_migration_runs_before_the_pods_that_need_it_and_gets_no_traffic() {
    for (chart, name, versions, in_place, database) in [
        (&CANARY, "expand", "1,2", "1", None),
        (&CANARY, "contract", "2", "2", None),
        (&BLUE_GREEN, "breaking", "2", "2", Some("shop-2")),
    ] {
        let objects = chart.rendering(name);
        let one = |kind: &str| objects.iter().find(|object| object["kind"] == kind).unwrap();
        let (job, template) = (one("Job"), &one("Rollout")["spec"]["template"]);
        let (before, pods) = (&job["metadata"]["annotations"], &template["metadata"]["annotations"]);
        assert_eq!(before["argocd.argoproj.io/hook"], "PreSync");
        assert_eq!(before["helm.sh/hook"], "pre-install,pre-upgrade");
        for of in [before, pods] {
            assert_eq!(of["progressive-delivery/schema-in-place"], in_place, "{name}");
            assert_eq!(of.get("progressive-delivery/database").and_then(Value::as_str), database, "{name}");
        }
        assert_eq!(pods["progressive-delivery/schema-versions"], versions);
        let environment = |of: &Value, variable: &str| -> Value {
            let all = of["spec"]["containers"][0]["env"].as_array().unwrap();
            all.iter().find(|one| one["name"] == variable).unwrap()["value"].clone()
        };
        assert_eq!(environment(template, "SCHEMA_VERSIONS"), versions);
        assert_eq!(environment(&job["spec"]["template"], "SCHEMA_IN_PLACE"), in_place);
        assert_eq!(job["spec"]["template"]["spec"]["restartPolicy"], "Never");
        let labels = &job["spec"]["template"]["metadata"]["labels"];
        for service in objects.iter().filter(|object| object["kind"] == "Service") {
            let selector = service["spec"]["selector"].as_object().unwrap();
            let found = selector.iter().all(|(label, value)| labels.get(label) == Some(value));
            assert!(!found, "{}: {} selects the migration", chart.folder, title(service));
        }
    }
}

/// And each has a rendering, so that the other tests look at it.
#[test]
fn helm_lints_every_values_file() {
    let Some(helm) = helm() else {
        return;
    };
    for chart in CHARTS {
        let mut linted = 0;
        for entry in std::fs::read_dir(root().join(chart.folder)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            if !name.starts_with("values") || !name.ends_with(".yaml") {
                continue;
            }
            #[expect(
                clippy::disallowed_methods,
                reason = "a test that asks the real tool, where there is one"
            )]
            let mut command = Command::new(&helm);
            command.current_dir(root()).args(["lint", "--strict", chart.folder]);
            command.arg(format!("--values={}/{name}", chart.folder));
            let output = command.output().unwrap();
            assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stdout));
            let rendered = chart.renderings.iter().chain(&SHARED);
            let known = name == "values.yaml"
                || rendered.into_iter().any(|(_, files)| files.contains(&name.as_str()));
            assert!(known, "{}/{name} has no rendering", chart.folder);
            linted += 1;
        }
        assert!(linted >= 8, "{linted}");
    }
}

/// Helm's file: the one that the variable `HELM` names, which must then be there, or one on `PATH`. Without it only
/// the committed renderings are compared.
fn helm() -> Option<std::path::PathBuf> {
    gate::program_or_on_path("HELM", "helm")
}

#[test]
fn every_value_is_in_the_schema_and_every_field_of_the_schema_has_a_default() {
    for chart in CHARTS {
        let schema = chart.schema();
        compare(&schema, &schema, &chart.values(), "");
    }
}

fn compare(root: &Value, schema: &Value, values: &Value, path: &str) {
    let schema = match schema["$ref"].as_str() {
        Some(reference) => root.pointer(reference.strip_prefix('#').unwrap()).unwrap(),
        None => schema,
    };
    let (Some(properties), Some(values)) = (schema["properties"].as_object(), values.as_object()) else {
        return;
    };
    // The keys of free objects, such as the two analyses, have no defaults.
    if values.is_empty() {
        return;
    }
    assert_eq!(schema["additionalProperties"], false, "{path} lets a misspelt key pass");
    let names = |map: &Map<String, Value>| -> BTreeSet<String> {
        map.keys().filter(|key| *key != "global").cloned().collect()
    };
    assert_eq!(names(properties), names(values), "below {path:?}");
    for (key, value) in values {
        compare(root, &properties[key], value, &format!("{path}/{key}"));
    }
}

#[test]
fn what_both_charts_share_is_written_once_or_the_same() {
    for chart in CHARTS {
        let link = root().join(chart.folder).join("templates/common");
        assert_eq!(std::fs::read_link(&link).unwrap(), Path::new("../../common"));
        assert!(link.join("_rollout.tpl").is_file());
    }
    // Neither a schema nor defaults can come from another chart without a dependency that has to be built.
    let own = |key: &str| ["blueGreen", "canary", "analysis", "testing", "ingress"].contains(&key);
    let (one, other) = (BLUE_GREEN.schema(), CANARY.schema());
    let (blue_green, canary) = (&one["properties"], &other["properties"]);
    for (key, schema) in blue_green.as_object().unwrap().iter().filter(|(key, _)| !own(key)) {
        assert_eq!(&canary[key], schema, "the schemas differ in {key}");
    }
    for key in canary.as_object().unwrap().keys().filter(|key| !own(key)) {
        assert!(blue_green.get(key).is_some(), "only charts/canary-app has {key}");
    }
    for (name, definition) in one["definitions"].as_object().unwrap() {
        let same = other["definitions"].get(name);
        assert!(same.is_none_or(|same| same == definition), "the schemas differ in {name}");
    }
    let (one, other) = (BLUE_GREEN.values(), CANARY.values());
    for (key, value) in one.as_object().unwrap() {
        if !own(key) && !["replicas", "podAnnotations"].contains(&key.as_str()) {
            assert_eq!(&other[key], value, "the defaults differ in {key}");
        }
    }
}
