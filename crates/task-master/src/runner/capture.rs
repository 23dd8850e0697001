//! What a child writes: read by one thread a stream, kept up to a cap, handed on line by line.

use std::io::{BufRead as _, BufReader, Read};
use std::sync::mpsc::SyncSender;

use super::wait::Message;

/// The longest piece that counts as one line; a longer one is handed on in pieces.
const LONGEST_LINE: u64 = 1 << 20;

/// One of a child's two output streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

/// The beginning of a stream, and how much more there was.
#[derive(Debug, Clone, Default)]
pub struct Captured {
    bytes: Vec<u8>,
    dropped: u64,
}

impl Captured {
    /// The kept text; bytes that are not UTF-8 are replaced.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// Bytes that came after the cap was reached.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    pub(super) fn push(&mut self, piece: &[u8], cap: usize) {
        let room = cap.saturating_sub(self.bytes.len()).min(piece.len());
        self.bytes.extend_from_slice(&piece[..room]);
        self.dropped += (piece.len() - room) as u64;
    }
}

/// Builds what a program printed, for tests of code that reads it.
impl From<&str> for Captured {
    fn from(text: &str) -> Self {
        Self { bytes: text.into(), dropped: 0 }
    }
}

/// Sends every line of `source` to `to`, then its end. Stops when nobody listens any more.
pub(super) fn read(source: impl Read, stream: Stream, to: &SyncSender<Message>) {
    let mut source = BufReader::new(source);
    loop {
        let mut piece = Vec::new();
        match source.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut piece) {
            Ok(0) => break,
            Ok(_) if to.send(Message::Output(stream, piece)).is_err() => return,
            Ok(_) => {}
            // A pipe that cannot be read has ended as far as we are concerned.
            Err(_) => break,
        }
    }
    let _ = to.send(Message::Closed);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_capture_keeps_its_cap_and_counts_the_rest() {
        let mut captured = Captured::default();
        captured.push(b"abc", 5);
        captured.push(b"defg", 5);
        captured.push(b"h", 5);
        assert_eq!((captured.text().as_str(), captured.dropped()), ("abcde", 3));
    }
}
