//! The world on disk: a snapshot, and a journal of what was done to it since.
//!
//! Every changing request, every advance of time and every look into a Git repository is a line, synced before anyone sees its effect. Opening reads
//! the snapshot and does the lines again. Both are numbered by generation, so that a crash between writing a new
//! snapshot and starting its journal leaves one of the two pairs whole.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Request;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use traffic_probe::{Load, Mix};

use crate::repository::Answer;
use crate::world::World;

/// The form of the files. A newer one is refused.
const FORMAT: u32 = 1;
/// After this many lines a snapshot is cheaper to read than they are to do again.
const LINES: u64 = 64;

/// Why a stored world cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The file system refused.
    #[error("{doing} {}", path.display())]
    Io {
        /// What was tried, as a gerund.
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// The refusal.
        source: io::Error,
    },
    /// Another process has the world open.
    #[error("the simulated cluster in {} is in use by {holder}", dir.display())]
    Held {
        /// The world's folder.
        dir: PathBuf,
        /// Who holds it, as it wrote itself down.
        holder: String,
    },
    /// A file does not hold what it should.
    #[error("{} is corrupt at line {line}", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What the line's text is not.
        source: serde_json::Error,
    },
    /// Lines are missing or out of order.
    #[error("{} has line {found} where {wanted} belongs", path.display())]
    Gap {
        /// The file.
        path: PathBuf,
        /// The number that should come.
        wanted: u64,
        /// The number that came.
        found: u64,
    },
    /// A later release wrote the files.
    #[error("{} has format {found}; this release reads up to {FORMAT}", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
    },
    /// An earlier write failed, and what is in memory may be ahead of the disk.
    #[error("the simulated cluster stopped after its journal could not be written")]
    Stopped,
}

fn io_error(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> JournalError {
    let path = path.to_owned();
    move |source| JournalError::Io { doing, path, source }
}

/// One thing that was done to the world.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Entry {
    /// Time moved on.
    Advance(Timestamp),
    /// A request was made.
    Request(Recorded),
    /// A request was sent to the ingress.
    Send(Sent),
    /// A load was attached. Its id is the next one.
    Load(Attached),
    /// The load of this id was detached.
    Unload(u64),
    /// A repository was read for Argo CD.
    Repository(Answer),
}

/// A `GET` through the ingress.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sent {
    pub(crate) host: String,
    pub(crate) path: String,
}

/// A load.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Attached {
    host: String,
    path: String,
    per_second: u32,
    timeout_ms: u64,
    new_connections: u32,
    posts: u32,
}

impl Attached {
    pub(crate) fn of(load: &Load) -> Attached {
        Attached {
            host: load.host.clone(),
            path: load.path.clone(),
            per_second: load.per_second,
            timeout_ms: u64::try_from(load.timeout.as_millis()).unwrap_or(u64::MAX),
            new_connections: load.mix.new_connections,
            posts: load.mix.posts,
        }
    }

    fn load(self) -> Load {
        Load {
            host: self.host,
            path: self.path,
            per_second: self.per_second,
            timeout: Duration::from_millis(self.timeout_ms),
            mix: Mix { new_connections: self.new_connections, posts: self.posts },
        }
    }
}

impl Sent {
    /// The request, as of now.
    pub(crate) fn request(self, at: Timestamp) -> traffic_probe::Request {
        traffic_probe::Request { id: 0, method: http::Method::GET, host: self.host, path: self.path, at }
    }
}

/// The parts of a request that can matter to the world.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Recorded {
    method: String,
    uri: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    content_type: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    user_agent: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    body: String,
    /// The body in base64, when it is not UTF-8.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    bytes: String,
}

impl Recorded {
    pub(crate) fn of(request: &Request<Vec<u8>>) -> Recorded {
        let header =
            |name| request.headers().get(name).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
        let (body, bytes) = match std::str::from_utf8(request.body()) {
            Ok(text) => (text.to_owned(), String::new()),
            Err(_) => (String::new(), STANDARD.encode(request.body())),
        };
        Recorded {
            method: request.method().to_string(),
            uri: request.uri().to_string(),
            content_type: header("content-type"),
            user_agent: header("user-agent"),
            body,
            bytes,
        }
    }

    fn request(self) -> Option<Request<Vec<u8>>> {
        let body =
            if self.bytes.is_empty() { self.body.into_bytes() } else { STANDARD.decode(self.bytes).ok()? };
        let builder = Request::builder().method(self.method.as_str()).uri(self.uri);
        let builder = builder.header("content-type", self.content_type).header("user-agent", self.user_agent);
        builder.body(body).ok()
    }
}

/// Does an entry again.
pub(crate) fn redo(world: &mut World, entry: Entry) {
    match entry {
        Entry::Advance(to) => world.advance_to(to),
        Entry::Request(recorded) => {
            if let Some(request) = recorded.request() {
                // Its answer was given when it was first made.
                let _ = world.handle(&request);
            }
        }
        Entry::Send(sent) => {
            let now = world.now();
            let _ = world.answer(&sent.request(now));
        }
        Entry::Load(load) => {
            let _ = world.start_load(load.load());
        }
        Entry::Unload(id) => {
            let _ = world.stop_load(id);
        }
        Entry::Repository(answer) => world.supply(answer),
    }
}

#[derive(Serialize, Deserialize)]
struct Line {
    n: u64,
    entry: Entry,
}

#[derive(Deserialize)]
struct Snapshot {
    generation: u64,
    world: World,
}

#[derive(Serialize)]
struct Saving<'a> {
    format: u32,
    generation: u64,
    world: &'a World,
}

#[derive(Deserialize)]
struct FormatOnly {
    format: u32,
}

/// The open files of a stored world.
#[derive(Debug)]
pub(crate) struct Journal {
    dir: PathBuf,
    /// Held for as long as the world is open; the kernel releases it with the process.
    _lock: File,
    file: File,
    path: PathBuf,
    generation: u64,
    lines: u64,
    stopped: bool,
}

/// A world as it was found.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) world: World,
    pub(crate) journal: Journal,
    /// Bytes of a last line that a crash tore, and that were cut off.
    pub(crate) torn: usize,
}

impl Journal {
    /// Opens the world in `dir`, or begins `fresh` there.
    pub(crate) fn open(dir: &Path, fresh: impl FnOnce() -> World) -> Result<Opened, JournalError> {
        fs::create_dir_all(dir).map_err(io_error("create", dir))?;
        let lock = hold(dir)?;
        let (generation, mut world) = match read_snapshot(&dir.join("world.json"))? {
            Some(found) => found,
            None => {
                let world = fresh();
                write_snapshot(dir, 0, &world)?;
                (0, world)
            }
        };
        let path = journal_path(dir, generation);
        let mut options = OpenOptions::new();
        let options = options.create(true).append(true).read(true);
        let mut file = options.open(&path).map_err(io_error("open", &path))?;
        let (entries, torn) = read_lines(&mut file, &path)?;
        let lines = entries.len() as u64;
        entries.into_iter().for_each(|entry| redo(&mut world, entry));
        let journal =
            Journal { dir: dir.to_owned(), _lock: lock, file, path, generation, lines, stopped: false };
        Ok(Opened { world, journal, torn })
    }

    /// How many entries stand since the snapshot.
    pub(crate) fn lines(&self) -> u64 {
        self.lines
    }

    /// Writes an entry; it is durable after [`Journal::sync`].
    pub(crate) fn append(&mut self, entry: &Entry) -> Result<(), JournalError> {
        if self.stopped {
            return Err(JournalError::Stopped);
        }
        let line = Line { n: self.lines, entry: entry.clone() };
        let written = serde_json::to_vec(&line).map_err(io::Error::from).and_then(|mut text| {
            text.push(b'\n');
            self.file.write_all(&text)
        });
        self.stopped = written.is_err();
        written.map_err(io_error("write", &self.path))?;
        self.lines += 1;
        Ok(())
    }

    /// Makes everything appended durable; now and then it also writes a snapshot of `world`.
    pub(crate) fn sync(&mut self, world: &World) -> Result<(), JournalError> {
        if self.stopped {
            return Err(JournalError::Stopped);
        }
        let synced = self.file.sync_data();
        self.stopped = synced.is_err();
        synced.map_err(io_error("sync", &self.path))?;
        if self.lines >= LINES { self.snapshot(world) } else { Ok(()) }
    }

    /// Writes a snapshot and begins its journal. Not while a load is attached, which no snapshot holds.
    pub(crate) fn snapshot(&mut self, world: &World) -> Result<(), JournalError> {
        if self.stopped || self.lines == 0 || !world.traffic.loads.is_empty() {
            return Ok(());
        }
        let generation = self.generation + 1;
        let path = journal_path(&self.dir, generation);
        let file = OpenOptions::new().create(true).truncate(true).write(true).open(&path);
        // Appending from here on; a leftover of a crashed attempt was cut off by the truncation.
        drop(file.map_err(io_error("create", &path))?);
        write_snapshot(&self.dir, generation, world)?;
        let old = std::mem::replace(&mut self.path, path);
        self.file = OpenOptions::new().append(true).open(&self.path).map_err(io_error("open", &self.path))?;
        self.generation = generation;
        self.lines = 0;
        // The snapshot no longer needs it; if it stays, nothing reads it.
        let _ = fs::remove_file(old);
        Ok(())
    }
}

/// Removes the world in `dir`. Says whether there was one.
///
/// # Errors
/// When another process has it open, or a file cannot be removed.
pub fn reset(dir: &Path) -> Result<bool, JournalError> {
    if !dir.join("world.json").exists() {
        return Ok(false);
    }
    let _lock = hold(dir)?;
    let entries = fs::read_dir(dir).map_err(io_error("read", dir))?;
    for entry in entries.filter_map(Result::ok) {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("world.json") || name.starts_with("journal-") {
            fs::remove_file(entry.path()).map_err(io_error("remove", &entry.path()))?;
        }
    }
    Ok(true)
}

fn journal_path(dir: &Path, generation: u64) -> PathBuf {
    dir.join(format!("journal-{generation}.jsonl"))
}

/// Takes the lock and writes down who holds it.
fn hold(dir: &Path) -> Result<File, JournalError> {
    let path = dir.join("lock");
    let mut options = OpenOptions::new();
    let options = options.create(true).truncate(false).read(true).write(true);
    let mut file = options.open(&path).map_err(io_error("open", &path))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            let read = file.read_to_string(&mut holder);
            let holder = match read {
                Ok(n) if n > 0 => holder.trim().to_owned(),
                _ => "another process".to_owned(),
            };
            return Err(JournalError::Held { dir: dir.to_owned(), holder });
        }
        Err(TryLockError::Error(source)) => return Err(io_error("lock", &path)(source)),
    }
    let note = || -> io::Result<()> {
        file.set_len(0)?;
        writeln!(&file, "process {}", std::process::id())
    };
    note().map_err(io_error("write", &path))?;
    Ok(file)
}

fn read_snapshot(path: &Path) -> Result<Option<(u64, World)>, JournalError> {
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(io_error("read", path)(e)),
    };
    let corrupt = |source| JournalError::Corrupt { path: path.to_owned(), line: 1, source };
    let found: FormatOnly = serde_json::from_slice(&text).map_err(corrupt)?;
    if found.format > FORMAT {
        return Err(JournalError::Newer { path: path.to_owned(), found: found.format });
    }
    let snapshot: Snapshot = serde_json::from_slice(&text).map_err(corrupt)?;
    Ok(Some((snapshot.generation, snapshot.world)))
}

fn write_snapshot(dir: &Path, generation: u64, world: &World) -> Result<(), JournalError> {
    let (path, part) = (dir.join("world.json"), dir.join("world.json.part"));
    let snapshot = Saving { format: FORMAT, generation, world };
    let write = || -> io::Result<()> {
        let mut file = File::create(&part)?;
        file.write_all(&serde_json::to_vec(&snapshot)?)?;
        file.sync_all()?;
        fs::rename(&part, &path)?;
        File::open(dir)?.sync_all()
    };
    write().map_err(io_error("write", &path))
}

/// The entries of a journal, and how many bytes of a torn last line were cut off.
fn read_lines(file: &mut File, path: &Path) -> Result<(Vec<Entry>, usize), JournalError> {
    let mut text = Vec::new();
    file.read_to_end(&mut text).map_err(io_error("read", path))?;
    // A line that a crash tore has no end; it was never answered.
    let whole = text.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
    let torn = text.len() - whole;
    if torn > 0 {
        file.set_len(whole as u64).map_err(io_error("truncate", path))?;
    }
    let mut entries = Vec::new();
    for (index, line) in text[..whole].split(|b| *b == b'\n').filter(|l| !l.is_empty()).enumerate() {
        let corrupt = |source| JournalError::Corrupt { path: path.to_owned(), line: index + 1, source };
        let line: Line = serde_json::from_slice(line).map_err(corrupt)?;
        if line.n != index as u64 {
            return Err(JournalError::Gap { path: path.to_owned(), wanted: index as u64, found: line.n });
        }
        entries.push(line.entry);
    }
    Ok((entries, torn))
}
