//! Whether the series are there by which a canary is going to be judged.
//!
//! The question is put by the Rollouts controller itself, as an `AnalysisRun` of our own: at the Prometheus that it
//! will ask during the canary, over the same network, in the same language. An answer from anywhere else would
//! say nothing about that.

use std::time::Duration;

use kube::Api;
use kube::api::{DeleteParams, DynamicObject, PostParams};
use serde_json::{Value, json};

use super::{Cluster, Look, api_fault, object, until};
use crate::fault::Fault;
use crate::runbook::{Metrics, ObjectRef};

/// How often it is asked again while a series may still be on its way: about as often as Prometheus scrapes.
const AGAIN: Duration = Duration::from_secs(5);

/// How long the controller may take for one round. A Prometheus that does not answer is asked five times, each
/// 10 s after the last.
const ROUND: Duration = Duration::from_secs(90);

/// Demands that each query answers a number above 0, at the latest after `within`.
pub(crate) async fn present(cluster: &Cluster, metrics: &Metrics) -> Result<String, Fault> {
    let start = cluster.pace.now();
    loop {
        let absent = ask(cluster, metrics).await?;
        if absent.is_empty() {
            return Ok(format!("all {} queries have an answer", metrics.present.len()));
        }
        let passed = cluster.pace.since(start);
        if passed >= metrics.within {
            return Err(Fault::permanent(format!("nothing to judge a canary by: {}", absent.join("; "))));
        }
        cluster.pace.pass(AGAIN.min(metrics.within - passed)).await;
    }
}

/// One round: what has no answer, and why.
async fn ask(cluster: &Cluster, metrics: &Metrics) -> Result<Vec<String>, Fault> {
    let run = run(metrics, cluster.pace.now().as_millisecond());
    let reference =
        object::reference(&run).ok_or_else(|| Fault::permanent("the analysis run has no name"))?;
    let name = object::words(&reference);
    let fault = |what: &str, error: &kube::Error| api_fault(&format!("{what} {name}"), error);
    let api = object::api(&cluster.client, &reference);
    let new: DynamicObject = serde_json::from_value(run)
        .map_err(|error| Fault::permanent(format!("cannot write {name}: {error}")))?;
    api.create(&PostParams::default(), &new).await.map_err(|error| fault("create", &error))?;
    let ended = until(cluster, ROUND, &name, || ended(&api, &reference)).await;
    let seen = api.get(&reference.name).await;
    // It has served its purpose, whatever it came to.
    let deleted = api.delete(&reference.name, &DeleteParams::default()).await;
    ended?;
    let seen = seen.map_err(|error| fault("get", &error))?;
    deleted.map_err(|error| fault("delete", &error))?;
    Ok(unanswered(metrics, &seen.data["status"]))
}

async fn ended(api: &Api<DynamicObject>, reference: &ObjectRef) -> Result<Look, Fault> {
    let run = api.get(&reference.name).await;
    let run = run.map_err(|error| api_fault(&format!("get {}", object::words(reference)), &error))?;
    let phase = run.data["status"]["phase"].as_str().unwrap_or("not begun");
    Ok(match phase {
        "Successful" | "Failed" | "Error" | "Inconclusive" => Look::So(phase.to_owned()),
        _ => Look::NotSo(format!("it is {phase}")),
    })
}

/// One measurement of each query. An empty answer and NaN are no number above 0.
fn run(metrics: &Metrics, stamp: i64) -> Value {
    let each = metrics.present.iter().enumerate().map(|(number, query)| {
        json!({
            "name": metric(number),
            "count": 1,
            "successCondition": "len(result) > 0 && result[0] > 0",
            "provider": { "prometheus": { "query": query } },
        })
    });
    json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AnalysisRun",
        "metadata": { "namespace": metrics.namespace, "name": format!("metrics-present-{stamp}") },
        "spec": { "metrics": each.collect::<Vec<_>>() },
    })
}

fn metric(number: usize) -> String {
    format!("query-{}", number + 1)
}

/// The queries without an answer, with what came instead.
fn unanswered(metrics: &Metrics, status: &Value) -> Vec<String> {
    let results = status["metricResults"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut found = Vec::new();
    for (number, query) in metrics.present.iter().enumerate() {
        let result = results.iter().find(|result| result["name"] == metric(number).as_str());
        if result.is_some_and(|result| result["phase"] == "Successful") {
            continue;
        }
        let text = |field: &str| {
            let last = result.and_then(|result| result["measurements"].as_array()?.last());
            let message = result.and_then(|result| result[field].as_str());
            message.or_else(|| last.and_then(|last| last[field].as_str())).filter(|text| !text.is_empty())
        };
        let why = match (text("message"), text("value")) {
            (Some(message), _) => message.to_owned(),
            (None, Some(value)) => format!("the answer is {value}"),
            (None, None) => status["message"].as_str().unwrap_or("it was not asked").to_owned(),
        };
        found.push(format!("{query}: {why}"));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_absent_series_is_told_from_one_that_is_there_and_from_a_prometheus_that_is_not() {
        let metrics = Metrics {
            namespace: "canary".to_owned(),
            present: ["a", "b", "c", "d"].map(str::to_owned).to_vec(),
            within: Duration::ZERO,
        };
        let status = json!({ "metricResults": [
            { "name": "query-1", "phase": "Successful", "measurements": [{ "phase": "Successful", "value": "[3]" }] },
            { "name": "query-2", "phase": "Failed", "measurements": [{ "phase": "Failed", "value": "[]" }] },
            { "name": "query-3", "phase": "Error", "message": "connection refused", "measurements": [{}] },
        ]});
        assert_eq!(
            unanswered(&metrics, &status),
            ["b: the answer is []", "c: connection refused", "d: it was not asked"]
        );
        assert_eq!(run(&metrics, 7)["metadata"]["name"], "metrics-present-7");
        assert_eq!(run(&metrics, 7)["spec"]["metrics"][3]["provider"]["prometheus"]["query"], "d");
    }
}
