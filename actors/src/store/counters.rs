//! Counters: numbers that are never reused, not even after a deletion.
//!
//! An epoch reads a counter once, counts in memory, and writes it once, when it is sealed: a single
//! order takes half a dozen numbers. The numbers of a turn that was rolled back are used again.

use super::levels::Levels;
use super::write_set::{Entry, WriteSet};
use super::{Direction, Key, Read, StoreError, Table, Tables, tables};
use std::ops::ControlFlow;

const LAST: Table<String, u64> = Table::new("store.counters");

tables![LAST];

/// The counters an epoch has used, each with the last number used. There are a dozen kinds, so a
/// list is the fastest map.
#[derive(Debug, Default)]
pub(super) struct Counters {
    used: Vec<(&'static str, u64)>,
    /// The same before the present turn.
    before_turn: Vec<(&'static str, u64)>,
}

impl Counters {
    pub(super) fn begin_turn(&mut self) {
        self.before_turn.clone_from(&self.used);
    }

    /// Gives back the numbers of the present turn.
    pub(super) fn roll_back(&mut self) {
        self.used.clone_from(&self.before_turn);
    }

    /// The next number of a kind, from 1.
    pub(super) fn next(
        &mut self,
        tables: &Tables,
        levels: &Levels<'_>,
        kind: &'static str,
    ) -> Result<u64, StoreError> {
        let last = self.last(tables, levels, kind)?;
        *last = last.checked_add(1).ok_or(StoreError::NoIdsLeft { kind })?;
        Ok(*last)
    }

    /// Skips this many numbers of a kind, after the next one.
    pub(super) fn skip(
        &mut self,
        tables: &Tables,
        levels: &Levels<'_>,
        kind: &'static str,
        numbers: u64,
    ) -> Result<(), StoreError> {
        let last = self.last(tables, levels, kind)?;
        let skipped = numbers.checked_add(1).and_then(|it| last.checked_add(it));
        *last = skipped.ok_or(StoreError::NoIdsLeft { kind })?;
        Ok(())
    }

    fn last(
        &mut self,
        tables: &Tables,
        levels: &Levels<'_>,
        kind: &'static str,
    ) -> Result<&mut u64, StoreError> {
        let known = self.used.iter().position(|(known, _)| *known == kind);
        let at = match known {
            Some(at) => at,
            None => {
                let table = tables.index(LAST.id())?;
                let key = Key::bytes(&kind.to_owned());
                let last = levels
                    .look_up(table, &key, |row| row.map_or(Ok(0), |row| LAST.decode(row)))??;
                self.used.push((kind, last));
                self.used.len() - 1
            }
        };
        Ok(&mut self.used[at].1)
    }

    /// The last number of every kind, including this epoch's numbers.
    pub(super) fn all(
        &self,
        tables: &Tables,
        levels: &Levels<'_>,
    ) -> Result<Vec<(String, u64)>, StoreError> {
        let mut all: Vec<(String, u64)> = Vec::new();
        let mut failure = None;
        let everything = (Vec::new(), None);
        let table = tables.index(LAST.id())?;
        levels.walk(table, &everything, Direction::Ascending, &mut |key, row| match (
            <String as Key>::decode(key),
            LAST.decode(row),
        ) {
            (Some(kind), Ok(last)) => {
                all.push((kind, last));
                ControlFlow::Continue(())
            }
            (_, Err(error)) => {
                failure = Some(error);
                ControlFlow::Break(())
            }
            (None, _) => {
                let what = "a counter without a name";
                failure = Some(StoreError::Contradiction { what });
                ControlFlow::Break(())
            }
        })?;
        failure.map_or(Ok(()), Err)?;
        for (kind, last) in &self.used {
            match all.iter_mut().find(|(known, _)| known == kind) {
                Some((_, known)) => *known = *last,
                None => all.push(((*kind).to_owned(), *last)),
            }
        }
        Ok(all)
    }

    /// Writes the counters, when the epoch is sealed.
    pub(super) fn write(&self, tables: &Tables, writes: &mut WriteSet) -> Result<(), StoreError> {
        self.used.iter().try_for_each(|(kind, last)| put_last(tables, writes, kind, *last))
    }
}

/// Writes the last number of a kind.
pub(super) fn put_last(
    tables: &Tables,
    writes: &mut WriteSet,
    kind: &str,
    last: u64,
) -> Result<(), StoreError> {
    let key = Key::bytes(&kind.to_owned());
    writes.write(tables.index(LAST.id())?, key, Entry::Put(LAST.encode(&last)?));
    Ok(())
}

/// The last number of a kind that an epoch wrote; `None` if it wrote none.
pub(super) fn written(
    tables: &Tables,
    writes: &WriteSet,
    kind: &str,
) -> Result<Option<u64>, StoreError> {
    let entry = writes.get(tables.index(LAST.id())?, &Key::bytes(&kind.to_owned()));
    entry.and_then(Entry::row).map(|row| LAST.decode(row)).transpose()
}

/// The last number of a kind that was used; 0 before the first.
pub(super) fn last(read: &impl Read, kind: &str) -> Result<u64, StoreError> {
    Ok(read.get(LAST, &kind.to_owned())?.unwrap_or(0))
}

#[cfg(test)]
pub(crate) fn examples() -> Vec<crate::fixtures::Example> {
    let example =
        |what, kind: &str, last| crate::fixtures::Example::of(LAST, what, &kind.to_owned(), &last);
    vec![example("300 orders", "order", 300), example("as many as there can be", "all", u64::MAX)]
}
