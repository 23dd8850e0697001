//! Gathering what an explanation is read off. A list that may not be read leaves its causes unseen, and is named.

use k8s_openapi::api::core::v1::{Event, Pod};
use kube::Api;
use kube::api::{ApiResource, DynamicObject, GroupVersionKind, ListParams, LogParams};

use super::{Error, Rollouts};
use crate::explain::{Explanation, Facts, Log, explain};
use crate::types::application_name;

/// Lines of a crashed container that are shown.
const LINES: i64 = 5;

/// Crashed containers whose lines are read; of more the rest would say the same.
const CRASHED: usize = 3;

impl Rollouts {
    /// Why a Rollout is as it is. `program` is how a verb is typed, for the commands that are proposed, such as
    /// `task-master rollout`.
    ///
    /// # Errors
    /// When the Rollout itself cannot be read. What else cannot be read is named in the explanation.
    pub async fn explain(&self, name: &str, program: &str) -> Result<Explanation, Error> {
        Ok(explain(&self.facts(name, program).await?))
    }

    /// What [`Rollouts::explain`] is read off.
    ///
    /// # Errors
    /// As [`Rollouts::explain`].
    pub async fn facts(&self, name: &str, program: &str) -> Result<Facts, Error> {
        let rollout = self.get(name).await?;
        let mut facts = Facts::of(rollout.clone(), program, self.pace().now());
        let unread = &mut facts.unread;
        // At the same time: a person waits for all of them.
        let (replica_sets, pods, services, endpoint_slices, ingresses, analysis_runs, events) = futures::join!(
            self.replica_sets(&rollout),
            self.pods(&rollout),
            self.list_of("services", ""),
            self.list_of("endpointslices", ""),
            self.ingresses(),
            self.analysis_runs(&rollout),
            self.list_of::<Event>("events", "")
        );
        facts.replica_sets = or_note(unread, "replicasets", replica_sets);
        facts.pods = or_note(unread, "pods", pods);
        facts.services = or_note(unread, "services", services);
        facts.endpoint_slices = or_note(unread, "endpointslices", endpoint_slices);
        facts.ingresses = or_note(unread, "ingresses", ingresses);
        facts.analysis_runs = or_note(unread, "analysisruns", analysis_runs);
        facts.events = or_note(unread, "events", events);
        for (pod, container) in crashed(&facts.pods).into_iter().take(CRASHED) {
            match self.last_lines(&pod, &container).await {
                Ok(text) => facts.logs.push(Log { pod, container, text }),
                Err(error) => facts.unread.push(format!("logs of pod {pod}: {error}")),
            }
        }
        if let Some(name) = rollout.tracked_by().map(application_name) {
            match self.application(name).await {
                Ok(application) => facts.application = application,
                Err(error) => facts.unread.push(format!("application {name} of Argo CD: {error}")),
            }
        }
        Ok(facts)
    }

    async fn last_lines(&self, pod: &str, container: &str) -> Result<String, Error> {
        let api: Api<Pod> = Api::namespaced(self.client().clone(), self.namespace());
        let params = LogParams {
            container: Some(container.to_owned()),
            previous: true,
            tail_lines: Some(LINES),
            ..LogParams::default()
        };
        self.read(format!("logs of pod {pod}"), || async { api.logs(pod, &params).await }).await
    }

    /// An Application, wherever Argo CD keeps it. Most people may not read it.
    pub(crate) async fn application(&self, name: &str) -> Result<Option<serde_json::Value>, Error> {
        let kind = ApiResource::from_gvk(&GroupVersionKind::gvk("argoproj.io", "v1alpha1", "Application"));
        let api: Api<DynamicObject> = Api::all_with(self.client().clone(), &kind);
        let params = ListParams::default().fields(&format!("metadata.name={name}"));
        let found = self.read("list applications".to_owned(), || async { api.list(&params).await }).await?;
        Ok(found.items.into_iter().next().and_then(|application| serde_json::to_value(application).ok()))
    }
}

fn or_note<T>(unread: &mut Vec<String>, what: &str, read: Result<Vec<T>, Error>) -> Vec<T> {
    read.unwrap_or_else(|error| {
        unread.push(format!("{what}: {error}"));
        Vec::new()
    })
}

/// Containers that have crashed, one a container's name.
fn crashed(pods: &[Pod]) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for pod in pods {
        let statuses =
            pod.status.as_ref().and_then(|status| status.container_statuses.as_deref()).unwrap_or(&[]);
        for status in statuses.iter().filter(|status| status.restart_count > 0) {
            if !found.iter().any(|(_, container)| *container == status.name) {
                found.push((pod.metadata.name.clone().unwrap_or_default(), status.name.clone()));
            }
        }
    }
    found
}
