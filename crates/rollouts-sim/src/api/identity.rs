//! Who asks, as the API server knows it. There is no authentication here: everybody is one user, who may do everything
//! and may act as another.

use crate::json::{Value, json};
use http::{Request, Response};

use super::{header, json_response};
use crate::refusal::Refusal;

/// Where it is asked.
const PATH: &str = "/apis/authentication.k8s.io/v1/selfsubjectreviews";

/// The one user.
const USER: &str = "simulated-user";

/// Answers a SelfSubjectReview; `None` for every other request.
pub(super) fn answer(request: &Request<Vec<u8>>) -> Option<Result<Response<Vec<u8>>, Refusal>> {
    if request.method() != http::Method::POST || request.uri().path().trim_end_matches('/') != PATH {
        return None;
    }
    Some(review(request).map(|review| json_response(201, &review, &[])))
}

fn review(request: &Request<Vec<u8>>) -> Result<Value, Refusal> {
    let asked: Value = serde_json::from_slice(request.body())
        .map_err(|error| Refusal::bad_request(format!("the SelfSubjectReview is no JSON: {error}")))?;
    let is = (asked["apiVersion"].as_str(), asked["kind"].as_str());
    if is != (Some("authentication.k8s.io/v1"), Some("SelfSubjectReview")) {
        return Err(Refusal::bad_request(
            "the object provided is no SelfSubjectReview of authentication.k8s.io/v1",
        ));
    }
    let (user, groups) = match header(request, "impersonate-user") {
        "" => (USER, json!(["system:masters", "system:authenticated"])),
        other => (other, json!(["system:authenticated"])),
    };
    Ok(json!({
        "kind": "SelfSubjectReview", "apiVersion": "authentication.k8s.io/v1",
        "metadata": {"creationTimestamp": null},
        "status": {"userInfo": {"username": user, "groups": groups}},
    }))
}
