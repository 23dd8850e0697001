//! Reading what belongs to a Rollout.

use k8s_openapi::api::core::v1::{Event, Pod, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::api::networking::v1::Ingress;
use kube::Api;
use kube::api::ListParams;

use super::{Error, Rollouts};
use crate::names;
use crate::types::Rollout;

impl Rollouts {
    /// The pods that a Rollout's selector matches.
    ///
    /// # Errors
    /// When they cannot be read within the deadline. So for all that are read here.
    pub async fn pods(&self, rollout: &Rollout) -> Result<Vec<Pod>, Error> {
        self.list_of("pods", &selector(rollout)).await
    }

    /// One Service.
    ///
    /// # Errors
    /// As [`Rollouts::pods`], and when there is none.
    pub async fn service(&self, name: &str) -> Result<Service, Error> {
        let api: Api<Service> = self.api();
        self.read(format!("get service {name}"), || async { api.get(name).await }).await
    }

    /// The Services that a Rollout's strategy names, as far as they exist.
    ///
    /// # Errors
    /// As [`Rollouts::pods`].
    pub async fn services(&self, rollout: &Rollout) -> Result<Vec<Service>, Error> {
        let mut services = Vec::new();
        for (_, name) in crate::view::service_names(rollout) {
            match self.service(&name).await {
                Ok(service) => services.push(service),
                Err(Error::NotFound { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(services)
    }

    /// The EndpointSlices of a Service.
    ///
    /// # Errors
    /// As [`Rollouts::pods`].
    pub async fn endpoint_slices(&self, service: &str) -> Result<Vec<EndpointSlice>, Error> {
        self.list_of("endpointslices", &format!("{}={service}", names::SERVICE_NAME)).await
    }

    /// The Ingresses of the namespace.
    ///
    /// # Errors
    /// As [`Rollouts::pods`].
    pub async fn ingresses(&self) -> Result<Vec<Ingress>, Error> {
        self.list_of("ingresses", "").await
    }

    /// The Events about a Rollout. The API server forgets them after an hour by default.
    ///
    /// # Errors
    /// As [`Rollouts::pods`].
    pub async fn events(&self, rollout: &Rollout) -> Result<Vec<Event>, Error> {
        let api: Api<Event> = self.api();
        let params = ListParams::default().fields(&format!("involvedObject.name={}", rollout.name()));
        let list = self.read("list events".to_owned(), || async { api.list(&params).await }).await?;
        let about = |event: &Event| event.involved_object.kind.as_deref() == Some(Rollout::KIND);
        Ok(list.items.into_iter().filter(about).collect())
    }
}

/// A Rollout's selector as a query. Set-based requirements are left out: what they exclude is sorted out by
/// owner afterwards.
pub(super) fn selector(rollout: &Rollout) -> String {
    let labels = rollout.spec.selector.as_ref().and_then(|selector| selector.match_labels.as_ref());
    let pairs = labels.into_iter().flatten().map(|(key, value)| format!("{key}={value}"));
    pairs.collect::<Vec<_>>().join(",")
}
