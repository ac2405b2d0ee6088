//! What a turn reads: the writes in memory over the committed state.

use super::table::{ByteRange, Look};
use super::write_set::{Entries, Entry, WriteSet};
use super::{Direction, Snapshot, StoreError};
use std::ops::ControlFlow;

/// The levels that a turn reads, newest first: the open epoch, the one that is being committed, and
/// the committed state below both.
pub(super) struct Levels<'a> {
    pub(super) open: &'a WriteSet,
    pub(super) committing: Option<&'a WriteSet>,
    pub(super) base: &'a Snapshot,
}

impl Levels<'_> {
    fn entry(&self, table: usize, key: &[u8]) -> Option<&Entry> {
        self.open.get(table, key).or_else(|| self.committing?.get(table, key))
    }

    /// Passes the row under a key to `look`.
    pub(super) fn look_up<R>(
        &self,
        table: usize,
        key: &[u8],
        look: impl FnOnce(Option<&[u8]>) -> R,
    ) -> Result<R, StoreError> {
        match self.entry(table, key) {
            Some(entry) => Ok(look(entry.row())),
            None => self.base.look_up_in(table, key, look),
        }
    }

    /// True if there is a row under the key.
    pub(super) fn contains(&self, table: usize, key: &[u8]) -> Result<bool, StoreError> {
        self.look_up(table, key, |row| row.is_some())
    }

    /// Passes the rows of a range to `look`, until it breaks. Per key the newest level wins, and a
    /// deletion hides the row below it.
    pub(super) fn walk(
        &self,
        table: usize,
        range: &ByteRange,
        direction: Direction,
        look: Look<'_>,
    ) -> Result<(), StoreError> {
        if is_empty(range) {
            return Ok(());
        }
        let mut newer = self.newer(table, range, direction);
        let mut is_over = false;
        self.base.walk_in(table, range, direction, &mut |key, value| {
            while let Some((before, entry)) = newer.next_before(key) {
                if entry.row().is_some_and(|row| look(before, row).is_break()) {
                    is_over = true;
                    return ControlFlow::Break(());
                }
            }
            let shown = match newer.take_at(key) {
                Some(entry) => entry.row(),
                None => Some(value),
            };
            let flow = shown.map_or(ControlFlow::Continue(()), |row| look(key, row));
            is_over = flow.is_break();
            flow
        })?;
        while !is_over && let Some((key, entry)) = newer.next() {
            is_over = entry.row().is_some_and(|row| look(key, row).is_break());
        }
        Ok(())
    }

    /// The number of rows in a table. Looks at every entry of the levels above the base.
    pub(super) fn count(&self, table: usize) -> Result<u64, StoreError> {
        let mut count = self.base.count_in(table)?;
        let mut newer = self.newer(table, &(Vec::new(), None), Direction::Ascending);
        while let Some((key, entry)) = newer.next() {
            let was_there = self.base.look_up_in(table, key, |row| row.is_some())?;
            count += u64::from(entry.row().is_some());
            count = count.saturating_sub(u64::from(was_there));
        }
        Ok(count)
    }

    fn newer(&self, table: usize, range: &ByteRange, direction: Direction) -> Newer<'_> {
        let open = self.open.range(table, range, direction);
        let committing = self.committing.map(|set| set.range(table, range, direction));
        Newer { open, committing, direction }
    }
}

pub(super) fn is_empty(range: &ByteRange) -> bool {
    range.1.as_deref().is_some_and(|to| to <= range.0.as_slice())
}

/// The entries of a range in the two levels above the base, the newer one of each key.
struct Newer<'a> {
    open: Entries<'a>,
    committing: Option<Entries<'a>>,
    direction: Direction,
}

impl<'a> Newer<'a> {
    /// The key that comes next.
    fn key(&mut self) -> Option<&'a [u8]> {
        let open = self.open.peek().map(|(key, _)| *key);
        let committing = self.committing.as_mut().and_then(|it| it.peek()).map(|(key, _)| *key);
        match (open, committing) {
            (Some(open), Some(committing)) if self.is_before(committing, open) => Some(committing),
            (Some(open), _) => Some(open),
            (None, committing) => committing,
        }
    }

    fn is_before(&self, one: &[u8], other: &[u8]) -> bool {
        match self.direction {
            Direction::Ascending => one < other,
            Direction::Descending => one > other,
        }
    }

    fn next(&mut self) -> Option<(&'a [u8], &'a Entry)> {
        let next = self.key()?;
        let at = |entries: &mut Entries<'a>| entries.next_if(|(key, _)| *key == next);
        let older = self.committing.as_mut().and_then(at);
        at(&mut self.open).or(older)
    }

    /// The next entry, if it comes before `key`.
    fn next_before(&mut self, key: &[u8]) -> Option<(&'a [u8], &'a Entry)> {
        let next = self.key()?;
        if self.is_before(next, key) { self.next() } else { None }
    }

    /// The next entry, if it has this key.
    fn take_at(&mut self, key: &[u8]) -> Option<&'a Entry> {
        if self.key()? == key { self.next().map(|(_, entry)| entry) } else { None }
    }
}
