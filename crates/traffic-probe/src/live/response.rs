//! Reading a response: a pure function of the bytes that have arrived.

use crate::message::Outcome;

/// More headers than this in one response are taken for a broken one.
const HEADERS: usize = 64;

/// A complete response.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Response {
    pub(super) status: u16,
    pub(super) version: Option<String>,
    pub(super) pod: Option<String>,
    pub(super) body: Vec<u8>,
    /// Whether another request may follow on the same connection.
    pub(super) keep_alive: bool,
}

/// What the bytes so far amount to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Parsed {
    Partial,
    Complete(Response),
    /// These bytes are not HTTP/1, or end where they must not.
    Broken,
}

/// How the end of a body is known.
#[derive(Clone, Copy)]
enum Body {
    Length(usize),
    Chunked,
    /// It ends with the connection.
    ToTheEnd,
}

/// Reads the response to a request that has a body in its answer (not `HEAD`). `ended` says that no more
/// bytes will come.
pub(super) fn parse(bytes: &[u8], ended: bool) -> Parsed {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut head = httparse::Response::new(&mut headers);
    let at = match head.parse(bytes) {
        Ok(httparse::Status::Complete(at)) => at,
        Ok(httparse::Status::Partial) if !ended => return Parsed::Partial,
        _ => return Parsed::Broken,
    };
    let rest = bytes.get(at..).unwrap_or_default();
    let status = head.code.unwrap_or_default();
    if (100..200).contains(&status) && status != 101 {
        return parse(rest, ended);
    }
    let value = |name: &str| {
        let header = head.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name))?;
        std::str::from_utf8(header.value).ok().map(str::trim)
    };
    let says_close = value("connection").is_some_and(|value| value.to_ascii_lowercase().contains("close"));
    let mut response = Response {
        status,
        version: value("x-version").map(str::to_owned),
        pod: value("x-pod").map(str::to_owned),
        body: Vec::new(),
        keep_alive: head.version == Some(1) && !says_close,
    };
    let chunked = value("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked"));
    let kind = match value("content-length").map(str::parse) {
        _ if status == 204 || status == 304 => Body::Length(0),
        _ if chunked => Body::Chunked,
        Some(Ok(length)) => Body::Length(length),
        Some(Err(_)) => return Parsed::Broken,
        None => Body::ToTheEnd,
    };
    let body = match kind {
        Body::Length(length) => rest.get(..length).map(<[u8]>::to_vec),
        Body::Chunked => match unchunk(rest) {
            Ok(body) => body,
            Err(NotChunked) => return Parsed::Broken,
        },
        Body::ToTheEnd => {
            response.keep_alive = false;
            ended.then(|| rest.to_vec())
        }
    };
    match body {
        Some(body) => Parsed::Complete(Response { body, ..response }),
        None if ended => Parsed::Broken,
        None => Parsed::Partial,
    }
}

struct NotChunked;

/// The body of chunks, or nothing yet.
fn unchunk(mut bytes: &[u8]) -> Result<Option<Vec<u8>>, NotChunked> {
    let mut body = Vec::new();
    loop {
        let (at, length) = match httparse::parse_chunk_size(bytes) {
            Ok(httparse::Status::Complete(parsed)) => parsed,
            Ok(httparse::Status::Partial) => return Ok(None),
            Err(_) => return Err(NotChunked),
        };
        let length = usize::try_from(length).map_err(|_| NotChunked)?;
        let rest = bytes.get(at..).unwrap_or_default();
        if length == 0 {
            // Trailers are read and left aside; the empty line ends them.
            let ends = rest.starts_with(b"\r\n") || rest.windows(4).any(|four| four == b"\r\n\r\n");
            return Ok(ends.then_some(body));
        }
        let end = length.checked_add(2).ok_or(NotChunked)?;
        let Some(chunk) = rest.get(..end) else { return Ok(None) };
        let Some(data) = chunk.strip_suffix(b"\r\n") else { return Err(NotChunked) };
        body.extend_from_slice(data);
        bytes = rest.get(end..).unwrap_or_default();
    }
}

impl From<Response> for Outcome {
    /// Version and pod are taken from the headers, or else from a JSON body.
    fn from(response: Response) -> Outcome {
        let Response { status, version, pod, body, .. } = response;
        if version.is_some() && pod.is_some() {
            return Outcome::Answered { status, version, pod };
        }
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
        let field = |name: &str| body.get(name).and_then(|value| value.as_str()).map(str::to_owned);
        Outcome::Answered {
            status,
            version: version.or_else(|| field("version")),
            pod: pod.or_else(|| field("pod")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(parsed: Parsed) -> Option<(String, bool)> {
        match parsed {
            Parsed::Complete(response) => {
                Some((String::from_utf8(response.body).unwrap(), response.keep_alive))
            }
            _ => None,
        }
    }

    #[test]
    fn whole_responses() {
        for (text, expected) in [
            ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", ("ok", true)),
            ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: Close\r\n\r\nok", ("ok", false)),
            ("HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok", ("ok", false)),
            ("HTTP/1.1 204 No Content\r\n\r\n", ("", true)),
            ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", ("", true)),
            (
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n1;x\r\nc\r\n0\r\n\r\n",
                ("abc", true),
            ),
            ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\nx: y\r\n\r\n", ("a", true)),
        ] {
            let (expected, keep_alive) = expected;
            for end in 0..text.len() {
                assert_eq!(parse(&text.as_bytes()[..end], false), Parsed::Partial, "{end} bytes of {text:?}");
            }
            let parsed = body(parse(text.as_bytes(), false));
            assert_eq!(parsed, Some((expected.to_owned(), keep_alive)), "{text:?}");
        }
    }

    #[test]
    fn what_ends_with_the_connection_and_what_may_not() {
        let open = "HTTP/1.1 200 OK\r\n\r\nwords";
        assert_eq!(parse(open.as_bytes(), false), Parsed::Partial);
        assert_eq!(body(parse(open.as_bytes(), true)), Some(("words".to_owned(), false)));
        for text in [
            "",
            "HTTP/1.1 200 OK\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nab",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n",
        ] {
            assert_eq!(parse(text.as_bytes(), true), Parsed::Broken, "{text:?}");
        }
        for text in [
            "no http\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: two\r\n\r\nab",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        ] {
            assert_eq!(parse(text.as_bytes(), false), Parsed::Broken, "{text:?}");
        }
    }
}
