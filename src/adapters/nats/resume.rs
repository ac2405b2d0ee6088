//! Reads the end of the streams, so that a relay continues exactly there, and checks that they still
//! have every message that the broker confirmed. A broker may lose its last messages (a lying disk, a
//! restored snapshot) or its whole store; the outbox still has the rows of a day.

use super::streams::{EVENTS, NOTIFY};
use async_nats::HeaderMap;
use async_nats::header::NATS_MESSAGE_ID;
use async_nats::jetstream::Context;
use async_nats::jetstream::context::GetStreamError;
use async_nats::jetstream::message::StreamMessage;
use async_nats::jetstream::stream::{Info, RawMessageError, RawMessageErrorKind, Stream};
use serde::Deserialize;
use souk_actors::outbox::{Identity, Message, Origin, StreamMark};
use std::collections::HashMap;

/// Header: the outbox sequence of a message.
pub(super) const SEQUENCE_HEADER: &str = "Souk-Outbox-Sequence";
/// Header: the identity of the store whose outbox it is.
pub(super) const STORE_HEADER: &str = "Souk-Store";
/// Messages read back from the end of the stream. Acknowledgements to the outbox lag by fewer rows
/// than this; beyond, the broker still knows the message ids of the last hour.
const MAX_MESSAGES_READ_BACK: u64 = 2_048;

/// The end of the stream of events.
#[derive(Debug)]
pub(super) struct EventsEnd {
    /// The stream sequence of its last message; 0 if it never had one.
    pub(super) last_sequence: u64,
    /// When the stream was created, as in a [`StreamMark`].
    pub(super) made_at_nanos: i64,
    /// Whether several servers keep the stream.
    pub(super) is_replicated: bool,
    /// Published rows that the outbox does not know as published.
    pub(super) published: PublishedRows,
    /// Messages that this store, after it was put back, does not know.
    pub(super) beyond: UnwrittenMessages,
    /// The stream has every row up to this one; it is less than the cursor if the broker lost some.
    pub(super) has_through: u64,
    /// The stream position of that row.
    pub(super) mark: Option<StreamMark>,
}

/// The end of the queue of mails. Handled messages leave the queue, so only its sequence numbers show
/// what it once had.
#[derive(Debug)]
pub(super) struct MailsEnd {
    /// When the stream was created, as in a [`StreamMark`].
    pub(super) made_at_nanos: i64,
    /// The queue got every row up to this one; 0 if the broker lost any.
    pub(super) has_through: u64,
    /// The queue's current position.
    pub(super) mark: Option<StreamMark>,
}

/// Messages under this store's identity that it has not written in its present state.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct UnwrittenMessages {
    /// How many of them were read.
    pub(super) messages: u64,
    /// The largest outbox sequence among them.
    pub(super) last_row: u64,
    /// Whether the store's next rows would get the ids of such messages.
    pub(super) has_our_name: bool,
}

impl UnwrittenMessages {
    fn record(&mut self, row: u64, has_our_name: bool) {
        self.messages += 1;
        self.last_row = self.last_row.max(row);
        self.has_our_name |= has_our_name;
    }
}

/// Rows that are on the stream, by outbox sequence.
#[derive(Debug, Default)]
pub(super) struct PublishedRows(HashMap<u64, PublishedRow>);

#[derive(Debug)]
struct PublishedRow {
    id: String,
    /// Its stream sequence.
    place: u64,
    /// When the row was written, from the body.
    time: Option<String>,
}

/// The comparison of an outbox row with the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    /// The stream has this row.
    Same,
    /// The stream has another row with this sequence: a store that was put back to an earlier state
    /// writes other rows under the same sequences, perhaps with the same ids.
    Other,
    /// The stream does not have the row, or was not read back that far.
    Absent,
}

/// The part of a body that is read; other versions of this program may write the rest differently.
#[derive(Deserialize)]
struct Written {
    time: Option<String>,
}

fn written_at(body: &[u8]) -> Option<String> {
    serde_json::from_slice(body).ok().and_then(|Written { time }| time)
}

impl PublishedRows {
    /// The stream sequence of a row, if it is on the stream.
    pub(super) fn place(&self, row: u64, id: &str) -> Option<u64> {
        self.0.get(&row).filter(|published| published.id == id).map(|published| published.place)
    }

    /// The largest outbox sequence among them; 0 without messages.
    pub(super) fn last(&self) -> u64 {
        self.0.keys().copied().max().unwrap_or(0)
    }

    /// Compares a row of the outbox with the one on the stream.
    pub(super) fn compare(&self, row: &Message) -> Comparison {
        match self.0.get(&row.sequence) {
            None => Comparison::Absent,
            Some(published)
                if published.id == row.id && published.time == written_at(&row.body) =>
            {
                Comparison::Same
            }
            Some(_) => Comparison::Other,
        }
    }
}

/// The end of the stream cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum ResumeError {
    /// The stream's state cannot be read.
    #[error("the state of the events' stream cannot be read")]
    State(#[source] GetStreamError),
    /// One of its last messages cannot be read.
    #[error("message {sequence} on the events' stream cannot be read")]
    Message {
        sequence: u64,
        #[source]
        source: RawMessageError,
    },
}

/// Compares the stream with what was confirmed (`mark`), then reads it backwards to the first row up
/// to `cursor`, which the outbox knows as published. It reads from the stream's leader, because a
/// replica that answers a direct get may lag behind.
///
/// # Errors
/// [`ResumeError`].
pub(super) async fn read_events(
    context: &Context,
    identity: &Identity,
    cursor: u64,
    mark: Option<StreamMark>,
) -> Result<EventsEnd, ResumeError> {
    let stream = context.get_stream(EVENTS).await.map_err(ResumeError::State)?;
    let info = stream.cached_info();
    let made_at_nanos = made_at_nanos(info);
    let (first, last) = (info.state.first_sequence.max(1), info.state.last_sequence);
    let oldest_read = first.max(last.saturating_sub(MAX_MESSAGES_READ_BACK) + 1);
    let mut published = PublishedRows::default();
    let (mut beyond, mut newest_known) = (UnwrittenMessages::default(), None);
    for sequence in (oldest_read..=last).rev() {
        let Some(message) = message_at(&stream, sequence).await? else { continue };
        let Some(RowOf { store, row, id }) = row_of(&message.headers) else { continue };
        match identity.origin(store, row) {
            Origin::Here if row <= cursor => {
                newest_known = Some(StreamMark { made_at_nanos, sequence, row });
                break;
            }
            Origin::Here => {
                let (id, time) = (id.to_owned(), written_at(&message.payload));
                published.0.insert(row, PublishedRow { id, place: sequence, time });
            }
            Origin::Ahead => beyond.record(row, true),
            Origin::OtherGeneration => beyond.record(row, false),
            Origin::OtherStore => {}
        }
    }
    let is_intact = match mark {
        None => true,
        Some(mark) => has_not_gone_back(info, mark) && has_row(&stream, identity, mark).await?,
    };
    let (has_through, mark) = if is_intact {
        (cursor, mark)
    } else {
        let nothing = StreamMark { made_at_nanos, sequence: 0, row: 0 };
        let newest = newest_known.unwrap_or(nothing);
        (newest.row, Some(newest))
    };
    let is_replicated = info.config.num_replicas > 1;
    Ok(EventsEnd {
        last_sequence: last,
        made_at_nanos,
        is_replicated,
        published,
        beyond,
        has_through,
        mark,
    })
}

/// Compares the queue of mails with what was confirmed.
///
/// # Errors
/// [`ResumeError`].
pub(super) async fn read_mails(
    context: &Context,
    cursor: u64,
    mark: Option<StreamMark>,
) -> Result<MailsEnd, ResumeError> {
    let stream = context.get_stream(NOTIFY).await.map_err(ResumeError::State)?;
    let info = stream.cached_info();
    let made_at_nanos = made_at_nanos(info);
    let is_intact = mark.is_none_or(|mark| has_not_gone_back(info, mark));
    let here = StreamMark { made_at_nanos, sequence: info.state.last_sequence, row: 0 };
    let (has_through, mark) = if is_intact { (cursor, mark) } else { (0, Some(here)) };
    Ok(MailsEnd { made_at_nanos, has_through, mark })
}

/// Whether it is the stream of the mark and at least as long as it was then.
fn has_not_gone_back(info: &Info, mark: StreamMark) -> bool {
    made_at_nanos(info) == mark.made_at_nanos && info.state.last_sequence >= mark.sequence
}

/// Whether the message at the mark is the row of the mark. A message that expired, or that an operator
/// purged, is not a loss.
async fn has_row(
    stream: &Stream,
    identity: &Identity,
    mark: StreamMark,
) -> Result<bool, ResumeError> {
    if mark.sequence == 0 {
        return Ok(true);
    }
    let Some(message) = message_at(stream, mark.sequence).await? else { return Ok(true) };
    let is_it = |found: RowOf<'_>| {
        found.row == mark.row && identity.origin(found.store, found.row) == Origin::Here
    };
    Ok(row_of(&message.headers).is_some_and(is_it))
}

async fn message_at(stream: &Stream, sequence: u64) -> Result<Option<StreamMessage>, ResumeError> {
    match stream.get_raw_message(sequence).await {
        Ok(message) => Ok(Some(message)),
        // It expired, or an operator deleted it.
        Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => Ok(None),
        Err(source) => Err(ResumeError::Message { sequence, source }),
    }
}

/// Fits until the year 2262; if the broker's clock is later, the value never changes.
fn made_at_nanos(info: &Info) -> i64 {
    i64::try_from(info.created.unix_timestamp_nanos()).unwrap_or(i64::MAX)
}

/// The outbox row that a message names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct RowOf<'a> {
    store: &'a str,
    row: u64,
    id: &'a str,
}

fn row_of(headers: &HeaderMap) -> Option<RowOf<'_>> {
    Some(RowOf {
        store: headers.get(STORE_HEADER)?.as_str(),
        row: headers.get(SEQUENCE_HEADER)?.as_str().parse().ok()?,
        id: headers.get(NATS_MESSAGE_ID)?.as_str(),
    })
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
    fn a_message_of_a_store_names_its_row() {
        let row = RowOf { store: "a", row: 17, id: "id" };
        assert_eq!(row_of(&headers("a", "17")), Some(row));
        assert_eq!(row_of(&headers("a", "many")), None);
        assert_eq!(row_of(&HeaderMap::new()), None);
    }

    #[test]
    fn a_row_is_published_if_its_id_agrees_and_the_same_if_its_time_does_too() {
        let time = Some("2024-01-01T00:00:00.000Z".to_owned());
        let published = PublishedRow { id: "id".to_owned(), place: 40, time };
        let published = PublishedRows(HashMap::from([(17, published)]));
        assert_eq!(published.place(17, "id"), Some(40));
        assert_eq!(published.place(17, "other"), None);
        assert_eq!(published.place(18, "id"), None);
        assert_eq!(published.last(), 17);

        let row = |sequence, id: &str, time: &str| Message {
            sequence,
            store: "a".to_owned(),
            stream: souk_actors::outbox::Stream::Events,
            subject: "s".to_owned(),
            id: id.to_owned(),
            body: format!(r#"{{"time": "{time}", "news": 1}}"#).into_bytes(),
        };
        let same = row(17, "id", "2024-01-01T00:00:00.000Z");
        assert_eq!(published.compare(&same), Comparison::Same);
        let later = row(17, "id", "2024-01-01T00:00:00.001Z");
        assert_eq!(published.compare(&later), Comparison::Other);
        let renamed = row(17, "other", "2024-01-01T00:00:00.000Z");
        assert_eq!(published.compare(&renamed), Comparison::Other);
        assert_eq!(published.compare(&row(18, "id", "")), Comparison::Absent);
    }
}
