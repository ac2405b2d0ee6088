//! The tables of products, categories and stock.

use super::category::Category;
use super::product::{Product, StockRow};
use crate::store::{Row, Table, Text, read_all, tables};
use crate::stored;
use serde::Deserialize;
use souk_domain::{CategoryId, Pricing, ProductId, Stock};

pub(super) const PRODUCTS: Table<ProductId, Product> = Table::new("catalog.products");
/// Deleted products, kept because orders and carts still show them.
pub(super) const GONE: Table<ProductId, Product> = Table::new("catalog.products_gone");
pub(super) const BY_CATEGORY: Table<(CategoryId, ProductId), ()> =
    Table::new("catalog.products_by_category");
/// Name and description in the form that a search compares, so that a search need not decode
/// products.
pub(super) const SEARCH_TEXTS: Table<ProductId, String> = Table::new("catalog.search_texts");
/// One row, under key 0: the version of the rules for [`SEARCH_TEXTS`].
pub(super) const SEARCH_RULES: Table<u64, u64> = Table::new("catalog.search_rules");
pub(super) const PRODUCT_SLUGS: Table<String, ProductId> = Table::new("catalog.product_slugs");
/// Products that the shop has hidden; usually few.
pub(super) const HIDDEN: Table<ProductId, ()> = Table::new("catalog.products_hidden");
/// Separate from the products, so that an order only touches these small rows.
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

stored! {
    /// A product.
    pub struct ProductV1<'a> of Product {
        name: Text<'a>,
        slug: Text<'a>,
        description: Text<'a>,
        category: Option<u64>,
        pricing: PricingV1,
        image: Option<Text<'a>>,
        available: bool,
        created_at: i64,
        updated_at: i64,
    }

    /// List price and discount.
    struct PricingV1 of Pricing {
        list_price: i64,
        /// In hundredths of a percent.
        discount: u16,
    }

    /// The stock of a product.
    pub(super) struct StockRowV1 of StockRow {
        received: u64,
        stock: StockV1,
        version: u64,
    }

    /// The units of a product by holding.
    struct StockV1 of Stock {
        sellable: u64,
        held: u64,
        sold: u64,
    }

    /// A category.
    pub struct CategoryV2<'a> of Category {
        name: Text<'a>,
        slug: Text<'a>,
        description: Text<'a>,
        version: u64,
    }
}

impl Row for Product {
    type Stored<'a> = ProductV1<'a>;
}

impl Row for StockRow {
    type Stored<'a> = StockRowV1;
}

/// A category in version 1, which counted no changes.
#[derive(Deserialize)]
struct CategoryV1 {
    name: String,
    slug: String,
    description: String,
}

impl Row for Category {
    const VERSION: u8 = 2;
    type Stored<'a> = CategoryV2<'a>;

    fn read(version: u8, bytes: &[u8]) -> Option<Self> {
        match version {
            1 => {
                let CategoryV1 { name, slug, description } = read_all(bytes)?;
                Some(Self { name, slug, description, version: 1 })
            }
            2 => Self::read_newest(bytes),
            _ => None,
        }
    }
}
