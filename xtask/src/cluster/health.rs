//! Whether a unit is healthy: asked over its own address, with the cluster's authority for TLS.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use kube::{Client, Config};

use super::places::Places;
use super::unit::Health;

/// The longest wait for one answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// Asks for health; knows the authority that the cluster's certificates are checked against.
pub(crate) struct Doctor {
    authority: PathBuf,
    /// One for each server: making one reads the authority and sets up TLS.
    clients: Mutex<BTreeMap<String, Client>>,
}

impl Doctor {
    /// A doctor for the cluster in these places.
    pub(crate) fn new(places: &Places) -> Doctor {
        Doctor { authority: places.pki("ca.crt"), clients: Mutex::default() }
    }

    /// What keeps the unit from being healthy; nothing when it is.
    pub(crate) async fn ask(&self, health: &Health) -> Result<(), String> {
        let asked = async {
            match health {
                Health::Answers(url) => self.get(url).await.map(|_| ()),
                Health::Socket(path) => connected(tokio::net::UnixStream::connect(path).await),
                Health::Connects(address) => connected(tokio::net::TcpStream::connect(*address).await),
            }
        };
        tokio::time::timeout(PATIENCE, asked).await.unwrap_or_else(|_| Err("no answer in 2 s".to_owned()))
    }

    /// The answer's text.
    pub(crate) async fn get(&self, url: &str) -> Result<String, String> {
        self.get_as(url, None).await
    }

    /// The answer's text, asked for under a host's name.
    pub(crate) async fn get_as(&self, url: &str, host: Option<&str>) -> Result<String, String> {
        let (client, path) = self.client(url)?;
        let mut request = http::Request::get(path);
        if let Some(host) = host {
            request = request.header(http::header::HOST, host);
        }
        let request = request.body(Vec::new()).map_err(|error| error.to_string())?;
        client.request_text(request).await.map_err(|error| chain(&error))
    }

    /// A client for the server of a URL, and the rest of the URL.
    pub(crate) fn client(&self, url: &str) -> Result<(Client, String), String> {
        let uri: http::Uri = url.parse().map_err(|error| format!("{url}: {error}"))?;
        let path = uri.path_and_query().map_or("/", |rest| rest.as_str()).to_owned();
        let base = format!(
            "{}://{}",
            uri.scheme_str().unwrap_or("http"),
            uri.authority().map_or("", |a| a.as_str())
        );
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(&base) {
            return Ok((client.clone(), path));
        }
        let mut config = Config::new(base.parse().map_err(|error| format!("{base}: {error}"))?);
        if uri.scheme_str() == Some("https") {
            config.root_cert_file = Some(self.authority.clone());
        }
        config.default_retry = false;
        let client = Client::try_from(config).map_err(|error| chain(&error))?;
        clients.insert(base, client.clone());
        Ok((client, path))
    }
}

fn connected<T>(outcome: std::io::Result<T>) -> Result<(), String> {
    outcome.map(|_| ()).map_err(|error| error.to_string())
}

/// An error with its causes in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_does_not_listen_is_not_healthy_and_says_why() {
        let folder = tempfile::tempdir().unwrap();
        let doctor = Doctor::new(&Places::new(Some(folder.path())));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        for health in
            [Health::Answers(format!("http://127.0.0.1:{port}/")), Health::Socket(folder.path().join("none"))]
        {
            assert!(doctor.ask(&health).await.is_err(), "{health:?}");
        }
        let listener = std::os::unix::net::UnixListener::bind(folder.path().join("some")).unwrap();
        assert_eq!(doctor.ask(&Health::Socket(folder.path().join("some"))).await, Ok(()));
        drop(listener);
    }
}
