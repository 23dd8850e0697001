//! The one error of the simulated API: a Kubernetes `Status` of kind Failure.

use crate::json::{Value, json};

use crate::resource::Resource;

/// A request that was not carried out, with the code and reason that the API server would give.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Refusal {
    /// HTTP status.
    pub(crate) code: u16,
    /// `NotFound`, `Conflict`, `Invalid`, …
    pub(crate) reason: &'static str,
    /// The whole message, as a client prints it.
    pub(crate) message: String,
    /// `details` of the Status object (`name`, `group`, `kind`, `causes`), or null.
    pub(crate) details: Value,
}

impl Refusal {
    pub(crate) fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Refusal {
        Refusal { code, reason, message: message.into(), details: Value::Null }
    }

    fn about(resource: Resource, name: &str, code: u16, reason: &'static str, message: String) -> Refusal {
        let info = resource.info();
        let mut details = json!({"name": name, "kind": info.plural});
        if !info.group.is_empty() {
            details["group"] = json!(info.group);
        }
        Refusal { code, reason, message, details }
    }

    pub(crate) fn not_found(resource: Resource, name: &str) -> Refusal {
        let message = format!("{} \"{name}\" not found", resource.qualified());
        Refusal::about(resource, name, 404, "NotFound", message)
    }

    pub(crate) fn already_exists(resource: Resource, name: &str) -> Refusal {
        let message = format!("{} \"{name}\" already exists", resource.qualified());
        Refusal::about(resource, name, 409, "AlreadyExists", message)
    }

    pub(crate) fn conflict(resource: Resource, name: &str, why: &str) -> Refusal {
        let message = format!("Operation cannot be fulfilled on {} \"{name}\": {why}", resource.qualified());
        Refusal::about(resource, name, 409, "Conflict", message)
    }

    pub(crate) fn forbidden(resource: Resource, name: &str, why: &str) -> Refusal {
        let message = format!("{} \"{name}\" is forbidden: {why}", resource.qualified());
        Refusal::about(resource, name, 403, "Forbidden", message)
    }

    /// An object that fails validation; `causes` are (field, message) pairs.
    pub(crate) fn invalid(resource: Resource, name: &str, causes: &[(String, String)]) -> Refusal {
        let info = resource.info();
        let kind =
            if info.group.is_empty() { info.kind.into() } else { format!("{}.{}", info.kind, info.group) };
        let said: Vec<String> = causes.iter().map(|(field, why)| format!("{field}: {why}")).collect();
        let said = if let [one] = said.as_slice() { one.clone() } else { format!("[{}]", said.join(", ")) };
        let message = format!("{kind} \"{name}\" is invalid: {said}");
        let mut refusal = Refusal::about(resource, name, 422, "Invalid", message);
        refusal.details["kind"] = json!(info.kind);
        refusal.details["causes"] = causes
            .iter()
            .map(|(field, why)| json!({"reason": "FieldValueInvalid", "message": why, "field": field}))
            .collect();
        refusal
    }

    /// Request options that do not hold; `kind` is `CreateOptions`, `ListOptions`, ….
    pub(crate) fn options(kind: &str, why: &str) -> Refusal {
        Refusal::new(422, "Invalid", format!("{kind}.meta.k8s.io \"\" is invalid: {why}"))
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Refusal {
        Refusal::new(400, "BadRequest", message)
    }

    /// A thing that a cluster does and the simulator does not: said, never ignored.
    pub(crate) fn not_simulated(what: impl AsRef<str>) -> Refusal {
        Refusal::new(501, "NotImplemented", format!("not implemented by the simulator: {}", what.as_ref()))
    }

    /// The Status object.
    pub(crate) fn to_status(&self) -> Value {
        let mut status = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": self.message,
        });
        if !self.reason.is_empty() {
            status["reason"] = json!(self.reason);
        }
        if !self.details.is_null() {
            status["details"] = self.details.clone();
        }
        status["code"] = json!(self.code);
        status
    }
}
