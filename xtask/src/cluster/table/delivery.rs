//! What delivers: the ingress, Argo Rollouts, and Argo CD with Git.

use super::{Health, Manifest, Node, Part, Places, Source, Step, Unit, apply, step, unit, words};
use crate::cluster::places::{ADDRESS, ARGO_CD, GIT, INGRESS, INGRESS_ADMIN, INNER_ADDRESS, PROMETHEUS};
use crate::cluster::programs;

/// Where Argo CD's repository server answers, and its metrics.
pub(crate) const REPO_SERVER: (&str, u16, u16) = (ADDRESS, 8081, 8084);
/// Argo CD's cache.
pub(crate) const REDIS: &str = "10.243.0.1:6379";
/// Metrics of components behind the link or on loopback, for Prometheus.
pub(crate) const ROLLOUTS_METRICS: &str = "10.243.0.2:8090";
/// Metrics of the application controller.
pub(crate) const APPLICATION_METRICS: &str = "10.243.0.2:8082";
/// Metrics of the controller of ApplicationSets.
pub(crate) const APPLICATION_SET_METRICS: &str = "127.0.0.1:8086";
/// Metrics of Argo CD's API server.
pub(crate) const ARGO_CD_METRICS: &str = "127.0.0.1:8083";

/// The nodes of the ingress, of Rollouts and of Argo CD.
pub(super) fn nodes(places: &Places) -> Vec<Node> {
    let mut nodes = ingress(places);
    nodes.extend(rollouts(places));
    nodes.extend(argo_cd(places));
    nodes
}

/// Traefik, which serves class `nginx` and its annotations. Changes are taken over at once: it would
/// otherwise gather them for two seconds, and a switch would last as long.
fn ingress(places: &Places) -> Vec<Node> {
    let traefik = Unit {
        source: Source::Go(&programs::TRAEFIK),
        arguments: vec![
            format!("--entrypoints.web.address={INGRESS}"),
            format!("--entrypoints.traefik.address={INGRESS_ADMIN}"),
            "--api.insecure=true".to_owned(),
            "--api.dashboard=false".to_owned(),
            "--ping=true".to_owned(),
            "--metrics.prometheus=true".to_owned(),
            "--metrics.prometheus.addrouterslabels=true".to_owned(),
            "--metrics.prometheus.addserviceslabels=true".to_owned(),
            "--providers.kubernetesingressnginx=true".to_owned(),
            // Without an address in its status Argo CD never calls an Ingress healthy.
            "--providers.kubernetesingressnginx.publishstatusaddress=127.0.0.1".to_owned(),
            "--providers.providersthrottleduration=100ms".to_owned(),
            "--global.checknewversion=false".to_owned(),
            "--global.sendanonymoususage=false".to_owned(),
        ],
        environment: vec![("KUBECONFIG", places.kubeconfig_of("traefik").display().to_string())],
        health: Health::Answers(format!("http://{INGRESS_ADMIN}/ping")),
        behind_link: false,
    };
    vec![
        apply("ingress-objects", Part::Ingress, vec![Manifest::Own(include_str!("../objects/ingress.yaml"))]),
        unit("traefik", Part::Ingress, &["ingress-objects"], traefik),
    ]
}

fn rollouts(places: &Places) -> Vec<Node> {
    let controller = Unit {
        source: Source::Go(&programs::ROLLOUTS),
        arguments: vec![
            format!("--kubeconfig={}", places.kubeconfig_of("argo-rollouts").display()),
            "--namespace=argo-rollouts".to_owned(),
            "--leader-elect=false".to_owned(),
            "--healthzPort=8085".to_owned(),
            "--metricsPort=8090".to_owned(),
        ],
        // Left out of AnalysisTemplates, so that the shipped files do not differ by target.
        environment: vec![("ARGO_ROLLOUTS_PROMETHEUS_ADDRESS", format!("http://{PROMETHEUS}"))],
        health: Health::Answers(format!("http://{INNER_ADDRESS}:8085/healthz")),
        behind_link: true,
    };
    let files = &[
        "manifests/crds/analysis-run-crd.yaml",
        "manifests/crds/analysis-template-crd.yaml",
        "manifests/crds/cluster-analysis-template-crd.yaml",
        "manifests/crds/experiment-crd.yaml",
        "manifests/crds/rollout-crd.yaml",
        "manifests/base/argo-rollouts-aggregate-roles.yaml",
        "manifests/base/argo-rollouts-config.yaml",
        "manifests/base/argo-rollouts-notification-secret.yaml",
        "manifests/base/argo-rollouts-sa.yaml",
        "manifests/role/argo-rollouts-clusterrole.yaml",
        "manifests/cluster-install/argo-rollouts-clusterrolebinding.yaml",
    ];
    let objects = vec![
        Manifest::Own("apiVersion: v1\nkind: Namespace\nmetadata: {name: argo-rollouts}\n"),
        Manifest::Upstream { program: &programs::ROLLOUTS, files, namespace: "argo-rollouts" },
    ];
    vec![
        apply("argo-rollouts-objects", Part::ArgoRollouts, objects),
        unit("argo-rollouts", Part::ArgoRollouts, &["argo-rollouts-objects"], controller),
    ]
}

const ARGO_CD_FILES: &[&str] = &[
    "manifests/crds/application-crd.yaml",
    "manifests/crds/applicationset-crd.yaml",
    "manifests/crds/appproject-crd.yaml",
    "manifests/base/config/argocd-cm.yaml",
    "manifests/base/config/argocd-cmd-params-cm.yaml",
    "manifests/base/config/argocd-gpg-keys-cm.yaml",
    "manifests/base/config/argocd-rbac-cm.yaml",
    "manifests/base/config/argocd-ssh-known-hosts-cm.yaml",
    "manifests/base/config/argocd-tls-certs-cm.yaml",
    "manifests/base/application-controller-roles/argocd-application-controller-sa.yaml",
    "manifests/base/application-controller-roles/argocd-application-controller-role.yaml",
    "manifests/base/application-controller-roles/argocd-application-controller-rolebinding.yaml",
    "manifests/base/applicationset-controller/argocd-applicationset-controller-sa.yaml",
    "manifests/base/applicationset-controller/argocd-applicationset-controller-role.yaml",
    "manifests/base/applicationset-controller/argocd-applicationset-controller-rolebinding.yaml",
    "manifests/base/repo-server/argocd-repo-server-sa.yaml",
    "manifests/base/server/argocd-server-sa.yaml",
    "manifests/base/server/argocd-server-role.yaml",
    "manifests/base/server/argocd-server-rolebinding.yaml",
    "manifests/cluster-rbac/server/argocd-server-clusterrole.yaml",
    "manifests/cluster-rbac/server/argocd-server-clusterrolebinding.yaml",
];

fn argo_cd(places: &Places) -> Vec<Node> {
    // Upstream's role of the application controller is all verbs on everything, which is cluster admin by
    // another name; ours, which is in the objects, reads everything and writes what the charts hold.
    let objects = vec![
        Manifest::Own("apiVersion: v1\nkind: Namespace\nmetadata: {name: argocd}\n"),
        Manifest::Upstream { program: &programs::ARGO_CD, files: ARGO_CD_FILES, namespace: "argocd" },
        Manifest::Own(include_str!("../objects/argocd.yaml")),
    ];
    let redis = Unit {
        source: Source::Debian("redis-server"),
        arguments: vec![places.config("redis.conf").display().to_string()],
        environment: Vec::new(),
        health: Health::Connects(REDIS),
        behind_link: false,
    };
    let git = Unit {
        source: Source::Own,
        arguments: words(&["cluster", "git-http", "--listen", GIT, "--root"])
            .into_iter()
            .chain([places.repositories().display().to_string()])
            .collect(),
        environment: Vec::new(),
        health: Health::Answers(format!("http://{GIT}/healthz")),
        behind_link: false,
    };
    vec![
        apply("argocd-objects", Part::ArgoCd, objects),
        unit("redis", Part::ArgoCd, &[], redis),
        unit("git", Part::ArgoCd, &[], git),
        unit("argocd-repo-server", Part::ArgoCd, &["argocd-objects", "redis"], repo_server(places)),
        unit(
            "argocd-application-controller",
            Part::ArgoCd,
            &["argocd-objects", "redis"],
            application_controller(places),
        ),
        unit(
            "argocd-applicationset-controller",
            Part::ArgoCd,
            &["argocd-objects"],
            application_set_controller(places),
        ),
        unit("argocd-server", Part::ArgoCd, &["argocd-objects", "redis"], server(places)),
        step("argocd-login", Part::ArgoCd, &["argocd-server"], Step::ArgoCdLogin),
    ]
}

/// What Argo CD's components have in common. The password of the cache is put in when a unit is written
/// down for its supervisor: it is no value of this table.
fn argo_cd_unit(places: &Places, name: &str, arguments: Vec<String>, health: String) -> Unit {
    let folder = |name: &str| places.data("argocd").join(name).display().to_string();
    Unit {
        source: Source::Go(&programs::ARGO_CD),
        arguments,
        environment: vec![
            ("ARGOCD_BINARY_NAME", name.to_owned()),
            // The cluster that applications name as their own is reached by this component's kubeconfig.
            ("ARGOCD_FAKE_IN_CLUSTER", "true".to_owned()),
            ("KUBECONFIG", places.kubeconfig_of(name).display().to_string()),
            ("ARGOCD_GPG_ENABLED", "false".to_owned()),
            ("ARGOCD_TLS_DATA_PATH", folder("tls")),
            ("ARGOCD_SSH_DATA_PATH", folder("ssh")),
        ],
        health: Health::Answers(health),
        behind_link: false,
    }
}

fn repo_server(places: &Places) -> Unit {
    let (address, port, metrics) = REPO_SERVER;
    let arguments = vec![
        format!("--address={address}"),
        format!("--port={port}"),
        "--metrics-address=127.0.0.1".to_owned(),
        format!("--metrics-port={metrics}"),
        format!("--redis={REDIS}"),
        // Pods reach this address: only Argo CD's own components have a certificate to show.
        format!("--client-ca-path={}", places.pki("ca.crt").display()),
    ];
    let health = format!("http://127.0.0.1:{metrics}/healthz?full=true");
    let mut unit = argo_cd_unit(places, "argocd-repo-server", arguments, health);
    unit.environment
        .push(("ARGOCD_APP_CONF_PATH", places.data("argocd").join("config").display().to_string()));
    unit
}

/// How the other components reach the repository server: both sides show a certificate.
fn to_repo_server(places: &Places, name: &str) -> Vec<String> {
    let (address, port, _) = REPO_SERVER;
    let pki = |file: &str| places.pki(file).display().to_string();
    vec![
        format!("--repo-server={address}:{port}"),
        format!("--repo-server-ca-cert-path={}", pki("ca.crt")),
        format!("--repo-server-client-cert-path={}", pki(&format!("{name}.crt"))),
        format!("--repo-server-client-cert-key-path={}", pki(&format!("{name}.key"))),
    ]
}

fn application_controller(places: &Places) -> Unit {
    let mut arguments = vec![
        format!("--kubeconfig={}", places.kubeconfig_of("argocd-application-controller").display()),
        "--namespace=argocd".to_owned(),
        format!("--redis={REDIS}"),
        "--metrics-port=8082".to_owned(),
    ];
    arguments.extend(to_repo_server(places, "argocd-application-controller"));
    let health = format!("http://{APPLICATION_METRICS}/healthz");
    let mut unit = argo_cd_unit(places, "argocd-application-controller", arguments, health);
    // A commit is noticed by webhook at once; this bounds the wait where there is none.
    unit.environment.push(("ARGOCD_RECONCILIATION_TIMEOUT", "30s".to_owned()));
    unit.behind_link = true;
    unit
}

fn application_set_controller(places: &Places) -> Unit {
    const NAME: &str = "argocd-applicationset-controller";
    // For generators that read Git or a forge; nothing here calls it.
    let webhook = "127.0.0.1:8087";
    let (address, port, _) = REPO_SERVER;
    let mut arguments = vec![
        format!("--kubeconfig={}", places.kubeconfig_of(NAME).display()),
        "--namespace=argocd".to_owned(),
        "--enable-leader-election=false".to_owned(),
        format!("--metrics-addr={APPLICATION_SET_METRICS}"),
        // It has no checks to answer with.
        "--probe-addr=0".to_owned(),
        format!("--webhook-addr={webhook}"),
        format!("--argocd-repo-server={address}:{port}"),
    ];
    let others = to_repo_server(places, NAME);
    arguments.extend(others.into_iter().filter(|argument| !argument.starts_with("--repo-server=")));
    argo_cd_unit(places, NAME, arguments, format!("http://{APPLICATION_SET_METRICS}/metrics"))
}

fn server(places: &Places) -> Unit {
    let (host, listens) = ARGO_CD.split_once(':').unwrap_or((ARGO_CD, "8443"));
    let (metrics_host, metrics_port) = ARGO_CD_METRICS.split_once(':').unwrap_or((ARGO_CD_METRICS, "8083"));
    let mut arguments = vec![
        format!("--kubeconfig={}", places.kubeconfig_of("argocd-server").display()),
        "--namespace=argocd".to_owned(),
        format!("--address={host}"),
        format!("--port={listens}"),
        format!("--metrics-address={metrics_host}"),
        format!("--metrics-port={metrics_port}"),
        format!("--redis={REDIS}"),
        format!("--staticassets={}", places.data("argocd").join("assets").display()),
    ];
    arguments.extend(to_repo_server(places, "argocd-server"));
    argo_cd_unit(places, "argocd-server", arguments, format!("https://{ARGO_CD}/healthz"))
}
