//! What an epoch writes depends in three ways on the epoch before it: the numbers of appended rows,
//! rows that are computed from the row before, and the blocks of numbers that it takes. They are
//! settled when the epoch before it is known.

use crate::store::numbers::WantedBlock;
use crate::store::write_set::{Entry, WriteSet};
use crate::store::{Snapshot, StoreError, Tables, counters};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// An epoch ready to be committed after one certain epoch.
pub(super) struct Settled {
    pub(super) writes: WriteSet,
    /// The blocks of numbers that it takes.
    pub(super) blocks: Vec<(WantedBlock, RangeInclusive<u64>)>,
}

/// Settles `writes`, which were made on the state `base`, for a commit after `latest`.
pub(super) fn settle(
    writes: &WriteSet,
    base: &Snapshot,
    latest: &Snapshot,
    wanted: &[WantedBlock],
    tables: &Tables,
) -> Result<Settled, StoreError> {
    let mut settled = writes.copy();
    if base.position() != latest.position() {
        compute_again(&mut settled, latest)?;
        renumber(&mut settled, latest, tables)?;
    }
    let mut blocks = Vec::new();
    for block in wanted {
        let last = counters::last(latest, block.kind)?;
        let none_left = || StoreError::NoIdsLeft { kind: block.kind };
        let first = last.checked_add(block.left_out).and_then(|it| it.checked_add(1));
        let first = first.ok_or_else(none_left)?;
        let last = first.checked_add(block.size - 1).ok_or_else(none_left)?;
        counters::put_last(tables, &mut settled, block.kind, last)?;
        blocks.push((*block, first..=last));
    }
    Ok(Settled { writes: settled, blocks })
}

fn compute_again(settled: &mut WriteSet, latest: &Snapshot) -> Result<(), StoreError> {
    let mut rows: BTreeMap<(usize, Vec<u8>), Vec<u8>> = BTreeMap::new();
    for merge in settled.merges() {
        let at = (merge.table, merge.key.clone());
        let row = match rows.get(&at) {
            Some(row) => (merge.recompute)(Some(row))?,
            None => latest.look_up_in(merge.table, &merge.key, |row| (merge.recompute)(row))??,
        };
        rows.insert(at, row);
    }
    for ((table, key), row) in rows {
        settled.write(table, key, Entry::Put(row));
    }
    Ok(())
}

fn renumber(settled: &mut WriteSet, latest: &Snapshot, tables: &Tables) -> Result<(), StoreError> {
    for appended in settled.appended().to_vec() {
        let last = counters::last(latest, appended.kind)?;
        let shift = last.saturating_sub(appended.last_before);
        if shift == 0 {
            continue;
        }
        let counted = counters::written(tables, settled, appended.kind)?;
        settled.renumber(appended.table, appended.last_before, shift);
        if let Some(counted) = counted {
            counters::put_last(tables, settled, appended.kind, counted.saturating_add(shift))?;
        }
    }
    Ok(())
}
