//! AnalysisRuns: read, begun, ended, waited for.

use std::time::Duration;

use futures::FutureExt;
use kube::api::{DynamicObject, PostParams};
use kube::{Api, Resource as _};
use serde_json::Value;

use super::act::ATTEMPTS;
use super::call::MANAGER;
use super::{Error, Rollouts};
use crate::analysis::{self, NewRun};
use crate::types::{AnalysisRun, AnalysisTemplate, ClusterAnalysisTemplate};
use crate::wait;

impl Rollouts {
    /// One AnalysisRun, whoever began it.
    ///
    /// # Errors
    /// When there is none of that name, or it cannot be read within the deadline.
    pub async fn analysis_run(&self, name: &str) -> Result<AnalysisRun, Error> {
        let api: Api<AnalysisRun> = self.api();
        self.read(format!("get analysisrun {name}"), || async { api.get(name).await }).await
    }

    /// The names of the AnalysisRuns of the namespace.
    ///
    /// # Errors
    /// When they cannot be read within the deadline.
    pub async fn analysis_run_names(&self) -> Result<Vec<String>, Error> {
        let runs: Vec<AnalysisRun> = self.list_of("analysisruns", "").await?;
        Ok(runs.into_iter().filter_map(|run| run.metadata.name).collect())
    }

    /// The names of the templates: of the namespace, or if `global` of the cluster.
    ///
    /// # Errors
    /// When they cannot be read within the deadline.
    pub async fn template_names(&self, global: bool) -> Result<Vec<String>, Error> {
        if global {
            let api: Api<ClusterAnalysisTemplate> = Api::all(self.client().clone());
            let what = "list clusteranalysistemplates".to_owned();
            let list = self.read(what, || async { api.list(&Default::default()).await }).await?;
            return Ok(list.items.into_iter().filter_map(|template| template.metadata.name).collect());
        }
        let templates: Vec<AnalysisTemplate> = self.list_of("analysistemplates", "").await?;
        Ok(templates.into_iter().filter_map(|template| template.metadata.name).collect())
    }

    /// A template as it is, with every field: of the namespace, or if `global` of the cluster.
    ///
    /// # Errors
    /// As [`Rollouts::analysis_run`].
    pub async fn template(&self, name: &str, global: bool) -> Result<Value, Error> {
        let (kind, url) = match global {
            true => ("clusteranalysistemplate", ClusterAnalysisTemplate::url_path(&(), None)),
            false => ("analysistemplate", AnalysisTemplate::url_path(&(), Some(self.namespace()))),
        };
        let what = format!("get {kind} {name}");
        let call = || async {
            let get = kube::core::Request::new(&url).get(name, &Default::default());
            self.client().request::<Value>(get.map_err(kube::Error::BuildRequest)?).await
        };
        self.read(what, call).await
    }

    /// Begins an analysis that is [`analysis::run_of`] a template, and returns it as created. It is sent once: of a
    /// lost answer it is not known whether there is a run now.
    ///
    /// # Errors
    /// Those of [`analysis::run_of`], and those of the call.
    pub async fn create_analysis_run(
        &self,
        template: &Value,
        global: bool,
        new: &NewRun,
    ) -> Result<AnalysisRun, Error> {
        let run = analysis::run_of(template, global, self.namespace(), new)?;
        let url = AnalysisRun::url_path(&(), Some(self.namespace()));
        let what = "create analysisrun".to_owned();
        let params = PostParams { field_manager: Some(MANAGER.to_owned()), ..PostParams::default() };
        let call = async {
            let body = serde_json::to_vec(&run).map_err(kube::Error::SerdeError)?;
            let post = kube::core::Request::new(url).create(&params, body);
            self.client().request::<AnalysisRun>(post.map_err(kube::Error::BuildRequest)?).await
        };
        self.once(what, call.boxed()).await
    }

    /// [`analysis::terminate`]. Of a lost answer it is read back whether it had its effect.
    ///
    /// # Errors
    /// Those of the verb, and those of the calls.
    pub async fn terminate_analysis_run(&self, name: &str) -> Result<AnalysisRun, Error> {
        let patch = analysis::terminate(&self.analysis_run(name).await?)?;
        for attempt in 1.. {
            let sent: Result<DynamicObject, Error> = self.send(&patch).await;
            match sent {
                Ok(_) => break,
                Err(error) if !error.transient() || attempt >= ATTEMPTS => return Err(error),
                Err(error) => tracing::warn!(name, %error, "the answer got lost; reading back"),
            }
            if analysis::terminate(&self.analysis_run(name).await?).is_err() {
                break;
            }
        }
        self.analysis_run(name).await
    }

    /// Waits for the verdict of an analysis, at most for `bound` of the world's time.
    ///
    /// # Errors
    /// When the bound is reached ([`Error::Wait`]), or a read fails.
    pub async fn analysis_verdict(&self, name: &str, bound: Duration) -> Result<AnalysisRun, Error> {
        let look = || async {
            let run = self.analysis_run(name).await?;
            let over = run.status.as_ref().is_some_and(|status| status.phase.completed());
            Ok::<_, Error>(over.then_some(run))
        };
        match wait::until(self.pace(), bound, format!("the verdict of analysisrun {name}"), look).await {
            Ok(run) => Ok(run),
            Err(wait::WaitError::Look { source, .. }) => Err(source),
            Err(error) => {
                let now = self.analysis_run(name).await;
                let phase = now.ok().and_then(|run| run.status).map(|status| status.phase.to_string());
                let last = phase.unwrap_or_else(|| "without a status".to_owned());
                Err(Error::Unended { name: name.to_owned(), last, source: Box::new(error) })
            }
        }
    }
}
