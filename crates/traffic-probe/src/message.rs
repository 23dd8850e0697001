//! One request and what became of it: the vocabulary that simulated and real requests share.

use std::fmt;
use std::time::Duration;

use http::Method;
use jiff::Timestamp;

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Verb {
    /// `GET`, which may be answered twice without harm.
    #[default]
    Get,
    /// `POST` of an id, which whoever acknowledges it has to remember.
    Post,
}

/// On which connection a request goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Connection {
    /// One that earlier requests have used, as long as the server keeps it open.
    #[default]
    KeptAlive,
    /// One of its own, closed after the answer.
    New,
}

/// What kind of request it is: what a stop of a server may lose differs by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Kind {
    /// `GET` or `POST`.
    pub verb: Verb,
    /// On a connection that is kept alive or on one of its own.
    pub connection: Connection,
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Verb::Get => "GET",
            Verb::Post => "POST",
        })
    }
}

impl fmt::Display for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Connection::KeptAlive => "kept alive",
            Connection::New => "new connection",
        })
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.verb, self.connection)
    }
}

/// One request of a load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Unique within one source of requests; the answer carries it back.
    pub id: u64,
    /// The method.
    pub method: Method,
    /// What goes into the `Host` header, by which an ingress routes.
    pub host: String,
    /// The path with its query, beginning with `/`.
    pub path: String,
    /// When the request was due by the load's schedule, so that a sender's stall counts as latency.
    pub at: Timestamp,
}

/// What became of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The id of the [`Request`].
    pub id: u64,
    /// When the request was due ([`Request::at`]).
    pub sent: Timestamp,
    /// When its outcome was known.
    pub done: Timestamp,
    /// The outcome.
    pub outcome: Outcome,
}

impl Answer {
    /// From due to known. Zero when the clock went backwards between the two.
    pub fn latency(&self) -> Duration {
        Duration::try_from(self.done.duration_since(self.sent)).unwrap_or_default()
    }

    /// Why the request counts as lost; `None` when it was answered properly.
    pub fn lost(&self) -> Option<Cause> {
        self.outcome.lost()
    }

    /// The version that answered, properly or with an error status; `None` when nobody said one.
    pub fn version(&self) -> Option<&str> {
        match &self.outcome {
            Outcome::Answered { version, .. } => version.as_deref(),
            _ => None,
        }
    }

    /// The pod that answered, properly or with an error status; `None` when none was named.
    pub fn pod(&self) -> Option<&str> {
        match &self.outcome {
            Outcome::Answered { pod, .. } => pod.as_deref(),
            _ => None,
        }
    }
}

/// How a request ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// A complete HTTP response came back, of whatever status.
    Answered {
        /// The HTTP status.
        status: u16,
        /// The version that the response named (header `x-version`, or `version` of a JSON body).
        version: Option<String>,
        /// The pod that the response named (header `x-pod`, or `pod` of a JSON body).
        pod: Option<String>,
    },
    /// No connection could be made.
    Refused,
    /// The connection broke before the response was complete.
    Reset,
    /// No complete response within the load's timeout.
    TimedOut,
    /// Nothing routes this host and path to a pod; the text says where the way ended.
    NoRoute(String),
}

impl Outcome {
    /// Why this outcome counts as lost; `None` when it is a proper answer.
    ///
    /// Proper is a status of 200 to 399. An error status is lost for whoever asked, although a pod gave it.
    pub fn lost(&self) -> Option<Cause> {
        match self {
            Outcome::Answered { status: 200..=399, .. } => None,
            Outcome::Answered { status, .. } => Some(Cause::Status(*status)),
            Outcome::Refused => Some(Cause::Refused),
            Outcome::Reset => Some(Cause::Reset),
            Outcome::TimedOut => Some(Cause::TimedOut),
            Outcome::NoRoute(place) => Some(Cause::NoRoute(place.clone())),
        }
    }
}

/// Why a request is lost: sent, and not answered properly.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// [`Outcome::Refused`].
    Refused,
    /// [`Outcome::Reset`].
    Reset,
    /// [`Outcome::TimedOut`].
    TimedOut,
    /// [`Outcome::NoRoute`], with the place where the way ended.
    NoRoute(String),
    /// A complete response whose status is not a proper answer.
    Status(u16),
    /// Still under way when the account was closed.
    Unanswered,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cause::Refused => f.write_str("refused"),
            Cause::Reset => f.write_str("reset"),
            Cause::TimedOut => f.write_str("timed out"),
            Cause::NoRoute(place) => write!(f, "no route ({place})"),
            Cause::Status(status) => write!(f, "status {status}"),
            Cause::Unanswered => f.write_str("unanswered"),
        }
    }
}

/// Where an account's figures come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Measured {
    /// Requests went over a network to real processes.
    Live,
    /// Requests were walked through a model of the cluster.
    Modelled,
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Measured::Live => "live",
            Measured::Modelled => "modelled",
        })
    }
}
