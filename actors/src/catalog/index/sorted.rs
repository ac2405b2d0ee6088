//! Lists of products in the order of a value, kept until a product changes.

use super::filter::ListFilter;
use super::matches::KeptMatches;
use super::shelf::Shelf;
use crate::store::{Snapshot, StoreError};
use serde::{Deserialize, Serialize};
use souk_domain::ProductId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Most lists that are kept, and the products in all of them. A product takes 32 octets and its
/// title.
const LISTS_KEPT_MAX: usize = 64;
const PRODUCTS_KEPT_MAX: usize = 500_000;
/// Longest key of a filter whose list is kept.
const KEY_BYTES_MAX: usize = 512;

/// What a list of products can be sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProductSort {
    /// The title, ignoring case.
    Title,
    /// What the customer pays.
    Price,
    /// When it was created.
    CreatedAt,
}

/// The value that a product is sorted by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum SortKey {
    /// Ids follow the time of creation, so they need no value.
    ById,
    Number(i64),
    Text(Box<str>),
}

/// The place of a product in a sorted list. It stays valid while products change.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ListPosition {
    pub(super) key: SortKey,
    product: u64,
}

impl ListPosition {
    pub(super) fn new(key: SortKey, product: ProductId) -> Self {
        Self { key, product: product.get() }
    }

    /// The product at this place.
    #[must_use]
    pub fn product(&self) -> Option<ProductId> {
        ProductId::new(self.product)
    }
}

/// The products that a filter admits, from the least value on.
pub(crate) struct Sorted(Vec<ListPosition>);

impl Sorted {
    /// The products behind a place, or from the beginning.
    pub(crate) fn behind(
        &self,
        after: Option<&ListPosition>,
        is_descending: bool,
    ) -> Box<dyn Iterator<Item = &ListPosition> + '_> {
        let Some(after) = after else {
            return match is_descending {
                true => Box::new(self.0.iter().rev()),
                false => Box::new(self.0.iter()),
            };
        };
        match is_descending {
            true => {
                let end = self.0.partition_point(|place| place < after);
                Box::new(self.0[..end].iter().rev())
            }
            false => {
                let start = self.0.partition_point(|place| place <= after);
                Box::new(self.0[start..].iter())
            }
        }
    }
}

/// The lists that were read lately.
#[derive(Default)]
pub(super) struct KeptSorted(Mutex<Lists>);

#[derive(Default)]
struct Lists {
    kept: HashMap<(Box<[u8]>, ProductSort), List>,
    uses: u64,
    products: usize,
}

struct List {
    /// The number of the shelf that it was made of.
    shelf: u64,
    sorted: Arc<Sorted>,
    last_use: u64,
}

impl KeptSorted {
    /// The sorted list of the products of a shelf that a filter admits.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(super) fn of(
        &self,
        (shelf, matches): (&Shelf, &KeptMatches),
        snapshot: &Snapshot,
        filter: &ListFilter,
        by: ProductSort,
    ) -> Result<Arc<Sorted>, StoreError> {
        let key = (filter.key(), by);
        if let Some(sorted) = self.find(&key, shelf.serial()) {
            return Ok(sorted);
        }
        // Without the lock: sorting takes long.
        let mut places = Vec::new();
        let matches = matches.of(shelf, snapshot, filter)?;
        for (chunk, bits) in matches.chunks(shelf) {
            chunk.places(by, bits, snapshot, &mut places)?;
        }
        places.sort_unstable();
        let sorted = Arc::new(Sorted(places));
        self.keep(key, shelf.serial(), &sorted);
        Ok(sorted)
    }

    fn find(&self, key: &(Box<[u8]>, ProductSort), shelf: u64) -> Option<Arc<Sorted>> {
        let mut lists = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lists.uses += 1;
        let now = lists.uses;
        let list = lists.kept.get_mut(key).filter(|list| list.shelf == shelf)?;
        list.last_use = now;
        Some(Arc::clone(&list.sorted))
    }

    fn keep(&self, key: (Box<[u8]>, ProductSort), shelf: u64, sorted: &Arc<Sorted>) {
        if key.0.len() > KEY_BYTES_MAX || sorted.0.len() > PRODUCTS_KEPT_MAX {
            return;
        }
        let mut lists = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let list = List { shelf, sorted: Arc::clone(sorted), last_use: lists.uses };
        lists.products += sorted.0.len();
        if let Some(replaced) = lists.kept.insert(key, list) {
            lists.products -= replaced.sorted.0.len();
        }
        while lists.kept.len() > LISTS_KEPT_MAX || lists.products > PRODUCTS_KEPT_MAX {
            let oldest = lists.kept.iter().min_by_key(|(_, list)| list.last_use);
            let Some(oldest) = oldest.map(|(key, _)| key.clone()) else { return };
            if let Some(removed) = lists.kept.remove(&oldest) {
                lists.products -= removed.sorted.0.len();
            }
        }
    }
}
