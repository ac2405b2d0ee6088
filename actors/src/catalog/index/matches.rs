//! The products that a filter admits, kept from one list to the next.

use super::bits::Bits;
use super::chunk::Chunk;
use super::filter::ListFilter;
use super::shelf::Shelf;
use crate::store::{Snapshot, StoreError};
use souk_domain::ProductId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Most filters whose results are kept.
const FILTERS_KEPT_MAX: usize = 128;
/// Most parts of kept results; a part has 56 bytes and stands for up to 256 products. With 100,000
/// products, this is enough for all [`FILTERS_KEPT_MAX`].
const PARTS_KEPT_MAX: usize = 60_000;
/// Longest key of a filter whose result is kept.
const KEY_BYTES_MAX: usize = 512;

/// The products that a filter admits, by chunk.
pub(super) struct Matches {
    /// The shelf that was looked through.
    shelf: u64,
    parts: Vec<Part>,
    count: u64,
}

/// The admitted products of a chunk.
#[derive(Clone, Copy)]
struct Part {
    serial: u64,
    first: ProductId,
    bits: Bits,
    /// How many products the chunks before it have.
    before: u64,
}

impl Matches {
    /// Looks through a shelf. Chunks that `earlier` knows are not looked through again.
    fn of(
        shelf: &Shelf,
        snapshot: &Snapshot,
        filter: &ListFilter,
        earlier: Option<&Self>,
    ) -> Result<Self, StoreError> {
        let mut known = earlier.map_or(&[][..], |earlier| &earlier.parts);
        let (mut parts, mut count) = (Vec::with_capacity(shelf.chunks().len()), 0);
        for chunk in shelf.chunks() {
            let first = chunk.first();
            let is_before = |part: &&Part| part.first < first;
            known = &known[known.iter().take_while(is_before).count()..];
            let bits = match known.first().filter(|part| part.serial == chunk.serial()) {
                Some(same) => same.bits,
                None => chunk.admitted(filter, snapshot)?,
            };
            parts.push(Part { serial: chunk.serial(), first, bits, before: count });
            count += u64::try_from(bits.count()).expect("at most 256");
        }
        Ok(Self { shelf: shelf.serial(), parts, count })
    }

    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// The chunks of the shelf it was made of, each with its admitted products.
    pub(super) fn chunks<'a>(&self, shelf: &'a Shelf) -> impl Iterator<Item = (&'a Chunk, Bits)> {
        self.parts.iter().zip(shelf.chunks()).map(|(part, chunk)| (&**chunk, part.bits))
    }

    /// The admitted products from `offset` on, at most `limit`. `shelf` is the one it was made of.
    pub(super) fn page(&self, shelf: &Shelf, offset: u64, limit: usize) -> Vec<ProductId> {
        if offset >= self.count || limit == 0 {
            return Vec::new();
        }
        let number = self.parts.partition_point(|part| part.before <= offset) - 1;
        let skipped = usize::try_from(offset - self.parts[number].before).expect("at most 256");
        let admitted = self.parts[number..].iter().zip(&shelf.chunks()[number..]);
        let ids = admitted.flat_map(|(part, chunk)| part.bits.positions().map(|at| chunk.id(at)));
        ids.skip(skipped).take(limit).collect()
    }
}

/// The results of the latest filters. A commit invalidates none of them: only its chunks are looked
/// through again.
#[derive(Default)]
pub(super) struct KeptMatches(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    matches: HashMap<Box<[u8]>, Use>,
    uses: u64,
    parts: usize,
}

/// A kept result and when it was last used.
struct Use {
    matches: Arc<Matches>,
    last: u64,
}

impl KeptMatches {
    /// The products of a shelf that a filter admits.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(super) fn of(
        &self,
        shelf: &Shelf,
        snapshot: &Snapshot,
        filter: &ListFilter,
    ) -> Result<Arc<Matches>, StoreError> {
        let key = filter.key();
        let earlier = self.find(&key);
        if let Some(matches) = earlier.as_ref().filter(|matches| matches.shelf == shelf.serial()) {
            return Ok(Arc::clone(matches));
        }
        // Without the lock: a search takes long.
        let matches = Arc::new(Matches::of(shelf, snapshot, filter, earlier.as_deref())?);
        self.keep(key, &matches);
        Ok(matches)
    }

    /// Whether the products of this shelf that a filter admits are kept.
    pub(super) fn has(&self, shelf: &Shelf, filter: &ListFilter) -> bool {
        self.find(&filter.key()).is_some_and(|matches| matches.shelf == shelf.serial())
    }

    fn find(&self, key: &[u8]) -> Option<Arc<Matches>> {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.uses += 1;
        let now = inner.uses;
        let found = inner.matches.get_mut(key)?;
        found.last = now;
        Some(Arc::clone(&found.matches))
    }

    fn keep(&self, key: Box<[u8]>, matches: &Arc<Matches>) {
        if key.len() > KEY_BYTES_MAX || matches.parts.len() > PARTS_KEPT_MAX {
            return;
        }
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = Use { matches: Arc::clone(matches), last: inner.uses };
        inner.parts += matches.parts.len();
        if let Some(replaced) = inner.matches.insert(key, kept) {
            inner.parts -= replaced.matches.parts.len();
        }
        while inner.matches.len() > FILTERS_KEPT_MAX || inner.parts > PARTS_KEPT_MAX {
            let oldest = inner.matches.iter().min_by_key(|(_, kept)| kept.last);
            let Some(oldest) = oldest.map(|(key, _)| key.clone()) else { return };
            if let Some(removed) = inner.matches.remove(&oldest) {
                inner.parts -= removed.matches.parts.len();
            }
        }
    }
}
