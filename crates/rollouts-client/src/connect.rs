//! A client from a kubeconfig, set up for a command line.

use std::time::Duration;

use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use kube::client::{Body, ConfigExt};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use tower::util::option_layer;
use tower::{BoxError, Layer, ServiceExt};

/// Why no client could be made.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// No kubeconfig could be read.
    #[error("cannot read the kubeconfig")]
    Kubeconfig(#[source] kube::config::KubeconfigError),
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
