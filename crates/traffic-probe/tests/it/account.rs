//! The account against tables, and its balance against anything.

use std::time::Duration;

use jiff::Timestamp;
use proptest::prelude::*;
use traffic_probe::doc::AccountDoc;
use traffic_probe::{Account, Answer, Cause, Connection, Measured, Mix, Outcome, Tally, Verb};

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(1_767_225_600_000 + millis).expect("a time in range")
}

fn answer(id: u64, sent: i64, done: i64, outcome: Outcome) -> Answer {
    Answer { id, sent: at(sent), done: at(done), outcome }
}

fn by(version: &str) -> Outcome {
    Outcome::Answered { status: 200, version: Some(version.to_owned()), pod: None }
}

fn status(status: u16) -> Outcome {
    Outcome::Answered { status, version: Some("v1".to_owned()), pod: None }
}

fn account(answers: &[Answer]) -> Account {
    let mut account = Account::new(Measured::Modelled);
    for answer in answers {
        account.record(answer);
    }
    account
}

/// A switch from v1 to v2 at 1000 ms with one of everything that can go wrong.
fn troubled_switch() -> Account {
    let mut account = account(&[
        answer(1, 0, 5, by("v1")),
        answer(2, 500, 900, by("v1")),
        answer(3, 1000, 1010, by("v1")),
        answer(4, 1100, 1110, by("v2")),
        answer(5, 1105, 1112, by("v1")),
        answer(6, 1200, 1205, by("v1")),
        answer(7, 1300, 1301, Outcome::Refused),
        answer(8, 1400, 1401, status(503)),
        answer(
            9,
            1500,
            1501,
            Outcome::NoRoute("service blue-green-active has no ready endpoints".to_owned()),
        ),
        answer(9, 1500, 1501, by("v2")),
        answer(10, 1600, 1601, Outcome::Answered { status: 204, version: None, pod: None }),
        answer(11, 1700, 1701, by("v2")),
    ]);
    account.mark_switch(at(1000), "v2");
    account
}

#[test]
fn table_of_a_troubled_switch() {
    insta::assert_snapshot!(troubled_switch(), @r"
    sent                           11 (modelled)
    answered                        8
      by unversioned                1
      by v1                         5
      by v2                         2
    late                            1 (> 250 ms)
    lost                            3
      refused                       1
      no route (service blue-green-active has no ready endpoints)        1
      status 503                    1
    doubled                         1
    back to another version         2
    latency: p50 5.00 ms, p99 400.00 ms, max 400.00 ms
    ");
}

#[test]
fn document_of_a_troubled_switch_survives_a_round_trip() {
    let doc = AccountDoc::new(&troubled_switch(), Duration::from_secs(1));
    let json = serde_json::to_string_pretty(&doc).expect("an account serialises");
    insta::assert_snapshot!(json, @r#"
    {
      "schemaVersion": 2,
      "measured": "modelled",
      "valid": true,
      "invalidBecause": null,
      "lag": null,
      "sent": 11,
      "byKind": [
        {
          "method": "GET",
          "connection": "kept alive",
          "sent": 11,
          "answered": 8,
          "lost": 3
        }
      ],
      "answered": 8,
      "byVersion": {
        "unversioned": 1,
        "v1": 5,
        "v2": 2
      },
      "late": 1,
      "lateAfterMs": 250,
      "lost": 3,
      "lostByCause": {
        "no route (service blue-green-active has no ready endpoints)": 1,
        "refused": 1,
        "status 503": 1
      },
      "doubled": 1,
      "regressions": 2,
      "slowestMs": 400,
      "latency": {
        "p50Us": 5000,
        "p99Us": 400000,
        "maxUs": 400000
      },
      "timeline": [
        {
          "start": "2026-01-01T00:00:00Z",
          "answered": {
            "v1": 2
          },
          "lost": 0,
          "slowestUs": 400000
        },
        {
          "start": "2026-01-01T00:00:01Z",
          "answered": {
            "unversioned": 1,
            "v1": 3,
            "v2": 2
          },
          "lost": 3,
          "slowestUs": 10000
        }
      ]
    }
    "#);
    assert_eq!(serde_json::from_str::<AccountDoc>(&json).expect("its own JSON"), doc);
}

#[test]
fn what_is_lost() {
    let no_route = || Outcome::NoRoute("no ingress".to_owned());
    let cases = [
        (by("v1"), None),
        (status(302), None),
        (status(199), Some(Cause::Status(199))),
        (status(404), Some(Cause::Status(404))),
        (status(500), Some(Cause::Status(500))),
        (Outcome::Refused, Some(Cause::Refused)),
        (Outcome::Reset, Some(Cause::Reset)),
        (Outcome::TimedOut, Some(Cause::TimedOut)),
        (no_route(), Some(Cause::NoRoute("no ingress".to_owned()))),
    ];
    for (outcome, lost) in cases {
        assert_eq!(outcome.lost(), lost, "{outcome:?}");
    }
}

#[test]
fn a_request_without_an_answer_is_lost_when_the_account_closes() {
    let mut account = Account::new(Measured::Live);
    account.send(1, at(0));
    account.send(2, at(10));
    account.record(&answer(1, 0, 5, by("v1")));
    assert_eq!((account.sent(), account.answered(), account.lost(), account.under_way()), (2, 1, 0, 1));
    account.close(at(1000));
    assert_eq!((account.sent(), account.answered(), account.lost(), account.under_way()), (2, 1, 1, 0));
    assert_eq!(account.lost_by_cause().into_keys().collect::<Vec<_>>(), [Cause::Unanswered]);
    account.record(&answer(2, 10, 2000, by("v1")));
    assert_eq!((account.sent(), account.answered(), account.doubled()), (2, 1, 1));
}

#[test]
fn regressions_count_per_switch_and_a_rollback_is_a_switch_too() {
    let there_and_back = [
        answer(1, 0, 1, by("v1")),
        answer(2, 1000, 1001, by("v2")),
        answer(3, 1100, 1101, by("v1")),
        answer(4, 2000, 2001, by("v2")),
        answer(5, 2100, 2101, by("v1")),
        answer(6, 2200, 2201, by("v2")),
        answer(7, 2300, 2301, by("v1")),
    ];
    let mut account = account(&there_and_back);
    assert_eq!(account.regressions(), 0, "nobody said that there was a switch");
    account.mark_switch(at(1000), "v2");
    account.mark_switch(at(2000), "v1");
    assert_eq!(account.regressions(), 2);
    assert_eq!(account.first_answer("v1", at(2000)), Some(at(2101)));
    assert_eq!(account.last_sent_to("v2"), Some(at(2200)));
    assert_eq!(account.last_answer("v1", at(1000)), Some(at(2301)));
    assert_eq!(account.last_answer_within("v1", at(1000)..at(2000)), Some(at(1101)));
    assert_eq!(account.last_answer("v2", at(2202)), None);
}

#[test]
fn requests_near_a_mark_count_once() {
    let answers: Vec<Answer> =
        (0..10).map(|n| answer(n, i64::try_from(n).unwrap() * 1000, 9000, by("v1"))).collect();
    let account = account(&answers);
    assert_eq!(account.sent_near(&[at(3000), at(4000)], Duration::from_secs(2)), 6);
    assert_eq!(account.sent_near(&[], Duration::from_secs(2)), 0);
}

#[test]
fn kinds_are_counted_apart() {
    let mut account = Account::named(Measured::Live, "a");
    for id in 0..35 {
        account.send_as(id, at(0), Mix::SCENARIO.kind(id));
    }
    account.record(&answer(0, 0, 1, by("v1")));
    account.record(&answer(6, 0, 1, Outcome::Reset));
    account.left(Duration::from_micros(300));
    account.left(Duration::from_micros(7500));
    assert_eq!(account.by_verb()[&Verb::Post], Tally { sent: 5, answered: 0, lost: 1 });
    assert_eq!(account.by_connection()[&Connection::New], Tally { sent: 7, answered: 0, lost: 0 });
    insta::assert_snapshot!(account, @r"
    sent                           35
      GET, kept alive              24
      GET, new connection           6
      POST, kept alive              4 (1 lost)
      POST, new connection          1
    answered                        1
      by v1                         1
    late                            0 (> 250 ms)
    lost                            1
      reset                         1
    under way                      33
    latency: p50 1.00 ms, p99 1.00 ms, max 1.00 ms
    sender's own lag: p99.9 7.50 ms, max 7.50 ms
    INVALID: the sender itself was 7.50 ms late at p99.9, at most 5.00 ms is allowed
    ");
}

fn any_outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        (100_u16..600, proptest::option::of("v[1-3]")).prop_map(|(status, version)| Outcome::Answered {
            status,
            version,
            pod: None
        }),
        Just(Outcome::Refused),
        Just(Outcome::Reset),
        Just(Outcome::TimedOut),
        "[a-z]{1,3}".prop_map(Outcome::NoRoute),
    ]
}

/// What a load may do to an account, in any order: ids collide on purpose.
#[derive(Debug, Clone)]
enum Deed {
    Send(u64),
    Record(Answer),
    Close,
}

fn any_deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        (0_u64..40).prop_map(Deed::Send),
        (0_u64..40, -50_i64..5000, 0_i64..3000, any_outcome())
            .prop_map(|(id, sent, took, outcome)| Deed::Record(answer(id, sent, sent + took, outcome))),
        Just(Deed::Close),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn no_request_is_lost_from_the_account(deeds in proptest::collection::vec(any_deed(), 0..120), width in 1_u64..700) {
        let mut account = Account::new(Measured::Modelled);
        let mut ids = std::collections::BTreeSet::new();
        for deed in &deeds {
            match deed {
                Deed::Send(id) => { ids.insert(*id); account.send(*id, at(0)); }
                Deed::Record(answer) => { ids.insert(answer.id); account.record(answer); }
                Deed::Close => account.close(at(9000)),
            }
            prop_assert_eq!(account.sent(), account.answered() + account.lost() + account.under_way());
            prop_assert_eq!(account.sent(), ids.len() as u64);
        }
        account.close(at(9000));
        prop_assert_eq!(account.sent(), account.answered() + account.lost());
        prop_assert_eq!(account.answered(), account.by_version().values().sum::<u64>());
        prop_assert_eq!(account.lost(), account.lost_by_cause().values().sum::<u64>());
        prop_assert!(account.late() <= account.answered());
        let timeline = account.timeline(Duration::from_millis(width));
        let in_time: u64 = timeline.iter().map(|bucket| bucket.lost + bucket.answered.values().sum::<u64>()).sum();
        prop_assert_eq!(in_time, account.sent());
    }
}
