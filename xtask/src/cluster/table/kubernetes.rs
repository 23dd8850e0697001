//! Kubernetes itself: store, API server, controllers, the node, the registry and the resource metrics.

use super::{Health, Manifest, Node, Part, Places, Source, Step, Unit, apply, step, unit};
use crate::cluster::places::{ADDRESS, API, NODE, REGISTRY, SERVICES};
use crate::cluster::programs;

/// The nodes of [`Part::Cluster`] and [`Part::Dns`].
pub(super) fn nodes(places: &Places) -> Vec<Node> {
    let mut nodes = control_plane(places);
    nodes.extend(node(places));
    nodes.extend(metrics(places));
    nodes.extend(dns(places));
    nodes
}

fn control_plane(places: &Places) -> Vec<Node> {
    let go = |program, arguments: Vec<String>, health: &str| Unit {
        source: Source::Go(program),
        arguments,
        environment: Vec::new(),
        health: Health::Answers(health.to_owned()),
        behind_link: false,
    };
    vec![
        unit("etcd", Part::Cluster, &[], go(&programs::ETCD, etcd(places), "http://127.0.0.1:2381/health")),
        unit(
            "kube-apiserver",
            Part::Cluster,
            &["etcd"],
            go(&programs::API_SERVER, api_server(places), &format!("{API}/readyz")),
        ),
        apply("cluster-objects", Part::Cluster, vec![Manifest::Own(include_str!("../objects/cluster.yaml"))]),
        unit(
            "kube-controller-manager",
            Part::Cluster,
            &["kube-apiserver"],
            go(&programs::CONTROLLER_MANAGER, controller_manager(places), "https://127.0.0.1:10257/healthz"),
        ),
        unit(
            "kube-scheduler",
            Part::Cluster,
            &["kube-apiserver"],
            go(&programs::SCHEDULER, scheduler(places), "https://127.0.0.1:10259/healthz"),
        ),
    ]
}

/// The store is thrown away with the cluster, so it need not survive a power cut.
fn etcd(places: &Places) -> Vec<String> {
    let mut arguments = tls(places, "etcd", "--cert-file", "--key-file");
    arguments.extend([
        format!("--data-dir={}", places.data("etcd").display()),
        "--unsafe-no-fsync".to_owned(),
        "--listen-client-urls=https://127.0.0.1:2379".to_owned(),
        "--advertise-client-urls=https://127.0.0.1:2379".to_owned(),
        "--listen-peer-urls=http://127.0.0.1:2380".to_owned(),
        "--listen-metrics-urls=http://127.0.0.1:2381".to_owned(),
        "--client-cert-auth".to_owned(),
        format!("--trusted-ca-file={}", places.pki("ca.crt").display()),
        "--log-level=warn".to_owned(),
    ]);
    arguments
}

fn api_server(places: &Places) -> Vec<String> {
    let pki = |file: &str| places.pki(file).display().to_string();
    let mut arguments = tls(places, "kube-apiserver", "--tls-cert-file", "--tls-private-key-file");
    arguments.extend([
        format!("--bind-address={ADDRESS}"),
        format!("--advertise-address={ADDRESS}"),
        "--secure-port=6443".to_owned(),
        "--etcd-servers=https://127.0.0.1:2379".to_owned(),
        format!("--etcd-cafile={}", pki("ca.crt")),
        format!("--etcd-certfile={}", pki("kube-apiserver.crt")),
        format!("--etcd-keyfile={}", pki("kube-apiserver.key")),
        format!("--client-ca-file={}", pki("ca.crt")),
        format!("--service-account-key-file={}", pki("service-accounts.pub")),
        format!("--service-account-signing-key-file={}", pki("service-accounts.key")),
        "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
        format!("--service-cluster-ip-range={SERVICES}"),
        "--authorization-mode=Node,RBAC".to_owned(),
        "--enable-admission-plugins=NodeRestriction".to_owned(),
        // What people ask of Argo's objects, for the comparison with upstream's plugin.
        format!("--audit-policy-file={}", places.config("audit.yaml").display()),
        format!("--audit-log-path={}", places.audit().display()),
        format!("--kubelet-client-certificate={}", pki("kube-apiserver.crt")),
        format!("--kubelet-client-key={}", pki("kube-apiserver.key")),
        format!("--kubelet-certificate-authority={}", pki("ca.crt")),
        "--kubelet-preferred-address-types=InternalIP".to_owned(),
        // The resource metrics are served by another process behind this server.
        "--enable-aggregator-routing=true".to_owned(),
        format!("--requestheader-client-ca-file={}", pki("front-proxy-ca.crt")),
        format!("--requestheader-allowed-names={}", crate::cluster::certificates::FRONT_PROXY),
        "--requestheader-username-headers=X-Remote-User".to_owned(),
        "--requestheader-group-headers=X-Remote-Group".to_owned(),
        "--requestheader-extra-headers-prefix=X-Remote-Extra-".to_owned(),
        format!("--proxy-client-cert-file={}", pki("front-proxy.crt")),
        format!("--proxy-client-key-file={}", pki("front-proxy.key")),
    ]);
    arguments
}

fn controller_manager(places: &Places) -> Vec<String> {
    let mut arguments = control("kube-controller-manager", places);
    arguments.extend([
        format!("--service-account-private-key-file={}", places.pki("service-accounts.key").display()),
        format!("--root-ca-file={}", places.pki("ca.crt").display()),
        "--use-service-account-credentials".to_owned(),
    ]);
    arguments
}

fn scheduler(places: &Places) -> Vec<String> {
    control("kube-scheduler", places)
}

/// What controller manager and scheduler have in common. One of each runs, so none must be elected.
fn control(name: &str, places: &Places) -> Vec<String> {
    let config = places.kubeconfig_of(name).display().to_string();
    let mut arguments = tls(places, name, "--tls-cert-file", "--tls-private-key-file");
    arguments.extend([
        format!("--kubeconfig={config}"),
        format!("--authentication-kubeconfig={config}"),
        format!("--authorization-kubeconfig={config}"),
        "--leader-elect=false".to_owned(),
        "--bind-address=127.0.0.1".to_owned(),
    ]);
    arguments
}

fn tls(places: &Places, name: &str, certificate: &str, key: &str) -> Vec<String> {
    vec![
        format!("{certificate}={}", places.pki(&format!("{name}.crt")).display()),
        format!("{key}={}", places.pki(&format!("{name}.key")).display()),
    ]
}

fn node(places: &Places) -> Vec<Node> {
    let config = |file: &str| places.config(file).display().to_string();
    let containerd = Unit {
        source: Source::Debian("containerd"),
        arguments: vec![format!("--config={}", config("containerd.toml"))],
        environment: Vec::new(),
        health: Health::Socket(places.containerd()),
        behind_link: false,
    };
    let kubelet = Unit {
        source: Source::Go(&programs::KUBELET),
        arguments: vec![
            format!("--config={}", config("kubelet.yaml")),
            format!("--kubeconfig={}", config("kubelet.kubeconfig")),
            format!("--hostname-override={NODE}"),
            format!("--root-dir={}", places.data("kubelet").display()),
            format!("--node-ip={ADDRESS}"),
        ],
        environment: Vec::new(),
        health: Health::Answers("http://127.0.0.1:10248/healthz".to_owned()),
        behind_link: false,
    };
    let proxy = Unit {
        source: Source::Go(&programs::KUBE_PROXY),
        arguments: vec![format!("--config={}", config("kube-proxy.yaml"))],
        environment: Vec::new(),
        health: Health::Answers("http://127.0.0.1:10256/livez".to_owned()),
        behind_link: false,
    };
    let registry = Unit {
        source: Source::Debian("docker-registry"),
        arguments: vec!["serve".to_owned(), config("registry.yaml")],
        environment: Vec::new(),
        health: Health::Answers(format!("http://{REGISTRY}/v2/")),
        behind_link: false,
    };
    vec![
        unit("containerd", Part::Cluster, &[], containerd),
        unit("registry", Part::Cluster, &[], registry),
        step("pause-image", Part::Cluster, &["containerd"], Step::PauseImage),
        unit("kubelet", Part::Cluster, &["kube-apiserver", "containerd"], kubelet),
        unit("kube-proxy", Part::Cluster, &["kube-apiserver"], proxy),
        step(
            "node-ready",
            Part::Cluster,
            &["cluster-objects", "kubelet", "kube-controller-manager", "kube-scheduler", "pause-image"],
            Step::NodeReady,
        ),
    ]
}

fn metrics(places: &Places) -> Vec<Node> {
    let kubeconfig = places.kubeconfig_of("metrics-server").display().to_string();
    let mut arguments = tls(places, "metrics-server", "--tls-cert-file", "--tls-private-key-file");
    arguments.extend([
        format!("--kubeconfig={kubeconfig}"),
        format!("--authentication-kubeconfig={kubeconfig}"),
        format!("--authorization-kubeconfig={kubeconfig}"),
        format!("--bind-address={ADDRESS}"),
        "--secure-port=4443".to_owned(),
        "--kubelet-preferred-address-types=InternalIP".to_owned(),
        format!("--kubelet-certificate-authority={}", places.pki("ca.crt").display()),
        "--metric-resolution=15s".to_owned(),
    ]);
    let server = Unit {
        source: Source::Go(&programs::METRICS_SERVER),
        arguments,
        environment: Vec::new(),
        health: Health::Answers(format!("https://{ADDRESS}:4443/livez")),
        behind_link: false,
    };
    let objects = vec![
        Manifest::Upstream {
            program: &programs::METRICS_SERVER,
            files: &["manifests/base/rbac.yaml"],
            namespace: "kube-system",
        },
        Manifest::Own(include_str!("../objects/metrics-server.yaml")),
    ];
    vec![
        apply("metrics-server-objects", Part::Cluster, objects),
        unit("metrics-server", Part::Cluster, &["metrics-server-objects"], server),
    ]
}

fn dns(places: &Places) -> Vec<Node> {
    let server = Unit {
        source: Source::Go(&programs::CORE_DNS),
        arguments: vec![format!("-conf={}", places.config("Corefile").display())],
        environment: Vec::new(),
        health: Health::Answers("http://127.0.0.1:8053/ready".to_owned()),
        behind_link: false,
    };
    vec![
        apply("dns-objects", Part::Dns, vec![Manifest::Own(include_str!("../objects/dns.yaml"))]),
        unit("coredns", Part::Dns, &["dns-objects"], server),
    ]
}
