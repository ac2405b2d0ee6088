//! All products by id, in chunks.

use super::chunk::{Chunk, read_chunks};
use crate::store::{Snapshot, StoreError};
use souk_domain::ProductId;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Octets of search texts that are kept in memory: those of 100,000 products with 600 each. The
/// texts beyond are read from the store.
const TEXT_BYTES_MAX: usize = 64 << 20;

/// All products of one committed state. It never changes: a commit makes another, which shares the
/// chunks that the commit did not touch.
pub(super) struct Shelf {
    /// No other shelf of the process has this number.
    serial: u64,
    /// In order of id; none is empty.
    chunks: Vec<Arc<Chunk>>,
}

impl Shelf {
    fn of(chunks: Vec<Arc<Chunk>>) -> Self {
        static NEXT_SERIAL: AtomicU64 = AtomicU64::new(0);
        Self { serial: NEXT_SERIAL.fetch_add(1, Ordering::Relaxed), chunks }
    }

    /// Reads all products.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(super) fn read(snapshot: &Snapshot) -> Result<Self, StoreError> {
        let first = ProductId::new(1).expect("1 is an id");
        let mut room = TEXT_BYTES_MAX;
        Ok(Self::of(read_chunks(snapshot, first, None, &mut room)?))
    }

    /// The shelf of a later state in which only these products may differ. Reads the chunks they are
    /// in again.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(super) fn renewed(
        &self,
        snapshot: &Snapshot,
        products: &[ProductId],
    ) -> Result<Self, StoreError> {
        if self.chunks.is_empty() {
            return Self::read(snapshot);
        }
        // New products follow the last one, and so belong to the last chunk.
        let chunk_of =
            |id| self.chunks.partition_point(|chunk| chunk.first() <= id).saturating_sub(1);
        let stale: BTreeSet<usize> = products.iter().map(|id| chunk_of(*id)).collect();
        let is_stale = |number: &usize| stale.contains(number);
        let kept = (0..self.chunks.len()).filter(|number| !is_stale(number));
        let text_bytes: usize = kept.map(|number| self.chunks[number].text_bytes()).sum();
        let mut room = TEXT_BYTES_MAX.saturating_sub(text_bytes);
        let mut chunks = Vec::with_capacity(self.chunks.len() + 1);
        for (number, chunk) in self.chunks.iter().enumerate() {
            if !is_stale(&number) {
                chunks.push(Arc::clone(chunk));
                continue;
            }
            let from = match number {
                0 => ProductId::new(1).expect("1 is an id"),
                _ => chunk.first(),
            };
            let to = self.chunks.get(number + 1).map(|next| next.first());
            chunks.extend(read_chunks(snapshot, from, to, &mut room)?);
        }
        Ok(Self::of(chunks))
    }

    pub(super) fn serial(&self) -> u64 {
        self.serial
    }

    pub(super) fn chunks(&self) -> &[Arc<Chunk>] {
        &self.chunks
    }
}
