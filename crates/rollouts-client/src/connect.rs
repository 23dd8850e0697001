//! A client from a kubeconfig, set up for a command line.

use std::path::{Path, PathBuf};
use std::time::Duration;

use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use kube::client::{Body, ConfigExt};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use serde::Deserialize as _;
use tower::util::option_layer;
use tower::{BoxError, Layer, ServiceExt};

/// Why no client could be made.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// No kubeconfig could be read.
    #[error("cannot read the kubeconfig")]
    Kubeconfig(#[source] kube::config::KubeconfigError),
    /// One of several files cannot be read.
    #[error("cannot read the kubeconfig {}", .file.display())]
    File {
        /// Which.
        file: PathBuf,
        /// The cause.
        source: kube::config::KubeconfigError,
    },
    /// The context cannot be used.
    #[error("cannot use context {} of the kubeconfig", .context.as_deref().unwrap_or("(the current one)"))]
    Context {
        /// The context that was asked for.
        context: Option<String>,
        /// The cause.
        source: kube::config::KubeconfigError,
    },
    /// The client cannot be set up, for instance for its certificates.
    #[error("cannot set up a client for {url}")]
    Client {
        /// The API server.
        url: String,
        /// The cause.
        source: Box<kube::Error>,
    },
}

/// How long connecting may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A client for a context of the kubeconfig (`KUBECONFIG`, else the usual place); the current context when
/// none is named. The second value is the context's namespace.
///
/// It has no retry layer: by default kube repeats every failed call 15 times over half an hour, a promotion
/// too. [`crate::client::Rollouts`] repeats what may be repeated. Nothing is sent here.
///
/// # Errors
/// When there is no kubeconfig, no such context, or it cannot be used.
pub async fn from_kubeconfig(context: Option<&str>) -> Result<(Client, String), ConnectError> {
    let kubeconfig = Kubeconfig::read().map_err(ConnectError::Kubeconfig)?;
    from(kubeconfig, context).await
}

/// A kubeconfig of several files, as `KUBECONFIG` names them: of what two name alike the first one's counts. Files that
/// are not there are passed by; without any it is empty.
///
/// # Errors
/// [`ConnectError::File`] for one that cannot be read or is none.
pub fn read(files: &[PathBuf]) -> Result<Kubeconfig, ConnectError> {
    let there = files.iter().filter(|file| file.exists());
    there.map(PathBuf::as_path).try_fold(Kubeconfig::default(), |merged, file| {
        let failed = |source| ConnectError::File { file: file.to_owned(), source };
        let next = read_usual(file).map_or_else(|| Kubeconfig::read_from(file), Ok);
        merged.merge(next.map_err(failed)?).map_err(failed)
    })
}

/// What kube reads of a file, if it is a usual one, by the YAML parser that this program has anyway: kube's own is a
/// tenth of all memory that a short command takes. What is wrong with any other file, kube says.
fn read_usual(file: &Path) -> Option<Kubeconfig> {
    let text = std::fs::read_to_string(file).ok()?;
    let mut documents = serde_yaml::Deserializer::from_str(&text);
    let mut config = Kubeconfig::deserialize(documents.next()?).ok()?;
    if documents.next().is_some() {
        return None;
    }
    let folder = file.parent()?;
    let absolute = |path: &mut String| *path = folder.join(&*path).display().to_string();
    let clusters = config.clusters.iter_mut().filter_map(|named| named.cluster.as_mut());
    clusters.filter_map(|cluster| cluster.certificate_authority.as_mut()).for_each(absolute);
    for user in config.auth_infos.iter_mut().filter_map(|named| named.auth_info.as_mut()) {
        let files = [&mut user.client_certificate, &mut user.client_key, &mut user.token_file];
        files.into_iter().flatten().for_each(absolute);
        let command = user.exec.as_mut().and_then(|exec| exec.command.as_mut());
        command.filter(|command| command.contains('/')).into_iter().for_each(absolute);
    }
    Some(config)
}

/// The same for a kubeconfig at hand.
///
/// # Errors
/// As [`from_kubeconfig`].
pub async fn from(kubeconfig: Kubeconfig, context: Option<&str>) -> Result<(Client, String), ConnectError> {
    acting_as(kubeconfig, context, None).await
}

/// The same, with every call made in the name of another user, as kubectl's `--as` does. The API server asks whether
/// the kubeconfig's own user may `impersonate` that one.
///
/// # Errors
/// As [`from_kubeconfig`].
pub async fn acting_as(
    kubeconfig: Kubeconfig,
    context: Option<&str>,
    user: Option<&str>,
) -> Result<(Client, String), ConnectError> {
    let context = context.map(str::to_owned);
    let options = KubeConfigOptions { context: context.clone(), ..KubeConfigOptions::default() };
    let mut config = Config::from_custom_kubeconfig(kubeconfig, &options)
        .await
        .map_err(|source| ConnectError::Context { context, source })?;
    config.default_retry = false;
    config.auth_info.impersonate = user.map(str::to_owned).or(config.auth_info.impersonate);
    config.connect_timeout = Some(CONNECT_TIMEOUT);
    let (url, namespace) = (config.cluster_url.to_string(), config.default_namespace.clone());
    let client = client(config).map_err(|source| ConnectError::Client { url, source: Box::new(source) })?;
    Ok((client, namespace))
}

/// kube's client on connections that send at once. kube leaves Nagle's algorithm on: the first request of a connection
/// follows the end of the TLS handshake, waits for its acknowledgement, and that is delayed by 40 ms on Linux.
fn client(config: Config) -> kube::Result<Client> {
    // The way through a proxy is kube's own.
    if config.proxy_url.is_some() {
        return Client::try_from(config);
    }
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(config.connect_timeout);
    let tls = config.rustls_https_connector_with_connector(tcp)?;
    let http = hyper_util::client::legacy::Client::builder(TokioExecutor::new()).build::<_, Body>(tls);
    let service = config.extra_headers_layer()?.layer(http.map_err(BoxError::from));
    let service = option_layer(config.auth_layer()?).layer(service);
    let service = config.base_uri_layer().layer(service);
    Ok(Client::new(service, config.default_namespace))
}
