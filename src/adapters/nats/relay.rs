//! Outbox rows to JetStream, in commit order, each exactly once.
//!
//! Up to [`WINDOW`] messages are under way at a time. The client keeps messages while it has no
//! connection and sends them later, and the broker may refuse one message and take the next; so a
//! failed message could be followed by later ones that succeed. Two things keep the order:
//! - every event names the stream sequence that must stand before it
//!   (`Nats-Expected-Last-Sequence`) and, where one server keeps the stream, also the message id
//!   (`Nats-Expected-Last-Msg-Id`; unsound on replicated streams): after a gap the broker refuses
//!   all that follows, even if an outsider's message filled the gap;
//! - on the first failure the session ends, and the next one reads the end of the stream and goes
//!   on with the first row that is not on it.
//!
//! The second also makes each event appear once though the broker was away for longer than it
//! remembers message ids. Mails need no order; their ids are remembered by the mailer too.
//!
//! A broker that lost what it had confirmed is noticed at the start of a session (`resume.rs`), and
//! the session begins with the first row that is not there: the outbox keeps rows for a day after
//! their acknowledgement. What is published again has the ids it had before. A broker that is ahead
//! of the store is noticed there too (`ahead.rs`).

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

/// Messages under way at a time.
const WINDOW: usize = 64;
/// Rows read from the outbox at a time.
const MAX_ROWS_PER_READ: usize = 256;
/// A confirmed row is acknowledged to the outbox no later than this.
const ACKNOWLEDGE_AFTER: Duration = Duration::from_millis(200);
/// So many confirmed rows are acknowledged at once.
const ACKNOWLEDGE_ROWS: u64 = 512;
/// How long a relay that should stop goes on with what is committed already.
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

/// The relay between an outbox and the broker.
#[derive(Clone)]
pub(crate) struct Relay<R> {
    pub(crate) rows: R,
    pub(crate) broker: Broker,
    pub(crate) status: Arc<RelayStatus>,
    pub(crate) stop: Stop,
}

impl<R: Rows> Relay<R> {
    /// Follows the outbox from where the last session ended, until `stop` or the first failure.
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
        let mut run = Run {
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

/// What became of a row.
enum Outcome {
    /// The broker took it, or had it already.
    Taken(Stream, PublishAck),
    /// It was found on the stream of events, at this place.
    Found(u64),
    /// It need not be sent.
    Past,
}

/// What the broker says of a row.
type Answer = Result<Outcome, RelayError>;
/// A row under way.
type Outstanding = BoxFuture<'static, (u64, Answer)>;

/// One session.
struct Run<'a, R> {
    relay: &'a Relay<R>,
    connection: ConnectionNumber,
    changes: watch::Receiver<u64>,
    /// Events that are on the stream already.
    published: PublishedRows,
    /// Events up to this row are on the stream.
    events_through: u64,
    /// Mails up to this row were on the queue, or sent by the in-process drain before there was
    /// a broker.
    mails_through: u64,
    /// The stream sequence of the last event, once everything under way is on the stream.
    last_stream_sequence: u64,
    /// The id of that event, if this session sent it. (After a restart the broker may have
    /// forgotten the last id, so the first event of a session names none.)
    last_id: Option<String>,
    names_last_id: bool,
    /// The last row read from the outbox.
    read: u64,
    ahead: VecDeque<Message>,
    may_have_more: bool,
    outstanding: FuturesOrdered<Outstanding>,
    /// What the outbox knew to be published when the session began. Until the broker has as much
    /// again, nothing is acknowledged: a session that ends before leaves the loss to be seen.
    known: u64,
    /// The broker has every row up to this one.
    confirmed: u64,
    /// Where the last of them are.
    marks: StreamMarks,
    /// When the streams of events and mails were made.
    made_at_nanos: [i64; 2],
    /// And the outbox knows of those up to this one,
    acknowledged: u64,
    /// and of these places.
    acknowledged_marks: StreamMarks,
    acknowledge_at: Option<Instant>,
    /// The broker refused a row; what it says of later ones does not count.
    has_gap: bool,
}

impl<R: Rows> Run<'_, R> {
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
                    // What was committed before may not have woken this loop yet.
                    self.may_have_more = true;
                }
                () = until(stop_at) => return Ok(()),
            }
        }
    }

    /// Rows that were deleted by now are not there to be confirmed again.
    fn catch_up(&mut self) {
        if self.confirmed < self.known {
            self.confirmed = self.known;
        }
        if self.marks != self.acknowledged_marks && self.acknowledge_at.is_none() {
            self.acknowledge_at = Some(Instant::now());
        }
    }

    /// Sends rows until the window is full or none are left.
    async fn fill(&mut self) -> Result<(), RelayError> {
        while self.outstanding.len() < WINDOW {
            if self.ahead.is_empty() {
                if !self.may_have_more {
                    return Ok(());
                }
                // Marked as seen before the read: a commit in between wakes once too often, never
                // once too rarely.
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

    /// Waits for the answers to what was sent before the failure, so that nothing of it arrives
    /// later; those before the first gap count. Bounded by the time each answer may take.
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

    /// Tells the outbox what the broker has. A store that is busy is told a little later.
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
