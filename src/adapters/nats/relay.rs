//! Publishes outbox rows to JetStream, in commit order, each exactly once.
//!
//! Up to [`WINDOW`] messages are in flight at a time. The client buffers messages while it has no
//! connection and sends them later, and the broker may refuse one message and take the next. So
//! later messages could succeed after an earlier one failed. Two rules keep the order:
//! - every event names the stream sequence that must precede it
//!   (`Nats-Expected-Last-Sequence`) and, if one server keeps the stream, also the message id
//!   (`Nats-Expected-Last-Msg-Id`; unsound on replicated streams): after a gap the broker refuses
//!   everything that follows, even if another publisher's message filled the gap;
//! - on the first failure the session ends, and the next one reads the end of the stream and
//!   continues with the first row that is not on it.
//!
//! The second rule also publishes each event once when the broker was away for longer than it
//! remembers message ids. Mails need no order; the mailer remembers their ids too.
//!
//! At its start a session detects a broker that lost messages it had confirmed (`resume.rs`), and
//! publishes again from the first missing row: the outbox keeps rows for a day after their
//! acknowledgement. Messages published again keep their ids. It also detects a broker that is ahead
//! of the store (`ahead.rs`).

use super::ahead;
use super::connection::{Broker, ConnectionNumber};
use super::resume::{self, PublishedRows, SEQUENCE_HEADER, STORE_HEADER};
use super::streams;
use crate::adapters::outbox::Rows;
use crate::adapters::tasks::RelayStatus;
use crate::adapters::tasks::{Interruption, Stop, until};
use crate::error_chain::chain;
use async_nats::jetstream::context::PublishError;
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::publish::PublishAck;
use futures_util::future::{BoxFuture, FutureExt};
use futures_util::stream::{FuturesOrdered, StreamExt};
use souk_actors::outbox::{Message, Reader, Stream, StreamMark, StreamMarks};
use souk_actors::store::StoreError;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// Messages in flight at a time.
const WINDOW: usize = 64;
/// Rows read from the outbox at a time.
const MAX_ROWS_PER_READ: usize = 256;
/// A confirmed row is acknowledged to the outbox within this time.
const ACKNOWLEDGE_AFTER: Duration = Duration::from_millis(200);
/// Confirmed rows that are acknowledged at once, without waiting for [`ACKNOWLEDGE_AFTER`].
const ACKNOWLEDGE_ROWS: u64 = 4_096;
/// How long a stopping relay continues to publish committed rows.
const STOP_WITHIN: Duration = Duration::from_secs(2);

/// Why a session of the relay ended.
#[derive(Debug, thiserror::Error)]
enum RelayError {
    #[error("the connection to the broker was lost")]
    ConnectionLost,
    #[error("the outbox is closed")]
    OutboxClosed,
    #[error("the outbox cannot be read")]
    Outbox(#[from] StoreError),
    #[error("message {id} was not published")]
    NotPublished {
        id: String,
        #[source]
        source: PublishError,
    },
}

/// Publishes the rows of an outbox to the broker.
#[derive(Clone)]
pub(crate) struct Relay<R> {
    pub(crate) rows: R,
    pub(crate) broker: Broker,
    pub(crate) status: Arc<RelayStatus>,
    pub(crate) stop: Stop,
}

impl<R: Rows> Relay<R> {
    /// Publishes from where the last session ended, until `stop` or the first failure.
    ///
    /// # Errors
    /// [`Interruption`]; every row is still in the outbox or on the stream.
    pub(crate) async fn session(self) -> Result<(), Interruption> {
        let connection = tokio::select! {
            connection = self.broker.connected() => connection,
            () = self.stop.requested() => return Ok(()),
        };
        let broker = self.broker.clone();
        let ended = self.relay(connection).await;
        ended.map_err(|interruption| interruption.of_known_cause(broker.has_lost(connection)))
    }

    async fn relay(self, connection: ConnectionNumber) -> Result<(), Interruption> {
        let context = self.broker.context();
        streams::ensure_all(context).await?;
        let cursor = self.rows.cursor(Reader::Broker)?;
        let marks = self.rows.marks()?;
        let identity = self.rows.identity()?;
        let events = resume::read_events(context, &identity, cursor, marks.events).await?;
        ahead::settle(&self.rows, cursor, &events).await?;
        let mails = resume::read_mails(context, cursor, marks.mails).await?;
        let start = events.has_through.min(mails.has_through);
        if start < cursor {
            tracing::warn!(
                events_from = events.has_through + 1,
                mails_from = mails.has_through + 1,
                cursor,
                "the broker lost messages it had confirmed; they are published again"
            );
            self.status.rewinds.fetch_add(1, Ordering::Relaxed);
        }
        let mailed = self.rows.cursor(Reader::Mail)?;
        let mut run = RelaySession {
            relay: &self,
            connection,
            changes: self.rows.changes(),
            published: events.published,
            events_through: events.has_through,
            mails_through: mails.has_through.max(mailed),
            last_stream_sequence: events.last_sequence,
            last_id: None,
            names_last_id: !events.is_replicated,
            read: start,
            ahead: VecDeque::new(),
            may_have_more: true,
            outstanding: FuturesOrdered::new(),
            known: cursor,
            confirmed: start,
            marks: StreamMarks { events: events.mark, mails: mails.mark },
            made_at_nanos: [events.made_at_nanos, mails.made_at_nanos],
            acknowledged: cursor,
            acknowledged_marks: marks,
            acknowledge_at: None,
            has_gap: false,
        };
        let ended = run.follow().await;
        if matches!(ended, Err(RelayError::NotPublished { .. })) {
            run.drain().await;
        }
        run.acknowledge().await;
        let made_progress = run.confirmed > start;
        ended.map_err(|error| Interruption::from(error).after_progress(made_progress))
    }
}

/// The result for one row.
enum Outcome {
    /// The broker stored it, or already had it.
    Taken(Stream, PublishAck),
    /// It was already on the stream of events, at this sequence.
    Found(u64),
    /// It need not be published.
    Past,
}

/// The result for a row, or why it failed.
type Answer = Result<Outcome, RelayError>;
/// A row in flight.
type Outstanding = BoxFuture<'static, (u64, Answer)>;

/// One session's state.
struct RelaySession<'a, R> {
    relay: &'a Relay<R>,
    connection: ConnectionNumber,
    changes: watch::Receiver<u64>,
    /// Events that are already on the stream.
    published: PublishedRows,
    /// All events up to this row are on the stream.
    events_through: u64,
    /// All mails up to this row were on the queue, or the in-process drain sent them before a broker
    /// was configured.
    mails_through: u64,
    /// The stream sequence that the last event will have once all messages in flight are stored.
    last_stream_sequence: u64,
    /// The id of that event, if this session sent it. After a restart the broker may have forgotten
    /// the last id, so the first event of a session names none.
    last_id: Option<String>,
    names_last_id: bool,
    /// The last row read from the outbox.
    read: u64,
    ahead: VecDeque<Message>,
    may_have_more: bool,
    outstanding: FuturesOrdered<Outstanding>,
    /// The last row that the outbox knew as published when the session began. Nothing is acknowledged
    /// until the broker has that much again, so that the next session still detects the loss if this one
    /// ends early.
    known: u64,
    /// The broker has every row up to this one.
    confirmed: u64,
    /// The stream positions of the last confirmed rows.
    marks: StreamMarks,
    /// When the streams of events and of mails were created.
    made_at_nanos: [i64; 2],
    /// Rows up to this one are acknowledged to the outbox.
    acknowledged: u64,
    /// The stream positions that are acknowledged to the outbox.
    acknowledged_marks: StreamMarks,
    acknowledge_at: Option<Instant>,
    /// The broker refused a row, so its answers to later rows are ignored.
    has_gap: bool,
}

impl<R: Rows> RelaySession<'_, R> {
    async fn follow(&mut self) -> Result<(), RelayError> {
        let mut stop_at = None;
        loop {
            self.fill().await?;
            if self.outstanding.is_empty() {
                if stop_at.is_some() {
                    return Ok(());
                }
                self.catch_up();
            }
            let has_room = self.outstanding.len() < WINDOW;
            tokio::select! {
                () = self.relay.broker.lost(self.connection) => {
                    return Err(RelayError::ConnectionLost);
                }
                Some((sequence, answer)) = self.outstanding.next() => {
                    self.settle(sequence, answer).await?;
                }
                () = until(self.acknowledge_at) => self.acknowledge().await,
                changed = self.changes.changed(), if has_room => {
                    changed.map_err(|_| RelayError::OutboxClosed)?;
                    self.may_have_more = true;
                }
                () = self.relay.stop.requested(), if stop_at.is_none() => {
                    stop_at = Some(Instant::now() + STOP_WITHIN);
                    // The wake-up for an earlier commit may still be on its way.
                    self.may_have_more = true;
                }
                () = until(stop_at) => return Ok(()),
            }
        }
    }

    /// Skips rows that were deleted from the outbox: they cannot be confirmed again.
    fn catch_up(&mut self) {
        if self.confirmed < self.known {
            self.confirmed = self.known;
        }
        if self.marks != self.acknowledged_marks && self.acknowledge_at.is_none() {
            self.acknowledge_at = Some(Instant::now());
        }
    }

    /// Sends rows until the window is full or no rows are left.
    async fn fill(&mut self) -> Result<(), RelayError> {
        while self.outstanding.len() < WINDOW {
            if self.ahead.is_empty() {
                if !self.may_have_more {
                    return Ok(());
                }
                // Marked before the read: a commit in between causes one wake-up too many, never one too
                // few.
                self.changes.borrow_and_update();
                let rows = self.relay.rows.after(self.read, MAX_ROWS_PER_READ)?;
                self.may_have_more = rows.len() == MAX_ROWS_PER_READ;
                self.ahead = rows.into();
            }
            let Some(message) = self.ahead.pop_front() else { return Ok(()) };
            self.read = message.sequence;
            self.send(message).await?;
        }
        Ok(())
    }

    async fn send(&mut self, message: Message) -> Result<(), RelayError> {
        let sequence = message.sequence;
        let outcome = match message.stream {
            Stream::Events if sequence <= self.events_through => Some(Outcome::Past),
            Stream::Events => self.published.place(sequence, &message.id).map(Outcome::Found),
            Stream::Notify => (sequence <= self.mails_through).then_some(Outcome::Past),
        };
        if let Some(outcome) = outcome {
            self.outstanding.push_back(std::future::ready((sequence, Ok(outcome))).boxed());
            return Ok(());
        }
        let mut publish = PublishMessage::build()
            .payload(message.body.into())
            .message_id(&message.id)
            .expected_stream(message.stream.name())
            .header(STORE_HEADER, message.store.as_str())
            .header(SEQUENCE_HEADER, sequence.to_string().as_str());
        if message.stream == Stream::Events {
            publish = publish.expected_last_sequence(self.last_stream_sequence);
            self.last_stream_sequence += 1;
            if self.names_last_id {
                if let Some(last) = &self.last_id {
                    publish = publish.expected_last_message_id(last);
                }
                self.last_id = Some(message.id.clone());
            }
        }
        let (id, stream) = (message.id, message.stream);
        let sent = self.relay.broker.context().send_publish(message.subject, publish).await;
        let acknowledgement = match sent {
            Ok(acknowledgement) => acknowledgement,
            Err(source) => return Err(RelayError::NotPublished { id, source }),
        };
        let answer = async move {
            let answer = acknowledgement.await.map(|answer| Outcome::Taken(stream, answer));
            (sequence, answer.map_err(|source| RelayError::NotPublished { id, source }))
        };
        self.outstanding.push_back(answer.boxed());
        Ok(())
    }

    async fn settle(&mut self, sequence: u64, answer: Answer) -> Result<(), RelayError> {
        let outcome = answer.inspect_err(|_| self.has_gap = true)?;
        self.confirmed = sequence;
        let [events, mails] = self.made_at_nanos;
        let mark = |made_at_nanos, place| {
            Some(StreamMark { made_at_nanos, sequence: place, row: sequence })
        };
        match &outcome {
            Outcome::Taken(Stream::Events, answer) => {
                self.marks.events = mark(events, answer.sequence);
            }
            Outcome::Taken(Stream::Notify, answer) => {
                self.marks.mails = mark(mails, answer.sequence);
            }
            Outcome::Found(place) => self.marks.events = mark(events, *place),
            Outcome::Past => {}
        }
        let status = &self.relay.status;
        if let Outcome::Taken(_, answer) = outcome {
            status.published.fetch_add(1, Ordering::Relaxed);
            status.duplicates.fetch_add(u64::from(answer.duplicate), Ordering::Relaxed);
            status.work.is_well();
        }
        if self.confirmed.saturating_sub(self.acknowledged) >= ACKNOWLEDGE_ROWS {
            self.acknowledge().await;
        } else if self.acknowledge_at.is_none() {
            self.acknowledge_at = Some(Instant::now() + ACKNOWLEDGE_AFTER);
        }
        Ok(())
    }

    /// Waits until the broker has answered every message that was sent before the failure.
    /// Answers before the first gap count. Each answer has a time limit.
    async fn drain(&mut self) {
        loop {
            tokio::select! {
                () = self.relay.broker.lost(self.connection) => return,
                next = self.outstanding.next() => match next {
                    Some((sequence, answer)) if !self.has_gap => {
                        let _ = self.settle(sequence, answer).await;
                    }
                    Some(_) => {}
                    None => return,
                },
            }
        }
    }

    /// Acknowledges confirmed rows to the outbox. If the store is busy, it tries again later.
    async fn acknowledge(&mut self) {
        self.acknowledge_at = None;
        let says_nothing_new =
            self.confirmed == self.acknowledged && self.marks == self.acknowledged_marks;
        if self.confirmed < self.known || says_nothing_new {
            return;
        }
        match self.relay.rows.acknowledge_published(self.confirmed, self.marks).await {
            Ok(()) => {
                self.acknowledged = self.confirmed;
                self.acknowledged_marks = self.marks;
            }
            Err(error) => {
                tracing::debug!(reason = chain(&error), "published rows are acknowledged later");
                self.acknowledge_at = Some(Instant::now() + ACKNOWLEDGE_AFTER);
            }
        }
    }
}
