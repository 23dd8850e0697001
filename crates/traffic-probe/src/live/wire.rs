//! One connection and one exchange on it.

use std::io;
use std::net::SocketAddr;

use http::HeaderValue;
use http::uri::PathAndQuery;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::response::{Parsed, Response, parse};
use crate::message::{Connection, Kind, Outcome, Verb};

/// How much of an answer is read; a longer one counts as a broken connection.
const ANSWER_LIMIT: usize = 64 * 1024 * 1024;

/// How much is read at once: a usual answer whole.
const ROOM: usize = 4096;

/// Where requests go, checked once: neither part can end a line of a request's head.
#[derive(Debug, Clone)]
pub(super) struct Target {
    host: String,
    path: String,
}

impl Target {
    pub(super) fn new(host: &str, path: &str) -> Result<Self, String> {
        HeaderValue::from_str(host).map_err(|error| format!("host {host:?}: {error}"))?;
        let parsed: PathAndQuery = path.parse().map_err(|error| format!("path {path:?}: {error}"))?;
        if !parsed.as_str().starts_with('/') {
            return Err(format!("path {path:?}: it does not begin with /"));
        }
        Ok(Target { host: host.to_owned(), path: parsed.to_string() })
    }

    /// The bytes of a request. The body of a `POST` is its id.
    pub(super) fn request(&self, kind: Kind, id: &str) -> Vec<u8> {
        let Target { host, path } = self;
        let (verb, close) = match kind.connection {
            Connection::KeptAlive => (kind.verb, ""),
            Connection::New => (kind.verb, "connection: close\r\n"),
        };
        let head = format!("{verb} {path} HTTP/1.1\r\nhost: {host}\r\nx-request-id: {id}\r\n{close}");
        match verb {
            Verb::Get => format!("{head}\r\n"),
            Verb::Post => {
                let length = id.len();
                format!("{head}content-type: text/plain\r\ncontent-length: {length}\r\n\r\n{id}")
            }
        }
        .into_bytes()
    }
}

/// An open connection with nothing under way on it.
#[derive(Debug)]
pub(super) struct Connected {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connected {
    pub(super) async fn open(address: SocketAddr) -> Result<Self, Outcome> {
        let stream = TcpStream::connect(address).await.map_err(|error| unconnected(&error))?;
        // Requests are small: waiting to fill a packet would only add latency.
        let _ = stream.set_nodelay(true);
        Ok(Connected { stream, buffer: Vec::new() })
    }

    /// Whether the server has left it open and said nothing unasked. It asks the kernel, not the runtime,
    /// which may not have heard of the end yet.
    pub(super) fn is_usable(&self) -> bool {
        let mut byte = [std::mem::MaybeUninit::uninit(); 1];
        let peeked = socket2::SockRef::from(&self.stream).peek(&mut byte);
        peeked.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
    }

    /// Sends a request and reads its whole answer.
    pub(super) async fn exchange(&mut self, request: &[u8]) -> Result<Response, Outcome> {
        self.stream.write_all(request).await.map_err(|_| Outcome::Reset)?;
        self.buffer.clear();
        loop {
            // Left to itself the buffer grows by 64 bytes, with a call of the kernel for each.
            self.buffer.reserve(ROOM);
            let ended = match self.stream.read_buf(&mut self.buffer).await {
                Ok(read) => read == 0,
                Err(_) => return Err(Outcome::Reset),
            };
            match parse(&self.buffer, ended) {
                Parsed::Complete(response) => return Ok(response),
                Parsed::Partial if self.buffer.len() < ANSWER_LIMIT => (),
                Parsed::Partial | Parsed::Broken => return Err(Outcome::Reset),
            }
        }
    }
}

fn unconnected(error: &io::Error) -> Outcome {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Outcome::Refused,
        io::ErrorKind::ConnectionReset => Outcome::Reset,
        io::ErrorKind::TimedOut => Outcome::TimedOut,
        // Out of files or of ports, usually: this side's fault, and the words say so.
        _ => Outcome::NoRoute(format!("connect: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_host_and_no_path_makes_no_request() {
        for (host, path) in [("a\r\nb", "/"), ("a", "/ x"), ("a", "/\r\nb"), ("a", "x"), ("a", "")] {
            assert!(Target::new(host, path).is_err(), "{host:?} {path:?}");
        }
        assert!(Target::new("a.local:80", "/x?y=z").is_ok());
    }
}
