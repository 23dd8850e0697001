//! The program: its exit code, its forms, and what an interruption leaves.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nx-version: v2\r\nx-pod: p\r\ncontent-length: 2\r\n\r\nok";

/// A server of plain threads that answers so; the sender of the first `heard` word hears of each request.
fn server(answer: &'static [u8]) -> (SocketAddr, std::sync::mpsc::Receiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("a bound socket");
    let (tell, heard) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let tell = tell.clone();
            std::thread::spawn(move || {
                let mut lines = BufReader::new(stream);
                loop {
                    let mut line = String::new();
                    if !matches!(lines.read_line(&mut line), Ok(1..)) {
                        return;
                    }
                    if line == "\r\n" {
                        let _ = tell.send(());
                        let Ok(()) = lines.get_mut().write_all(answer) else { return };
                    }
                }
            });
        }
    });
    (address, heard)
}

fn probe(address: SocketAddr, arguments: &[&str]) -> Child {
    #[expect(clippy::disallowed_methods, reason = "the test is about the process; nothing else spawns it")]
    let mut command = Command::new(env!("CARGO_BIN_EXE_traffic-probe"));
    command.arg(format!("http://{address}")).args(arguments);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a built program")
}

fn end(mut child: Child) -> (Option<i32>, String) {
    let mut text = String::new();
    for pipe in [
        child.stdout.take().map(|p| Box::new(p) as Box<dyn Read>),
        child.stderr.take().map(|p| Box::new(p) as _),
    ] {
        pipe.expect("piped").read_to_string(&mut text).expect("text");
    }
    (child.wait().expect("an end").code(), text)
}

#[test]
fn every_answer_proper_is_0_or_5_on_a_machine_that_stalls_and_the_picture_is_drawn() {
    let folder = tempfile::tempdir().expect("a folder");
    let svg = folder.path().join("load.svg");
    let (address, _heard) = server(ANSWER);
    let drawn = svg.display().to_string();
    let (code, text) = end(probe(address, &["--count", "50", "-o", "json", "--svg", &drawn]));
    let report: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    // A stall of the machine may make the run invalid, and then the code has to say that.
    let valid = report["account"]["valid"].as_bool().expect("it says so");
    assert_eq!(code, Some(if valid { 0 } else { 5 }), "{text}");
    assert_eq!(report["account"]["answered"], report["account"]["byVersion"]["v2"]);
    assert!(report["account"]["answered"].as_u64() > Some(10), "{text}");
    assert!(std::fs::read_to_string(svg).expect("a picture").contains("v2: "));
}

#[test]
fn a_lost_request_is_1() {
    let (address, _heard) = server(b"HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n");
    let (code, text) = end(probe(address, &["--count", "10"]));
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("status 503"), "{text}");
}

#[test]
fn interrupted_it_prints_the_account_so_far() {
    for (signal, expected) in [(Signal::SIGINT, 130), (Signal::SIGTERM, 143)] {
        let (address, heard) = server(ANSWER);
        let child = probe(address, &["--for", "10m"]);
        for _ in 0..20 {
            heard.recv().expect("a request");
        }
        kill(Pid::from_raw(i32::try_from(child.id()).expect("a pid")), signal).expect("a running process");
        let (code, text) = end(child);
        assert_eq!(code, Some(expected), "{text}");
        assert!(text.starts_with("sent ") && text.contains("by v2"), "{text}");
    }
}

#[test]
fn a_flood_says_how_many_answers_a_second_came() {
    let (address, _heard) = server(ANSWER);
    let (code, text) = end(probe(address, &["--flood", "4", "--for", "200ms"]));
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains(" answers a second\n"), "{text}");
}

#[test]
fn elsewhere_than_loopback_nothing_is_sent() {
    let (code, text) = end(probe(SocketAddr::from(([192, 0, 2, 1], 80)), &[]));
    assert_eq!(code, Some(2));
    assert!(text.contains("refusing to send load to 192.0.2.1:80"), "{text}");
}
