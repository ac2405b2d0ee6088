//! The numbers that turns take, such as the ids of orders.
//!
//! In a store of one process they are counted without gaps ([`Counters`]). Where several processes
//! write the same store, each takes blocks of numbers: their epochs would otherwise all change the
//! same counters, and only one could ever commit at a time. The numbers of a block that was not
//! used up when its process ended are never used.

use super::StoreError;
use super::counters::Counters;
use std::collections::{BTreeMap, VecDeque};
use std::ops::RangeInclusive;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The size of the first block of a kind. A block that does not last for an epoch doubles the next.
const FIRST_BLOCK: u64 = 64;
/// The size of the largest block.
const LARGEST_BLOCK: u64 = 4_096;

/// The blocks of numbers that this process has.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    kinds: Mutex<BTreeMap<&'static str, Block>>,
}

#[derive(Debug)]
struct Block {
    free: VecDeque<RangeInclusive<u64>>,
    size: u64,
    is_wanted: bool,
    /// Numbers to leave out before the next block.
    left_out: u64,
}

impl Default for Block {
    fn default() -> Self {
        Self { free: VecDeque::new(), size: FIRST_BLOCK, is_wanted: false, left_out: 0 }
    }
}

/// A block that a commit is to take from the counter of its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct WantedBlock {
    pub(super) kind: &'static str,
    pub(super) size: u64,
    /// Numbers to leave out before it.
    pub(super) left_out: u64,
}

impl Block {
    fn left(&self) -> u64 {
        self.free.iter().map(|free| free.end() - free.start() + 1).sum()
    }
}

impl Blocks {
    fn kinds(&self) -> MutexGuard<'_, BTreeMap<&'static str, Block>> {
        self.kinds.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next number of a kind; `None` if a commit must first take a block.
    pub(super) fn next(&self, kind: &'static str) -> Option<u64> {
        let mut kinds = self.kinds();
        let block = kinds.entry(kind).or_default();
        let Some(first) = block.free.pop_front() else {
            if !block.is_wanted {
                block.size = (block.size * 2).min(LARGEST_BLOCK);
            }
            block.is_wanted = true;
            return None;
        };
        let number = *first.start();
        if number < *first.end() {
            block.free.push_front(number + 1..=*first.end());
        }
        block.is_wanted |= block.left() < block.size / 2;
        Some(number)
    }

    /// Gives back a number that was just taken.
    fn give_back(&self, kind: &'static str, number: u64) {
        self.kinds().entry(kind).or_default().free.push_front(number..=number);
    }

    /// Gives up all numbers of a kind, and leaves out as many before the next block.
    pub(super) fn leave_out(&self, kind: &'static str, numbers: u64) {
        let mut kinds = self.kinds();
        let block = kinds.entry(kind).or_default();
        block.free.clear();
        block.is_wanted = true;
        block.left_out = block.left_out.saturating_add(numbers);
    }

    /// The blocks that the next commit is to take.
    pub(super) fn wanted(&self) -> Vec<WantedBlock> {
        let kinds = self.kinds();
        let wanted = kinds.iter().filter(|(_, block)| block.is_wanted);
        wanted
            .map(|(kind, block)| WantedBlock { kind, size: block.size, left_out: block.left_out })
            .collect()
    }

    /// Adds a block that a commit has taken.
    pub(super) fn grant(&self, wanted: WantedBlock, numbers: RangeInclusive<u64>) {
        let mut kinds = self.kinds();
        let block = kinds.entry(wanted.kind).or_default();
        block.free.push_back(numbers);
        block.is_wanted = false;
        block.left_out = block.left_out.saturating_sub(wanted.left_out);
    }
}

/// The numbers of an epoch: which kinds are counted, and what the present turn took of blocks.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    pub(super) counters: Counters,
    /// Taken from blocks by the present turn, oldest first.
    taken: Vec<(&'static str, u64)>,
}

impl Numbers {
    /// Begins a turn: the numbers taken before it stay taken.
    pub(super) fn begin_turn(&mut self) {
        self.counters.begin_turn();
        self.taken.clear();
    }

    /// Gives back the numbers of the present turn.
    pub(super) fn roll_back(&mut self, blocks: Option<&Blocks>) {
        self.counters.roll_back();
        while let (Some(blocks), Some((kind, number))) = (blocks, self.taken.pop()) {
            blocks.give_back(kind, number);
        }
    }

    /// The next number of a kind from this process's blocks.
    pub(super) fn take(&mut self, blocks: &Blocks, kind: &'static str) -> Result<u64, StoreError> {
        let number = blocks.next(kind).ok_or(StoreError::NumbersAwaited { kind })?;
        self.taken.push((kind, number));
        Ok(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_from_blocks_in_order_and_a_rolled_back_turn_gives_its_own_back() {
        let blocks = Blocks::default();
        let mut numbers = Numbers::default();
        assert!(numbers.take(&blocks, "order").is_err());
        let wanted = blocks.wanted();
        assert_eq!(wanted.len(), 1);
        blocks.grant(wanted[0], 11..=13);
        numbers.begin_turn();
        let take = |numbers: &mut Numbers| numbers.take(&blocks, "order").ok();
        assert_eq!(take(&mut numbers), Some(11));
        numbers.begin_turn();
        assert_eq!(
            [take(&mut numbers), take(&mut numbers), take(&mut numbers)],
            [Some(12), Some(13), None]
        );
        numbers.roll_back(Some(&blocks));
        numbers.begin_turn();
        assert_eq!([take(&mut numbers), take(&mut numbers)], [Some(12), Some(13)]);
    }

    #[test]
    fn numbers_left_out_are_asked_for_once() {
        let blocks = Blocks::default();
        blocks.leave_out("session", 1_000);
        let wanted = blocks.wanted();
        assert_eq!(wanted[0].left_out, 1_000);
        blocks.grant(wanted[0], 1_001..=1_064);
        assert_eq!((blocks.next("session"), blocks.wanted().len()), (Some(1_001), 0));
    }
}
