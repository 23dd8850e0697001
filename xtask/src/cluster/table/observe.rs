//! What observes: Prometheus and the state of objects as metrics.

use super::{Health, Manifest, Node, Part, Places, Source, Unit, apply, unit};
use crate::cluster::places::PROMETHEUS;
use crate::cluster::programs;

/// Metrics of kube-state-metrics.
pub(crate) const STATE_METRICS: &str = "127.0.0.1:8180";

/// The pods that are to be scraped.
pub(crate) const TARGETS: &str = "127.0.0.1:8182";

/// The nodes of [`Part::Prometheus`].
pub(super) fn nodes(places: &Places) -> Vec<Node> {
    let (host, port) = STATE_METRICS.split_once(':').unwrap_or((STATE_METRICS, "8180"));
    let state = Unit {
        source: Source::Go(&programs::KUBE_STATE_METRICS),
        arguments: vec![
            format!("--kubeconfig={}", places.kubeconfig_of("kube-state-metrics").display()),
            format!("--host={host}"),
            format!("--port={port}"),
            format!("--telemetry-host={host}"),
            "--telemetry-port=8181".to_owned(),
            format!(
                "--custom-resource-state-config-file={}",
                places.config("kube-state-metrics.yaml").display()
            ),
        ],
        environment: Vec::new(),
        health: Health::Answers(format!("http://{STATE_METRICS}/healthz")),
        behind_link: false,
    };
    let targets = Unit {
        source: Source::Own,
        arguments: ["cluster", "targets", "--listen", TARGETS, "--kubeconfig"]
            .map(str::to_owned)
            .into_iter()
            .chain([places.kubeconfig_of("prometheus").display().to_string()])
            .collect(),
        environment: Vec::new(),
        health: Health::Answers(format!("http://{TARGETS}/pods")),
        behind_link: false,
    };
    let prometheus = Unit {
        source: Source::Debian("prometheus"),
        arguments: vec![
            format!("--config.file={}", places.config("prometheus.yaml").display()),
            format!("--storage.tsdb.path={}", places.data("prometheus").display()),
            "--storage.tsdb.retention.time=1d".to_owned(),
            format!("--web.listen-address={PROMETHEUS}"),
            "--web.enable-lifecycle".to_owned(),
        ],
        environment: Vec::new(),
        health: Health::Answers(format!("http://{PROMETHEUS}/-/ready")),
        behind_link: false,
    };
    let state_objects = vec![Manifest::Upstream {
        program: &programs::KUBE_STATE_METRICS,
        files: &[
            "examples/standard/service-account.yaml",
            "examples/standard/cluster-role.yaml",
            "examples/standard/cluster-role-binding.yaml",
        ],
        namespace: "kube-system",
    }];
    let objects = vec![Manifest::Own(include_str!("../objects/prometheus.yaml"))];
    vec![
        apply("kube-state-metrics-objects", Part::Prometheus, state_objects),
        unit("kube-state-metrics", Part::Prometheus, &["kube-state-metrics-objects"], state),
        apply("prometheus-objects", Part::Prometheus, objects),
        unit("prometheus-targets", Part::Prometheus, &["prometheus-objects"], targets),
        unit("prometheus", Part::Prometheus, &["prometheus-targets"], prometheus),
    ]
}
