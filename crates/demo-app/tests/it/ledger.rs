//! What is acknowledged is written down first, where it outlives whoever acknowledged it.

use traffic_probe::{HttpRequests, Requests, ServerAccount};

use crate::instance::{Instance, run};

fn url(ledger: &Instance) -> String {
    format!("http://{}", ledger.address)
}

/// The account, read as a client of the real ledger reads it.
pub(crate) fn account(ledger: &Instance) -> ServerAccount {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let requests = HttpRequests::new(ledger.address).unwrap();
    runtime.block_on(requests.server_account()).unwrap()
}

#[test]
fn an_id_is_in_the_account_before_it_is_acknowledged_and_outlives_the_app() {
    let ledger = Instance::ledger();
    let environment = [("LEDGER", url(&ledger)), ("VERSION", "v2".into()), ("HOSTNAME", "pod-7".into())];
    let environment = environment.each_ref().map(|(name, value)| (*name, value.as_str()));
    let mut app = Instance::start(&environment);
    let answer = app.connect().post("a-1");
    assert_eq!(answer.code, 200);
    assert_eq!(answer.body, r#"{"version":"v2","colour":"green","pod":"pod-7","id":"a-1","account":"kept"}"#);
    app.connect().post("a-1");
    assert_eq!(app.get("/").code, 200);
    app.kill();
    let account = account(&ledger);
    let seen: Vec<_> = account
        .posts
        .iter()
        .map(|(id, e)| (id.as_str(), e.count, e.version.as_str(), e.pod.as_str()))
        .collect();
    assert_eq!(seen, [("a-1", 2, "v2", "pod-7")]);
}

#[test]
fn what_cannot_be_written_down_is_not_acknowledged() {
    let mut ledger = Instance::ledger();
    let app = Instance::start(&[("LEDGER", &url(&ledger))]);
    let mut connection = app.connect();
    assert_eq!(connection.post("a-1").code, 200);
    assert_eq!(connection.post("not one id").code, 400);
    ledger.kill();
    let answer = connection.post("a-2");
    assert_eq!(answer.code, 503);
    assert!(answer.body.contains("not written down"), "{}", answer.body);
    let page = app.get("/metrics").body;
    assert!(page.contains("http_requests_total{code=\"503\",version=\"dev\"} 1\n"), "{page}");
}

#[test]
fn without_a_ledger_the_answer_says_that_no_account_is_kept() {
    let app = Instance::start(&[]);
    let answer = app.connect().post("a-1");
    assert_eq!(answer.code, 200);
    assert!(answer.body.contains("none is kept"), "{}", answer.body);
}

#[test]
fn an_answer_that_fails_on_purpose_is_written_down_nowhere() {
    let ledger = Instance::ledger();
    let app = Instance::start(&[("LEDGER", &url(&ledger)), ("ERROR_RATE", "1")]);
    assert_eq!(app.connect().post("a-1").code, 500);
    assert!(account(&ledger).posts.is_empty());
}

/// Old and new version on one ledger, through an expand-contract change: at each stage both are served.
#[test]
fn a_migration_leaves_out_only_the_version_that_does_not_work_with_its_schema() {
    let ledger = Instance::ledger();
    let url = url(&ledger);
    let app = |versions: &str| Instance::start(&[("LEDGER", &url), ("SCHEMA_VERSIONS", versions)]);
    let (old, both, new) = (app("1"), app("1,2"), app("2"));
    let codes = || [&old, &both, &new].map(|app| app.connect().post("a-1").code);
    assert_eq!(codes(), [200, 200, 503], "schema 1 is in place");
    let migrate = |schema: &str| run(&["migrate"], &[("LEDGER", &url), ("SCHEMA_IN_PLACE", schema)]);
    for again in 0..2 {
        let (status, log) = migrate("2");
        assert!(status.success() && log.contains("schema 2 is in place"), "{again}: {log}");
    }
    assert_eq!(codes(), [503, 200, 200], "schema 2 is in place");
    let (status, log) = migrate("1");
    assert!(status.code() == Some(1) && log.contains("answered 409"), "{log}");
    let (status, log) = run(&["migrate"], &[("LEDGER", &url)]);
    assert!(status.code() == Some(2) && log.contains("SCHEMA_IN_PLACE"), "{log}");
    assert!(both.get("/").body.contains(r#""schemaVersions":[1,2]"#));
    let page = both.get("/metrics").body;
    assert!(page.contains(r#"demo_app_schema_info{version="dev",schema="2"} 1"#), "{page}");
}
