//! A running demo-app, ended by its process id when the test is over.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

pub(crate) struct Instance {
    child: Child,
    log: BufReader<ChildStderr>,
    pub(crate) address: SocketAddr,
}

/// An answer: status code, headers as one text, body.
pub(crate) struct Answer {
    pub(crate) code: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

fn spawn(arguments: &[&str], environment: &[(&str, &str)]) -> Child {
    #[expect(clippy::disallowed_methods, reason = "the test is about the process; nothing else spawns it")]
    let mut command = Command::new(env!("CARGO_BIN_EXE_demo-app"));
    command.env_clear().env("ADDRESS", "127.0.0.1").env("PORT", "0");
    command.args(arguments);
    command.envs(environment.iter().copied()).stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Runs it to its end; for settings with which it never listens.
pub(crate) fn run(arguments: &[&str], environment: &[(&str, &str)]) -> (ExitStatus, String) {
    let mut child = spawn(arguments, environment);
    let mut log = String::new();
    child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    (child.wait().unwrap(), log)
}

impl Instance {
    pub(crate) fn start(environment: &[(&str, &str)]) -> Self {
        Self::spawned(spawn(&[], environment))
    }

    /// A ledger instead of an app.
    pub(crate) fn ledger() -> Self {
        Self::spawned(spawn(&["ledger"], &[]))
    }

    fn spawned(mut child: Child) -> Self {
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let line = read_until(&mut log, "listens on ");
        let address = line.split_once("listens on ").unwrap().1.trim().parse().unwrap();
        Self { child, log, address }
    }

    pub(crate) fn connect(&self) -> Connection {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        Connection { reader: BufReader::new(stream) }
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.connect().get(path)
    }

    pub(crate) fn terminate(&mut self) {
        kill(Pid::from_raw(i32::try_from(self.child.id()).unwrap()), Signal::SIGTERM).unwrap();
        read_until(&mut self.log, "told to stop");
    }

    /// Ends it as a power cut would.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// How many requests for `/` it has answered.
    pub(crate) fn answered(&self) -> u64 {
        let page = self.get("/metrics").body;
        let (_, count) = page.split_once("http_request_duration_seconds_count{").unwrap();
        count.split_once("} ").unwrap().1.trim().parse().unwrap()
    }

    /// The processor time that it has had.
    pub(crate) fn processor_time(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        // The name before may have spaces. User and system time are the 14th and 15th field, in hundredths.
        let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
        let hundredths: u64 = fields[11..13].iter().map(|field| field.parse::<u64>().unwrap()).sum();
        Duration::from_millis(10 * hundredths)
    }

    pub(crate) fn wait(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read_until(log: &mut impl BufRead, words: &str) -> String {
    let mut seen = String::new();
    loop {
        let mut line = String::new();
        assert_ne!(log.read_line(&mut line).unwrap(), 0, "the log ended without {words:?}:\n{seen}");
        if line.contains(words) {
            return line;
        }
        seen.push_str(&line);
    }
}

/// A keep-alive connection.
pub(crate) struct Connection {
    reader: BufReader<TcpStream>,
}

impl Connection {
    pub(crate) fn send(&mut self, path: &str) {
        write!(self.reader.get_mut(), "GET {path} HTTP/1.1\r\nhost: demo.local\r\n\r\n").unwrap();
    }

    pub(crate) fn post(&mut self, id: &str) -> Answer {
        let length = id.len();
        let head = format!("POST / HTTP/1.1\r\nhost: demo.local\r\ncontent-length: {length}\r\n\r\n");
        self.reader.get_mut().write_all(format!("{head}{id}").as_bytes()).unwrap();
        self.receive()
    }

    pub(crate) fn receive(&mut self) -> Answer {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert_ne!(self.reader.read_line(&mut head).unwrap(), 0, "closed after {head:?}");
        }
        let head = head.to_lowercase();
        let length = head.split_once("content-length: ").unwrap().1.split_once("\r\n").unwrap().0;
        let mut body = vec![0; length.parse().unwrap()];
        self.reader.read_exact(&mut body).unwrap();
        let code = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { code, head, body: String::from_utf8(body).unwrap() }
    }

    pub(crate) fn get(&mut self, path: &str) -> Answer {
        self.send(path);
        self.receive()
    }

    /// Whether the peer ends the connection in order, without a reset.
    pub(crate) fn is_closed_by_peer(&mut self) -> bool {
        self.reader.read(&mut [0]).unwrap() == 0
    }
}
