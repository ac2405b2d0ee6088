//! How products, categories and stock lie in the file.

use crate::outbox::ProductSnapshot;
use crate::store::{Table, tables};
use serde::{Deserialize, Serialize};
use souk_domain::{CategoryId, Money, Pricing, ProductId, Stock, UnixMillis};

pub(super) const PRODUCTS: Table<ProductId, Product> = Table::new("catalog.products");
/// Deleted products: orders and carts still show what they were.
pub(super) const GONE: Table<ProductId, Product> = Table::new("catalog.products_gone");
pub(super) const BY_CATEGORY: Table<(CategoryId, ProductId), ()> =
    Table::new("catalog.products_by_category");
/// Name and description in the form that a search compares, so that it need not decode products.
pub(super) const SEARCH_TEXTS: Table<ProductId, String> = Table::new("catalog.search_texts");
/// One row, under key 0: the rules that [`SEARCH_TEXTS`] follow.
pub(super) const SEARCH_RULES: Table<u64, u64> = Table::new("catalog.search_rules");
pub(super) const PRODUCT_SLUGS: Table<String, ProductId> = Table::new("catalog.product_slugs");
/// Products that the shop has switched off, usually few.
pub(super) const HIDDEN: Table<ProductId, ()> = Table::new("catalog.products_hidden");
/// Apart from the products: an order touches these small rows only.
pub(super) const STOCK: Table<ProductId, StockRow> = Table::new("catalog.stock");
pub(super) const CATEGORIES: Table<CategoryId, Category> = Table::new("catalog.categories");
pub(super) const CATEGORY_SLUGS: Table<String, CategoryId> = Table::new("catalog.category_slugs");

tables![
    PRODUCTS,
    GONE,
    BY_CATEGORY,
    SEARCH_TEXTS,
    SEARCH_RULES,
    PRODUCT_SLUGS,
    HIDDEN,
    STOCK,
    CATEGORIES,
    CATEGORY_SLUGS,
];

/// A product, without its stock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    /// What it is called.
    pub name: String,
    /// Unique; from the name.
    pub slug: String,
    /// May be empty.
    pub description: String,
    /// Its group, which may have been deleted since.
    pub category: Option<CategoryId>,
    /// List price and discount.
    pub pricing: Pricing,
    /// A URL.
    pub image: Option<String>,
    /// The shop's own switch: off hides it from sale.
    pub available: bool,
    /// When it was made.
    pub created_at: UnixMillis,
    /// When its description last changed; stock does not count.
    pub updated_at: UnixMillis,
}

crate::store::as_is!(Product);

/// The stock of a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StockRow {
    /// Units received less units written off: the other half of the books.
    pub received: u64,
    /// Where they are.
    pub stock: Stock,
    /// Counts the events about this product.
    pub version: u64,
}

crate::store::as_is!(StockRow);

/// A group of products.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Category {
    /// What it is called.
    pub name: String,
    /// Unique; from the name.
    pub slug: String,
    /// May be empty.
    pub description: String,
}

crate::store::as_is!(Category);

/// A product with all that belongs to it, as the contracts show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProductView {
    /// Its id.
    pub id: ProductId,
    /// The product.
    pub product: Product,
    /// Its group, if that still exists.
    pub category: Option<(CategoryId, Category)>,
    /// Units that can be sold.
    pub sellable: u64,
    /// True for one that was deleted.
    pub is_gone: bool,
}

impl ProductView {
    /// What the customer pays for one unit.
    #[must_use]
    pub fn price(&self) -> Money {
        self.product.pricing.sell_price()
    }

    /// Whether it can be put in a cart at all.
    #[must_use]
    pub fn is_for_sale(&self) -> bool {
        self.product.available && !self.is_gone
    }
}

impl Product {
    pub(super) fn snapshot(&self, sellable: u64) -> ProductSnapshot {
        ProductSnapshot {
            name: self.name.clone(),
            sell_price: self.pricing.sell_price(),
            available: self.available,
            sellable,
        }
    }
}
