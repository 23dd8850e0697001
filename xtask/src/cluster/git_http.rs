//! Git over smart HTTP on loopback: the CGI program that Git brings, behind a small server.
//!
//! Argo CD's webhooks only match repositories by HTTP, and its repository server and a person's `git push`
//! both speak it. Who can reach loopback may push: the repositories are this cluster's own.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{Response, StatusCode, request::Parts};
use axum::routing::get;

use crate::run::{self, Error};

/// The largest push that is taken.
const LARGEST: usize = 256 * 1024 * 1024;

/// Serves every bare repository below `root` until it is ended.
///
/// # Errors
/// An address that is not loopback or is taken.
pub(crate) fn serve(listen: SocketAddr, root: &Path) -> Result<(), Error> {
    if !listen.ip().is_loopback() {
        return Err(Error::Found(format!("git is served on loopback only, not on {listen}")));
    }
    let failed = |source| Error::Start { program: format!("git over HTTP on {listen}"), source };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    let router = Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .fallback(answer)
        .layer(DefaultBodyLimit::max(LARGEST))
        .with_state(root.to_path_buf());
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(listen).await.map_err(failed)?;
        axum::serve(listener, router).await.map_err(failed)
    })
}

async fn answer(State(root): State<PathBuf>, parts: Parts, body: Bytes) -> Response<Body> {
    let run = tokio::task::spawn_blocking(move || {
        let mut command = run::command("git");
        // `git http-backend` takes pushes only where a repository's configuration says so; here all do.
        command.args(["-c", "http.receivepack=true", "http-backend"]);
        command.env_clear().envs(variables(&root, &parts, body.len()));
        run::feed_bytes(&mut command, &body)
    });
    match run.await.map(|output| output.map(|output| response(&output))) {
        Ok(Ok(Some(response))) => response,
        Ok(Err(error)) => plain(&error.to_string()),
        Ok(Ok(None)) => plain("git answered nothing"),
        Err(error) => plain(&error.to_string()),
    }
}

/// The environment by which a CGI program is told of its request.
fn variables(root: &Path, parts: &Parts, length: usize) -> Vec<(&'static str, String)> {
    let header = |name: &str| {
        parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
    };
    vec![
        ("PATH", std::env::var("PATH").unwrap_or_default()),
        ("HOME", std::env::var("HOME").unwrap_or_default()),
        ("GIT_PROJECT_ROOT", root.display().to_string()),
        ("GIT_HTTP_EXPORT_ALL", "1".to_owned()),
        ("GIT_PROTOCOL", header("git-protocol")),
        ("REQUEST_METHOD", parts.method.to_string()),
        ("PATH_INFO", parts.uri.path().to_owned()),
        ("QUERY_STRING", parts.uri.query().unwrap_or_default().to_owned()),
        ("CONTENT_TYPE", header("content-type")),
        ("CONTENT_LENGTH", length.to_string()),
        ("HTTP_CONTENT_ENCODING", header("content-encoding")),
        ("REMOTE_ADDR", "127.0.0.1".to_owned()),
    ]
}

/// A CGI program writes header lines, an empty line and the body; its status is a header.
fn response(output: &[u8]) -> Option<Response<Body>> {
    let (end, gap) = [&b"\r\n\r\n"[..], b"\n\n"]
        .iter()
        .filter_map(|gap| Some((output.windows(gap.len()).position(|window| window == *gap)?, gap.len())))
        .min()?;
    let mut response = Response::builder();
    for line in std::str::from_utf8(output.get(..end)?).ok()?.lines() {
        let (name, value) = line.split_once(':')?;
        let value = value.trim();
        response = if name.eq_ignore_ascii_case("status") {
            response.status(value.split(' ').next()?.parse::<u16>().ok()?)
        } else {
            response.header(name, value)
        };
    }
    response.body(Body::from(output.get(end + gap..)?.to_vec())).ok()
}

fn plain(text: &str) -> Response<Body> {
    let mut response = Response::new(Body::from(format!("{text}\n")));
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cgi_answer_becomes_an_http_answer() {
        let answer =
            response(b"Status: 404 Not Found\r\nContent-Type: text/plain\r\n\r\nno\n\nsuch").unwrap();
        assert_eq!(answer.status(), 404);
        assert_eq!(answer.headers()["content-type"], "text/plain");
        assert_eq!(response(b"X: y\n\nbody").unwrap().status(), 200);
        for bad in [b"".as_slice(), b"no end", b"no colon\n\n", b"Status: x\n\n"] {
            assert!(response(bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn it_listens_on_loopback_only() {
        let error = serve("0.0.0.0:0".parse().unwrap(), Path::new("/nowhere")).unwrap_err();
        assert!(error.to_string().contains("loopback only"), "{error}");
    }
}
