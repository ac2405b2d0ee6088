//! A committed state of the store, read on the caller's task.

use super::counters;
use super::engines::View;
use super::kept::KeptCell;
use super::table::{ByteRange, Look};
use super::{Direction, Key, Read, Row, StoreError, Table, TableId, Tables};

/// The state after a commit. It never changes and never waits for a writer.
pub struct Snapshot {
    /// The number of the last epoch in it.
    epoch: u64,
    /// The same in the log of a database that several processes write; 0 in other stores.
    position: i64,
    tables: Tables,
    view: Box<View>,
    pub(super) kept: KeptCell,
}

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Snapshot").field("epoch", &self.epoch).finish_non_exhaustive()
    }
}

impl Snapshot {
    pub(super) fn new(
        (epoch, position): (u64, i64),
        tables: Tables,
        view: Box<View>,
        kept: KeptCell,
    ) -> Self {
        Self { epoch, position, tables, view, kept }
    }

    pub(super) fn view(&self) -> &View {
        &self.view
    }

    pub(super) fn position(&self) -> i64 {
        self.position
    }

    pub(super) fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The last number of a kind that was used; 0 before the first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn last_number(&self, kind: &str) -> Result<u64, StoreError> {
        counters::last(self, kind)
    }

    pub(super) fn look_up_in<R>(
        &self,
        table: usize,
        key: &[u8],
        look: impl FnOnce(Option<&[u8]>) -> R,
    ) -> Result<R, StoreError> {
        match &*self.view {
            View::Redb(view) => view.look_up(table, key, look),
        }
    }

    pub(super) fn walk_in(
        &self,
        table: usize,
        range: &ByteRange,
        direction: Direction,
        look: Look<'_>,
    ) -> Result<(), StoreError> {
        match &*self.view {
            View::Redb(view) => view.walk(table, range, direction, look),
        }
    }

    pub(super) fn count_in(&self, table: usize) -> Result<u64, StoreError> {
        match &*self.view {
            View::Redb(view) => view.count(table),
        }
    }
}

impl Read for Snapshot {
    fn look_up<R>(
        &self,
        table: TableId,
        key: &[u8],
        look: impl FnOnce(Option<&[u8]>) -> R,
    ) -> Result<R, StoreError> {
        self.look_up_in(self.tables.index(table)?, key, look)
    }

    fn walk(
        &self,
        table: TableId,
        range: ByteRange,
        direction: Direction,
        look: Look<'_>,
    ) -> Result<(), StoreError> {
        self.walk_in(self.tables.index(table)?, &range, direction, look)
    }

    fn count<K: Key, V: Row>(&self, table: Table<K, V>) -> Result<u64, StoreError> {
        self.count_in(self.tables.index(table.id())?)
    }
}
