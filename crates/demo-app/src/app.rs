//! The app's paths: `/`, `/healthz`, `/readyz` and `/metrics`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use demo_app::Settings;
use serde_json::json;

use crate::cpu;
use crate::ledger::client::Ledger;
use crate::ledger::post_id;
use crate::metrics::Metrics;
use crate::serve::Stop;

/// Bodies hold one id.
const BODY_LIMIT: usize = 4096;

/// What all connections share.
#[derive(Debug)]
pub(crate) struct App {
    settings: Settings,
    stop: Arc<Stop>,
    ledger: Option<Ledger>,
    started: Instant,
    requests: AtomicU64,
    metrics: Metrics,
}

impl App {
    pub(crate) fn new(settings: Settings, stop: Arc<Stop>) -> Self {
        Self {
            ledger: settings.ledger.as_deref().map(Ledger::new),
            settings,
            stop,
            started: Instant::now(),
            requests: AtomicU64::new(0),
            metrics: Metrics::default(),
        }
    }

    /// Why it is not ready, if it is not.
    fn unready(&self) -> Option<&'static str> {
        if self.stop.has_begun() { Some("stopping") } else { self.settings.unready(self.started.elapsed()) }
    }
}

/// The routes over the shared state.
pub(crate) fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/", any(root))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .with_state(app)
}

async fn root(State(app): State<Arc<App>>, method: Method, body: Bytes) -> Response {
    let begun = Instant::now();
    app.metrics.begin();
    let number = app.requests.fetch_add(1, Ordering::Relaxed);
    if !app.settings.latency.is_zero() {
        tokio::time::sleep(app.settings.latency).await;
    }
    cpu::spend(app.settings.cpu_per_request);
    let (code, said) = if app.settings.fails(number) {
        (StatusCode::INTERNAL_SERVER_ERROR, json!({}))
    } else if method == Method::POST {
        acknowledge(&app, &body).await
    } else {
        (StatusCode::OK, json!({}))
    };
    app.metrics.record(code.as_u16(), begun.elapsed());
    let settings = &app.settings;
    let mut answer = json!({
        "version": settings.version, "colour": settings.colour(), "pod": settings.pod,
    });
    if !settings.schema_versions.is_empty() {
        answer["schemaVersions"] = json!(settings.schema_versions);
    }
    if let (Some(answer), Some(said)) = (answer.as_object_mut(), said.as_object()) {
        answer.extend(said.clone());
    }
    let json = [(header::CONTENT_TYPE, "application/json")];
    let mut response = (code, json, answer.to_string()).into_response();
    for (name, value) in [("x-version", &settings.version), ("x-pod", &settings.pod)] {
        // A version that is no header value is left out of the headers; the body still has it.
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// Writes the id of a `POST` down where it outlives this process, and only then says yes.
async fn acknowledge(app: &App, body: &[u8]) -> (StatusCode, serde_json::Value) {
    let Some(id) = post_id(body) else {
        return (StatusCode::BAD_REQUEST, json!({ "error": "the body of a POST is one id" }));
    };
    let Some(ledger) = &app.ledger else {
        return (StatusCode::OK, json!({ "id": id, "account": "none is kept: LEDGER is not set" }));
    };
    match ledger.append(id, &app.settings).await {
        Ok(()) => (StatusCode::OK, json!({ "id": id, "account": "kept" })),
        Err(error) => {
            tracing::warn!("{error}");
            (StatusCode::SERVICE_UNAVAILABLE, json!({ "id": id, "error": "not written down" }))
        }
    }
}

async fn ready(State(app): State<Arc<App>>) -> Response {
    match app.unready() {
        None => "ok\n".into_response(),
        Some(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")).into_response(),
    }
}

async fn metrics(State(app): State<Arc<App>>) -> Response {
    let page = app.metrics.page(&app.settings.version, &app.settings.schema_versions);
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], page).into_response()
}
