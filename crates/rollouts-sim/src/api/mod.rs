//! The REST API over a `World`: one request in, one answer out. Watches are in `watch`.

mod body;
mod discovery;
mod identity;
mod metrics;
mod openapi;
mod patch;
mod render;
mod route;
pub(crate) mod scale;
pub(crate) mod select;
mod strategic;
mod table;
mod verbs;
pub(crate) mod watch;

use crate::json::Value;
use http::{Request, Response};

use crate::faults;
use crate::refusal::Refusal;
use crate::world::World;
use route::{Query, Route};
use verbs::{Call, carry_out};

/// The version that the API says it is.
pub(crate) const VERSION: &str = "v1.34.4";

impl World {
    /// Answers a request as the API server would, at the present moment. Watch requests are refused here, since an
    /// answer is whole; [`crate::Simulator`] streams them.
    pub fn handle(&mut self, request: &Request<Vec<u8>>) -> Response<Vec<u8>> {
        let accept = header(request, "accept");
        match self.respond(request, accept) {
            Ok(response) => response,
            Err(refusal) => json_response(refusal.code, &refusal.to_status(), &[]),
        }
    }

    fn respond(&mut self, request: &Request<Vec<u8>>, accept: &str) -> Result<Response<Vec<u8>>, Refusal> {
        let path = request.uri().path();
        if let Some(response) = discovery::answer(request.method().as_str(), path, accept) {
            return Ok(response);
        }
        if let Some(answer) = metrics::answer(self, request) {
            return answer;
        }
        if let Some(answer) = identity::answer(request) {
            return answer;
        }
        let query = Query::of(request.uri());
        let fault = faults::answer(self, request.method().as_str(), path, request.uri().query());
        if let Some(answer) = fault {
            return answer;
        }
        let route = route::parse(path)?;
        if query.is("watch") && request.method() == http::Method::GET {
            return Err(Refusal::bad_request("a watch is a stream, and this call answers whole"));
        }
        let options = options_of(request.method());
        let dry_run = dry_run(&query, options)?;
        let strictness = body::Strictness::of(&query, options)?;
        let form = render::Form::of(accept, &query)?;
        let resource = route.resource;
        let call = Call {
            route,
            query,
            method: request.method().as_str(),
            content_type: header(request, "content-type"),
            user_agent: header(request, "user-agent"),
            body: request.body(),
            dry_run,
            strictness,
        };
        let done = carry_out(self, &call)?;
        let value = render::outcome(self, resource, form, done.what);
        Ok(json_response(done.code, &value, &done.warnings))
    }

    /// The parsed route of a watch request; `None` when the request is no watch.
    pub(crate) fn watch_of(&self, request: &Request<Vec<u8>>) -> Option<Result<watch::Watch, Refusal>> {
        let query = Query::of(request.uri());
        if request.method() != http::Method::GET || !query.is("watch") {
            return None;
        }
        let route: Result<Route, Refusal> = route::parse(request.uri().path());
        Some(route.and_then(|route| watch::Watch::open(self, route, &query, header(request, "accept"))))
    }
}

/// Whether a request can change the world. Everything else may be answered without being recorded.
pub(crate) fn changes(request: &Request<Vec<u8>>) -> bool {
    !matches!(request.method().as_str(), "GET" | "HEAD" | "OPTIONS")
}

/// The kind of options that a method takes, as messages name it.
fn options_of(method: &http::Method) -> &'static str {
    match method.as_str() {
        "POST" => "CreateOptions",
        "PUT" => "UpdateOptions",
        "PATCH" => "PatchOptions",
        "DELETE" => "DeleteOptions",
        _ => "ListOptions",
    }
}

fn dry_run(query: &Query, options: &str) -> Result<bool, Refusal> {
    match query.get("dryRun") {
        None => Ok(false),
        Some("All") => Ok(true),
        Some(other) => {
            let why = format!("dryRun: Unsupported value: [\"{other}\"]: supported values: \"All\"");
            Err(Refusal::options(options, &why))
        }
    }
}

fn header<'a>(request: &'a Request<Vec<u8>>, name: &str) -> &'a str {
    request.headers().get(name).and_then(|v| v.to_str().ok()).unwrap_or_default()
}

/// A JSON answer, with each warning in a header of its own.
pub(crate) fn json_response(code: u16, value: &Value, warnings: &[String]) -> Response<Vec<u8>> {
    let mut builder = Response::builder().status(code).header("content-type", "application/json");
    for warning in warnings {
        builder = builder
            .header("warning", format!("299 - \"{}\"", warning.replace('\\', "\\\\").replace('"', "\\\"")));
    }
    builder.body(value.to_string().into_bytes()).unwrap_or_default()
}
