//! The Pod Security Standards, as the namespace's `pod-security.kubernetes.io/enforce` label asks for them.
//!
//! The checks are those of the published standards at version 1.34 for Linux pods. Windows, AppArmor and SELinux
//! options are looked at only as far as the restricted level needs.

use crate::json::{Value, json};

use crate::object::{items, label, name, text};
use crate::refusal::Refusal;
use crate::resource::Resource;

const ENFORCE: &str = "pod-security.kubernetes.io/enforce";

/// Refuses a pod that its namespace's level does not allow.
///
/// # Errors
/// 403 naming every violation, as the admission plugin does.
pub(crate) fn check(namespace: &Value, pod: &Value) -> Result<(), Refusal> {
    let level = label(namespace, ENFORCE).unwrap_or("privileged");
    if level == "privileged" {
        return Ok(());
    }
    let spec = &pod["spec"];
    let mut found = baseline(spec);
    if level == "restricted" {
        found.extend(restricted(spec));
    }
    if found.is_empty() {
        return Ok(());
    }
    let version = label(namespace, "pod-security.kubernetes.io/enforce-version").unwrap_or("latest");
    let why = format!("violates PodSecurity \"{level}:{version}\": {}", found.join(", "));
    Err(Refusal::forbidden(Resource::Pod, name(pod), &why))
}

fn containers(spec: &Value) -> impl Iterator<Item = &Value> {
    ["/initContainers", "/containers", "/ephemeralContainers"].into_iter().flat_map(|list| items(spec, list))
}

/// The names of the containers that `bad` is true of, as messages list them.
fn named(spec: &Value, bad: impl Fn(&Value) -> bool) -> Option<String> {
    let names: Vec<String> =
        containers(spec).filter(|c| bad(c)).map(|c| format!("\"{}\"", text(c, "/name"))).collect();
    let noun = if names.len() == 1 { "container" } else { "containers" };
    (!names.is_empty()).then(|| format!("{noun} {}", names.join(", ")))
}

fn baseline(spec: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let shared: Vec<String> = ["hostNetwork", "hostPID", "hostIPC"]
        .into_iter()
        .filter(|field| spec[field] == json!(true))
        .map(|field| format!("{field}=true"))
        .collect();
    if !shared.is_empty() {
        found.push(format!("host namespaces ({})", shared.join(", ")));
    }
    let paths: Vec<String> = items(spec, "/volumes")
        .filter(|v| v.get("hostPath").is_some())
        .map(|v| format!("\"{}\"", text(v, "/name")))
        .collect();
    if !paths.is_empty() {
        found.push(format!("hostPath volumes (volume {})", paths.join(", ")));
    }
    let ports = |c: &Value| items(c, "/ports").any(|p| p["hostPort"].as_i64().is_some_and(|n| n != 0));
    if let Some(who) = named(spec, ports) {
        found.push(format!("hostPort ({who} uses a hostPort)"));
    }
    if let Some(who) = named(spec, |c| c["securityContext"]["privileged"] == json!(true)) {
        found.push(format!("privileged ({who} must not set securityContext.privileged=true)"));
    }
    const ALLOWED: &[&str] = &[
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "NET_BIND_SERVICE",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
    ];
    let added = |c: &Value| {
        items(c, "/securityContext/capabilities/add")
            .any(|a| !a.as_str().is_some_and(|a| ALLOWED.contains(&a)))
    };
    if let Some(who) = named(spec, added) {
        found.push(format!(
            "non-default capabilities ({who} must not add capabilities beyond the default set)"
        ));
    }
    let unconfined = |at: &Value| at["securityContext"]["seccompProfile"]["type"] == "Unconfined";
    if unconfined(spec) || containers(spec).any(unconfined) {
        found.push(
            "seccompProfile (must not set securityContext.seccompProfile.type to \"Unconfined\")".to_owned(),
        );
    }
    let unmasked = |c: &Value| c["securityContext"]["procMount"].as_str().is_some_and(|m| m != "Default");
    if let Some(who) = named(spec, unmasked) {
        found.push(format!("procMount ({who} must not set securityContext.procMount)"));
    }
    found
}

fn restricted(spec: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let own = |c: &Value, field: &str| c["securityContext"].get(field).cloned().filter(|v| !v.is_null());
    if let Some(who) = named(spec, |c| own(c, "allowPrivilegeEscalation") != Some(json!(false))) {
        found.push(format!(
            "allowPrivilegeEscalation != false ({who} must set securityContext.allowPrivilegeEscalation=false)"
        ));
    }
    let keeps = |c: &Value| {
        let dropped = items(c, "/securityContext/capabilities/drop").any(|d| d == "ALL");
        let only_bind = items(c, "/securityContext/capabilities/add").all(|a| a == "NET_BIND_SERVICE");
        !(dropped && only_bind)
    };
    if let Some(who) = named(spec, keeps) {
        found.push(format!(
            "unrestricted capabilities ({who} must set securityContext.capabilities.drop=[\"ALL\"])"
        ));
    }
    const VOLUMES: &[&str] = &[
        "name",
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "persistentVolumeClaim",
        "projected",
        "secret",
        "image",
    ];
    let kinds = |v: &Value| v.as_object().is_some_and(|v| v.keys().any(|k| !VOLUMES.contains(&k.as_str())));
    let volumes: Vec<String> =
        items(spec, "/volumes").filter(|v| kinds(v)).map(|v| format!("\"{}\"", text(v, "/name"))).collect();
    if !volumes.is_empty() {
        found.push(format!(
            "restricted volume types (volume {} uses a restricted volume type)",
            volumes.join(", ")
        ));
    }
    let pod = &spec["securityContext"];
    let effective = |c: &Value, field: &str| own(c, field).unwrap_or_else(|| pod[field].clone());
    if let Some(who) = named(spec, |c| effective(c, "runAsNonRoot") != json!(true)) {
        found.push(format!("runAsNonRoot != true (pod or {who} must set securityContext.runAsNonRoot=true)"));
    }
    if pod["runAsUser"] == json!(0) {
        found.push("runAsUser=0 (pod must not set runAsUser=0)".to_owned());
    }
    if let Some(who) = named(spec, |c| own(c, "runAsUser") == Some(json!(0))) {
        found.push(format!("runAsUser=0 ({who} must not set runAsUser=0)"));
    }
    let open = |c: &Value| {
        let profile = effective(c, "seccompProfile");
        !matches!(profile["type"].as_str(), Some("RuntimeDefault" | "Localhost"))
    };
    if let Some(who) = named(spec, open) {
        found.push(format!(
            "seccompProfile (pod or {who} must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \
             \"Localhost\")"
        ));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn namespace(level: &str) -> Value {
        let labels = json!({ENFORCE: level, "pod-security.kubernetes.io/enforce-version": "v1.34"});
        json!({"metadata": {"labels": labels}})
    }

    fn good() -> Value {
        json!({"metadata": {"name": "p"}, "spec": {
            "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [{"name": "c", "securityContext": {
                "allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}}}],
        }})
    }

    #[test]
    fn levels() {
        let plain = json!({"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c"}]}});
        assert_eq!(check(&json!({}), &plain), Ok(()));
        assert_eq!(check(&namespace("baseline"), &plain), Ok(()));
        assert_eq!(check(&namespace("restricted"), &good()), Ok(()));
        let said = check(&namespace("restricted"), &plain).unwrap_err();
        assert_eq!(said.code, 403);
        assert_eq!(
            said.message,
            "pods \"p\" is forbidden: violates PodSecurity \"restricted:v1.34\": allowPrivilegeEscalation != false \
             (container \"c\" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities \
             (container \"c\" must set securityContext.capabilities.drop=[\"ALL\"]), runAsNonRoot != true (pod or \
             container \"c\" must set securityContext.runAsNonRoot=true), seccompProfile (pod or container \"c\" must \
             set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\")"
        );
    }

    #[test]
    fn each_violation_is_named() {
        let cases = [
            ("/spec/hostNetwork", json!(true), "host namespaces (hostNetwork=true)"),
            ("/spec/volumes", json!([{"name": "v", "hostPath": {"path": "/"}}]), "hostPath volumes"),
            ("/spec/containers/0/ports", json!([{"hostPort": 80}]), "hostPort"),
            ("/spec/containers/0/securityContext/privileged", json!(true), "privileged"),
            (
                "/spec/containers/0/securityContext/capabilities/add",
                json!(["SYS_ADMIN"]),
                "non-default capabilities",
            ),
            ("/spec/securityContext/seccompProfile", json!({"type": "Unconfined"}), "seccompProfile"),
            ("/spec/containers/0/securityContext/procMount", json!("Unmasked"), "procMount"),
            ("/spec/volumes", json!([{"name": "v", "nfs": {}}]), "restricted volume types"),
            ("/spec/securityContext/runAsUser", json!(0), "runAsUser=0"),
            ("/spec/containers/0/securityContext/runAsUser", json!(0), "runAsUser=0"),
        ];
        for (pointer, value, want) in cases {
            let (parent, field) = pointer.rsplit_once('/').unwrap();
            let mut pod = good();
            pod.pointer_mut(parent).unwrap()[field] = value;
            let said = check(&namespace("restricted"), &pod).unwrap_err().message;
            assert!(said.contains(want), "{pointer}: {said}");
        }
    }
}
