//! Questions about the catalog, answered from a committed snapshot.

use super::stored::{
    BY_CATEGORY, CATEGORIES, CATEGORY_SLUGS, GONE, HIDDEN, PRODUCT_SLUGS, PRODUCTS, SEARCH_TEXTS,
    STOCK,
};
use super::{Category, Product, ProductView};
use crate::check::Findings;
use crate::store::{Direction, Read, Snapshot, StoreError};
use souk_domain::{CategoryId, ProductId, SearchTerms};
use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::ops::ControlFlow;

/// The products that a list shows.
#[derive(Clone, Debug, Default)]
pub struct ProductFilter {
    /// Words that the name or description must contain.
    pub search: Option<SearchTerms>,
    /// Only of this category.
    pub category: Option<CategoryId>,
    /// True to include products that the shop has hidden.
    pub with_hidden: bool,
}

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

/// A page of products in order of id: the number of all matches, and the ids on the page.
///
/// # Errors
/// [`StoreError`].
pub fn product_ids(
    read: &Snapshot,
    filter: &ProductFilter,
    offset: u64,
    limit: usize,
) -> Result<(u64, Vec<ProductId>), StoreError> {
    let first = ProductId::new(1).expect("1 is an id");
    let hidden = if filter.with_hidden { HashSet::new() } else { hidden_ids(read)? };
    let hidden_count = u64::try_from(hidden.len()).unwrap_or(u64::MAX);
    let mut page = PageCollector { offset, limit, hidden, count: 0, ids: Vec::new() };
    match (filter.category, &filter.search) {
        (None, None) => {
            let count = read.count(PRODUCTS)?.saturating_sub(hidden_count);
            if offset < count {
                let mut left_to_skip = offset;
                read.visit(SEARCH_TEXTS, &first, None, Direction::Ascending, |id, _| {
                    if page.hidden.contains(&id) {
                        return ControlFlow::Continue(());
                    }
                    if left_to_skip > 0 {
                        left_to_skip -= 1;
                        return ControlFlow::Continue(());
                    }
                    page.ids.push(id);
                    if page.ids.len() < limit {
                        ControlFlow::Continue(())
                    } else {
                        ControlFlow::Break(())
                    }
                })?;
            }
            return Ok((count, page.ids));
        }
        (None, Some(search)) => {
            read.visit(SEARCH_TEXTS, &first, None, Direction::Ascending, |id, text| {
                if search.are_in(&text) {
                    page.take(id);
                }
                ControlFlow::Continue(())
            })?;
        }
        (Some(category), search) => {
            let mut failure = None;
            read.visit_under(BY_CATEGORY, &category, Direction::Ascending, |id, ()| {
                let matches = match search {
                    None => Ok(true),
                    Some(search) => read
                        .get(SEARCH_TEXTS, &id)
                        .map(|text| text.is_some_and(|text| search.are_in(&text))),
                };
                match matches {
                    Ok(true) => page.take(id),
                    Ok(false) => {}
                    Err(error) => {
                        failure = Some(error);
                        return ControlFlow::Break(());
                    }
                }
                ControlFlow::Continue(())
            })?;
            if let Some(error) = failure {
                return Err(error);
            }
        }
    }
    Ok((page.count, page.ids))
}

fn hidden_ids(read: &Snapshot) -> Result<HashSet<ProductId>, StoreError> {
    let first = ProductId::new(1).expect("1 is an id");
    let mut ids = HashSet::new();
    read.visit(HIDDEN, &first, None, Direction::Ascending, |id, ()| {
        ids.insert(id);
        ControlFlow::Continue(())
    })?;
    Ok(ids)
}

/// Counts all matches and keeps those on the page.
struct PageCollector<Id> {
    offset: u64,
    limit: usize,
    hidden: HashSet<Id>,
    count: u64,
    ids: Vec<Id>,
}

impl<Id: Eq + Hash> PageCollector<Id> {
    fn take(&mut self, id: Id) {
        if self.hidden.contains(&id) {
            return;
        }
        if self.count >= self.offset && self.ids.len() < self.limit {
            self.ids.push(id);
        }
        self.count += 1;
    }
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
    let first = CategoryId::new(1).expect("1 is an id");
    let mut page = PageCollector { offset, limit, hidden: HashSet::new(), count: 0, ids: vec![] };
    read.visit(CATEGORIES, &first, None, Direction::Ascending, |id, _| {
        page.take(id);
        ControlFlow::Continue(())
    })?;
    Ok((page.count, page.ids))
}

pub(super) fn view(
    read: &impl Read,
    id: ProductId,
    product: Product,
    is_gone: bool,
) -> Result<ProductView, StoreError> {
    let sellable = read.get(STOCK, &id)?.map_or(0, |row| row.stock.sellable);
    let category = match product.category {
        Some(category) => read.get(CATEGORIES, &category)?.map(|row| (category, row)),
        None => None,
    };
    Ok(ProductView { id, product, category, sellable, is_gone })
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
