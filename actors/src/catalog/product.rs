//! What a product is.

use super::Category;
use crate::outbox::ProductSnapshot;
use souk_domain::{CategoryId, Money, Pricing, ProductId, Stock, UnixMillis};

/// A product, without its stock.
#[derive(Clone, Debug, PartialEq, Eq)]
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

/// The stock of a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StockRow {
    /// Units received less units written off: the other half of the books.
    pub received: u64,
    /// Where they are.
    pub stock: Stock,
    /// Counts the events about this product.
    pub version: u64,
}

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
