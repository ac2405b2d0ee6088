//! Sorted lists of products, read from a place on.

use super::index::{CatalogIndex, ListFilter, ListPosition, ProductSort};
use super::stored::STOCK;
use crate::store::{Read, Snapshot, StoreError};
use souk_domain::ProductId;

/// Most products that one request looks at. A list that found fewer than it wants continues later.
const LOOKED_AT_MAX: usize = 2_000;

/// A list of products.
#[derive(Clone, Debug)]
pub struct ProductList {
    /// Which products it shows.
    pub filter: ListFilter,
    /// True for products with units to sell, false for those without.
    pub in_stock: Option<bool>,
    /// What it is sorted by.
    pub sort: ProductSort,
    /// From the greatest value to the least.
    pub is_descending: bool,
}

/// A page of a list.
#[derive(Clone, Debug, Default)]
pub struct ListedProducts {
    /// The products, in the order of the list.
    pub products: Vec<ProductId>,
    /// The list continues behind this place; `None` at its end.
    pub next: Option<ListPosition>,
}

/// The next products of a list, at most `limit`. If the list is about stock, there may be fewer
/// although it goes on.
///
/// # Errors
/// [`StoreError`].
pub fn listed(
    read: &Snapshot,
    list: &ProductList,
    after: Option<&ListPosition>,
    limit: usize,
) -> Result<ListedProducts, StoreError> {
    let sorted = read.kept::<CatalogIndex>()?.sorted(read, &list.filter, list.sort)?;
    let mut found = ListedProducts::default();
    let mut last: Option<&ListPosition> = None;
    for (looked_at, place) in sorted.behind(after, list.is_descending).enumerate() {
        if found.products.len() == limit || looked_at == LOOKED_AT_MAX {
            found.next = last.cloned();
            break;
        }
        last = Some(place);
        let Some(product) = place.product() else { continue };
        let is_wanted = match list.in_stock {
            None => true,
            Some(wanted) => {
                let row = read.get(STOCK, &product)?;
                row.is_some_and(|row| row.stock.sellable > 0) == wanted
            }
        };
        if is_wanted {
            found.products.push(product);
        }
    }
    Ok(found)
}
