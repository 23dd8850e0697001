//! One program, run several times as a whole process: wall time of each run, and the largest resident size.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use nix::sys::ptrace;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use crate::run::{self, Error};

/// The runs of one program.
#[derive(Debug, Clone)]
pub(crate) struct Runs {
    /// Wall seconds of each counted run, sorted.
    pub(crate) seconds: Vec<f64>,
    /// The largest resident size, in KiB.
    pub(crate) resident_kib: i64,
}

impl Runs {
    /// The middle run.
    pub(crate) fn median(&self) -> Duration {
        Duration::from_secs_f64(self.seconds.get(self.seconds.len() / 2).copied().unwrap_or_default())
    }
}

/// Runs a program and its arguments: once to warm up and for its size, then so often for its time.
///
/// # Errors
/// When the program cannot be started or ends badly.
pub(crate) fn whole(line: &[String], runs: usize) -> Result<Runs, Error> {
    let resident_kib = peak(line)?;
    let mut seconds = Vec::with_capacity(runs);
    for _ in 0..runs {
        let started = Instant::now();
        run::read(&mut words(line))?;
        seconds.push(started.elapsed().as_secs_f64());
    }
    seconds.sort_by(f64::total_cmp);
    Ok(Runs { seconds, resident_kib })
}

/// How often a program is started that is over before it is watched.
const TRIES: usize = 50;

/// The largest resident size of one run, in KiB.
fn peak(line: &[String]) -> Result<i64, Error> {
    for _ in 0..TRIES {
        if let Some(size) = watched(line)? {
            return Ok(size);
        }
    }
    Err(Error::Found(format!("{} cannot be traced, or ends too soon for that", line.join(" "))))
}

/// The same, or nothing where the process was not watched in time.
///
/// It is stopped at its end and asked. The kernel's account of children that have ended (`getrusage(2)`) begins with the
/// size of who started them, which here is more than most of what is measured.
fn watched(line: &[String]) -> Result<Option<i64>, Error> {
    let mut command = words(line);
    let child = command.stdout(Stdio::null()).spawn();
    let mut child = child.map_err(|source| Error::Start { program: line.join(" "), source })?;
    let failed =
        |why: &dyn std::fmt::Display| Error::Found(format!("cannot measure {}: {why}", line.join(" ")));
    let pid = Pid::from_raw(child.id().cast_signed());
    if ptrace::seize(pid, ptrace::Options::PTRACE_O_TRACEEXIT).is_err() {
        let status = child.wait().map_err(|error| failed(&error))?;
        return if status.success() { Ok(None) } else { Err(failed(&status)) };
    }
    let mut size = None;
    loop {
        match waitpid(pid, Some(WaitPidFlag::__WALL)).map_err(|errno| failed(&errno))? {
            WaitStatus::PtraceEvent(_, _, _) => {
                size = high_water(pid)?;
                ptrace::cont(pid, None).map_err(|errno| failed(&errno))?;
            }
            WaitStatus::Stopped(_, signal) => ptrace::cont(pid, signal).map_err(|errno| failed(&errno))?,
            WaitStatus::Exited(_, 0) => return Ok(size),
            WaitStatus::Exited(_, code) => return Err(failed(&format!("exit status: {code}"))),
            WaitStatus::Signaled(_, signal, _) => return Err(failed(&signal)),
            _ => {}
        }
    }
}

/// `VmHWM` of a process that is there, in KiB.
fn high_water(pid: Pid) -> Result<Option<i64>, Error> {
    let status = run::read_file(&PathBuf::from(format!("/proc/{pid}/status")))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    Ok(line.and_then(|size| size.trim().strip_suffix(" kB")?.trim().parse().ok()))
}

fn words(line: &[String]) -> std::process::Command {
    let (program, arguments) =
        line.split_first().map_or(("", &[][..]), |(first, rest)| (first.as_str(), rest));
    let mut command = run::command(program);
    command.args(arguments);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(words: &[&str]) -> Vec<String> {
        words.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_size_is_that_of_the_program_and_not_of_who_started_it() {
        let ours = high_water(Pid::this()).unwrap().unwrap();
        let small = whole(&line(&["true"]), 3).unwrap();
        assert!((100..ours / 2).contains(&small.resident_kib), "{} of {ours} KiB", small.resident_kib);
        assert_eq!(small.seconds.len(), 3);
        // Eight MiB, read at once.
        let more =
            whole(&line(&["dd", "if=/dev/zero", "of=/dev/null", "bs=8M", "count=1", "status=none"]), 1);
        assert!(more.unwrap().resident_kib > small.resident_kib + 8 * 1024);
    }

    #[test]
    fn a_program_that_fails_or_is_not_there_measures_nothing() {
        for (words, part) in [
            (&["false"][..], "cannot measure false: exit status: 1"),
            (&["no-such-program"], "no-such-program"),
        ] {
            let error = whole(&line(words), 1).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
