//! `demo-app ledger`: takes ids, keeps them in memory with how often they came, and answers with all.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::{Serialize, Serializer};

use super::{APPEND, Entry, post_id};

/// Of the document that `GET /account` answers with.
const SCHEMA_VERSION: u32 = 1;

/// So many ids are kept; further ones are refused, because an account with gaps is none. A run of an hour at
/// the usual rate has a third of it, and the memory stays below 100 MiB.
const MOST: usize = 400_000;

const BODY_LIMIT: usize = 4096;

/// What is kept of an id.
#[derive(Debug, Clone, Serialize)]
struct Acknowledged {
    count: u64,
    /// Who acknowledged it first.
    #[serde(serialize_with = "text")]
    version: Arc<str>,
    #[serde(serialize_with = "text")]
    pod: Arc<str>,
}

fn text<S: Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(text)
}

/// The account, as it is answered.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Account<'a> {
    schema_version: u32,
    measured: &'static str,
    posts: &'a BTreeMap<String, Acknowledged>,
}

#[derive(Debug, Default)]
struct Book {
    posts: BTreeMap<String, Acknowledged>,
    /// Names of versions and pods, each once.
    names: BTreeMap<String, Arc<str>>,
}

impl Book {
    fn name(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.names.get(name) {
            return Arc::clone(known);
        }
        let new: Arc<str> = name.into();
        self.names.insert(name.to_owned(), Arc::clone(&new));
        new
    }

    fn append(&mut self, entry: &Entry) -> StatusCode {
        if post_id(entry.id.as_bytes()).is_none() {
            return StatusCode::BAD_REQUEST;
        }
        if let Some(known) = self.posts.get_mut(&entry.id) {
            known.count += 1;
            return StatusCode::NO_CONTENT;
        }
        if self.posts.len() >= MOST {
            return StatusCode::INSUFFICIENT_STORAGE;
        }
        let (version, pod) = (self.name(&entry.version), self.name(&entry.pod));
        self.posts.insert(entry.id.clone(), Acknowledged { count: 1, version, pod });
        StatusCode::NO_CONTENT
    }
}

type Shared = Arc<Mutex<Book>>;

/// The ledger's routes over an empty account.
pub(crate) fn router() -> Router {
    Router::new()
        .route(APPEND, post(append))
        .route("/account", get(account))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(|| async { "ok\n" }))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .with_state(Shared::default())
}

async fn append(State(book): State<Shared>, body: Bytes) -> StatusCode {
    let Ok(entry) = serde_json::from_slice::<Entry>(&body) else { return StatusCode::BAD_REQUEST };
    book.lock().unwrap_or_else(PoisonError::into_inner).append(&entry)
}

async fn account(State(book): State<Shared>) -> Response {
    let book = book.lock().unwrap_or_else(PoisonError::into_inner);
    let account = Account { schema_version: SCHEMA_VERSION, measured: "live", posts: &book.posts };
    match serde_json::to_string(&account) {
        Ok(text) => ([(header::CONTENT_TYPE, "application/json")], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_counted_and_the_first_to_say_yes_is_named() {
        let mut book = Book::default();
        for (id, version) in [("a-1", "v1"), ("a-1", "v2"), ("a-2", "v2")] {
            let entry = Entry { id: id.to_owned(), version: version.to_owned(), pod: "p".to_owned() };
            assert_eq!(book.append(&entry), StatusCode::NO_CONTENT);
        }
        let seen: Vec<_> = book.posts.iter().map(|(id, e)| (id.as_str(), e.count, &*e.version)).collect();
        assert_eq!(seen, [("a-1", 2, "v1"), ("a-2", 1, "v2")]);
        let nameless = Entry { id: String::new(), version: String::new(), pod: String::new() };
        assert_eq!(book.append(&nameless), StatusCode::BAD_REQUEST);
    }
}
