//! Reads request bodies, with limits on size, time and the total of all clients.

use crate::edge::client::Client;
use crate::edge::shares::{Pool, Share};
use crate::edge::{Answer, limits, standard};
use bytes::{Buf, Bytes, BytesMut};
use futures_util::{Stream, StreamExt};
use http::header::{CONTENT_LENGTH, EXPECT, HeaderMap, TRANSFER_ENCODING};
use http::{Method, StatusCode};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

/// A body, and the room it holds until it is dropped.
#[derive(Debug, Default)]
pub(super) struct Body {
    pub(super) bytes: Bytes,
    pub(super) room: Option<Share>,
}

/// Whether the body of this request is read. That includes `GET`, because the services document has a
/// body for it; bodies of other methods are not read.
pub(super) fn has_body(method: &Method, headers: &HeaderMap) -> bool {
    match *method {
        Method::POST | Method::PUT | Method::PATCH | Method::DELETE => true,
        Method::GET => {
            headers.contains_key(CONTENT_LENGTH) || headers.contains_key(TRANSFER_ENCODING)
        }
        _ => false,
    }
}

/// Reads a whole body.
///
/// # Errors
/// 413 past [`limits::BODY_BYTES_MAX`], 408 past `patience`, 503 if `room` is full, 400 if the body
/// breaks off.
pub(super) async fn read<B: Buf, E>(
    headers: &HeaderMap,
    stream: impl Stream<Item = Result<B, E>>,
    patience: Duration,
    (room, client): (&Arc<Pool>, Client),
) -> Result<Body, Answer> {
    let declared =
        headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    let declared: usize = declared.unwrap_or(0);
    // A client that sends `Expect: 100-continue` gets the refusal before it sends the body.
    let asks_first = headers.contains_key(EXPECT);
    let hopeless = declared > limits::BODY_BYTES_MAX + limits::BODY_DISCARDED_BYTES_MAX;
    if hopeless || (asks_first && declared > limits::BODY_BYTES_MAX) {
        return Err(standard::body_too_large());
    }
    tokio::time::timeout(patience, collect(stream, room, client))
        .await
        .unwrap_or_else(|_| Err(standard::request_timeout()))
}

async fn collect<B: Buf, E>(
    stream: impl Stream<Item = Result<B, E>>,
    room: &Arc<Pool>,
    client: Client,
) -> Result<Body, Answer> {
    let mut stream = pin!(stream);
    let mut first = Bytes::new();
    let mut whole = BytesMut::new();
    // Room is taken for what has arrived, not for what was announced.
    let mut taken: Option<Share> = None;
    while let Some(chunk) = stream.next().await {
        let mut chunk = chunk.map_err(|_| broken_off())?;
        let length = first.len() + whole.len() + chunk.remaining();
        if length > limits::BODY_BYTES_MAX {
            discard(stream, length).await;
            return Err(standard::body_too_large());
        }
        if length > limits::BODY_FREE_BYTES {
            let units = length.div_ceil(limits::ROOM_UNIT_BYTES);
            let has_room = match &mut taken {
                Some(share) => share.grow_to(units),
                None => {
                    taken = room.take(client, units);
                    taken.is_some()
                }
            };
            if !has_room {
                return Err(no_room());
            }
        }
        if first.is_empty() && whole.is_empty() {
            first = chunk.copy_to_bytes(chunk.remaining());
        } else {
            if whole.is_empty() {
                whole.reserve(length);
                whole.extend_from_slice(&std::mem::take(&mut first));
            }
            whole.extend_from_slice(&chunk.copy_to_bytes(chunk.remaining()));
        }
    }
    let bytes = if whole.is_empty() { first } else { whole.freeze() };
    Ok(Body { bytes, room: taken })
}

/// Reads and discards more of the body for a while: closing a connection with unread data resets it,
/// and the reset can overtake the answer.
async fn discard<B: Buf, E>(mut stream: impl Stream<Item = Result<B, E>> + Unpin, read: usize) {
    let mut length = read;
    while let Some(Ok(chunk)) = stream.next().await {
        length += chunk.remaining();
        if length > limits::BODY_BYTES_MAX + limits::BODY_DISCARDED_BYTES_MAX {
            return;
        }
    }
}

fn no_room() -> Answer {
    standard::unavailable(limits::RETRY_AFTER_SECONDS)
}

fn broken_off() -> Answer {
    Answer::detail(StatusCode::BAD_REQUEST, "The request body could not be read.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::stream;

    async fn read_chunks(chunks: &[usize], room: &Arc<Pool>) -> Result<Body, Answer> {
        let chunks: Vec<Result<Bytes, ()>> =
            chunks.iter().map(|length| Ok(Bytes::from(vec![b'x'; *length]))).collect();
        read(
            &HeaderMap::new(),
            stream::iter(chunks),
            Duration::from_secs(5),
            (room, Client::default()),
        )
        .await
    }

    fn status(result: Result<Body, Answer>) -> u16 {
        result.map_or_else(|answer| answer.status.as_u16(), |_| 200)
    }

    #[tokio::test]
    async fn a_body_is_whole_up_to_its_limit() {
        let room = Pool::new(4 * limits::BODY_BYTES_MAX / limits::ROOM_UNIT_BYTES);
        for chunks in [&[][..], &[5], &[5, 7], &[1, 0, 2, 3]] {
            let body = read_chunks(chunks, &room).await.expect("a small body");
            assert_eq!(body.bytes.len(), chunks.iter().sum::<usize>());
            assert!(body.room.is_none());
        }
        let most = limits::BODY_BYTES_MAX;
        assert_eq!(status(read_chunks(&[most - 1, 1], &room).await), 200);
        assert_eq!(status(read_chunks(&[most, 1], &room).await), 413);
        assert_eq!(status(read_chunks(&[most + 1], &room).await), 413);
    }

    #[tokio::test]
    async fn long_bodies_share_a_bounded_room() {
        let long = limits::BODY_FREE_BYTES + 1;
        let units = long.div_ceil(limits::ROOM_UNIT_BYTES);
        let room = Pool::new(2 * units);
        let held = read_chunks(&[long], &room).await.expect("there is room");
        assert_eq!(status(read_chunks(&[long], &room).await), 503);
        assert_eq!(status(read_chunks(&[long - 1], &room).await), 200);
        drop(held);
        assert_eq!(status(read_chunks(&[1, long], &room).await), 200);
    }

    #[tokio::test]
    async fn a_body_that_does_not_come_or_breaks_off_is_refused() {
        let room = Pool::new(1);
        let never = stream::pending::<Result<Bytes, ()>>();
        let headers = HeaderMap::new();
        let patience = Duration::from_millis(20);
        assert_eq!(status(read(&headers, never, patience, (&room, Client::default())).await), 408);
        let broken = stream::iter([Ok(Bytes::from_static(b"{")), Err(())]);
        assert_eq!(status(read(&headers, broken, patience, (&room, Client::default())).await), 400);
    }

    #[tokio::test]
    async fn a_client_that_asks_first_is_refused_before_it_sends() {
        let room = Pool::new(1);
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_LENGTH, (limits::BODY_BYTES_MAX + 1).into());
        headers.insert(EXPECT, "100-continue".parse().expect("a header value"));
        let unread = stream::poll_fn(|_| -> std::task::Poll<Option<Result<Bytes, ()>>> {
            panic!("the body must not be asked for")
        });
        assert_eq!(
            status(
                read(&headers, unread, Duration::from_secs(5), (&room, Client::default())).await
            ),
            413
        );
    }
}
