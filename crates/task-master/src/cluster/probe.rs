//! Requests whose answers are looked at: which version answers where, and with which status.

use std::time::Duration;

use traffic_probe::{Account, Answer, Outcome};

use super::Cluster;
use crate::fault::Fault;
use crate::runbook::{Http, Probe};

/// Sends the requests and demands that each is answered by the version that is asked for.
pub(crate) async fn versions(cluster: &Cluster, probe: &Probe) -> Result<String, Fault> {
    let mut said = Vec::new();
    let mut total = 0;
    for (host, version) in &probe.answers {
        let took = arrival(cluster, host, version, probe).await;
        let account = ask(cluster, host, probe).await;
        let others: Vec<String> = account
            .by_version()
            .into_iter()
            .filter(|(answered, _)| answered != version)
            .map(|(answered, times)| format!("{answered} answered {times}"))
            .chain(
                account.lost_by_cause().into_iter().map(|(cause, times)| format!("{times} lost ({cause})")),
            )
            .collect();
        if !others.is_empty() {
            return Err(Fault::permanent(format!(
                "not all of {} requests to {host} were answered by {version}: {}",
                account.sent(),
                others.join(", ")
            )));
        }
        total += account.sent();
        let after =
            if took.is_zero() { String::new() } else { format!(" after {:.1} s", took.as_secs_f64()) };
        said.push(format!("{host} answers {version}{after}"));
    }
    Ok(format!("{} ({total} requests, {})", said.join("; "), cluster.requests.kind()))
}

/// Waits, as long as the probe allows, for the first answer of the version, and says how long that took.
/// It decides nothing: what is demanded is demanded of the requests that follow.
async fn arrival(cluster: &Cluster, host: &str, version: &str, probe: &Probe) -> Duration {
    let start = cluster.pace.now();
    let passed = || cluster.pace.since(start);
    while passed() < probe.within && cluster.requests.send(host, &probe.path).await.version() != Some(version)
    {
        cluster.pace.pass(interval(probe).min(probe.within)).await;
    }
    passed()
}

/// Sends the requests one after the other, at the rate that is asked for.
async fn ask(cluster: &Cluster, host: &str, probe: &Probe) -> Account {
    let mut account = Account::new(cluster.requests.kind());
    for number in 0..probe.requests {
        if number > 0 {
            cluster.pace.pass(interval(probe)).await;
        }
        let answer = cluster.requests.send(host, &probe.path).await;
        // Single requests need not have numbers of their own.
        account.record(&Answer { id: u64::from(number), ..answer });
    }
    account
}

fn interval(probe: &Probe) -> Duration {
    Duration::from_secs(1) / probe.rate.max(1)
}

/// Sends one request and demands its status.
pub(crate) async fn status(cluster: &Cluster, http: &Http) -> Result<String, Fault> {
    let Answer { outcome, .. } = cluster.requests.send(&http.host, &http.path).await;
    let place = format!("{}{}", http.host, http.path);
    match outcome {
        Outcome::Answered { status, .. } if status == http.status => {
            Ok(format!("{place} answers {status} ({})", cluster.requests.kind()))
        }
        Outcome::Answered { status, .. } => {
            Err(Fault::permanent(format!("{place} answers {status}, not {}", http.status)))
        }
        other => {
            let cause = other.lost().map_or_else(String::new, |cause| cause.to_string());
            Err(Fault::permanent(format!("{place} does not answer: {cause}")))
        }
    }
}
