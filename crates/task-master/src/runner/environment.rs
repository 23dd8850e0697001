//! Which of our own variables a child sees.
//!
//! An allow-list, because what is in a developer's environment (tokens of other systems, `LD_PRELOAD`,
//! `BASH_ENV`) is neither needed nor ours to hand on.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

/// Let through as they are.
const NAMES: &[&str] = &[
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "TMPDIR",
    "LANG",
    "TZ",
    "TERM",
    "NO_COLOR",
    "KUBECONFIG",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "XDG_CONFIG_HOME",
    "XDG_CACHE_HOME",
    "XDG_DATA_HOME",
    "XDG_STATE_HOME",
    "DOCKER_HOST",
    // Without them cargo would build otherwise than the person did, and replace the very program that runs.
    "CARGO_INCREMENTAL",
    "RUSTFLAGS",
];

/// Let through by the beginning of their names.
const PREFIXES: &[&str] =
    &["LC_", "TF_", "HELM_", "ARGOCD_", "KUBE_", "CARGO_HOME", "CARGO_TARGET_DIR", "RUSTUP_"];

/// The part of `environment` that children see.
pub(super) fn allowed(
    environment: impl IntoIterator<Item = (OsString, OsString)>,
) -> BTreeMap<OsString, OsString> {
    environment.into_iter().filter(|(name, _)| is_allowed(name)).collect()
}

fn is_allowed(name: &OsStr) -> bool {
    name.to_str()
        .is_some_and(|name| NAMES.contains(&name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_listed_names_pass() {
        let cases = [
            ("PATH", true),
            ("LC_ALL", true),
            ("TF_CLI_CONFIG_FILE", true),
            ("ARGOCD_AUTH_TOKEN", true),
            ("CARGO_INCREMENTAL", true),
            ("CARGO_REGISTRY_TOKEN", false),
            ("LD_PRELOAD", false),
            ("GITHUB_TOKEN", false),
            ("path", false),
        ];
        for (name, passes) in cases {
            let seen = allowed([(OsString::from(name), OsString::from("x"))]);
            assert_eq!(!seen.is_empty(), passes, "{name}");
        }
    }
}
