//! The catalog in memory, for lists: which products each filter admits, and what changed when.
//!
//! It is computed from the rows and follows the commits ([`Kept`]), so a list costs the same
//! whatever the number of products.

mod bits;
mod chunk;
mod filter;
mod last_changes;
mod matches;
mod shelf;
mod sorted;
#[cfg(test)]
mod tests;

use super::stored::{CATEGORIES, PRODUCTS, SEARCH_TEXTS, STOCK};
use crate::store::{Direction, Kept, Read, Snapshot, StoreError, Touched};
pub use filter::ListFilter;
use last_changes::LastChanges;
use matches::KeptMatches;
use shelf::Shelf;
use sorted::{KeptSorted, Sorted};
pub use sorted::{ListPosition, ProductSort};
use souk_domain::{CategoryId, ProductId};
use std::ops::ControlFlow;
use std::sync::Arc;

/// The catalog of one committed state, in the form that lists need.
pub(crate) struct CatalogIndex {
    shelf: Arc<Shelf>,
    matches: Arc<KeptMatches>,
    sorted: Arc<KeptSorted>,
    /// In order of id.
    categories: Arc<[CategoryId]>,
    changes: Arc<LastChanges>,
}

impl Kept for CatalogIndex {
    const SLOT: usize = 0;
    const TABLES: &'static [&'static str] =
        &[PRODUCTS.name(), SEARCH_TEXTS.name(), STOCK.name(), CATEGORIES.name()];

    fn build(snapshot: &Snapshot) -> Result<Self, StoreError> {
        Ok(Self {
            shelf: Arc::new(Shelf::read(snapshot)?),
            matches: Arc::default(),
            sorted: Arc::default(),
            categories: read_categories(snapshot)?,
            changes: Arc::new(LastChanges::since(snapshot.number())),
        })
    }

    fn advance(&self, snapshot: &Snapshot, touched: &Touched) -> Result<Self, StoreError> {
        let mut products = touched.keys(PRODUCTS)?;
        products.extend(touched.keys(SEARCH_TEXTS)?);
        let categories = touched.keys(CATEGORIES)?;
        for id in products.iter().chain(&touched.keys(STOCK)?) {
            self.changes.product_changed(*id, snapshot.number());
        }
        for id in &categories {
            self.changes.category_changed(*id, snapshot.number());
        }
        Ok(Self {
            shelf: match products.is_empty() {
                true => Arc::clone(&self.shelf),
                false => Arc::new(self.shelf.renewed(snapshot, &products)?),
            },
            matches: Arc::clone(&self.matches),
            sorted: Arc::clone(&self.sorted),
            categories: match categories.is_empty() {
                true => Arc::clone(&self.categories),
                false => read_categories(snapshot)?,
            },
            changes: Arc::clone(&self.changes),
        })
    }
}

fn read_categories(snapshot: &Snapshot) -> Result<Arc<[CategoryId]>, StoreError> {
    let first = CategoryId::new(1).expect("1 is an id");
    let mut categories = Vec::new();
    snapshot.visit(CATEGORIES, &first, None, Direction::Ascending, |id, _| {
        categories.push(id);
        ControlFlow::Continue(())
    })?;
    Ok(categories.into())
}

impl CatalogIndex {
    /// A page of the products that a filter admits, in order of id: the number of all, and the ids
    /// on the page. `snapshot` is the one this is kept for.
    pub(super) fn page(
        &self,
        snapshot: &Snapshot,
        filter: &ListFilter,
        offset: u64,
        limit: usize,
    ) -> Result<(u64, Vec<ProductId>), StoreError> {
        let matches = self.matches.of(&self.shelf, snapshot, filter)?;
        Ok((matches.count(), matches.page(&self.shelf, offset, limit)))
    }

    /// The products that a filter admits, sorted.
    pub(super) fn sorted(
        &self,
        snapshot: &Snapshot,
        filter: &ListFilter,
        by: ProductSort,
    ) -> Result<Arc<Sorted>, StoreError> {
        self.sorted.of((&self.shelf, &self.matches), snapshot, filter, by)
    }

    /// Whether the products that a filter admits are known, so that no text need be searched.
    pub(super) fn is_at_hand(&self, filter: &ListFilter) -> bool {
        self.matches.has(&self.shelf, filter)
    }

    /// All categories, in order of id.
    pub(super) fn categories(&self) -> &[CategoryId] {
        &self.categories
    }

    /// Whether what the snapshot with the number `earlier` says about a product of this category
    /// holds in `snapshot` too.
    pub(super) fn is_unchanged(
        &self,
        product: (ProductId, Option<CategoryId>),
        earlier: u64,
        snapshot: &Snapshot,
    ) -> bool {
        self.changes.is_unchanged(product, earlier, snapshot.number())
    }
}
