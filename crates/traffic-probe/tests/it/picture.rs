//! The picture of an account: what is in it, and that nothing can break out of it.

use jiff::Timestamp;
use traffic_probe::{Account, Answer, Measured, Outcome, Picture, picture};

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(1_767_225_600_000 + millis).expect("a time in range")
}

/// Two seconds at 10/s: v1, then v2, and one request lost between them.
fn switch() -> Account {
    let mut account = Account::new(Measured::Modelled);
    for id in 0_u64..20 {
        let sent = i64::try_from(id).expect("small") * 100;
        let version = Some(if id < 10 { "v1" } else { "v2" }.to_owned());
        let outcome = match id {
            10 => Outcome::Refused,
            _ => Outcome::Answered { status: 200, version, pod: None },
        };
        account.record(&Answer { id, sent: at(sent), done: at(sent + 4), outcome });
    }
    account
}

#[test]
fn a_small_picture() {
    let picture = Picture { step: Some(std::time::Duration::from_millis(500)), ..Picture::new("A <switch>") };
    let drawn = picture::svg(&switch(), &picture.mark(at(950), "promote & go").mark(at(99_000), "never"));
    // The style is the same for all pictures and is looked at with the eyes.
    let (before, rest) = drawn.split_once("<style>").expect("a style");
    let (_, after) = rest.split_once("</style>").expect("its end");
    insta::assert_snapshot!(format!("{before}{after}"));
}

#[test]
fn text_is_escaped_and_the_picture_stands_alone() {
    let hostile = "</text><script>alert(1)</script>\u{0}";
    let mut account = Account::new(Measured::Live);
    let outcome = Outcome::Answered { status: 200, version: Some(hostile.to_owned()), pod: None };
    account.record(&Answer { id: 0, sent: at(0), done: at(1), outcome });
    account.broken(hostile);
    let drawn = picture::svg(&account, &Picture::new(hostile).mark(at(0), hostile));
    assert!(!drawn.contains("<script") && !drawn.contains('\u{0}'), "{drawn}");
    assert_eq!(drawn.matches("http").count(), 1, "only the namespace of SVG: {drawn}");
}

#[test]
fn an_empty_account_is_a_picture_too() {
    let drawn = picture::svg(&Account::new(Measured::Live), &Picture::new("nothing").mark(at(0), "x"));
    assert!(drawn.contains("0 requests") && drawn.ends_with("</svg>\n"), "{drawn}");
    assert!(!drawn.contains("NaN") && !drawn.contains("inf"), "{drawn}");
}
