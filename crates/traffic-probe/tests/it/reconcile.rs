//! The client's account laid beside the servers'.

use jiff::Timestamp;
use traffic_probe::{
    Account, Answer, Connection, Kind, Measured, Mix, Outcome, Reconciliation, ServerAccount, Verb,
};

const POST: Kind = Kind { verb: Verb::Post, connection: Connection::KeptAlive };

fn client(answers: &[(u64, Kind, Outcome)]) -> Account {
    let mut account = Account::named(Measured::Live, "a");
    for (id, kind, outcome) in answers {
        account.send_as(*id, Timestamp::UNIX_EPOCH, *kind);
        let (sent, done) = (Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH);
        account.record(&Answer { id: *id, sent, done, outcome: outcome.clone() });
    }
    account
}

fn done() -> Outcome {
    Outcome::Answered { status: 200, version: Some("v1".to_owned()), pod: Some("p".to_owned()) }
}

fn server(ids: &[&str]) -> ServerAccount {
    let mut account = ServerAccount::new(Measured::Live);
    for id in ids {
        account.acknowledge(*id, "v1", "p");
    }
    account
}

/// One of each: done and answered, a lie, a lost answer, done twice, neither, and a GET that does not count.
fn troubled() -> Reconciliation {
    let client = client(&[
        (0, POST, done()),
        (1, POST, done()),
        (2, POST, Outcome::Reset),
        (3, POST, done()),
        (4, POST, Outcome::Refused),
        (5, Kind::default(), done()),
    ]);
    // Another load's ids are nobody's business here, also one whose name begins alike.
    client.reconcile(&server(&["a-0", "a-2", "a-3", "a-3", "a-9", "b-0", "aa-1", "a"]))
}

#[test]
fn a_troubled_pair_of_accounts() {
    insta::assert_snapshot!(troubled(), @r"
    POSTs sent                      5
    acknowledged by both            2
    only by the client              1
    only by the server              1
    by neither                      1
    done more than once             1
    never sent                      1
    lost, of all kinds              3
    ");
    assert!(!troubled().holds());
    let json = serde_json::to_string_pretty(&troubled()).expect("it serialises");
    insta::assert_snapshot!(json, @r#"
    {
      "schemaVersion": 1,
      "measured": "live",
      "posts": 5,
      "both": 2,
      "onlyClient": [
        "a-1"
      ],
      "onlyServer": [
        "a-2"
      ],
      "neither": 1,
      "doubled": {
        "a-3": 2
      },
      "unsent": [
        "a-9"
      ],
      "lost": 3
    }
    "#);
    assert_eq!(serde_json::from_str::<Reconciliation>(&json).expect("its own JSON"), troubled());
}

#[test]
fn what_holds_and_what_does_not() {
    let cases = [
        (done(), &["a-0"][..], true, 0),
        (done(), &[], false, 1),
        (done(), &["a-0", "a-0"], false, 0),
        (done(), &["a-0", "a-7"], false, 0),
        // Lost requests are lost, but nobody lied about them.
        (Outcome::Reset, &["a-0"], true, 1),
        (Outcome::Reset, &[], true, 1),
    ];
    for (outcome, ids, holds, lost) in cases {
        let result = client(&[(0, POST, outcome.clone())]).reconcile(&server(ids));
        assert_eq!((result.holds(), result.lost), (holds, lost), "{outcome:?} against {ids:?}: {result:?}");
    }
}

#[test]
fn a_modelled_side_makes_the_whole_modelled() {
    let result = client(&[]).reconcile(&ServerAccount::new(Measured::Modelled));
    assert_eq!(result.measured, Measured::Modelled);
    assert!(result.to_string().contains("(modelled)"));
}

#[test]
fn a_mix_sends_every_kind_in_its_share() {
    let kinds: Vec<Kind> = (0..35).map(|number| Mix::SCENARIO.kind(number)).collect();
    let count = |wanted: fn(&Kind) -> bool| kinds.iter().filter(|kind| wanted(kind)).count();
    assert_eq!(count(|kind| kind.verb == Verb::Post), 5);
    assert_eq!(count(|kind| kind.connection == Connection::New), 7);
    assert_eq!(count(|kind| kind.verb == Verb::Post && kind.connection == Connection::New), 1);
    assert!((0..100).all(|number| Mix::PLAIN.kind(number) == Kind::default()));
}
