//! Inputs and results of upstream's tests.

use crate::json::json;

use super::*;

fn now() -> Timestamp {
    "2026-01-01T02:00:00Z".parse().unwrap()
}

fn ago(seconds: i64) -> Timestamp {
    now().checked_sub(jiff::SignedDuration::from_secs(seconds)).unwrap()
}

/// So many changes, each in the middle of its part of so many seconds.
fn spread(changes: &[i64], seconds: i64) -> Vec<(Timestamp, i64)> {
    let parts = i64::try_from(changes.len()).unwrap();
    let middle = |index: i64| seconds - seconds * (2 * index + 1) / (2 * parts);
    (0_i64..).zip(changes).map(|(index, by)| (ago(middle(index)), *by)).collect()
}

/// Rules by upstream's defaults, but for policies such as `5/120` (pods in seconds) and `50%/60`.
fn rules(policies: &str, default: &str) -> Rules {
    let policy = |text: &str| {
        let (value, period) = text.split_once('/').unwrap();
        let percent = value.ends_with('%');
        json!({
            "type": if percent { "Percent" } else { "Pods" },
            "value": value.trim_end_matches('%').parse::<i64>().unwrap(),
            "periodSeconds": period.parse::<i64>().unwrap(),
        })
    };
    let policies = if policies.is_empty() { default } else { policies };
    let list: Vec<Value> = policies.split(' ').map(policy).collect();
    Rules::of(&json!({"policies": list}), Duration::ZERO)
}

#[test]
fn as_upstream_by_policies() {
    const UP: &str = "4/15 100%/15";
    const DOWN: &str = "100%/15";
    // Policies up and down, changes up and down within two minutes, bounds, current, desired; result and reason.
    type Row<'a> = (&'a str, &'a str, &'a [i64], &'a [i64], (i64, i64), i64, i64, i64, &'a str);
    let rows: &[Row<'_>] = &[
        ("", "", &[], &[], (3, 8), 5, 7, 7, "DesiredWithinRange"),
        ("", "", &[], &[], (2, 8), 3, 1, 2, "TooFewReplicas"),
        ("", "", &[], &[], (0, 10), 1, 0, 0, "DesiredWithinRange"),
        ("", "", &[], &[], (1, 10), 20, 1000, 10, "TooManyReplicas"),
        ("", "", &[], &[], (100, 150), 100, 1000, 150, "TooManyReplicas"),
        ("1%/60", "", &[], &[], (1, 2000), 3, 1000, 4, "ScaleUpLimit"),
        ("", "20/60", &[], &[], (3, 2000), 1000, 3, 980, "ScaleDownLimit"),
        ("", "", &[], &[], (1, 1000), 10, 50, 20, "ScaleUpLimit"),
        ("100/60 100%/60", "", &[], &[], (1, 1000), 10, 500, 110, "ScaleUpLimit"),
        ("2/60 100%/60", "", &[], &[], (1, 1000), 10, 500, 20, "ScaleUpLimit"),
        ("100/60", "", &[], &[], (1, 1000), 10, 50, 50, "DesiredWithinRange"),
        ("30/60", "", &[], &[], (1, 1000), 10, 50, 40, "ScaleUpLimit"),
        ("200%/60", "", &[], &[], (1, 1000), 10, 50, 30, "ScaleUpLimit"),
        ("", "20/60 1%/60", &[], &[], (1, 1000), 100, 2, 80, "ScaleDownLimit"),
        ("", "2/60 1%/60", &[], &[], (1, 1000), 100, 2, 98, "ScaleDownLimit"),
        ("", "100/60", &[], &[], (1, 1000), 10, 0, 1, "TooFewReplicas"),
        ("", "100%/60", &[], &[], (5, 1000), 10, 2, 5, "TooFewReplicas"),
        ("", "5/60", &[], &[], (1, 1000), 10, 2, 5, "ScaleDownLimit"),
        ("", "50%/60", &[], &[], (1, 1000), 10, 5, 5, "DesiredWithinRange"),
        ("300/60", "", &[1, 5, 9], &[], (1, 200), 100, 500, 200, "TooManyReplicas"),
        ("10000%/60", "", &[1, 5, 9], &[], (1, 200), 100, 500, 200, "TooManyReplicas"),
        ("5/120", "", &[1, 5, 9], &[], (1, 1000), 100, 500, 100, "ScaleUpLimit"),
        ("150/120", "", &[1, 5, 9], &[], (1, 1000), 100, 500, 235, "ScaleUpLimit"),
        ("200%/120", "", &[1, 5, 9], &[], (1, 1000), 100, 500, 255, "ScaleUpLimit"),
        ("300%/300", "", &[4], &[2], (1, 1000), 6, 24, 16, "ScaleUpLimit"),
        ("", "", &[], &[1, 5, 9], (1, 1000), 10, 5, 5, "DesiredWithinRange"),
        ("", "115/120", &[], &[1, 5, 9], (1, 1000), 100, 0, 1, "TooFewReplicas"),
        ("", "130/120", &[], &[1, 5, 9], (5, 1000), 100, 0, 5, "TooFewReplicas"),
        ("", "100%/120", &[], &[1, 5, 9], (5, 1000), 100, 2, 5, "TooFewReplicas"),
        ("", "5/120", &[], &[1, 5, 9], (1, 1000), 100, 2, 100, "ScaleDownLimit"),
        ("", "50%/120", &[], &[2, 4, 6], (1, 1000), 100, 0, 56, "ScaleDownLimit"),
        ("", "50%/180", &[2], &[4], (1, 1000), 10, 1, 6, "ScaleDownLimit"),
        ("", "10%/120", &[], &[10, 10, 10], (1, 1000), 100, 0, 100, "ScaleDownLimit"),
        ("", "1000%/120", &[], &[10, 10, 10], (1, 1000), 10, 5, 5, "DesiredWithinRange"),
        ("1000/60", "", &[8, 12, 9, 11], &[], (1, 1000), 100, 200, 200, "DesiredWithinRange"),
    ];
    for row in rows {
        let &(up, down, added, removed, (least, most), current, desired, replicas, reason) = row;
        let (added, removed) = (spread(added, 120), spread(removed, 120));
        let history = History { asked: Vec::new(), added, removed };
        let asked = Asked { current, desired, least, most };
        let (got, why) = history.at_the_rate(asked, &rules(up, UP), &rules(down, DOWN), now());
        assert_eq!((got, why.0), (replicas, reason), "{row:?}");
    }
}

#[test]
fn the_least_change_and_none_can_be_asked_for() {
    let selecting = |select| Rules { select, ..rules("2/60 50%/60", "") };
    let history = History::default();
    for (select, current, direction, expected) in [
        (Select::Min, 1, 1, 2),
        (Select::Min, 5, -1, 3),
        (Select::Max, 1, 1, 3),
        (Select::Max, 5, -1, 2),
        (Select::Disabled, 5, 1, 5),
        (Select::Disabled, 5, -1, 5),
    ] {
        let limit = history.limit(current, &selecting(select), now(), direction);
        assert_eq!(limit, expected, "{select:?} {current} {direction}");
    }
}

#[test]
fn as_upstream_without_policies() {
    for (current, desired, least, most, replicas, reason) in [
        (5, 7, 3, 8, 7, "DesiredWithinRange"),
        (3, 1, 2, 8, 2, "TooFewReplicas"),
        (1, 0, 0, 10, 0, "DesiredWithinRange"),
        (20, 1000, 1, 10, 10, "TooManyReplicas"),
        (3, 1000, 1, 2000, 6, "ScaleUpLimit"),
        (1, 1000, 1, 2000, 4, "ScaleUpLimit"),
    ] {
        let (got, why) = bounded(Asked { current, desired, least, most });
        assert_eq!((got, why.0), (replicas, reason), "{current} {desired}");
    }
}

/// What was asked for, so many minutes ago.
fn asked(minutes: &[(i64, i64)]) -> History {
    let asked = minutes.iter().map(|(replicas, minutes)| (ago(60 * minutes), *replicas)).collect();
    History { asked, ..History::default() }
}

#[test]
fn as_upstream_what_was_asked_for_lately_holds_a_decrease() {
    for (before, desired, expected) in [
        (&[][..], 5, 5),
        (&[(4, 2), (5, 1)], 3, 5),
        (&[(1, 2), (2, 1)], 3, 3),
        (&[(10, 10), (9, 9)], 3, 3),
        (&[(10, 10), (4, 1), (5, 2), (9, 9)], 3, 5),
    ] {
        let mut history = asked(before);
        let all = Asked { current: 10, desired, least: 1, most: 100 };
        let decision = history.decide(all, &Value::Null, now());
        let able = if expected == desired { READY } else { DOWN_STABILIZED };
        assert_eq!((decision.replicas, decision.able), (expected, able), "{before:?} {desired}");
        assert_eq!(history.asked.last(), Some(&(now(), desired)));
    }
}

#[test]
fn as_upstream_windows_hold_both_directions() {
    for (before, current, desired, up, down, expected) in [
        (&[][..], 100, 5, 0, 0, 5),
        (&[(4, 2), (5, 1)], 100, 3, 0, 180, 5),
        (&[(4, 2), (5, 1)], 1, 7, 300, 0, 4),
        (&[(1, 2), (2, 1)], 100, 3, 300, 0, 3),
        (&[(4, 2), (5, 1)], 1, 3, 0, 300, 3),
        (&[(10, 10), (9, 9)], 100, 3, 0, 0, 3),
        (&[(10, 10), (9, 9)], 1, 100, 0, 0, 100),
        (&[(10, 10), (4, 1), (5, 2), (9, 9)], 100, 3, 0, 180, 5),
        (&[(10, 100), (6, 1), (5, 2), (9, 3)], 1, 100, 300, 0, 5),
        (&[(2, 100), (3, 3)], 2, 1, 300, 300, 2),
        (&[(2, 100), (1, 3)], 2, 3, 300, 300, 2),
    ] {
        let window = |seconds| Rules { window: Duration::from_secs(seconds), ..rules("1/1", "") };
        let asked_now = Asked { current, desired, least: 1, most: 1000 };
        let stable = asked(before).stable(asked_now, &window(up), &window(down), now());
        assert_eq!(stable, expected, "{before:?} {current} {desired}");
    }
}

#[test]
fn what_was_done_counts_for_the_next_decision() {
    let behavior = json!({
        "scaleUp": {"stabilizationWindowSeconds": 0, "policies": [{"type": "Pods", "value": 2, "periodSeconds": 60}]},
        "scaleDown": {"policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}]},
    });
    let mut history = History::default();
    history.begin(3, ago(60));
    history.begin(99, ago(59));
    let asked = |current| Asked { current, desired: 9, least: 1, most: 10 };
    let first = history.decide(asked(3), &behavior, ago(30));
    assert_eq!((first.replicas, first.limited), (5, (true, UP_LIMIT)));
    history.changed(3, 5, ago(30));
    assert_eq!(history.decide(asked(5), &behavior, now()).replicas, 5, "two within a minute are all");
    let less = Asked { current: 5, desired: 1, least: 1, most: 10 };
    let held = history.decide(less, &behavior, now());
    assert_eq!((held.replicas, held.able), (5, DOWN_STABILIZED), "five minutes are the controller's default");
}
