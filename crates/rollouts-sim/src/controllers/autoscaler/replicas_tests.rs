//! Inputs and results of upstream's tests, so far as they are about the usage of pods.

use crate::json::json;

use super::*;

/// Pods that request one processor: ready with a usage, `-` for one without, `u` for one whose usage says nothing,
/// `x` for one that counts for nothing.
fn pods(text: &str) -> Vec<Pod> {
    let pod = |word: &str| match word {
        "-" => Pod { standing: Standing::Missing, usage: 0, request: 1000 },
        "u" => Pod { standing: Standing::Unready, usage: 900, request: 1000 },
        "x" => Pod { standing: Standing::Ignored, usage: 900, request: 1000 },
        usage => Pod { standing: Standing::Ready, usage: usage.parse().unwrap(), request: 1000 },
    };
    text.split(' ').map(pod).collect()
}

#[test]
fn as_upstream_by_utilization() {
    for (what, text, target, current, replicas, utilization) in [
        ("up", "300 500 700", 30, 3, 5, 50),
        ("less, with one unready", "u 500 700", 30, 3, 4, 60),
        ("not, with two unready", "400 u u", 30, 3, 3, 40),
        ("up beside pods that have failed or go", "500 700 x x", 30, 2, 4, 60),
        ("down", "100 300 500 250 250", 50, 5, 3, 28),
        ("down, without the unready", "100 300 500 u u", 50, 5, 2, 30),
        ("down, without the pending", "100 u u u u", 50, 5, 1, 10),
        ("down beside pods that go", "100 300 500 250 250 x x", 50, 5, 3, 28),
        ("within the tolerance", "1010 1030 1020", 100, 3, 3, 102),
        ("within the tolerance below", "910 910", 100, 2, 2, 91),
        ("missing count as what they request", "400 95 - -", 100, 4, 3, 24),
        ("missing, and on target", "1000 -", 100, 2, 2, 100),
        ("missing hold an increase", "1900 -", 100, 2, 2, 190),
        ("missing hold a decrease", "600 -", 100, 2, 2, 60),
        ("missing and unready, no change", "u 450 -", 50, 3, 3, 45),
        ("missing and unready, up all the same", "u 2000 -", 50, 3, 4, 200),
        ("missing and unready, down", "u 100 100 -", 50, 4, 3, 10),
    ] {
        let proposal = propose(Target::Utilization(target), &pods(text), current).unwrap();
        assert_eq!((proposal.replicas, proposal.utilization), (replicas, Some(utilization)), "{what}");
    }
}

#[test]
fn as_upstream_by_average_value() {
    for (what, text, target, current, replicas, average) in [
        ("up", "20000 10000 30000", 15000, 3, 4, 20000),
        ("down", "12000 12000 12000 12000 12000", 20000, 5, 3, 12000),
        ("missing, and on target", "20000 19000 21000 - -", 20000, 5, 5, 20000),
        ("missing hold a decrease", "12000 -", 20000, 2, 2, 12000),
    ] {
        let proposal = propose(Target::AverageValue(target), &pods(text), current).unwrap();
        assert_eq!(
            (proposal.replicas, proposal.average, proposal.utilization),
            (replicas, average, None),
            "{what}"
        );
    }
}

#[test]
fn a_target_over_100_per_cent_is_what_missing_pods_are_taken_to_use() {
    let request = |pod: Pod, request| Pod { request, ..pod };
    let [unready, a, b, missing] = pods("u 100 100 -")[..] else { panic!() };
    let pods = [unready, a, request(b, 2000), request(missing, 2000)];
    let proposal = propose(Target::Utilization(300), &pods, 4).unwrap();
    assert_eq!((proposal.replicas, proposal.utilization), (2, Some(6)));
}

#[test]
fn without_anything_measured_nothing_is_proposed() {
    for text in ["u u", "-", "x"] {
        let refused = propose(Target::Utilization(50), &pods(text), 1).unwrap_err();
        assert!(refused.contains("did not receive metrics"), "{refused}");
    }
}

#[test]
fn standings() {
    let now: Timestamp = "2026-01-01T01:00:00Z".parse().unwrap();
    let ago = |seconds: i64| now.checked_sub(jiff::SignedDuration::from_secs(seconds)).unwrap();
    let usage = Usage { at: ago(5), window: Duration::from_secs(15), milli: 1 };
    let pod = |started: i64, ready: &str, since: i64| {
        json!({"metadata": {}, "status": {
            "phase": "Running", "startTime": ago(started).to_string(),
            "conditions": [{"type": "Ready", "status": ready, "lastTransitionTime": ago(since).to_string()}],
        }})
    };
    let with = |pointer: &str, value: &str| {
        let mut pod = pod(60, "True", 50);
        *pod.pointer_mut(pointer).unwrap() = json!(value);
        pod
    };
    let mut going = pod(60, "True", 50);
    going["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    for (what, pod, usage, expected) in [
        ("measured since it is ready", pod(60, "True", 20), Some(usage), Standing::Ready),
        ("measured in part before it was ready", pod(60, "True", 19), Some(usage), Standing::Unready),
        ("young and not ready", pod(60, "False", 40), Some(usage), Standing::Unready),
        ("old and ready a moment ago", pod(301, "True", 1), Some(usage), Standing::Ready),
        ("old and ready no more", pod(900, "False", 100), Some(usage), Standing::Ready),
        ("old and never ready", pod(900, "False", 890), Some(usage), Standing::Unready),
        ("not measured", pod(60, "True", 50), None, Standing::Missing),
        ("pending", with("/status/phase", "Pending"), None, Standing::Unready),
        ("failed", with("/status/phase", "Failed"), Some(usage), Standing::Ignored),
        ("without a start", with("/status/startTime", ""), Some(usage), Standing::Unready),
        ("going", going, Some(usage), Standing::Ignored),
    ] {
        assert_eq!(standing(&pod, usage.as_ref(), now), expected, "{what}");
    }
}
