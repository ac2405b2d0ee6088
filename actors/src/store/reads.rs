//! What the turns of an epoch read of the committed state, for an engine that other processes write
//! too: if they changed any of it meanwhile, the turns run again.

use std::collections::HashSet;

/// The rows that were read, the missing ones too, and the ranges that were walked.
#[derive(Debug, Default)]
pub(super) struct ReadSet {
    /// By table.
    keys: Vec<HashSet<Vec<u8>>>,
    ranges: Vec<Walked>,
}

#[derive(Debug)]
struct Walked {
    table: usize,
    from: Vec<u8>,
    /// Excluded; `None` for the end of the table.
    to: Option<Vec<u8>>,
}

impl ReadSet {
    /// An empty set for this many tables.
    pub(super) fn new(tables: usize) -> Self {
        Self { keys: (0..tables).map(|_| HashSet::new()).collect(), ranges: Vec::new() }
    }

    /// True if nothing was read.
    pub(super) fn is_empty(&self) -> bool {
        self.ranges.is_empty() && self.keys.iter().all(HashSet::is_empty)
    }

    /// Notes that a key was looked up.
    pub(super) fn note_key(&mut self, table: usize, key: &[u8]) {
        if !self.keys[table].contains(key) {
            self.keys[table].insert(key.to_vec());
        }
    }

    /// Notes that a range was walked. `to` is excluded.
    pub(super) fn note_range(&mut self, table: usize, from: Vec<u8>, to: Option<Vec<u8>>) {
        self.ranges.push(Walked { table, from, to });
    }

    /// True if the row under this key, or its absence, was read.
    pub(super) fn has_read(&self, table: usize, key: &[u8]) -> bool {
        let is_within = |walked: &Walked| {
            walked.table == table
                && walked.from.as_slice() <= key
                && walked.to.as_deref().is_none_or(|to| key < to)
        };
        self.keys[table].contains(key) || self.ranges.iter().any(is_within)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_counts_as_read_where_it_was_looked_up_or_walked_over() {
        let mut reads = ReadSet::new(2);
        assert!(reads.is_empty());
        reads.note_key(0, b"a");
        reads.note_range(1, b"b".to_vec(), Some(b"d".to_vec()));
        reads.note_range(1, b"x".to_vec(), None);
        let read = |table, key: &[u8]| reads.has_read(table, key);
        assert!(read(0, b"a") && !read(1, b"a") && !read(0, b"b"));
        assert!(!read(1, b"a") && read(1, b"b") && read(1, b"cz") && !read(1, b"d"));
        assert!(read(1, b"x") && read(1, b"zzz") && !read(0, b"zzz"));
    }
}
