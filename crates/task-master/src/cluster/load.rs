//! A load that is on while steps are carried out, and the account of every request of it.

use traffic_probe::{Account, Measured};

use super::Cluster;
use crate::fault::Fault;
use crate::runbook::Load;

/// Starts the load, runs `work` and says on a line each what it did, ends the load, and demands that no more were lost than allowed.
pub(crate) async fn around(
    cluster: &Cluster,
    load: &Load,
    work: impl Future<Output = Result<Vec<String>, Fault>>,
) -> Result<String, Fault> {
    let request =
        traffic_probe::Load { path: load.path.clone(), ..traffic_probe::Load::on(&load.host, load.rate) };
    let running = cluster.requests.start(request);
    let done = work.await;
    let account = running.stop().await;
    let done =
        done.map_err(|fault| Fault { message: format!("{}; {}", fault.message, words(&account)), ..fault })?;
    judge(&account, load.lost)?;
    Ok(format!("{}\n{}", words(&account), done.join("\n")))
}

/// A load of which nothing was sent has shown nothing.
fn judge(account: &Account, most: u64) -> Result<(), Fault> {
    if account.sent() == 0 {
        return Err(Fault::permanent("the load sent no request, so it shows nothing"));
    }
    if account.lost() > most {
        let causes: Vec<String> =
            account.lost_by_cause().into_iter().map(|(cause, times)| format!("{times} {cause}")).collect();
        let allowed = if most == 0 { "none may be".to_owned() } else { format!("{most} may be") };
        return Err(Fault::permanent(format!("{} ({}), and {allowed}", words(account), causes.join(", "))));
    }
    Ok(())
}

/// `612 requests, 0 lost (modelled)`.
fn words(account: &Account) -> String {
    let measured = match account.measured() {
        Measured::Live => "live",
        Measured::Modelled => "modelled",
    };
    format!("{} requests, {} lost ({measured})", account.sent(), account.lost())
}
