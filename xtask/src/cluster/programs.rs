//! The programs of the cluster as values: what is compiled from which pinned module, and what Debian has.
//!
//! Every version of the real stack is stated here and nowhere else.

pub(crate) use crate::gomodule::{HELM, KUBECTL};
use crate::gomodule::{Program, kubernetes};

/// The store behind the API server.
pub(crate) const ETCD: Program = Program {
    name: "etcd",
    module: "go.etcd.io/etcd/server/v3",
    version: "3.6.7",
    package: "go.etcd.io/etcd/server/v3",
    ..Program::PLAIN
};

/// The API server.
pub(crate) const API_SERVER: Program = kubernetes!("kube-apiserver");
/// ReplicaSets, endpoints, garbage collection, tokens.
pub(crate) const CONTROLLER_MANAGER: Program = kubernetes!("kube-controller-manager");
/// Puts pods on the node.
pub(crate) const SCHEDULER: Program = kubernetes!("kube-scheduler");
/// Runs the pods of the node.
pub(crate) const KUBELET: Program = kubernetes!("kubelet");
/// Service addresses.
pub(crate) const KUBE_PROXY: Program = kubernetes!("kube-proxy");

/// What every pod's first container is: it holds the pod's network and does nothing.
///
/// The published image of this program cannot be had without a registry on the internet, and the module's
/// own is C; a few lines of Go are a static binary with the compiler that is needed anyway.
pub(crate) const PAUSE: Program = Program {
    name: "pause",
    version: "1",
    package: "wrapper/pause",
    stand_ins: &[(
        "main.go",
        "package main\n\nimport (\n\t\"os\"\n\t\"os/signal\"\n\t\"syscall\"\n)\n\nfunc main() {\n\
         \tend := make(chan os.Signal, 1)\n\tsignal.Notify(end, syscall.SIGTERM, syscall.SIGINT)\n\t<-end\n}\n",
    )],
    ..Program::PLAIN
};

const ROLLOUTS_LINK: &str = "-X github.com/argoproj/argo-rollouts/utils/version.version=1.10.2";

/// The controller of Rollouts.
pub(crate) const ROLLOUTS: Program = Program {
    name: "rollouts-controller",
    module: "github.com/argoproj/argo-rollouts",
    version: "1.10.2",
    package: "github.com/argoproj/argo-rollouts/cmd/rollouts-controller",
    link: ROLLOUTS_LINK,
    kept: &["manifests/crds", "manifests/base", "manifests/role", "manifests/cluster-install"],
    ..Program::PLAIN
};

/// Upstream's command line, for comparison.
pub(crate) const KUBECTL_ARGO_ROLLOUTS: Program = Program {
    name: "kubectl-argo-rollouts",
    package: "github.com/argoproj/argo-rollouts/cmd/kubectl-argo-rollouts",
    kept: &[],
    ..ROLLOUTS
};

/// All of Argo CD: the binary is what its name or `ARGOCD_BINARY_NAME` says.
pub(crate) const ARGO_CD: Program = Program {
    name: "argocd",
    module: "github.com/argoproj/argo-cd/v3",
    version: "3.6.1",
    package: "github.com/argoproj/argo-cd/v3/cmd",
    link: "-X github.com/argoproj/argo-cd/v3/common.version=3.6.1",
    kept: &[
        "manifests/crds",
        "manifests/base",
        "manifests/cluster-rbac",
        "hack/git-verify-wrapper.sh",
        "hack/gpg-wrapper.sh",
    ],
    ..Program::PLAIN
};

/// The ingress. Its module for extensions is required but not published: two empty types stand in for it,
/// and an old version of a cloud provider's module that is listed but gone is excluded.
pub(crate) const TRAEFIK: Program = Program {
    name: "traefik",
    module: "github.com/traefik/traefik/v3",
    version: "3.7.9",
    package: "github.com/traefik/traefik/v3/cmd/traefik",
    link: "-X github.com/traefik/traefik/v3/pkg/version.Version=3.7.9",
    lines: "replace github.com/traefik/traefik/dynamic/ext => ./ext\n\
            exclude github.com/tencentcloud/tencentcloud-sdk-go v3.0.83+incompatible",
    stand_ins: &[
        ("ext/go.mod", "module github.com/traefik/traefik/dynamic/ext\n\ngo 1.24\n"),
        ("ext/ext.go", "package ext\n\ntype HTTP struct{}\n\ntype Router struct{}\n"),
    ],
    ..Program::PLAIN
};

/// The state of objects as metrics.
pub(crate) const KUBE_STATE_METRICS: Program = Program {
    name: "kube-state-metrics",
    module: "k8s.io/kube-state-metrics/v2",
    version: "2.18.0",
    package: "k8s.io/kube-state-metrics/v2",
    link: "-X github.com/prometheus/common/version.Version=v2.18.0",
    kept: &["examples/standard"],
    ..Program::PLAIN
};

/// CPU and memory of pods, for `kubectl top` and autoscalers.
pub(crate) const METRICS_SERVER: Program = Program {
    name: "metrics-server",
    module: "sigs.k8s.io/metrics-server",
    version: "0.9.0",
    package: "sigs.k8s.io/metrics-server/cmd/metrics-server",
    link: "-X k8s.io/client-go/pkg/version.gitVersion=v0.9.0",
    kept: &["manifests/base"],
    ..Program::PLAIN
};

/// Names of Services for pods.
pub(crate) const CORE_DNS: Program = Program {
    name: "coredns",
    module: "github.com/coredns/coredns",
    version: "1.15.0",
    package: "github.com/coredns/coredns",
    ..Program::PLAIN
};

/// The forge, for who asks for it: SQLite, in which it keeps its data, is C.
pub(crate) const GITEA: Program = Program {
    name: "gitea",
    module: "code.gitea.io/gitea",
    version: "1.26.4",
    package: "code.gitea.io/gitea",
    link: "-X main.Version=1.26.4",
    tags: "sqlite sqlite_unlock_notify timetzdata",
    has_c: true,
    kept: &["options", "public", "templates"],
    ..Program::PLAIN
};

/// What Argo CD renders the platform's share of a preview with. It ships 5.8.3, which asks for a module that is not
/// published.
pub(crate) const KUSTOMIZE: Program = Program {
    name: "kustomize",
    module: "sigs.k8s.io/kustomize/kustomize/v5",
    version: "5.8.1",
    package: "sigs.k8s.io/kustomize/kustomize/v5",
    link: "-X sigs.k8s.io/kustomize/api/provenance.version=v5.8.1",
    ..Program::PLAIN
};

/// What is compiled beside [`ALL`] for who asks for the forge.
pub(crate) const OF_FORGE: &[&Program] = &[&GITEA, &KUSTOMIZE];

/// A program of Debian's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Debian {
    /// The program, as an absolute path or as a name on `PATH`.
    pub(crate) program: &'static str,
    /// The package that brings it.
    pub(crate) package: &'static str,
}

/// What must be there before anything can start.
pub(crate) const DEBIAN: &[Debian] = &[
    Debian { program: "containerd", package: "containerd" },
    Debian { program: "ctr", package: "containerd" },
    Debian { program: "runc", package: "runc" },
    Debian { program: "/usr/lib/cni/bridge", package: "containernetworking-plugins" },
    Debian { program: "iptables", package: "iptables" },
    Debian { program: "ip", package: "iproute2" },
    Debian { program: "mount", package: "mount" },
    Debian { program: "nsenter", package: "util-linux" },
    Debian { program: "conntrack", package: "conntrack" },
    Debian { program: "redis-server", package: "redis-server" },
    Debian { program: "prometheus", package: "prometheus" },
    Debian { program: "docker-registry", package: "docker-registry" },
    Debian { program: "git", package: "git" },
];

/// What is compiled for a whole cluster, in the order in which `build` goes through it: what others need first.
pub(crate) const ALL: &[&Program] = &[
    &PAUSE,
    &KUBECTL,
    &ETCD,
    &API_SERVER,
    &CONTROLLER_MANAGER,
    &SCHEDULER,
    &KUBELET,
    &KUBE_PROXY,
    &ROLLOUTS,
    &KUBECTL_ARGO_ROLLOUTS,
    &TRAEFIK,
    &CORE_DNS,
    &KUBE_STATE_METRICS,
    &METRICS_SERVER,
    &ARGO_CD,
    &HELM,
];
