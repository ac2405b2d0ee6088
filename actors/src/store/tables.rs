//! Which tables a store has, and the index of each.

use super::StoreError;
use std::sync::Arc;

/// A table's name, with a hash of it that the compiler computes: the store finds the table's index
/// by the hash.
#[derive(Clone, Copy, Debug)]
pub struct TableId {
    name: &'static str,
    hash: u32,
}

impl TableId {
    /// The id of the table with this name.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        // FNV-1a.
        let (bytes, mut hash, mut at) = (name.as_bytes(), 0x811C_9DC5_u32, 0);
        while at < bytes.len() {
            hash = (hash ^ bytes[at] as u32).wrapping_mul(0x0100_0193);
            at += 1;
        }
        Self { name, hash }
    }

    /// The table's name in the file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.name
    }
}

/// The tables of a store. Everywhere inside it a table is an index into this list.
#[derive(Clone, Debug)]
pub(super) struct Tables {
    names: Arc<[&'static str]>,
    /// Sorted.
    by_hash: Arc<[(u32, usize)]>,
}

impl Tables {
    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    pub(super) fn of(tables: &[&'static str]) -> Self {
        let mut names = tables.to_vec();
        names.sort_unstable();
        let hashes = names.iter().enumerate().map(|(index, name)| (TableId::new(name).hash, index));
        let mut by_hash: Vec<_> = hashes.collect();
        by_hash.sort_unstable();
        Self { names: names.into(), by_hash: by_hash.into() }
    }

    /// The names of all tables, by index.
    pub(super) fn names(&self) -> &[&'static str] {
        &self.names
    }

    /// The name of a table.
    pub(super) fn name(&self, index: usize) -> &'static str {
        self.names[index]
    }

    /// The index of a table.
    pub(super) fn index(&self, table: TableId) -> Result<usize, StoreError> {
        let first = self.by_hash.partition_point(|(hash, _)| *hash < table.hash);
        let same_hash = self.by_hash[first..].iter().take_while(|(hash, _)| *hash == table.hash);
        let found = same_hash.map(|(_, index)| *index).find(|it| self.names[*it] == table.name);
        found.ok_or(StoreError::Contradiction { what: "a table outside of the schema" })
    }
}
