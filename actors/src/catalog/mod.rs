//! The owner of the catalog: products, categories, and the stock that orders take from.

mod categories;
mod category;
#[cfg(test)]
pub(crate) mod examples;
mod index;
mod listing;
mod product;
mod products;
mod queries;
mod search_texts;
mod selection;
mod slugs;
mod stock;
mod stored;

use crate::owner::{Owner, Slot};
use crate::supervision::Owners;

pub use categories::{
    CategoryChange, CategoryDraft, CreateCategory, DeleteCategory, UpdateCategory,
};
pub use category::Category;
pub use index::{ListFilter, ListPosition, ProductSort};
pub use listing::{ListedProducts, ProductList, listed};
pub use product::{Product, ProductView};
pub use products::{CreateProduct, DeleteProduct, ProductChange, ProductDraft, UpdateProduct};
pub use queries::{
    category, category_by_handle, category_ids, category_ids_after, is_at_hand, is_unchanged,
    listed_ids, prepare_lists, product, product_by_handle, product_views,
};
pub use selection::{Between, ProductFilter, ProductSelection};
pub use stock::{MoveStock, StockMove, TakeStock, TakenLine, quote};

pub(crate) use index::CatalogIndex;
pub(crate) use queries::{TakenStock, check};
pub(crate) use search_texts::renew_search_texts;
pub(crate) use stock::why_unbuyable;
#[cfg(any(test, fuzzing))]
pub(crate) use stored::READERS;
pub(crate) use stored::TABLES;

/// The owner of products, categories and stock.
#[derive(Debug)]
pub struct Catalog {
    /// The administrators get a mail when a product's sellable units fall to this number or below.
    pub low_stock_threshold: u64,
}

impl Owner for Catalog {
    const NAME: &'static str = "catalog";

    fn slot(owners: &Owners) -> &Slot<Self> {
        &owners.catalog
    }
}
