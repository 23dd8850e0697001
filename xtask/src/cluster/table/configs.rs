//! The configuration files of the units, as pure texts, and the folders that they expect.

use super::Places;
use super::delivery::{
    APPLICATION_METRICS, APPLICATION_SET_METRICS, ARGO_CD_METRICS, REDIS, REPO_SERVER, ROLLOUTS_METRICS,
};
use super::observe::{STATE_METRICS, TARGETS};
use crate::cluster::alerts;
use crate::cluster::certificates::secret;
use crate::cluster::places::{ADDRESS, BRIDGE, INGRESS_ADMIN, PODS, REGISTRY};
use crate::run::{self, Error};

/// The image of every pod's first container.
pub(crate) const PAUSE_IMAGE: &str = "localhost/pause:1";

/// The writes of a person to Argo's objects, with their bodies, and nothing else.
const AUDIT: &str = "apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - level: Request
    users: [admin]
    verbs: [create, update, patch, delete]
    resources:
      - group: argoproj.io
  - level: None
";

/// Writes every file; the same places give the same texts.
///
/// # Errors
/// A file that cannot be written.
pub(crate) fn write(places: &Places, password: &str) -> Result<(), Error> {
    for folder in
        ["etcd", "kubelet", "git", "prometheus", "redis", "argocd/tls", "argocd/ssh", "argocd/assets"]
    {
        run::create_folder(&places.data(folder))?;
    }
    run::create_folder(&places.config("cni"))?;
    run::create_folder(&places.config("rules"))?;
    for (name, text) in [
        ("containerd.toml", containerd(places)),
        ("cni/10-pods.conflist", cni(places)),
        ("kubelet.yaml", kubelet(places)),
        ("audit.yaml", AUDIT.to_owned()),
        ("kube-proxy.yaml", kube_proxy(places)),
        ("registry.yaml", registry(places)),
        ("Corefile", core_dns(places)),
        ("redis.conf", redis(places, password)),
        ("prometheus.yaml", prometheus(places)),
        (
            "rules/recording.yaml",
            include_str!("../../../../deploy/monitoring/rules/recording.yaml").to_owned(),
        ),
        (alerts::FILE, alerts::SHIPPED.to_owned()),
        (
            "kube-state-metrics.yaml",
            include_str!("../../../../deploy/monitoring/kube-state-metrics.yaml").to_owned(),
        ),
    ] {
        secret(&places.config(name), &text)?;
    }
    // Argo CD's repository server looks for its certificate in a place of its own.
    let folder = places.data("argocd/config/reposerver/tls");
    run::create_folder(&folder)?;
    for (name, file) in [("tls.crt", "argocd-repo-server.crt"), ("tls.key", "argocd-repo-server.key")] {
        secret(&folder.join(name), &run::read_file(&places.pki(file))?)?;
    }
    Ok(())
}

/// Without `restrict_oom_score_adj` runc fails where CAP_SYS_RESOURCE is missing.
fn containerd(places: &Places) -> String {
    let [root, run, socket, cni] = [
        places.data("containerd"),
        places.run().join("containerd"),
        places.containerd(),
        places.config("cni"),
    ]
    .map(|path| path.display().to_string());
    format!(
        r#"version = 2
root = "{root}"
state = "{run}"
[grpc]
  address = "{socket}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{PAUSE_IMAGE}"
  disable_apparmor = true
  restrict_oom_score_adj = true
  stream_server_address = "127.0.0.1"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "{cni}"
"#
    )
}

/// A bridge for the pods. A pod that calls a Service and is its only endpoint comes back over the same
/// port of the bridge, hence the hairpin.
fn cni(places: &Places) -> String {
    let leases = places.run().join("leases").display().to_string();
    serde_json::json!({
        "cniVersion": "0.4.0",
        "name": BRIDGE,
        "plugins": [
            {
                "type": "bridge", "bridge": BRIDGE, "isGateway": true, "ipMasq": true, "hairpinMode": true,
                "ipam": {
                    "type": "host-local", "dataDir": leases,
                    "ranges": [[{ "subnet": PODS }]], "routes": [{ "dst": "0.0.0.0/0" }],
                },
            },
            { "type": "portmap", "capabilities": { "portMappings": true } },
        ],
    })
    .to_string()
}

fn kubelet(places: &Places) -> String {
    let [authority, certificate, key] = ["ca.crt", "kubelet.crt", "kubelet.key"].map(|file| places.pki(file));
    let documents = serde_json::json!({
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": ADDRESS,
        "healthzBindAddress": "127.0.0.1",
        "authentication": {
            "anonymous": { "enabled": false },
            "webhook": { "enabled": true },
            "x509": { "clientCAFile": authority },
        },
        "authorization": { "mode": "Webhook" },
        "tlsCertFile": certificate,
        "tlsPrivateKeyFile": key,
        "cgroupDriver": "cgroupfs",
        "failCgroupV1": false,
        "failSwapOn": false,
        "containerRuntimeEndpoint": format!("unix://{}", places.containerd().display()),
        "clusterDNS": [ADDRESS],
        "clusterDomain": "cluster.local",
        "podLogsDir": places.data("pod-logs"),
        "volumePluginDir": places.data("kubelet/volume-plugins"),
        // A small disk that other work has filled must not make the node refuse pods.
        "evictionHard": { "memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%" },
        "imageGCHighThresholdPercent": 100,
        // How soon the node tells that it is ready, and a pod that it is.
        "nodeStatusUpdateFrequency": "2s",
        "syncFrequency": "10s",
    });
    documents.to_string()
}

fn kube_proxy(places: &Places) -> String {
    serde_json::json!({
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "iptables",
        "clusterCIDR": PODS,
        "clientConnection": { "kubeconfig": places.kubeconfig_of("kube-proxy") },
        "hostnameOverride": crate::cluster::places::NODE,
        "bindAddress": ADDRESS,
        "healthzBindAddress": "127.0.0.1:10256",
        "metricsBindAddress": "127.0.0.1:10249",
        // A port of the node is reached on the private address only, never from outside.
        "nodePortAddresses": [format!("{ADDRESS}/32")],
        "iptables": { "localhostNodePorts": false, "minSyncPeriod": "100ms" },
        "conntrack": { "maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s" },
    })
    .to_string()
}

fn registry(places: &Places) -> String {
    format!(
        "version: 0.1\nlog: {{level: warn}}\nstorage:\n  filesystem: {{rootdirectory: {}}}\n  delete: {{enabled: true}}\n\
         http: {{addr: \"{REGISTRY}\"}}\n",
        places.data("registry").display()
    )
}

/// Only names of the cluster: what a pod asks of the outside is answered as not existing. The second block
/// is for that, because within one block that answer would come before the cluster's.
fn core_dns(places: &Places) -> String {
    let config = places.kubeconfig_of("coredns").display().to_string();
    format!(
        "cluster.local in-addr.arpa {{\n    bind {ADDRESS}\n    errors\n    ready 127.0.0.1:8053\n    \
         kubernetes {{\n        kubeconfig {config}\n    }}\n    cache 5\n}}\n\
         . {{\n    bind {ADDRESS}\n    errors\n    template ANY ANY {{\n        rcode NXDOMAIN\n    }}\n}}\n"
    )
}

fn redis(places: &Places, password: &str) -> String {
    let (host, port) = REDIS.split_once(':').unwrap_or((REDIS, "6379"));
    format!(
        "bind {host}\nport {port}\nrequirepass {password}\nsave \"\"\nappendonly no\ndir {}\n",
        places.data("redis").display()
    )
}

/// Pods are scraped when they ask for it by annotation; everything else is named here. The jobs are those of
/// `deploy/monitoring/prometheus.yaml`, and the rules beside this file are the shipped ones.
pub(crate) fn prometheus(places: &Places) -> String {
    let at = |job: &str, target: String| serde_json::json!({ "job_name": job, "static_configs": [{ "targets": [target] }] });
    let kubelet = |job: &str, path: &str| {
        serde_json::json!({
            "job_name": job, "scheme": "https", "metrics_path": path,
            "tls_config": {
                "ca_file": places.pki("ca.crt"),
                "cert_file": places.pki("prometheus.crt"),
                "key_file": places.pki("prometheus.key"),
            },
            "static_configs": [{ "targets": [format!("{ADDRESS}:10250")] }],
        })
    };
    let pods = serde_json::json!({
        "job_name": "pods",
        "http_sd_configs": [{ "url": format!("http://{TARGETS}/pods"), "refresh_interval": "2s" }],
    });
    let (_, _, repo_metrics) = REPO_SERVER;
    serde_json::json!({
        "global": { "scrape_interval": "5s", "scrape_timeout": "4s", "evaluation_interval": "5s" },
        "rule_files": ["rules/*.yaml"],
        "scrape_configs": [
            pods,
            kubelet("kubelet", "/metrics"),
            kubelet("kubelet-resource", "/metrics/resource"),
            at("argo-rollouts", ROLLOUTS_METRICS.to_owned()),
            at("argocd-application-controller", APPLICATION_METRICS.to_owned()),
            at("argocd-applicationset-controller", APPLICATION_SET_METRICS.to_owned()),
            at("argocd-server", ARGO_CD_METRICS.to_owned()),
            at("argocd-repo-server", format!("127.0.0.1:{repo_metrics}")),
            at("traefik", INGRESS_ADMIN.to_owned()),
            at("kube-state-metrics", STATE_METRICS.to_owned()),
        ],
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_text_reads_back_in_its_own_format() {
        let places = Places::new(Some(std::path::Path::new("/state")));
        for text in
            [cni(&places), kubelet(&places), kube_proxy(&places), registry(&places), prometheus(&places)]
        {
            let document: serde_yaml::Value = serde_yaml::from_str(&text).unwrap();
            assert!(document.is_mapping(), "{text}");
        }
        let config: serde_yaml::Value = serde_yaml::from_str(&registry(&places)).unwrap();
        assert_eq!(config["http"]["addr"], "127.0.0.1:5000");
    }

    #[test]
    fn only_its_owner_reads_the_password() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let places = Places::new(Some(folder.path()));
        crate::cluster::certificates::ensure(&places, "2026-01-01T00:00:00Z".parse().unwrap()).unwrap();
        write(&places, "hunter2").unwrap();
        let file = places.config("redis.conf");
        assert!(run::read_file(&file).unwrap().contains("requirepass hunter2"));
        assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o077, 0);
    }
}
