//! The types of a product.

use super::Category;
use crate::outbox::ProductSnapshot;
use souk_domain::{CategoryId, Money, Pricing, ProductId, Stock, UnixMillis};

/// A product, without its stock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    /// The product's name.
    pub name: String,
    /// Unique; derived from the name.
    pub slug: String,
    /// May be empty.
    pub description: String,
    /// The category, which may have been deleted since.
    pub category: Option<CategoryId>,
    /// List price and discount.
    pub pricing: Pricing,
    /// A URL.
    pub image: Option<String>,
    /// False hides the product from sale.
    pub available: bool,
    /// When the product was created.
    pub created_at: UnixMillis,
    /// When a field last changed; stock changes do not count.
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
    /// Units received minus units written off. Must equal the sum of `stock`.
    pub received: u64,
    /// The current units by holding.
    pub stock: Stock,
    /// Counts the events about this product.
    pub version: u64,
}

/// A product with its category and stock, as the contracts show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProductView {
    /// Its id.
    pub id: ProductId,
    /// The product.
    pub product: Product,
    /// The category, if it still exists.
    pub category: Option<(CategoryId, Category)>,
    /// Units that can be sold.
    pub sellable: u64,
    /// Counts the events about the product.
    pub version: u64,
    /// True if the product was deleted.
    pub is_gone: bool,
}

impl ProductView {
    /// What the customer pays for one unit.
    #[must_use]
    pub fn price(&self) -> Money {
        self.product.pricing.sell_price()
    }

    /// True if the product can be put in a cart.
    #[must_use]
    pub fn is_for_sale(&self) -> bool {
        self.product.available && !self.is_gone
    }
}
