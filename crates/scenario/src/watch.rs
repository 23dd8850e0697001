//! The watches that feed an [`Observer`].
//!
//! Streams are read when the run asks, never by a task in the background: on a simulated cluster the order
//! of everything is then the script's own.

use std::pin::Pin;

use futures::{FutureExt, Stream, StreamExt};
use kube::api::{ApiResource, DynamicObject, ListParams, WatchEvent, WatchParams};
use kube::core::GroupVersionKind;
use kube::{Api, Client};

use crate::forge::ARGO_CD;
use crate::observe::{Kind, Observer};

type Events = Pin<Box<dyn Stream<Item = Result<WatchEvent<DynamicObject>, kube::Error>> + Send>>;

/// Why the observation is incomplete.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    /// The API refused the list or the watch.
    #[error("watch {kind:?} objects")]
    Refused {
        /// Of which kind.
        kind: Kind,
        /// Why.
        #[source]
        source: kube::Error,
    },
    /// The server no longer has what happened since the last change that was seen.
    #[error("the history of {kind:?} objects is gone: {message}")]
    Gone {
        /// Of which kind.
        kind: Kind,
        /// The server's words.
        message: String,
    },
}

/// One watch for each [`Kind`] in one namespace, and one for the Application that deploys to it.
pub(crate) struct Watches {
    watches: Vec<Watch>,
}

struct Watch {
    kind: Kind,
    api: Api<DynamicObject>,
    /// Which of its namespace's objects, as a field selector; where there is none, all.
    only: Option<String>,
    version: String,
    events: Events,
}

impl Watches {
    /// Begins with what is there; the observer is shown that first.
    ///
    /// # Errors
    /// When the API refuses.
    pub(crate) async fn start(
        client: &Client,
        namespace: &str,
        by_git: bool,
        observer: &mut Observer,
    ) -> Result<Self, WatchError> {
        // ReplicaSets first: they give the revisions their names.
        let kinds = [
            Kind::ReplicaSet,
            Kind::Rollout,
            Kind::Service,
            Kind::Ingress,
            Kind::AnalysisRun,
            Kind::Pod,
            Kind::Event,
        ];
        let mut watches = Vec::new();
        for kind in kinds {
            let api = Api::namespaced_with(client.clone(), namespace, &resource(kind));
            watches.push(Watch::start(kind, api, None, observer).await?);
        }
        if by_git {
            let only = Some(format!("metadata.name={namespace}"));
            watches.push(Watch::start(Kind::Application, application(client), only, observer).await?);
        }
        Ok(Self { watches })
    }

    /// Shows the observer all that has arrived, and returns whether it added a fact. Does not wait.
    ///
    /// # Errors
    /// When a watch broke and cannot be taken up where it was.
    pub(crate) async fn drain(&mut self, observer: &mut Observer) -> Result<bool, WatchError> {
        let mut news = false;
        for watch in &mut self.watches {
            while let Some(next) = watch.events.next().now_or_never() {
                match next {
                    Some(event) => news |= watch.take(event, observer)?,
                    None => watch.reopen().await?,
                }
            }
        }
        Ok(news)
    }
}

impl Watch {
    async fn start(
        kind: Kind,
        api: Api<DynamicObject>,
        only: Option<String>,
        observer: &mut Observer,
    ) -> Result<Self, WatchError> {
        let refused = |source| WatchError::Refused { kind, source };
        let params = ListParams { field_selector: only.clone(), ..ListParams::default() };
        let list = api.list(&params).await.map_err(refused)?;
        let version = list.metadata.resource_version.clone().unwrap_or_default();
        for object in list.items {
            observer.see(kind, value(&object), false);
        }
        let events = open(&api, only.as_deref(), &version).await.map_err(refused)?;
        Ok(Watch { kind, api, only, version, events })
    }

    fn take(
        &mut self,
        event: Result<WatchEvent<DynamicObject>, kube::Error>,
        observer: &mut Observer,
    ) -> Result<bool, WatchError> {
        let kind = self.kind;
        let (object, deleted) = match event.map_err(|source| WatchError::Refused { kind, source })? {
            WatchEvent::Added(object) | WatchEvent::Modified(object) => (object, false),
            WatchEvent::Deleted(object) => (object, true),
            WatchEvent::Bookmark(bookmark) => {
                self.version = bookmark.metadata.resource_version;
                return Ok(false);
            }
            WatchEvent::Error(status) => {
                return Err(WatchError::Gone { kind, message: status.message });
            }
        };
        if let Some(version) = &object.metadata.resource_version {
            self.version.clone_from(version);
        }
        Ok(observer.see(kind, value(&object), deleted))
    }

    /// Goes on after the server ended the watch, as it does every few minutes.
    async fn reopen(&mut self) -> Result<(), WatchError> {
        let refused = |source| WatchError::Refused { kind: self.kind, source };
        self.events = open(&self.api, self.only.as_deref(), &self.version).await.map_err(refused)?;
        Ok(())
    }
}

async fn open(api: &Api<DynamicObject>, only: Option<&str>, version: &str) -> Result<Events, kube::Error> {
    let only = only.map(str::to_owned);
    let params = WatchParams { field_selector: only, ..WatchParams::default() };
    Ok(Box::pin(api.watch(&params, version).await?))
}

/// The Applications of Argo CD. A scenario's own has the name of its namespace.
pub(crate) fn application(client: &Client) -> Api<DynamicObject> {
    Api::namespaced_with(client.clone(), ARGO_CD, &resource(Kind::Application))
}

fn resource(kind: Kind) -> ApiResource {
    let (group, version, kind) = match kind {
        Kind::ReplicaSet => ("apps", "v1", "ReplicaSet"),
        Kind::Rollout => ("argoproj.io", "v1alpha1", "Rollout"),
        Kind::Service => ("", "v1", "Service"),
        Kind::Ingress => ("networking.k8s.io", "v1", "Ingress"),
        Kind::AnalysisRun => ("argoproj.io", "v1alpha1", "AnalysisRun"),
        Kind::Pod => ("", "v1", "Pod"),
        Kind::Event => ("", "v1", "Event"),
        Kind::Application => ("argoproj.io", "v1alpha1", "Application"),
    };
    ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind))
}

/// The object as JSON. Serialising a value that came from JSON cannot fail; if it did, there is nothing to
/// observe.
fn value(object: &DynamicObject) -> serde_json::Value {
    serde_json::to_value(object).unwrap_or_default()
}
