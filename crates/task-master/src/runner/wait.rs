//! Waits for a child: its output, its end, its limit, and a signal that asks us to stop, whichever comes.
//!
//! One thread a stream reads, one waits for the end without reaping it (so that its process id and group
//! cannot be reused while we may still signal them), and this loop decides. Every wait has a bound.

use std::io::{self, Write as _};
use std::process::{Child, ExitStatus};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill, killpg};
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::Pid;

use super::capture::{self, Captured};
use super::{Ending, Finished, Limits, RunError, Running, Stream};
use crate::command::Stop;

/// How long a killed child, or output pipes held open by its children, may take.
const AFTER_KILL: Duration = Duration::from_secs(5);
const AFTER_END: Duration = Duration::from_secs(1);

/// Lines in flight: a child that writes faster than we read has to wait.
const IN_FLIGHT: usize = 256;

pub(super) enum Message {
    Output(Stream, Vec<u8>),
    Closed,
    Ended,
    Asked(i32),
}

/// Why we ended it, if we did.
#[derive(Clone, Copy)]
enum Reason {
    Limit,
    Asked(i32),
}

enum Stage {
    Running,
    Stopping(Reason),
    Killed(Reason),
    Ended(Option<Reason>),
}

/// The end of the wait: the child has ended (and why, if we ended it), or it cannot be ended.
enum Verdict {
    Ended(Option<Reason>),
    Lost,
}

struct Wait<'a> {
    pid: Pid,
    stop: Stop,
    grace: Duration,
    limits: &'a Limits,
    stage: Stage,
    until: Instant,
    open_streams: u8,
    out: Captured,
    err: Captured,
    line: &'a mut dyn FnMut(Stream, &str),
}

/// Waits for the end of `running`.
pub(super) fn until_ended(
    running: Running,
    limits: &Limits,
    line: &mut dyn FnMut(Stream, &str),
) -> Result<Finished, RunError> {
    let Running { mut child, word, program, stop, grace, interrupts, id } = running;
    let lost = || RunError::Lost { program: program.clone(), pid: id.pid };
    let pid = Pid::from_raw(i32::try_from(id.pid).map_err(|_| lost())?);
    let began = Instant::now();
    let (sender, messages) = sync_channel(IN_FLIGHT);
    let watched = listen(&mut child, pid, &sender);
    let open_streams = watched.map_err(|source| RunError::Start { program: program.clone(), source })?;
    // Only now that everybody listens. A child that is dead already is seen by the wait.
    if let Some(mut word) = word {
        let _ = word.write_all(b"!");
    }
    interrupts.tell(move |signal| {
        let _ = sender.send(Message::Asked(signal));
    });
    let mut wait = Wait {
        pid,
        stop,
        grace,
        limits,
        stage: Stage::Running,
        until: began + limits.timeout,
        open_streams,
        out: Captured::default(),
        err: Captured::default(),
        line,
    };
    let reason = match wait.run(&messages) {
        Verdict::Ended(reason) => reason,
        Verdict::Lost => return Err(lost()),
    };
    let status = child.wait().map_err(|_| lost())?;
    let ending = ending(status, reason, limits);
    Ok(Finished { ending, stdout: wait.out, stderr: wait.err, elapsed: began.elapsed() })
}

/// Starts the threads that watch `child`; returns how many streams they read.
fn listen(child: &mut Child, pid: Pid, sender: &SyncSender<Message>) -> io::Result<u8> {
    let mut streams = 0;
    if let Some(pipe) = child.stdout.take() {
        streams += 1;
        let to = sender.clone();
        watch("stdout", move || capture::read(pipe, Stream::Out, &to))?;
    }
    if let Some(pipe) = child.stderr.take() {
        streams += 1;
        let to = sender.clone();
        watch("stderr", move || capture::read(pipe, Stream::Err, &to))?;
    }
    let to = sender.clone();
    watch("child", move || {
        let end = WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT;
        while waitid(Id::Pid(pid), end) == Err(nix::errno::Errno::EINTR) {}
        let _ = to.send(Message::Ended);
    })?;
    Ok(streams)
}

fn watch(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    std::thread::Builder::new().name(name.to_owned()).spawn(work).map(|_| ())
}

impl Wait<'_> {
    fn run(&mut self, messages: &Receiver<Message>) -> Verdict {
        loop {
            let left = self.until.saturating_duration_since(Instant::now());
            let message =
                if left.is_zero() { Err(RecvTimeoutError::Timeout) } else { messages.recv_timeout(left) };
            match message {
                Ok(Message::Output(stream, piece)) => self.keep(stream, &piece),
                Ok(Message::Closed) => self.open_streams -= 1,
                Ok(Message::Ended) => self.ended(),
                Ok(Message::Asked(signal)) => self.asked(signal),
                Err(RecvTimeoutError::Timeout) => {
                    if let Some(verdict) = self.late() {
                        return verdict;
                    }
                }
                Err(RecvTimeoutError::Disconnected) => return Verdict::Lost,
            }
            if let (Stage::Ended(reason), 0) = (&self.stage, self.open_streams) {
                return Verdict::Ended(*reason);
            }
        }
    }

    fn keep(&mut self, stream: Stream, piece: &[u8]) {
        let captured = match stream {
            Stream::Out => &mut self.out,
            Stream::Err => &mut self.err,
        };
        captured.push(piece, self.limits.keep);
        let text = String::from_utf8_lossy(piece);
        (self.line)(stream, text.trim_end_matches(['\n', '\r']));
    }

    fn ended(&mut self) {
        let reason = match self.stage {
            Stage::Running | Stage::Ended(None) => None,
            Stage::Stopping(reason) | Stage::Killed(reason) | Stage::Ended(Some(reason)) => Some(reason),
        };
        self.stage = Stage::Ended(reason);
        self.until = Instant::now() + AFTER_END;
    }

    /// Hands the signal on, once. While we are ending the child already, there is nothing to add.
    fn asked(&mut self, signal: i32) {
        if matches!(self.stage, Stage::Running) {
            let signal_out = match self.stop {
                Stop::LeaderInterrupt => Signal::SIGINT,
                Stop::Group => Signal::try_from(signal).unwrap_or(Signal::SIGTERM),
            };
            self.ask_to_end(signal_out, Reason::Asked(signal));
        }
    }

    fn ask_to_end(&mut self, signal: Signal, reason: Reason) {
        // It may have ended by itself in this moment; the wait thread will say so.
        let _ = match self.stop {
            Stop::LeaderInterrupt => kill(self.pid, signal),
            Stop::Group => killpg(self.pid, signal),
        };
        self.stage = Stage::Stopping(reason);
        self.until = Instant::now() + self.grace;
    }

    /// The bound of the present stage has passed. `Some` ends the wait.
    fn late(&mut self) -> Option<Verdict> {
        match self.stage {
            Stage::Running => {
                let signal = match self.stop {
                    Stop::LeaderInterrupt => Signal::SIGINT,
                    Stop::Group => Signal::SIGTERM,
                };
                self.ask_to_end(signal, Reason::Limit);
                None
            }
            Stage::Stopping(reason) => {
                let _ = killpg(self.pid, Signal::SIGKILL);
                self.stage = Stage::Killed(reason);
                self.until = Instant::now() + AFTER_KILL;
                None
            }
            Stage::Killed(_) => Some(Verdict::Lost),
            Stage::Ended(reason) => {
                // Its children hold the pipes open. It is not reaped yet, so the group is still its own.
                let _ = killpg(self.pid, Signal::SIGKILL);
                Some(Verdict::Ended(reason))
            }
        }
    }
}

fn ending(status: ExitStatus, reason: Option<Reason>, limits: &Limits) -> Ending {
    use std::os::unix::process::ExitStatusExt as _;
    match (reason, status.code()) {
        (Some(Reason::Limit), _) => Ending::TimedOut(limits.timeout),
        (Some(Reason::Asked(signal)), _) => Ending::Interrupted(signal),
        (None, Some(code)) => Ending::Exited(code),
        (None, None) => Ending::Signalled(status.signal().unwrap_or_default()),
    }
}
