//! The instance's side of the ledger: connections of its own, kept alive.

use std::time::Duration;

use axum::body::Bytes;
use axum::http::{Request, StatusCode, header};
use demo_app::Settings;
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::Serialize;

use super::{APPEND, Entry, SCHEMA};

/// How long the ledger may take. Whoever sent the `POST` has less patience than that.
const PATIENCE: Duration = Duration::from_secs(2);

/// A way to the ledger.
#[derive(Debug)]
pub(crate) struct Ledger {
    authority: String,
    client: Client<HttpConnector, Full<Bytes>>,
}

/// Why an id was not written down, or not surely.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AppendError {
    #[error("write to the ledger at {0}: {1}")]
    Unreachable(String, String),
    #[error("write to the ledger at {0}: it answered {1}")]
    Refused(String, StatusCode),
    #[error("write to the ledger at {0}: no answer within {PATIENCE:?}")]
    TimedOut(String),
}

impl Ledger {
    pub(crate) fn new(authority: &str) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        // Nothing is sent a second time: an entry that may be there already must not be doubled.
        let client = Client::builder(TokioExecutor::new()).retry_canceled_requests(false).build(connector);
        Ledger { authority: authority.to_owned(), client }
    }

    /// Writes an id down, for an instance that works with these schema versions. After an error it may be there or not.
    pub(crate) async fn append(&self, id: &str, settings: &Settings) -> Result<(), AppendError> {
        let (version, pod) = (settings.version.clone(), settings.pod.clone());
        let entry = Entry { id: id.to_owned(), version, pod, schemas: settings.schema_versions.clone() };
        self.post(APPEND, &entry).await
    }

    /// Brings a schema version.
    pub(crate) async fn migrate(&self, schema: u32) -> Result<(), AppendError> {
        self.post(SCHEMA, &schema).await
    }

    async fn post(&self, path: &str, body: &impl Serialize) -> Result<(), AppendError> {
        let unreachable = |error: String| AppendError::Unreachable(self.authority.clone(), error);
        let body = serde_json::to_vec(body).map_err(|error| unreachable(error.to_string()))?;
        let request = Request::post(format!("http://{}{path}", self.authority))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::from(body))
            .map_err(|error| unreachable(error.to_string()))?;
        let answer = tokio::time::timeout(PATIENCE, self.client.request(request)).await;
        let answer = answer.map_err(|_| AppendError::TimedOut(self.authority.clone()))?;
        let status = answer.map_err(|error| unreachable(with_causes(&error)))?.status();
        match status {
            StatusCode::NO_CONTENT => Ok(()),
            status => Err(AppendError::Refused(self.authority.clone(), status)),
        }
    }
}

/// The client's own message is only "client error"; what happened is in its causes.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}
