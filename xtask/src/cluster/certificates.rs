//! The cluster's certificates: one authority, one certificate for each component, each with its own name.
//!
//! A name decides what a component may do: Kubernetes' roles are bound to these names, and a name of the
//! form `system:serviceaccount:NAMESPACE:NAME` has exactly the roles that upstream binds to that service
//! account. All are made at once and the authority's key is thrown away: nobody can make another one.

use std::net::IpAddr;
use std::path::Path;

use base64::Engine;
use jiff::ToSpan;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType, date_time_ymd,
};
use serde_json::json;

use super::places::{ADDRESS, API, API_SERVICE, NODE, Places};
use crate::run::{self, Error};

/// Who a component is.
pub(crate) struct Identity {
    /// The name of its files.
    pub(crate) name: &'static str,
    /// The user name that Kubernetes sees.
    pub(crate) user: &'static str,
    /// The group that Kubernetes sees.
    pub(crate) group: Option<&'static str>,
    /// Names and addresses under which it serves.
    pub(crate) serves: &'static [&'static str],
}

const fn identity(name: &'static str, user: &'static str, serves: &'static [&'static str]) -> Identity {
    Identity { name, user, group: None, serves }
}

/// Only a person at this machine and the node are in a group; no controller is in `system:masters`.
pub(crate) const IDENTITIES: &[Identity] = &[
    Identity { name: "admin", user: "admin", group: Some("system:masters"), serves: &[] },
    Identity {
        name: "kubelet",
        user: "system:node:host",
        group: Some("system:nodes"),
        serves: &[NODE, ADDRESS],
    },
    identity("etcd", "etcd", &["localhost", "127.0.0.1"]),
    identity(
        "kube-apiserver",
        "kube-apiserver",
        &[
            ADDRESS,
            API_SERVICE,
            "localhost",
            "kubernetes",
            "kubernetes.default",
            "kubernetes.default.svc",
            "kubernetes.default.svc.cluster.local",
        ],
    ),
    identity("kube-controller-manager", "system:kube-controller-manager", &["127.0.0.1"]),
    identity("kube-scheduler", "system:kube-scheduler", &["127.0.0.1"]),
    identity("kube-proxy", "system:kube-proxy", &[]),
    identity("coredns", "system:serviceaccount:kube-system:coredns", &[]),
    identity("traefik", "system:serviceaccount:traefik:traefik", &[]),
    identity("argo-rollouts", "system:serviceaccount:argo-rollouts:argo-rollouts", &[]),
    identity(
        "argocd-application-controller",
        "system:serviceaccount:argocd:argocd-application-controller",
        &[],
    ),
    identity(
        "argocd-applicationset-controller",
        "system:serviceaccount:argocd:argocd-applicationset-controller",
        &[],
    ),
    identity(
        "argocd-repo-server",
        "system:serviceaccount:argocd:argocd-repo-server",
        &["localhost", ADDRESS],
    ),
    identity("argocd-server", "system:serviceaccount:argocd:argocd-server", &["localhost", "127.0.0.1"]),
    identity("kube-state-metrics", "system:serviceaccount:kube-system:kube-state-metrics", &[]),
    identity(
        "metrics-server",
        "system:serviceaccount:kube-system:metrics-server",
        &[ADDRESS, "metrics-server.kube-system.svc"],
    ),
    identity("prometheus", "system:serviceaccount:monitoring:prometheus", &[]),
];

/// The name that the API server's forwarded requests carry.
pub(crate) const FRONT_PROXY: &str = "front-proxy-client";

/// Makes everything that is not there yet; a second call changes nothing.
///
/// # Errors
/// A file that cannot be written.
pub(crate) fn ensure(places: &Places, today: jiff::Timestamp) -> Result<(), Error> {
    // Written last: a folder without it was left by a run that was cut off.
    let finished = places.pki("ca.crt");
    if finished.is_file() {
        return Ok(());
    }
    run::create_folder(&places.pki(""))?;
    run::create_folder(&places.config(""))?;
    let authority = Authority::new("blue-green-canary", today)?;
    let front = Authority::new("blue-green-canary front proxy", today)?;
    for identity in IDENTITIES {
        let (certificate, key) = authority.issue(identity)?;
        secret(&places.pki(&format!("{}.crt", identity.name)), &certificate)?;
        secret(&places.pki(&format!("{}.key", identity.name)), &key)?;
        let text = kubeconfig(identity.user, &authority.pem, &certificate, &key).to_string();
        secret(&places.kubeconfig_of(identity.name), &text)?;
    }
    let (certificate, key) = front.issue(&identity(FRONT_PROXY, FRONT_PROXY, &[]))?;
    secret(&places.pki("front-proxy.crt"), &certificate)?;
    secret(&places.pki("front-proxy.key"), &key)?;
    secret(&places.pki("front-proxy-ca.crt"), &front.pem)?;
    let tokens = KeyPair::generate().map_err(refused)?;
    secret(&places.pki("service-accounts.key"), &tokens.serialize_pem())?;
    secret(&places.pki("service-accounts.pub"), &tokens.public_key_pem())?;
    let admin = run::read_file(&places.kubeconfig_of("admin"))?;
    secret(&places.kubeconfig(), &admin)?;
    secret(&finished, &authority.pem)
}

/// A certificate authority for as long as this value lives.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
    today: jiff::Timestamp,
}

impl Authority {
    fn new(name: &str, today: jiff::Timestamp) -> Result<Authority, Error> {
        let mut parameters = parameters(&[], today)?;
        parameters.distinguished_name.push(DnType::CommonName, name);
        parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().map_err(refused)?;
        let pem = parameters.self_signed(&key).map_err(refused)?.pem();
        Ok(Authority { issuer: Issuer::new(parameters, key), pem, today })
    }

    /// A certificate and its key, both as PEM.
    fn issue(&self, identity: &Identity) -> Result<(String, String), Error> {
        let mut parameters = parameters(identity.serves, self.today)?;
        parameters.distinguished_name.push(DnType::CommonName, identity.user);
        if let Some(group) = identity.group {
            parameters.distinguished_name.push(DnType::OrganizationName, group);
        }
        parameters.use_authority_key_identifier_extension = true;
        parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        parameters.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate().map_err(refused)?;
        let certificate = parameters.signed_by(&key, &self.issuer).map_err(refused)?;
        Ok((certificate.pem(), key.serialize_pem()))
    }
}

/// Valid from yesterday, since clocks differ, for a year: a host cluster lives for hours.
fn parameters(serves: &[&str], today: jiff::Timestamp) -> Result<CertificateParams, Error> {
    let mut parameters = CertificateParams::default();
    let date = |days: i64| {
        let date = today.to_zoned(jiff::tz::TimeZone::UTC).date().saturating_add(days.days());
        let [month, day] = [date.month(), date.day()].map(|number| u8::try_from(number).unwrap_or(1));
        date_time_ymd(date.year().into(), month, day)
    };
    parameters.not_before = date(-1);
    parameters.not_after = date(365);
    for name in serves {
        let san = match name.parse::<IpAddr>() {
            Ok(address) => SanType::IpAddress(address),
            Err(_) => SanType::DnsName((*name).try_into().map_err(refused)?),
        };
        parameters.subject_alt_names.push(san);
    }
    parameters.distinguished_name = rcgen::DistinguishedName::new();
    Ok(parameters)
}

/// A kubeconfig that holds all it needs; JSON is YAML.
fn kubeconfig(user: &str, authority: &str, certificate: &str, key: &str) -> serde_json::Value {
    let data = |pem: &str| base64::engine::general_purpose::STANDARD.encode(pem);
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{
            "name": "host",
            "cluster": { "server": API, "certificate-authority-data": data(authority) },
        }],
        "users": [{
            "name": user,
            "user": { "client-certificate-data": data(certificate), "client-key-data": data(key) },
        }],
        "contexts": [{ "name": "host", "context": { "cluster": "host", "user": user } }],
        "current-context": "host",
    })
}

/// Writes a file that only its owner can read.
pub(crate) fn secret(path: &Path, text: &str) -> Result<(), Error> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    // A file of an earlier run keeps its mode when it is only truncated.
    let _ = std::fs::remove_file(path);
    std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|source| Error::file("write", path, source))
}

fn refused(error: impl std::fmt::Display) -> Error {
    Error::Found(format!("cannot make a certificate: {error}"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn today() -> jiff::Timestamp {
        "2026-02-28T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn only_a_person_is_cluster_admin() {
        let masters: Vec<&str> =
            IDENTITIES.iter().filter(|i| i.group == Some("system:masters")).map(|i| i.name).collect();
        assert_eq!(masters, ["admin"]);
        let mut users: Vec<&str> = IDENTITIES.iter().map(|i| i.user).collect();
        users.sort_unstable();
        users.dedup();
        assert_eq!(users.len(), IDENTITIES.len(), "every component has a name of its own");
    }

    #[test]
    fn everything_is_made_once_and_nobody_else_can_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let places = Places::new(Some(folder.path()));
        ensure(&places, today()).unwrap();
        let first = std::fs::read(places.kubeconfig()).unwrap();
        ensure(&places, today()).unwrap();
        assert_eq!(std::fs::read(places.kubeconfig()).unwrap(), first);
        for file in [places.kubeconfig(), places.pki("argocd-server.key"), places.kubeconfig_of("traefik")] {
            assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600, "{file:?}");
        }
        let config: serde_json::Value = serde_json::from_slice(&first).unwrap();
        assert_eq!(config["clusters"][0]["cluster"]["server"], "https://10.243.0.1:6443");
        assert_eq!(config["contexts"][0]["context"]["user"], "admin");
        assert!(!places.pki("ca.key").exists());
    }
}
