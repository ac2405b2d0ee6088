//! Counters: numbers that are never reused, not even after a deletion.
//!
//! An epoch reads a counter once, counts in memory, and writes it once, when it is committed: a
//! single order takes half a dozen numbers. The numbers of an aborted epoch are used again.

use super::snapshot::definition;
use super::{Key, Read, StoreError, Table, tables};

const LAST: Table<String, u64> = Table::new("store.counters");

tables![LAST];

/// The counters an epoch has used, each with the last number used. There are a dozen kinds, so a
/// list is the fastest map.
#[derive(Default)]
pub(super) struct Counters(Vec<(&'static str, u64)>);

impl Counters {
    /// The next number of a kind, from 1.
    pub(super) fn next(
        &mut self,
        transaction: &redb::WriteTransaction,
        kind: &'static str,
    ) -> Result<u64, StoreError> {
        let known = self.0.iter().position(|(known, _)| *known == kind);
        let place = match known {
            Some(place) => place,
            None => {
                self.0.push((kind, read(transaction, kind)?));
                self.0.len() - 1
            }
        };
        let last = &mut self.0[place].1;
        *last = last.checked_add(1).ok_or(StoreError::NoIdsLeft { kind })?;
        Ok(*last)
    }

    /// The last number of every kind, including this epoch's numbers.
    pub(super) fn all(
        &self,
        transaction: &redb::WriteTransaction,
    ) -> Result<Vec<(String, u64)>, StoreError> {
        use redb::ReadableTable;
        let mut all = Vec::new();
        for entry in transaction.open_table(definition(LAST.name()))?.iter()? {
            let (kind, row) = entry?;
            let unreadable = StoreError::Contradiction { what: "a counter without a name" };
            let kind = <String as Key>::decode(kind.value()).ok_or(unreadable)?;
            all.push((kind, LAST.decode(row.value())?));
        }
        for (kind, last) in &self.0 {
            match all.iter_mut().find(|(known, _)| known == kind) {
                Some((_, known)) => *known = *last,
                None => all.push(((*kind).to_owned(), *last)),
            }
        }
        Ok(all)
    }

    /// Skips this many numbers of a kind.
    pub(super) fn skip(
        &mut self,
        transaction: &redb::WriteTransaction,
        kind: &'static str,
        numbers: u64,
    ) -> Result<(), StoreError> {
        let next = self.next(transaction, kind)?;
        let last = next.checked_add(numbers).ok_or(StoreError::NoIdsLeft { kind })?;
        for (_, known) in self.0.iter_mut().filter(|(known, _)| *known == kind) {
            *known = last;
        }
        Ok(())
    }

    /// Writes the counters.
    pub(super) fn write(&self, transaction: &redb::WriteTransaction) -> Result<(), StoreError> {
        if self.0.is_empty() {
            return Ok(());
        }
        let mut table = transaction.open_table(definition(LAST.name()))?;
        for (kind, last) in &self.0 {
            let row = LAST.encode(last)?;
            table.insert(Key::bytes(&(*kind).to_owned()).as_slice(), row.as_slice())?;
        }
        Ok(())
    }
}

/// The last number of a kind that was used; 0 before the first.
pub(super) fn last(read: &impl Read, kind: &str) -> Result<u64, StoreError> {
    Ok(read.get(LAST, &kind.to_owned())?.unwrap_or(0))
}

fn read(transaction: &redb::WriteTransaction, kind: &'static str) -> Result<u64, StoreError> {
    use redb::ReadableTable;
    let table = transaction.open_table(definition(LAST.name()))?;
    let row = table.get(Key::bytes(&kind.to_owned()).as_slice())?;
    row.map_or(Ok(0), |row| LAST.decode(row.value()))
}

#[cfg(test)]
pub(crate) fn examples() -> Vec<crate::fixtures::Example> {
    let example =
        |what, kind: &str, last| crate::fixtures::Example::of(LAST, what, &kind.to_owned(), &last);
    vec![example("300 orders", "order", 300), example("as many as there can be", "all", u64::MAX)]
}
