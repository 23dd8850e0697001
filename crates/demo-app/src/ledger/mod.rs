//! The ledger: an account of every `POST` that some instance acknowledged, outside of any instance's life.
//!
//! `demo-app ledger` keeps it; an instance with `LEDGER` appends to it before it says yes. What the ledger
//! has and a client was told can then be compared, whatever has become of the instance in between.
//!
//! It stands for the application's database as well: it has a schema version, 1 at first, which `demo-app migrate`
//! raises, and it refuses an instance that declares others only.

pub(crate) mod client;
pub(crate) mod server;

/// The longest id that is taken.
const ID_LIMIT: usize = 256;

/// Where instances append.
const APPEND: &str = "/posts";

/// Where a migration brings another schema.
const SCHEMA: &str = "/schema";

/// The id that a body holds: printable ASCII without spaces, so that it is the same in every log.
pub(crate) fn post_id(body: &[u8]) -> Option<&str> {
    let id = std::str::from_utf8(body).ok()?;
    let fits = (1..=ID_LIMIT).contains(&id.len()) && id.chars().all(|c| c.is_ascii_graphic());
    fits.then_some(id)
}

/// What an instance sends for each id.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
struct Entry {
    id: String,
    version: String,
    pod: String,
    /// The schema versions that the instance works with; empty when it declares none.
    #[serde(default)]
    schemas: Vec<u32>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_short_and_printable() {
        assert_eq!(post_id(b"a1-7"), Some("a1-7"));
        for body in [&b""[..], b"a b", b"a\n", "\u{e4}".as_bytes(), b"\xff", &[b'a'; 257]] {
            assert_eq!(post_id(body), None, "{body:?}");
        }
    }
}
