//! One pod in a word, as `kubectl get pods` has it.

use k8s_openapi::api::core::v1::{ContainerState, ContainerStatus, Pod};

use super::PodView;

/// The view of a pod.
pub(super) fn view(pod: &Pod) -> PodView {
    let status = pod.status.clone().unwrap_or_default();
    let spec = pod.spec.as_ref();
    let containers = status.container_statuses.as_deref().unwrap_or(&[]);
    let inits = status.init_container_statuses.as_deref().unwrap_or(&[]);
    let init_count = spec.and_then(|spec| spec.init_containers.as_ref()).map_or(0, Vec::len);
    let initializing = initializing(pod, inits, init_count);
    let phase = status.reason.clone().or(status.phase.clone()).unwrap_or_default();
    let reason = match &initializing {
        Some(reason) => reason.clone(),
        None => of_containers(phase, containers),
    };
    let counted = if initializing.is_some() { inits } else { containers };
    PodView {
        name: pod.metadata.name.clone().unwrap_or_default(),
        status: deleted(pod, status.reason.as_deref()).unwrap_or(reason),
        ready: match initializing {
            Some(_) => 0,
            None => containers.iter().filter(|container| running_and_ready(container)).count(),
        },
        containers: spec.map_or(0, |spec| spec.containers.len()),
        restarts: counted.iter().map(|container| container.restart_count).sum(),
        created: pod.metadata.creation_timestamp.as_ref().map(|time| time.0),
    }
}

fn deleted(pod: &Pod, reason: Option<&str>) -> Option<String> {
    pod.metadata.deletion_timestamp.as_ref()?;
    Some(if reason == Some("NodeLost") { "Unknown" } else { "Terminating" }.to_owned())
}

/// The reason of the first init container that is not through; `None` when all are.
fn initializing(pod: &Pod, inits: &[ContainerStatus], count: usize) -> Option<String> {
    inits.iter().enumerate().find_map(|(index, container)| {
        let state = container.state.clone().unwrap_or_default();
        let waiting = state.waiting.as_ref().and_then(|waiting| waiting.reason.as_deref());
        match (&state.terminated, waiting) {
            (Some(ended), _) if ended.exit_code == 0 => None,
            (Some(_), _) => Some(format!("Init:{}", ended(&state).unwrap_or_default())),
            _ if sidecar(pod, &container.name) && container.started == Some(true) => None,
            (None, Some(reason)) if reason != "PodInitializing" => Some(format!("Init:{reason}")),
            _ => Some(format!("Init:{index}/{count}")),
        }
    })
}

/// Init containers that are to run on beside the others.
fn sidecar(pod: &Pod, name: &str) -> bool {
    let inits = pod.spec.as_ref().and_then(|spec| spec.init_containers.as_deref()).unwrap_or(&[]);
    inits.iter().any(|init| init.name == name && init.restart_policy.as_deref() == Some("Always"))
}

/// The reason of the first container that waits or has ended; the phase when none does.
fn of_containers(phase: String, containers: &[ContainerStatus]) -> String {
    let reason = containers.iter().find_map(|container| {
        let state = container.state.clone().unwrap_or_default();
        let waiting = state.waiting.as_ref().and_then(|waiting| waiting.reason.clone());
        waiting.or_else(|| ended(&state))
    });
    match reason {
        // A pod of which one container has done its work runs on.
        Some(reason) if reason == "Completed" && containers.iter().any(running_and_ready) => {
            "Running".to_owned()
        }
        Some(reason) => reason,
        None => phase,
    }
}

fn ended(state: &ContainerState) -> Option<String> {
    let ended = state.terminated.as_ref()?;
    Some(match (ended.reason.as_deref(), ended.signal) {
        (Some(reason), _) if !reason.is_empty() => reason.to_owned(),
        (_, Some(signal)) if signal != 0 => format!("Signal:{signal}"),
        _ => format!("ExitCode:{}", ended.exit_code),
    })
}

fn running_and_ready(container: &ContainerStatus) -> bool {
    container.ready && container.state.as_ref().is_some_and(|state| state.running.is_some())
}

/// The icon of a pod's word.
pub(super) fn icon(status: &str) -> &'static str {
    if status.starts_with("Init:") {
        return "◌";
    }
    if status.starts_with("Signal:") || status.starts_with("ExitCode:") {
        return "✖";
    }
    if status.ends_with("Error") || status.starts_with("Err") {
        return "⚠";
    }
    match status {
        "Pending" | "Terminating" | "ContainerCreating" => "◌",
        "Running" | "Completed" => "✔",
        "Failed" | "InvalidImageName" | "CrashLoopBackOff" => "✖",
        "ImagePullBackOff" | "RegistryUnavailable" => "⚠",
        "Unknown" => "?",
        _ => " ",
    }
}
