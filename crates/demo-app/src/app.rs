//! The paths: `/`, `/healthz`, `/readyz` and `/metrics`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};

use crate::metrics::Metrics;
use crate::settings::Settings;

/// What all connections share.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) settings: Settings,
    started: Instant,
    stopping: AtomicBool,
    requests: AtomicU64,
    metrics: Metrics,
}

impl App {
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            settings,
            started: Instant::now(),
            stopping: AtomicBool::new(false),
            requests: AtomicU64::new(0),
            metrics: Metrics::default(),
        }
    }

    /// From now on it is not ready, and every answer asks for the end of its connection.
    pub(crate) fn begin_to_stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// Why it is not ready, if it is not.
    fn unready(&self) -> Option<&'static str> {
        if self.is_stopping() {
            Some("stopping")
        } else if self.settings.never_ready {
            Some("NEVER_READY is set")
        } else if self.started.elapsed() < self.settings.ready_after {
            Some("READY_AFTER has not passed")
        } else {
            None
        }
    }
}

/// Whether request `number` (from 0) fails so that a share of `rate` fails, evenly spread: two instances
/// of the same version then fail the same requests, and a test needs no seed.
#[expect(clippy::cast_precision_loss, reason = "exact up to 2^53 requests")]
fn fails(number: u64, rate: f64) -> bool {
    (number as f64 * rate).floor() < ((number + 1) as f64 * rate).floor()
}

/// The routes over the shared state.
pub(crate) fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/", any(root))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .layer(middleware::from_fn_with_state(Arc::clone(&app), close_when_stopping))
        .with_state(app)
}

async fn root(State(app): State<Arc<App>>) -> Response {
    let begun = Instant::now();
    app.metrics.begin();
    let number = app.requests.fetch_add(1, Ordering::Relaxed);
    if !app.settings.latency.is_zero() {
        tokio::time::sleep(app.settings.latency).await;
    }
    let code = if fails(number, app.settings.error_rate) {
        StatusCode::INTERNAL_SERVER_ERROR
    } else {
        StatusCode::OK
    };
    app.metrics.record(code.as_u16(), begun.elapsed());
    let settings = &app.settings;
    let body = serde_json::json!({
        "version": settings.version, "colour": settings.colour(), "pod": settings.pod,
    });
    let mut response = (code, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response();
    for (name, value) in [("x-version", &settings.version), ("x-pod", &settings.pod)] {
        // A version that is no header value is left out of the headers; the body still has it.
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

async fn ready(State(app): State<Arc<App>>) -> Response {
    match app.unready() {
        None => "ok\n".into_response(),
        Some(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")).into_response(),
    }
}

async fn metrics(State(app): State<Arc<App>>) -> Response {
    let page = app.metrics.page(&app.settings.version);
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], page).into_response()
}

/// While stopping, each answer carries `Connection: close`: the peer then opens its next connection
/// elsewhere, instead of sending a request into a connection that is just being closed.
async fn close_when_stopping(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if app.is_stopping() {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_spread_evenly() {
        for (rate, of_100) in [(0.0, 0), (0.1, 10), (0.25, 25), (0.5, 50), (1.0, 100)] {
            let failed: Vec<u64> = (0..100).filter(|number| fails(*number, rate)).collect();
            assert_eq!(failed.len(), of_100, "rate {rate}: {failed:?}");
        }
        assert_eq!((0..20).filter(|number| fails(*number, 0.1)).collect::<Vec<_>>(), [9, 19]);
    }
}
