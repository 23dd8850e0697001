//! The stop: not ready at once, serving on, connections closed in order, nothing begun is lost.

use crate::instance::Instance;

#[test]
fn told_to_stop_it_is_not_ready_but_serves_on_and_asks_for_the_end_of_connections() {
    let mut instance = Instance::start(&[("DRAIN", "60s")]);
    let mut old = instance.connect();
    assert!(!old.get("/").head.contains("connection: close"));
    instance.terminate();
    assert_eq!(instance.get("/readyz").code, 503);
    assert_eq!(instance.get("/healthz").code, 200, "alive, or it would be restarted");
    // A connection that was open before is answered, and only then closed.
    let answer = old.get("/");
    assert_eq!(answer.code, 200);
    assert!(answer.head.contains("connection: close"), "{}", answer.head);
    assert!(old.is_closed_by_peer());
    // New connections are still accepted: the ingress may not have heard yet.
    assert_eq!(instance.get("/").code, 200);
}

#[test]
fn after_draining_an_idle_connection_is_closed_in_order_and_it_exits_0() {
    let mut instance = Instance::start(&[("DRAIN", "50ms")]);
    let mut idle = instance.connect();
    assert_eq!(idle.get("/").code, 200);
    instance.terminate();
    assert!(idle.is_closed_by_peer());
    assert_eq!(instance.wait().code(), Some(0));
}

#[test]
fn a_request_that_has_begun_is_answered_before_the_end() {
    let mut instance = Instance::start(&[("DRAIN", "0s"), ("LATENCY", "500ms")]);
    let mut connection = instance.connect();
    connection.send("/");
    let mut other = instance.connect();
    while !other.get("/metrics").body.contains("http_requests_in_flight{version=\"dev\"} 1\n") {}
    instance.terminate();
    assert_eq!(connection.receive().code, 200);
    assert!(connection.is_closed_by_peer());
    assert_eq!(instance.wait().code(), Some(0));
}
