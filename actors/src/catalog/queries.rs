//! Questions about the catalog, answered from a committed snapshot.

use super::index::{CatalogIndex, ListFilter};
use super::stored::{
    BY_CATEGORY, CATEGORIES, CATEGORY_SLUGS, GONE, HIDDEN, PRODUCT_SLUGS, PRODUCTS, SEARCH_TEXTS,
    STOCK,
};
use super::{Category, Product, ProductView};
use crate::check::Findings;
use crate::store::{Direction, Read, Snapshot, StoreError};
use souk_domain::{CategoryId, ProductId};
use std::collections::HashMap;
use std::ops::ControlFlow;

/// The product with this id, unless it was deleted.
///
/// # Errors
/// [`StoreError`].
pub fn product(read: &impl Read, id: ProductId) -> Result<Option<ProductView>, StoreError> {
    match read.get(PRODUCTS, &id)? {
        Some(product) => view(read, id, product, false).map(Some),
        None => Ok(None),
    }
}

/// Products by id, deleted ones too, in the given order; unknown ids are left out.
///
/// # Errors
/// [`StoreError`].
pub fn product_views(read: &impl Read, ids: &[ProductId]) -> Result<Vec<ProductView>, StoreError> {
    let mut views = Vec::with_capacity(ids.len());
    for id in ids {
        if let Some(product) = read.get(PRODUCTS, id)? {
            views.push(view(read, *id, product, false)?);
        } else if let Some(product) = read.get(GONE, id)? {
            views.push(view(read, *id, product, true)?);
        }
    }
    Ok(views)
}

/// A page of products in order of id: the number of all that the filter admits, and the ids on the
/// page.
///
/// # Errors
/// [`StoreError`].
pub fn listed_ids(
    read: &Snapshot,
    filter: &ListFilter,
    offset: u64,
    limit: usize,
) -> Result<(u64, Vec<ProductId>), StoreError> {
    read.kept::<CatalogIndex>()?.page(read, filter, offset, limit)
}

/// Whether [`listed_ids`] is short work for this filter: what it admits is known.
#[must_use]
pub fn is_at_hand(read: &Snapshot, filter: &ListFilter) -> bool {
    read.kept_now::<CatalogIndex>().is_some_and(|index| index.is_at_hand(filter))
}

/// Reads the catalog into memory, so that the first list need not wait for it.
///
/// # Errors
/// [`StoreError`].
pub fn prepare_lists(read: &Snapshot) -> Result<(), StoreError> {
    read.kept::<CatalogIndex>().map(drop)
}

/// Whether what an earlier snapshot showed of a product, of this category, is what `read` shows.
/// False if that is not known.
#[must_use]
pub fn is_unchanged(
    read: &Snapshot,
    product: ProductId,
    category: Option<CategoryId>,
    earlier: u64,
) -> bool {
    let index = read.kept_now::<CatalogIndex>();
    index.is_some_and(|index| index.is_unchanged((product, category), earlier, read))
}

/// The category with this id, unless it was deleted.
///
/// # Errors
/// [`StoreError`].
pub fn category(read: &impl Read, id: CategoryId) -> Result<Option<Category>, StoreError> {
    read.get(CATEGORIES, &id)
}

/// A page of categories in order of id: how many there are in all, and which are on the page.
///
/// # Errors
/// [`StoreError`].
pub fn category_ids(
    read: &Snapshot,
    offset: u64,
    limit: usize,
) -> Result<(u64, Vec<CategoryId>), StoreError> {
    let index = read.kept::<CatalogIndex>()?;
    let categories = index.categories();
    let before = usize::try_from(offset).unwrap_or(usize::MAX);
    let ids = categories.iter().skip(before).take(limit).copied().collect();
    Ok((u64::try_from(categories.len()).unwrap_or(u64::MAX), ids))
}

/// Up to `limit` categories in order of id, behind this one.
///
/// # Errors
/// [`StoreError`].
pub fn category_ids_after(
    read: &Snapshot,
    after: Option<CategoryId>,
    limit: usize,
) -> Result<Vec<CategoryId>, StoreError> {
    let index = read.kept::<CatalogIndex>()?;
    let categories = index.categories();
    let start = categories.partition_point(|id| Some(*id) <= after);
    Ok(categories[start..].iter().take(limit).copied().collect())
}

/// The product with this handle, unless it was deleted.
///
/// # Errors
/// [`StoreError`].
pub fn product_by_handle(read: &impl Read, handle: &str) -> Result<Option<ProductId>, StoreError> {
    read.get(PRODUCT_SLUGS, &handle.to_owned())
}

/// The category with this handle, unless it was deleted.
///
/// # Errors
/// [`StoreError`].
pub fn category_by_handle(
    read: &impl Read,
    handle: &str,
) -> Result<Option<CategoryId>, StoreError> {
    read.get(CATEGORY_SLUGS, &handle.to_owned())
}

pub(super) fn view(
    read: &impl Read,
    id: ProductId,
    product: Product,
    is_gone: bool,
) -> Result<ProductView, StoreError> {
    let (sellable, version) =
        read.get(STOCK, &id)?.map_or((0, 1), |row| (row.stock.sellable, row.version));
    let category = match product.category {
        Some(category) => read.get(CATEGORIES, &category)?.map(|row| (category, row)),
        None => None,
    };
    Ok(ProductView { id, product, category, sellable, version, is_gone })
}

/// The units that orders claim to have taken, per product.
#[derive(Debug, Default)]
pub(crate) struct TakenStock {
    pub(crate) held: HashMap<ProductId, u64>,
    pub(crate) sold: HashMap<ProductId, u64>,
}

/// Checks stock against the orders, and every index against its products.
pub(crate) fn check(
    snapshot: &Snapshot,
    taken: &TakenStock,
    findings: &mut Findings,
) -> Result<(), StoreError> {
    let first = ProductId::new(1).expect("1 is an id");
    let mut known = 0;
    snapshot.visit(STOCK, &first, None, Direction::Ascending, |id, row| {
        known += 1;
        let held = taken.held.get(&id).copied().unwrap_or(0);
        let sold = taken.sold.get(&id).copied().unwrap_or(0);
        findings.require(row.received == row.stock.received(), || {
            format!("product {id}: received {} is not {:?}", row.received, row.stock)
        });
        findings.require(row.stock.held == held, || {
            format!("product {id}: {} held, but live orders hold {held}", row.stock.held)
        });
        findings.require(row.stock.sold == sold, || {
            format!("product {id}: {} sold, but orders sold {sold}", row.stock.sold)
        });
        ControlFlow::Continue(())
    })?;
    for id in taken.held.keys().chain(taken.sold.keys()) {
        let has_stock = snapshot.get(STOCK, id)?.is_some();
        findings.require(has_stock, || format!("an order has product {id}, which never existed"));
    }
    let mut products = Vec::new();
    snapshot.visit(PRODUCTS, &first, None, Direction::Ascending, |id, product| {
        products.push((id, product.slug, product.category, product.available));
        ControlFlow::Continue(())
    })?;
    let (mut in_categories, mut hidden) = (0, 0);
    for (id, slug, category, is_available) in &products {
        let is_hidden = snapshot.get(HIDDEN, id)?.is_some();
        findings.require(is_hidden != *is_available, || {
            format!("product {id} is in the wrong list of hidden products")
        });
        hidden += u64::from(is_hidden);
        let holder = snapshot.get(PRODUCT_SLUGS, slug)?;
        findings.require(holder == Some(*id), || format!("product {id} is not found by slug"));
        if let Some(category) = category {
            in_categories += 1;
            let is_listed = snapshot.get(BY_CATEGORY, &(*category, *id))?.is_some();
            findings.require(is_listed, || format!("product {id} is not in category {category}"));
        }
    }
    let count = u64::try_from(products.len()).unwrap_or(u64::MAX);
    let indexes = [
        ("category entries", snapshot.count(BY_CATEGORY)?, in_categories),
        ("hidden products", snapshot.count(HIDDEN)?, hidden),
        ("product slugs", snapshot.count(PRODUCT_SLUGS)?, count),
        ("search texts", snapshot.count(SEARCH_TEXTS)?, count),
        ("stock rows", known, count + snapshot.count(GONE)?),
        ("category slugs", snapshot.count(CATEGORY_SLUGS)?, snapshot.count(CATEGORIES)?),
    ];
    for (what, found, expected) in indexes {
        findings.require(found == expected, || format!("{found} {what}, expected {expected}"));
    }
    findings.counted("products", count);
    findings.counted("categories", snapshot.count(CATEGORIES)?);
    Ok(())
}
