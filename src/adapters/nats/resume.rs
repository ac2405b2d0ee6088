//! Where the stream of events ends, so that a relay goes on exactly there.

use super::streams::EVENTS;
use async_nats::HeaderMap;
use async_nats::header::NATS_MESSAGE_ID;
use async_nats::jetstream::Context;
use async_nats::jetstream::context::GetStreamError;
use async_nats::jetstream::stream::{RawMessageError, RawMessageErrorKind};
use std::collections::HashMap;

/// Header: the outbox sequence of a message.
pub(super) const SEQUENCE_HEADER: &str = "Souk-Outbox-Sequence";
/// Header: the identity of the store whose outbox it is.
pub(super) const STORE_HEADER: &str = "Souk-Store";
/// Messages read back from the end of the stream. The outbox is never told of more rows later
/// than they are published; beyond, the broker still knows the message ids of the last hour.
const MAX_MESSAGES_READ_BACK: u64 = 2_048;

/// The end of the stream of events.
#[derive(Debug)]
pub(super) struct StreamEnd {
    /// The stream's own number of its last message; 0 if there never was one.
    pub(super) last_sequence: u64,
    /// Whether several servers keep the stream.
    pub(super) is_replicated: bool,
    /// Rows of this store that the outbox does not know to be published, and are.
    pub(super) published: PublishedRows,
}

/// Outbox sequences and message ids. The ids count too: a store that was put back to an earlier
/// state writes other rows at the same places.
#[derive(Debug, Default)]
pub(super) struct PublishedRows(HashMap<u64, String>);

impl PublishedRows {
    pub(super) fn contain(&self, sequence: u64, id: &str) -> bool {
        self.0.get(&sequence).is_some_and(|published| published == id)
    }
}

/// The end of the stream cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum ResumeError {
    /// The stream's state is not to be had.
    #[error("the state of the events' stream cannot be read")]
    State(#[source] GetStreamError),
    /// One of its last messages is not to be had.
    #[error("message {sequence} on the events' stream cannot be read")]
    Message {
        /// Which.
        sequence: u64,
        /// Why.
        #[source]
        source: RawMessageError,
    },
}

/// Reads the stream backwards to the first message that the outbox knows to be published (rows up
/// to `cursor`). It is read from the stream's leader; a direct get may be answered by a replica
/// that is behind.
///
/// # Errors
/// [`ResumeError`].
pub(super) async fn read_end(
    context: &Context,
    store_id: &str,
    cursor: u64,
) -> Result<StreamEnd, ResumeError> {
    let stream = context.get_stream(EVENTS).await.map_err(ResumeError::State)?;
    let info = stream.cached_info();
    let (first, last) = (info.state.first_sequence.max(1), info.state.last_sequence);
    let oldest_read = first.max(last.saturating_sub(MAX_MESSAGES_READ_BACK) + 1);
    let mut published = PublishedRows::default();
    for sequence in (oldest_read..=last).rev() {
        let message = match stream.get_raw_message(sequence).await {
            Ok(message) => message,
            // An operator may have deleted it, or its time has come.
            Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => continue,
            Err(source) => return Err(ResumeError::Message { sequence, source }),
        };
        let Some((row, id)) = row_of(&message.headers, store_id) else { continue };
        if row <= cursor {
            break;
        }
        published.0.insert(row, id);
    }
    let is_replicated = info.config.num_replicas > 1;
    Ok(StreamEnd { last_sequence: last, is_replicated, published })
}

fn row_of(headers: &HeaderMap, store_id: &str) -> Option<(u64, String)> {
    let store = headers.get(STORE_HEADER)?;
    if store.as_str() != store_id {
        return None;
    }
    let sequence = headers.get(SEQUENCE_HEADER)?.as_str().parse().ok()?;
    Some((sequence, headers.get(NATS_MESSAGE_ID)?.as_str().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(store: &str, sequence: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(STORE_HEADER, store);
        headers.insert(SEQUENCE_HEADER, sequence);
        headers.insert(NATS_MESSAGE_ID, "id");
        headers
    }

    #[test]
    fn only_a_message_of_this_store_names_a_row() {
        assert_eq!(row_of(&headers("a", "17"), "a"), Some((17, "id".to_owned())));
        assert_eq!(row_of(&headers("b", "17"), "a"), None);
        assert_eq!(row_of(&headers("a", "many"), "a"), None);
        assert_eq!(row_of(&HeaderMap::new(), "a"), None);
    }

    #[test]
    fn a_row_is_published_if_its_id_agrees() {
        let published = PublishedRows(HashMap::from([(17, "id".to_owned())]));
        assert!(published.contain(17, "id"));
        assert!(!published.contain(17, "other"));
        assert!(!published.contain(18, "id"));
    }
}
