//! What each path answers, and what each fault does.

use std::time::Duration;

use crate::instance::{Instance, run};

#[test]
fn the_root_names_version_colour_and_pod() {
    let instance = Instance::start(&[("VERSION", "v2"), ("HOSTNAME", "pod-7")]);
    let answer = instance.get("/");
    assert_eq!(answer.code, 200);
    assert_eq!(answer.body, r#"{"version":"v2","colour":"green","pod":"pod-7"}"#);
    assert!(answer.head.contains("x-version: v2\r\n") && answer.head.contains("x-pod: pod-7\r\n"));
    assert_eq!(instance.get("/healthz").code, 200);
    assert_eq!(instance.get("/readyz").code, 200);
    assert_eq!(instance.get("/nothing").code, 404);
}

#[test]
fn an_error_rate_is_met_exactly_and_shows_in_the_metrics() {
    let instance = Instance::start(&[("VERSION", "v1"), ("ERROR_RATE", "0.25")]);
    let mut connection = instance.connect();
    let codes: Vec<u16> = (0..8).map(|_| connection.get("/").code).collect();
    assert_eq!(codes, [200, 200, 200, 500, 200, 200, 200, 500]);
    let page = instance.get("/metrics").body;
    assert!(page.contains("http_requests_total{code=\"200\",version=\"v1\"} 6\n"), "{page}");
    assert!(page.contains("http_requests_total{code=\"500\",version=\"v1\"} 2\n"), "{page}");
    assert!(page.contains("http_request_duration_seconds_count{version=\"v1\"} 8\n"), "{page}");
}

#[test]
fn never_ready_and_not_yet_ready_are_alive_but_not_ready() {
    for fault in [("NEVER_READY", "true"), ("READY_AFTER", "60s")] {
        let instance = Instance::start(&[fault]);
        let codes = ["/healthz", "/readyz", "/"].map(|path| instance.get(path).code);
        assert_eq!(codes, [200, 503, 200], "{fault:?}");
    }
}

#[test]
fn it_is_ready_once_ready_after_has_passed() {
    let instance = Instance::start(&[("READY_AFTER", "100ms")]);
    let mut connection = instance.connect();
    // Bounded by the read timeout of the connection and by nextest or cargo, not by a count.
    while connection.get("/readyz").code != 200 {}
}

#[test]
fn latency_is_added_to_the_root_only() {
    let instance = Instance::start(&[("LATENCY", "300ms")]);
    let (mut slow, mut fast) = (instance.connect(), instance.connect());
    slow.send("/");
    // The other connection is answered while the first one waits: order, not time, is compared.
    assert_eq!(fast.get("/healthz").code, 200);
    assert_eq!(slow.receive().code, 200);
    let page = fast.get("/metrics").body;
    assert!(page.contains(r#"_bucket{version="dev",le="0.25"} 0"#), "{page}");
}

#[test]
fn the_cost_of_a_request_is_spent_on_the_processor() {
    let instance = Instance::start(&[("CPU_PER_REQUEST", "20ms")]);
    let mut connection = instance.connect();
    let before = instance.processor_time();
    for _ in 0..10 {
        assert_eq!(connection.get("/").code, 200);
    }
    let spent = instance.processor_time() - before;
    // The system counts in steps of 10 ms.
    assert!(spent >= Duration::from_millis(190), "{spent:?}");
    assert_eq!(connection.get("/healthz").code, 200);
}

#[test]
fn a_crash_ends_with_status_1_and_says_so() {
    for environment in [&[("CRASH_AFTER", "50ms")][..], &[("CRASH_AFTER", "50ms"), ("START_AFTER", "1m")]] {
        let (status, log) = run(&[], environment);
        assert_eq!(status.code(), Some(1), "{log}");
        assert!(log.contains("CRASH_AFTER has passed"), "{log}");
    }
}

#[test]
fn a_setting_that_cannot_be_understood_ends_with_status_2() {
    let (status, log) = run(&[], &[("CRASH_AFTER", "soon")]);
    assert_eq!(status.code(), Some(2));
    assert!(log.contains("CRASH_AFTER=soon: expected a duration"), "{log}");
}

#[test]
fn an_argument_that_is_none_ends_with_status_2() {
    let (status, log) = run(&["ledgers"], &[]);
    assert_eq!(status.code(), Some(2));
    assert!(log.contains("ledgers: expected no argument, `ledger` or `migrate`"), "{log}");
}
