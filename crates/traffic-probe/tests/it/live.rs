//! Requests over real sockets on loopback, against servers that misbehave on purpose.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use traffic_probe::{Cause, HttpRequests, Load, Measured, Outcome, Requests};

/// What the server does with every request that it reads.
#[derive(Clone, Copy)]
enum Manner {
    Says(&'static str),
    HangsUp,
    Stays,
}

async fn server(manner: Manner) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("a bound socket");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, manner));
        }
    });
    address
}

async fn serve(mut stream: TcpStream, manner: Manner) {
    let mut seen = Vec::new();
    let mut buffer = [0; 1024];
    loop {
        let Ok(n @ 1..) = stream.read(&mut buffer).await else { return };
        seen.extend_from_slice(&buffer[..n]);
        if !seen.ends_with(b"\r\n\r\n") {
            continue;
        }
        seen.clear();
        match manner {
            Manner::Says(answer) => {
                let Ok(()) = stream.write_all(answer.as_bytes()).await else { return };
            }
            Manner::HangsUp => return,
            Manner::Stays => std::future::pending().await,
        }
    }
}

const BY_HEADER: &str = "HTTP/1.1 200 OK\r\nx-version: v2\r\nx-pod: p\r\ncontent-length: 2\r\n\r\nok";
const BY_BODY: &str = "HTTP/1.1 500 Oh\r\ncontent-length: 27\r\n\r\n{\"version\":\"v1\",\"pod\":\"p1\"}";
const CUT_OFF: &str = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\nconnection: close\r\n\r\nhalf";

fn answered(status: u16, version: &str, pod: &str) -> Outcome {
    Outcome::Answered { status, version: Some(version.to_owned()), pod: Some(pod.to_owned()) }
}

/// Longer than any stall of a busy machine: what is not to time out in a test does not.
const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test]
async fn one_request_meets_each_manner_of_server() {
    let cases = [
        (Manner::Says(BY_HEADER), answered(200, "v2", "p")),
        (Manner::Says(BY_BODY), answered(500, "v1", "p1")),
        (Manner::HangsUp, Outcome::Reset),
        (Manner::Stays, Outcome::TimedOut),
    ];
    for (manner, expected) in cases {
        let timeout = if expected == Outcome::TimedOut { Duration::from_millis(100) } else { PATIENCE };
        let requests = HttpRequests::new(server(manner).await).expect("loopback").with_timeout(timeout);
        let answer = requests.send("blue-green.localhost", "/").await;
        assert_eq!(answer.outcome, expected);
        assert_eq!(requests.kind(), Measured::Live);
    }
}

#[tokio::test]
async fn a_closed_port_refuses() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("a bound socket");
    drop(listener);
    let requests = HttpRequests::new(address).expect("loopback").with_timeout(PATIENCE);
    assert_eq!(requests.send("x.localhost", "/").await.outcome, Outcome::Refused);
}

#[tokio::test]
async fn a_body_that_ends_early_is_a_reset_only_when_the_connection_ends() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("a bound socket");
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("one client");
        let mut buffer = [0; 1024];
        let _ = stream.read(&mut buffer).await;
        let _ = stream.write_all(CUT_OFF.as_bytes()).await;
    });
    let requests = HttpRequests::new(address).expect("loopback").with_timeout(PATIENCE);
    assert_eq!(requests.send("x.localhost", "/").await.outcome, Outcome::Reset);
}

#[test]
fn only_loopback_is_loaded() {
    let elsewhere = SocketAddr::from(([192, 0, 2, 1], 80));
    let error = HttpRequests::new(elsewhere).expect_err("not loopback").to_string();
    insta::assert_snapshot!(error, @"refusing to send load to 192.0.2.1:80: not a loopback address");
}

/// Runs a load at 200/s for as long as a few single requests to a server of their own take.
async fn load_on(manner: Manner, timeout: Duration) -> traffic_probe::Account {
    let requests = HttpRequests::new(server(manner).await).expect("loopback").with_timeout(timeout);
    let load = Load { timeout, ..Load::on("blue-green.localhost", 200) };
    let running = requests.start(load);
    // Time without a sleep: nobody answers these, and each takes its timeout.
    let silent = HttpRequests::new(server(Manner::Stays).await).expect("loopback");
    let silent = silent.with_timeout(Duration::from_millis(25));
    for _ in 0..6 {
        silent.send("blue-green.localhost", "/").await;
    }
    running.stop().await
}

#[tokio::test]
async fn a_load_accounts_for_every_request() {
    let account = load_on(Manner::Says(BY_HEADER), PATIENCE).await;
    assert_eq!(account.lost(), 0, "{account}");
    assert_eq!(account.sent(), account.by_version()["v2"], "{account}");
    assert!(account.sent() > 0);
}

#[tokio::test]
async fn a_load_on_a_server_that_never_answers_loses_every_request() {
    let account = load_on(Manner::Stays, Duration::from_millis(50)).await;
    assert_eq!(account.lost_by_cause().into_keys().collect::<Vec<_>>(), [Cause::TimedOut], "{account}");
    assert_eq!(account.lost(), account.sent());
}
