//! The outbox: rows that are written in the same commit as the change they report, and that readers
//! publish or mail afterwards (design law 7).
//!
//! A row's number is its position in commit order. The readers (the broker relay and the in-process
//! mailer) each have a durable cursor. A row is deleted a day after the active reader has
//! acknowledged it.

#[cfg(test)]
pub(crate) mod examples;
mod identity;
mod kept;
mod marks;
mod message;
mod owner_mail;
mod render;
mod row;
mod schemas;
mod sent;
mod stored;
mod wire;

pub use identity::{Identity, Numbered, Origin, PlaceError};
pub(crate) use identity::{begin_generation, put_start};
pub use kept::KEPT_AFTER_ACKNOWLEDGEMENT;
pub use marks::{StreamMark, StreamMarks};
pub use message::{Message, Stream};
pub use owner_mail::{ListedOrder, NewOrder};
pub use row::{
    Cause, MailContent, OrderEvent, OrderMail, OrderSnapshot, Outgoing, PaymentEvent,
    PaymentSnapshot, ProductEvent, ProductSnapshot, UserEvent,
};
pub use schemas::{ENVELOPE, NamedSchema, event_types, schema, schemas};
#[cfg(any(test, fuzzing))]
pub(crate) use stored::READERS;
pub(crate) use stored::TABLES;

use crate::Failure;
use crate::leases::Lease;
use crate::orders::{self, OrderLinks};
use crate::store::{Direction, Read, Snapshot, Store, StoreError, Unit};
use row::OutboxRow;
use souk_domain::{Currency, UnixMillis};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;
use stored::{CURSORS, MARKS, ROWS};
use tokio::sync::watch;

/// Most rows that one search for mails passes over.
const ROWS_PASSED_OVER_MAX: u64 = 4_096;

/// How much older a row may be than one before it: several processes write rows, and each of their
/// clocks may be two seconds off the database's.
const CLOCKS_DIFFER_MAX: Duration = Duration::from_secs(10);

/// Appends a row in the turn that makes the change.
pub(crate) fn append(unit: &Unit, outgoing: Outgoing) -> Result<(), Failure> {
    let row = OutboxRow { time: unit.now(), outgoing };
    Ok(unit.append(ROWS, Numbered::Row.kind(), &row)?)
}

/// The number of the last row; 0 in an empty outbox.
pub(crate) fn last(read: &impl Read) -> Result<u64, StoreError> {
    let last = read.range(ROWS, &0, None, Direction::Descending, 1)?;
    Ok(last.first().map_or(0, |(sequence, _)| *sequence))
}

/// True if the row with this number has not been deleted.
pub(crate) fn is_kept(read: &impl Read, sequence: u64) -> Result<bool, StoreError> {
    Ok(read.get(ROWS, &sequence)?.is_some())
}

/// The identity of a store; `None` before its outbox was first opened.
///
/// # Errors
/// [`StoreError`].
pub fn identity(snapshot: &Snapshot) -> Result<Option<String>, StoreError> {
    Ok(Identity::read(snapshot)?.map(|identity| identity.store().to_owned()))
}

/// A process part that publishes or mails the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// The relay to the broker.
    Broker,
    /// The in-process mailer, where no broker is configured.
    Mail,
}

impl Reader {
    fn key(self) -> String {
        match self {
            Self::Broker => "broker".to_owned(),
            Self::Mail => "mail".to_owned(),
        }
    }
}

/// The next mails of the outbox.
#[derive(Clone, Debug, Default)]
pub struct Mails {
    /// The mails, in order.
    pub messages: Vec<Message>,
    /// The last row of the search; every row up to it that is not among the messages is no mail.
    pub through: u64,
    /// True if the search ended at a bound, so that there may be more rows.
    pub may_have_more: bool,
}

/// Reads the outbox. Cheap to clone.
#[derive(Clone)]
pub struct Outbox {
    store: Store,
    currency: Currency,
    order_links: Option<Arc<OrderLinks>>,
}

impl Outbox {
    /// Opens the outbox of a store. The first time, it generates the store's identity.
    ///
    /// # Errors
    /// [`Failure`] of the store.
    pub async fn open(store: Store, currency: Currency) -> Result<Self, Failure> {
        if Identity::read(&store.snapshot())?.is_none() {
            let name = |unit| async move { identity::find_or_make(&unit).map(drop) };
            store.transact(name).await?;
        }
        Ok(Self { store, currency, order_links: None })
    }

    /// The same outbox, with links to the order in mails about orders.
    #[must_use]
    pub fn with_order_links(self, links: OrderLinks) -> Self {
        Self { order_links: Some(Arc::new(links)), ..self }
    }

    /// The same outbox, for work under a lease: every turn is refused once the lease is lost.
    #[must_use]
    pub fn under(&self, lease: &Lease) -> Self {
        Self { store: lease.guarded(&self.store), ..self.clone() }
    }

    /// The names that the shop's numbers have outside, as of the last commit.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn identity(&self) -> Result<Identity, StoreError> {
        identity_in(&self.store.snapshot())
    }

    /// Begins a generation: rows after `rows_through`, and everything numbered from now on, get a
    /// new name. For a store that turns out to be behind what it once published.
    ///
    /// # Errors
    /// [`Failure`] of the store.
    pub async fn begin_generation(&self, rows_through: u64) -> Result<(), Failure> {
        crate::put_back::begin_generation(&self.store, rows_through).await
    }

    /// The row after which a reader continues from this place.
    ///
    /// # Errors
    /// [`StoreError`]; [`PlaceError`] if the reader would miss rows.
    pub fn row_at(&self, place: &str) -> Result<Result<u64, PlaceError>, StoreError> {
        let snapshot = self.store.snapshot();
        let identity = identity_in(&snapshot)?;
        let row = match identity.row_at(place) {
            Ok(row) => row,
            Err(error) => return Ok(Err(error)),
        };
        let kept = snapshot.range(ROWS, &0, None, Direction::Ascending, 1)?;
        let next_kept = kept.first().map_or(identity.last_row() + 1, |(first, _)| *first);
        // A reader that names no row gets every row that is kept.
        let misses_some = row > 0 && row + 1 < next_kept;
        Ok(if misses_some { Err(PlaceError::NotKept) } else { Ok(row) })
    }

    /// Messages after `sequence`, in order, at most `limit`, from the last commit.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn after(&self, sequence: u64, limit: usize) -> Result<Vec<Message>, StoreError> {
        let from = sequence.saturating_add(1);
        let snapshot = self.store.snapshot();
        let rows = snapshot.range(ROWS, &from, None, Direction::Ascending, limit)?;
        self.render(&snapshot, rows)
    }

    /// The next mails after `sequence`, at most `limit`, from the last commit. Passes over other rows
    /// without rendering them.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn mails_after(&self, sequence: u64, limit: usize) -> Result<Mails, StoreError> {
        let from = sequence.saturating_add(1);
        let snapshot = self.store.snapshot();
        let (mut rows, mut through, mut may_have_more) = (Vec::new(), sequence, false);
        snapshot.visit(ROWS, &from, None, Direction::Ascending, |sequence, row| {
            through = sequence;
            if matches!(row.outgoing, Outgoing::Mail { .. }) {
                rows.push((sequence, row));
            }
            may_have_more = rows.len() >= limit || sequence - from >= ROWS_PASSED_OVER_MAX;
            if may_have_more { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        Ok(Mails { messages: self.render(&snapshot, rows)?, through, may_have_more })
    }

    fn render(
        &self,
        snapshot: &Snapshot,
        rows: Vec<(u64, OutboxRow)>,
    ) -> Result<Vec<Message>, StoreError> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let identity = identity_in(snapshot)?;
        let mut messages = Vec::with_capacity(rows.len());
        for (sequence, row) in rows {
            let store = identity.of_number(Numbered::Row, sequence);
            let link = self.order_link(snapshot, &row)?;
            messages.push(render::render(sequence, &row, store, self.currency, link));
        }
        Ok(messages)
    }

    /// The link to the order that a mail is about; `None` once that order is deleted.
    fn order_link(&self, read: &impl Read, row: &OutboxRow) -> Result<Option<String>, StoreError> {
        let Some(links) = &self.order_links else { return Ok(None) };
        let Outgoing::Mail { cause: Cause::Order(id, _), .. } = row.outgoing else {
            return Ok(None);
        };
        Ok(orders::order(read, id)?.map(|order| links.url(id, &order)))
    }

    /// The number before the first row written at this time or later.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn before(&self, time: UnixMillis) -> Result<u64, StoreError> {
        let snapshot = self.store.snapshot();
        let first = snapshot.range(ROWS, &0, None, Direction::Ascending, 1)?;
        let Some((first, _)) = first.first() else { return Ok(0) };
        // Row numbers have no gaps, and no row is much older than one before it. So all rows up to one
        // that is older by more than that are older than `time`.
        let surely_before = time.before(CLOCKS_DIFFER_MAX);
        let (mut earlier, mut later) = (first - 1, last(&*snapshot)? + 1);
        while earlier + 1 < later {
            let middle = earlier.midpoint(later);
            match snapshot.get(ROWS, &middle)? {
                Some(row) if row.time < surely_before => earlier = middle,
                _ => later = middle,
            }
        }
        snapshot.visit(ROWS, &later, None, Direction::Ascending, |sequence, row| {
            if row.time >= time {
                return ControlFlow::Break(());
            }
            earlier = sequence;
            ControlFlow::Continue(())
        })?;
        Ok(earlier)
    }

    /// The last row this reader has acknowledged; 0 before the first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn cursor(&self, reader: Reader) -> Result<u64, StoreError> {
        Ok(self.store.snapshot().get(CURSORS, &reader.key())?.unwrap_or(0))
    }

    /// The streams' confirmations of the last rows; empty before the first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn marks(&self) -> Result<StreamMarks, StoreError> {
        Ok(self.store.snapshot().get(MARKS, &0)?.unwrap_or_default())
    }

    /// Durably records that a reader has handled every row up to `through`. Never moves back.
    ///
    /// # Errors
    /// [`Failure`] of the store.
    pub async fn acknowledge(&self, reader: Reader, through: u64) -> Result<(), Failure> {
        self.store.transact(move |unit| async move { acknowledge(&unit, reader, through) }).await
    }

    /// Durably records that the broker has every row up to `through`, and the positions of the last
    /// rows on its streams. The cursor never moves back; the marks are overwritten.
    ///
    /// # Errors
    /// [`Failure`] of the store.
    pub async fn acknowledge_published(
        &self,
        through: u64,
        marks: StreamMarks,
    ) -> Result<(), Failure> {
        self.store
            .transact(move |unit| async move {
                acknowledge(&unit, Reader::Broker, through)?;
                Ok(unit.put(MARKS, &0, &marks)?)
            })
            .await
    }

    /// Wakes after commits; carries no data.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.store.commits()
    }

    /// Rows not yet acknowledged by this reader, and when the oldest of them was written.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn backlog(&self, reader: Reader) -> Result<(u64, Option<UnixMillis>), StoreError> {
        let snapshot = self.store.snapshot();
        let from = self.cursor(reader)?.saturating_add(1);
        let first = snapshot.range(ROWS, &from, None, Direction::Ascending, 1)?;
        let last = snapshot.range(ROWS, &from, None, Direction::Descending, 1)?;
        Ok(match (first.first(), last.first()) {
            (Some((first, row)), Some((last, _))) => (last - first + 1, Some(row.time)),
            _ => (0, None),
        })
    }
}

fn identity_in(snapshot: &Snapshot) -> Result<Identity, StoreError> {
    let unnamed = StoreError::Contradiction { what: "a shop without a name" };
    Identity::read(snapshot)?.ok_or(unnamed)
}

fn acknowledge(unit: &Unit, reader: Reader, through: u64) -> Result<(), Failure> {
    let before = unit.get(CURSORS, &reader.key())?.unwrap_or(0);
    if through > before {
        unit.put(CURSORS, &reader.key(), &through)?;
        kept::record(unit, reader, through)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use souk_domain::{Role, UserId};

    #[tokio::test]
    async fn a_search_for_mails_passes_over_other_rows_and_misses_none() {
        let directory = tempfile::tempdir().expect("a directory");
        let store = Store::made_in(directory.path(), TABLES);
        let outbox = Outbox::open(store.clone(), Currency::USD).await.expect("opens");
        let user = UserId::new(1).expect("positive");
        let (many, mails) = (2 * ROWS_PASSED_OVER_MAX, [5, 6, ROWS_PASSED_OVER_MAX + 9]);
        let write = store.transact(move |unit| async move {
            for version in 1..=many {
                let (what, role) = (UserEvent::Updated, Role::Customer);
                let mail = Outgoing::Mail {
                    cause: Cause::User(user, version),
                    to: "ann@souk.example".to_owned(),
                    content: MailContent::Welcome { customer_name: String::new() },
                };
                let event = Outgoing::User { user, version, what, role };
                append(&unit, if mails.contains(&version) { mail } else { event })?;
            }
            Ok(())
        });
        write.await.expect("written");

        for limit in [1, 2, 100] {
            let (mut found, mut at, mut searches) = (Vec::new(), 0, 0);
            loop {
                let Mails { messages, through, may_have_more } =
                    outbox.mails_after(at, limit).expect("read");
                assert!(messages.len() <= limit && through > at);
                found.extend(messages.iter().map(|message| message.sequence));
                (at, searches) = (through, searches + 1);
                if !may_have_more {
                    break;
                }
            }
            assert_eq!((found.as_slice(), at), (mails.as_slice(), many), "{limit} at a time");
            assert!(searches <= 6, "{searches} searches");
        }
        let none = outbox.mails_after(many, 10).expect("read");
        assert_eq!((none.messages.len(), none.through, none.may_have_more), (0, many, false));
    }

    #[tokio::test]
    async fn a_time_is_found_though_the_clocks_of_several_processes_differ() {
        let directory = tempfile::tempdir().expect("a directory");
        let store = Store::made_in(directory.path(), TABLES);
        let outbox = Outbox::open(store.clone(), Currency::USD).await.expect("opens");
        // In seconds: every third process is three seconds behind.
        let time = |row: i64| row / 2 - if row % 3 == 0 { 3 } else { 0 };
        let of = |seconds: i64| UnixMillis::new((100 + seconds) * 1_000);
        let write = store.transact(move |unit| async move {
            for row in 1..=200 {
                let (user, what) = (UserId::new(1).expect("positive"), UserEvent::Updated);
                let outgoing = Outgoing::User { user, version: 1, what, role: Role::Customer };
                let row = OutboxRow { time: of(time(row)), outgoing };
                unit.append(ROWS, Numbered::Row.kind(), &row)?;
            }
            Ok(())
        });
        write.await.expect("written");
        for seconds in -5..110 {
            let expected = (1..=200).find(|row| time(*row) >= seconds).map_or(200, |row| row - 1);
            let found = outbox.before(of(seconds)).expect("read");
            assert_eq!(i64::try_from(found).expect("small"), expected, "{seconds}");
        }
    }
}
