//! The outbox operations that the adapters' loops need.

use souk_actors::Failure;
use souk_actors::outbox::{Identity, Mails, Message, Outbox, Reader, StreamMarks};
use souk_actors::store::StoreError;
use std::collections::BTreeSet;
use tokio::sync::watch;

/// Rows in commit order, and each reader's cursor. Two implementations: the shop's outbox, and one
/// that tests fill by hand, because only owners can write into the shop's.
pub(crate) trait Rows: Clone + Send + Sync + 'static {
    /// Messages after `sequence`, ascending, at most `limit`.
    fn after(&self, sequence: u64, limit: usize) -> Result<Vec<Message>, StoreError>;

    /// The next mails after `sequence`, at most `limit`. Passes over other rows.
    fn mails_after(&self, sequence: u64, limit: usize) -> Result<Mails, StoreError>;

    /// The store's identity, which is part of the rows' ids.
    fn identity(&self) -> Result<Identity, StoreError>;

    /// Starts a generation: rows after `through` get new ids, which no other system knows yet.
    fn begin_generation(&self, through: u64) -> impl Future<Output = Result<(), Failure>> + Send;

    /// The last row that `reader` has acknowledged.
    fn cursor(&self, reader: Reader) -> Result<u64, StoreError>;

    /// Durably records that `reader` has finished every row up to `through`.
    fn acknowledge(
        &self,
        reader: Reader,
        through: u64,
    ) -> impl Future<Output = Result<(), Failure>> + Send;

    /// Mails after the mailer's cursor that are recorded as sent or given up.
    fn sent(&self) -> Result<BTreeSet<u64>, StoreError>;

    /// Durably records that the mailer has finished every row up to `through`, and these mails.
    fn acknowledge_mails(
        &self,
        through: u64,
        sent: BTreeSet<u64>,
    ) -> impl Future<Output = Result<(), Failure>> + Send;

    /// The stream positions of the last published rows.
    fn marks(&self) -> Result<StreamMarks, StoreError>;

    /// Durably records that the broker has every row up to `through`, and their stream positions.
    fn acknowledge_published(
        &self,
        through: u64,
        marks: StreamMarks,
    ) -> impl Future<Output = Result<(), Failure>> + Send;

    /// Wakes after commits; carries no data.
    fn changes(&self) -> watch::Receiver<u64>;
}

impl Rows for Outbox {
    fn after(&self, sequence: u64, limit: usize) -> Result<Vec<Message>, StoreError> {
        Self::after(self, sequence, limit)
    }

    fn mails_after(&self, sequence: u64, limit: usize) -> Result<Mails, StoreError> {
        Self::mails_after(self, sequence, limit)
    }

    fn identity(&self) -> Result<Identity, StoreError> {
        Self::identity(self)
    }

    async fn begin_generation(&self, through: u64) -> Result<(), Failure> {
        Self::begin_generation(self, through).await
    }

    fn cursor(&self, reader: Reader) -> Result<u64, StoreError> {
        Self::cursor(self, reader)
    }

    async fn acknowledge(&self, reader: Reader, through: u64) -> Result<(), Failure> {
        Self::acknowledge(self, reader, through).await
    }

    fn sent(&self) -> Result<BTreeSet<u64>, StoreError> {
        Self::sent(self)
    }

    async fn acknowledge_mails(&self, through: u64, sent: BTreeSet<u64>) -> Result<(), Failure> {
        Self::acknowledge_mails(self, through, sent).await
    }

    fn marks(&self) -> Result<StreamMarks, StoreError> {
        Self::marks(self)
    }

    async fn acknowledge_published(&self, through: u64, marks: StreamMarks) -> Result<(), Failure> {
        Self::acknowledge_published(self, through, marks).await
    }

    fn changes(&self) -> watch::Receiver<u64> {
        Self::changes(self)
    }
}
