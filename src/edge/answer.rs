//! The answer of a handler.

use crate::edge::limits;
use crate::edge::shares::Share;
use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use http::header::{
    CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, X_CONTENT_TYPE_OPTIONS,
};
use http::response::Parts;
use http::{Extensions, Response, StatusCode};
use serde::Serialize;
use std::{fmt, io, iter};
use tokio::sync::mpsc;
use warp::Reply;

pub(super) const JSON: HeaderValue = HeaderValue::from_static("application/json");
const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");

/// An answer: status, headers and body; a stream or a long list has more body to come.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    /// The headers, except those that every answer has. No name occurs twice.
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) body: Bytes,
    /// Data that one layer of Souk passes to the next; never sent.
    pub(crate) extensions: Extensions,
    /// The rest of the body, if it comes later.
    pub(super) tail: Option<Tail>,
}

/// The rest of a body.
pub(super) enum Tail {
    /// Chunks that another task sends; the stream ends when it drops the sender.
    Chunks(mpsc::Receiver<Bytes>),
    /// Pieces, each written when the client has taken the one before.
    Pieces(Pieces),
}

/// The pieces of a long list after the first one, which is in the body.
pub(super) struct Pieces {
    /// An error breaks the connection off, so that no client takes the list for complete.
    pub(super) pieces: Box<dyn Iterator<Item = io::Result<Bytes>> + Send + Sync>,
    /// Octets that the iterator holds in memory until its last piece is written.
    pub(super) held_bytes: usize,
}

impl fmt::Debug for Tail {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Chunks(_) => "Chunks",
            Self::Pieces(_) => "Pieces",
        })
    }
}

impl Clone for Answer {
    /// Copies everything but the tail, which only one client can receive.
    fn clone(&self) -> Self {
        let whole = Self::from_parts(self.status, self.headers.clone(), self.body.clone());
        Self { extensions: self.extensions.clone(), ..whole }
    }
}

/// A body with one sentence.
#[derive(Serialize)]
struct Detail<'a> {
    detail: &'a str,
}

impl Answer {
    /// An answer with a JSON body.
    pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> Self {
        match serde_json::to_vec(body) {
            Ok(body) => Self::bytes(status, JSON, body.into()),
            Err(error) => {
                tracing::error!(%error, "an answer could not be written as JSON");
                crate::edge::standard::internal_error()
            }
        }
    }

    /// An answer with a body that is already written.
    pub(crate) fn bytes(status: StatusCode, content_type: HeaderValue, body: Bytes) -> Self {
        Self::from_parts(status, vec![(CONTENT_TYPE, content_type)], body)
    }

    /// An answer made of its parts. Its headers contain no name twice.
    pub(crate) fn from_parts(
        status: StatusCode,
        headers: Vec<(HeaderName, HeaderValue)>,
        body: Bytes,
    ) -> Self {
        Self { status, headers, body, extensions: Extensions::new(), tail: None }
    }

    /// 200 with a body that lasts until the sender is dropped. A client that stops reading is cut off, and
    /// the channel closes.
    pub(crate) fn streaming(content_type: HeaderValue, chunks: mpsc::Receiver<Bytes>) -> Self {
        let whole = Self::bytes(StatusCode::OK, content_type, Bytes::new());
        Self { tail: Some(Tail::Chunks(chunks)), ..whole }
    }

    /// 200 with a JSON body.
    pub(crate) fn ok(body: &impl Serialize) -> Self {
        Self::json(StatusCode::OK, body)
    }

    /// 200 with a body that is already JSON.
    pub(crate) fn ok_json(json: Bytes) -> Self {
        Self::bytes(StatusCode::OK, JSON, json)
    }

    /// 201 with a JSON body.
    pub(crate) fn created(body: &impl Serialize) -> Self {
        Self::json(StatusCode::CREATED, body)
    }

    /// 204.
    pub(crate) fn no_content() -> Self {
        Self::empty(StatusCode::NO_CONTENT)
    }

    /// A status without a body.
    pub(crate) fn empty(status: StatusCode) -> Self {
        Self::from_parts(status, Vec::new(), Bytes::new())
    }

    /// `{"detail": text}`.
    pub(crate) fn detail(status: StatusCode, text: &str) -> Self {
        Self::json(status, &Detail { detail: text })
    }

    /// Sets a header, replacing an earlier value.
    pub(crate) fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        self.headers.push((name, value));
        self
    }

    /// Octets held for a long answer until its client has taken it; 0 for a short answer, and for a body
    /// that all clients share.
    pub(super) fn held_bytes(&self) -> usize {
        match &self.tail {
            Some(Tail::Pieces(pieces)) => self.body.len() + pieces.held_bytes,
            Some(Tail::Chunks(_)) => 0,
            None if self.body.len() > limits::ANSWER_FREE_BYTES && self.body.is_unique() => {
                self.body.len()
            }
            None => 0,
        }
    }

    /// The response for the wire, with the headers that every answer has. A long one holds `room` until
    /// the client has taken all of it.
    pub(super) fn into_response(mut self, room: Option<Share>) -> warp::reply::Response {
        let tail = self.tail.take();
        let (mut head, body) = self.into_whole_response().into_parts();
        match (tail, room) {
            (None, None) => warp::reply::Response::from_parts(head, body.into()),
            (None, room) => {
                head.headers.insert(CONTENT_LENGTH, body.len().into());
                streamed(head, stream::iter(slices(body)), room)
            }
            (Some(Tail::Pieces(tail)), room) => {
                streamed(head, stream::iter(iter::once(Ok(body)).chain(tail.pieces)), room)
            }
            (Some(Tail::Chunks(mut chunks)), room) => {
                streamed(head, stream::poll_fn(move |cx| chunks.poll_recv(cx)).map(Ok), room)
            }
        }
    }

    fn into_whole_response(self) -> Response<Bytes> {
        let mut response = Response::new(self.body);
        *response.status_mut() = self.status;
        let mut headers = HeaderMap::with_capacity(self.headers.len() + 1);
        headers.extend(self.headers);
        headers.insert(X_CONTENT_TYPE_OPTIONS, NOSNIFF);
        *response.headers_mut() = headers;
        response
    }
}

/// A response that holds `room` until its body is sent or the connection is gone.
fn streamed(
    head: Parts,
    octets: impl Stream<Item = io::Result<Bytes>> + Send + Sync + 'static,
    room: Option<Share>,
) -> warp::reply::Response {
    let holding = octets.inspect(move |_| _ = &room);
    let body = warp::reply::stream(holding).into_response().into_body();
    warp::reply::Response::from_parts(head, body)
}

/// Splits a long body, so that it is not copied into the connection's buffer at once.
fn slices(mut rest: Bytes) -> impl Iterator<Item = io::Result<Bytes>> + Send + Sync {
    iter::from_fn(move || {
        let length = limits::ANSWER_FREE_BYTES.min(rest.len());
        (length > 0).then(|| Ok(rest.split_to(length)))
    })
}

/// A handler's return type: an answer, or a result whose error converts to an answer.
pub(crate) trait IntoAnswer {
    /// The answer to send.
    fn into_answer(self) -> Answer;
}

impl IntoAnswer for Answer {
    fn into_answer(self) -> Answer {
        self
    }
}

impl<E: Into<Answer>> IntoAnswer for Result<Answer, E> {
    fn into_answer(self) -> Answer {
        self.unwrap_or_else(Into::into)
    }
}

#[cfg(test)]
impl Answer {
    /// The body as text.
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("bodies are UTF-8")
    }

    /// A header as text; empty if it is absent.
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value.to_str().expect("visible ASCII"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_response_forbids_sniffing_and_json_says_what_it_is() {
        let response = Answer::ok(&[1, 2]).into_whole_response();
        assert_eq!(response.headers()["content-type"], "application/json");
        assert_eq!(response.headers()["x-content-type-options"], "nosniff");
        assert_eq!(&response.body()[..], b"[1,2]");
        let empty = Answer::no_content().into_whole_response();
        assert_eq!(empty.status(), 204);
        assert!(!empty.headers().contains_key("content-type"));
    }

    #[test]
    fn what_cannot_be_written_is_an_internal_error() {
        let map = std::collections::BTreeMap::from([((1, 2), 3)]);
        assert_eq!(Answer::ok(&map).status, 500);
    }
}
