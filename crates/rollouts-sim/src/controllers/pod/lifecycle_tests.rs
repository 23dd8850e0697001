//! The life of a pod from deadline to deadline.

use crate::json::{Value, json};

use super::*;

fn at(seconds: f64) -> Timestamp {
    let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    later(start, Duration::from_secs_f64(seconds))
}

fn spec(env: &[(&str, &str)], tag: &str) -> PodSpec {
    let env: Vec<Value> = env.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
    PodSpec::of(&json!({"spec": {"containers": [{
        "name": "demo-app", "image": format!("r/demo-app:{tag}"), "env": env,
        "readinessProbe": {"httpGet": {"path": "/readyz"}, "periodSeconds": 1},
        "livenessProbe": {"httpGet": {"path": "/healthz"}, "periodSeconds": 10},
        "lifecycle": {"preStop": {"sleep": {"seconds": 5}}},
    }]}}))
}

/// Runs a pod from its deadlines alone and notes when readiness and restarts change.
fn history(spec: &PodSpec, until: Timestamp) -> Vec<(f64, bool, u32)> {
    let mut run = PodRun::new("u", "10.0.0.1".into(), spec, at(0.0), 0);
    let mut seen = vec![(0.0, false, 0)];
    while let Some(next) = run.next(spec).filter(|next| *next <= until) {
        run.advance(spec, next);
        let now = (run.containers[0].ready(), run.containers[0].restarts);
        let last = seen[seen.len() - 1];
        if (last.1, last.2) != now {
            seen.push((next.duration_since(at(0.0)).as_secs_f64(), now.0, now.1));
        }
    }
    seen
}

#[test]
fn a_healthy_pod_is_ready_at_the_first_probe_and_then_rests() {
    let spec = spec(&[], "v1");
    assert_eq!(history(&spec, at(600.0)), [(0.0, false, 0), (1.0, true, 0)]);
    let mut run = PodRun::new("u", String::new(), &spec, at(0.0), 0);
    run.advance(&spec, at(20.0));
    assert_eq!(run.next(&spec), None);
}

#[test]
fn faults_of_the_environment() {
    assert_eq!(history(&spec(&[("NEVER_READY", "true")], "v1"), at(600.0)), [(0.0, false, 0)]);
    let slow = spec(&[("START_AFTER", "3s"), ("READY_AFTER", "5s")], "v1");
    assert_eq!(history(&slow, at(600.0)), [(0.0, false, 0), (6.0, true, 0)]);
}

#[test]
fn crashes_restart_at_once_and_then_back_off_doubling() {
    let times: Vec<f64> = history(&spec(&[("CRASH_AFTER", "5s")], "v1"), at(120.0))
        .into_iter()
        .filter(|(_, ready, _)| !ready)
        .map(|(time, _, _)| time)
        .collect();
    // Ready at 1; crash at 5.9; restart at 6.9; crash at 11.9, back-off 10; 21.9 to 26.9, back-off 20; …
    assert_eq!(times, [0.0, 5.9, 6.9, 11.9, 21.9, 26.9, 46.9, 51.9, 91.9, 96.9]);
}

#[test]
fn a_missing_image_is_tried_again_and_never_runs() {
    let spec = spec(&[], "missing");
    let mut run = PodRun::new("u", String::new(), &spec, at(0.0), 0);
    run.advance(&spec, at(60.0));
    assert!(matches!(run.containers[0].state, State::PullFailed { failures: 3, .. }), "{run:?}");
}

#[test]
fn a_stop_waits_for_pre_stop_and_the_drain_and_never_beyond_the_grace() {
    let spec = spec(&[], "v1");
    for (grace, term, gone) in [(30.0, 15.0, 20.0), (5.5, 15.0, 15.5), (0.0, 10.0, 10.0)] {
        let mut run = PodRun::new("u", String::new(), &spec, at(0.0), 0);
        run.advance(&spec, at(10.0));
        run.stop(&spec, Duration::from_secs_f64(grace), at(10.0));
        let stopping = run.stopping.clone().unwrap();
        assert_eq!((stopping.term, stopping.gone), (at(term), at(gone)), "{grace}");
        assert!(run.gone(at(gone)) && (grace == 0.0 || !run.gone(at(gone - 0.1))));
        assert!(run.containers[0].ready(), "a stopping pod serves on");
    }
}

#[test]
fn a_shorter_grace_cuts_a_stop_short() {
    let spec = spec(&[], "v1");
    let mut run = PodRun::new("u", String::new(), &spec, at(0.0), 0);
    run.advance(&spec, at(10.0));
    run.stop(&spec, Duration::from_secs(30), at(10.0));
    run.stop(&spec, Duration::ZERO, at(11.0));
    assert!(run.gone(at(11.0)));
}
