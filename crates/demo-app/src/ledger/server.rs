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

use super::{APPEND, Entry, SCHEMA, post_id};

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

#[derive(Debug)]
struct Book {
    /// The schema version in place.
    schema: u32,
    posts: BTreeMap<String, Acknowledged>,
    /// Names of versions and pods, each once.
    names: BTreeMap<String, Arc<str>>,
}

impl Default for Book {
    fn default() -> Self {
        Book { schema: 1, posts: BTreeMap::new(), names: BTreeMap::new() }
    }
}

impl Book {
    /// Brings a schema. There is no way back, and coming twice changes nothing: a migration may be run again.
    fn migrate(&mut self, schema: u32) -> StatusCode {
        if schema < self.schema {
            return StatusCode::CONFLICT;
        }
        self.schema = schema;
        StatusCode::NO_CONTENT
    }

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
        if !entry.schemas.is_empty() && !entry.schemas.contains(&self.schema) {
            return StatusCode::CONFLICT;
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
        .route(SCHEMA, post(migrate))
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

async fn migrate(State(book): State<Shared>, body: Bytes) -> StatusCode {
    let Ok(schema) = serde_json::from_slice::<u32>(&body) else { return StatusCode::BAD_REQUEST };
    book.lock().unwrap_or_else(PoisonError::into_inner).migrate(schema)
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
            assert_eq!(book.append(&entry(id, version, &[])), StatusCode::NO_CONTENT);
        }
        let seen: Vec<_> = book.posts.iter().map(|(id, e)| (id.as_str(), e.count, &*e.version)).collect();
        assert_eq!(seen, [("a-1", 2, "v1"), ("a-2", 1, "v2")]);
        assert_eq!(book.append(&entry("", "", &[])), StatusCode::BAD_REQUEST);
    }

    fn entry(id: &str, version: &str, schemas: &[u32]) -> Entry {
        let (id, version) = (id.to_owned(), version.to_owned());
        Entry { id, version, pod: "p".to_owned(), schemas: schemas.to_vec() }
    }

    #[test]
    fn a_migration_shuts_out_who_does_not_work_with_its_schema_and_never_goes_back() {
        let mut book = Book::default();
        let mut codes = |schemas: &[u32]| book.append(&entry("a-1", "v", schemas)).as_u16();
        assert_eq!([codes(&[1]), codes(&[1, 2]), codes(&[2]), codes(&[])], [204, 204, 409, 204]);
        for (schema, code) in [(1, 204), (2, 204), (2, 204), (1, 409)] {
            assert_eq!(book.migrate(schema).as_u16(), code, "{schema}");
        }
        let mut codes = |schemas: &[u32]| book.append(&entry("a-1", "v", schemas)).as_u16();
        assert_eq!([codes(&[1]), codes(&[1, 2]), codes(&[2]), codes(&[])], [409, 204, 204, 204]);
    }
}
