//! The simulator as a tower service: what `kube::Client` and the HTTP server call.

use std::convert::Infallible;
use std::io;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::{FutureExt as _, StreamExt as _, stream};
use http::{Request, Response};
use http_body::{Body, Frame};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use tower::{BoxError, Service};

use super::Simulator;
use crate::api;
use crate::api::watch::Watch;
use crate::refusal::Refusal;

/// An answer's body: whole, or the events of a watch as they happen.
pub(crate) type AnswerBody = UnsyncBoxBody<Bytes, Infallible>;

/// Bodies above this are refused, as the API server does (3 MiB).
const LARGEST_BODY: usize = 3 * 1024 * 1024;

#[derive(Clone, Debug)]
pub(crate) struct SimulatorService {
    simulator: Simulator,
}

impl SimulatorService {
    pub(crate) fn new(simulator: Simulator) -> SimulatorService {
        SimulatorService { simulator }
    }
}

impl<B> Service<Request<B>> for SimulatorService
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    type Response = Response<AnswerBody>;
    type Error = io::Error;
    type Future = BoxFuture<'static, Result<Response<AnswerBody>, io::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), io::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let simulator = self.simulator.clone();
        async move {
            let (parts, body) = request.into_parts();
            let limited = http_body_util::Limited::new(body, LARGEST_BODY).collect().await;
            let body = match limited {
                Ok(body) => body.to_bytes().to_vec(),
                Err(e) if e.is::<http_body_util::LengthLimitError>() => {
                    let message = format!("Request entity too large: limit is {LARGEST_BODY}");
                    return Ok(refused(&Refusal::new(413, "RequestEntityTooLarge", message)));
                }
                Err(e) => return Err(io::Error::other(e)),
            };
            Ok(respond(simulator, &Request::from_parts(parts, body)))
        }
        .boxed()
    }
}

fn respond(simulator: Simulator, request: &Request<Vec<u8>>) -> Response<AnswerBody> {
    let opened = simulator.lock().world.watch_of(request);
    match opened {
        None => simulator.answer(request).map(whole),
        Some(Err(refusal)) => refused(&refusal),
        Some(Ok(watch)) => {
            let body = StreamBody::new(events(simulator, watch)).boxed_unsync();
            let builder = Response::builder().header("content-type", "application/json");
            builder.body(body).unwrap_or_else(|_| Response::new(whole(Vec::new())))
        }
    }
}

fn whole(body: Vec<u8>) -> AnswerBody {
    Full::new(Bytes::from(body)).boxed_unsync()
}

fn refused(refusal: &Refusal) -> Response<AnswerBody> {
    api::json_response(refusal.code, &refusal.to_status(), &[]).map(whole)
}

/// The events of a watch, one JSON line each, until it ends.
fn events(
    simulator: Simulator,
    watch: Watch,
) -> impl futures::Stream<Item = Result<Frame<Bytes>, Infallible>> + Send + 'static {
    let changed = simulator.shared.changed.subscribe();
    stream::unfold((simulator, watch, changed), |(simulator, mut watch, mut changed)| async move {
        loop {
            changed.mark_unchanged();
            let polled = watch.poll(&simulator.lock().world);
            if !polled.events.is_empty() {
                let lines: String = polled.events.iter().map(|event| format!("{event}\n")).collect();
                return Some((Ok(Frame::data(Bytes::from(lines))), (simulator, watch, changed)));
            }
            if polled.ended || changed.changed().await.is_err() {
                return None;
            }
        }
    })
    .fuse()
}
