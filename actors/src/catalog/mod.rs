//! The owner of the catalog: products, categories, and the stock that orders take from.

mod actor;
mod categories;
mod products;
mod queries;
mod rows;
mod search_texts;
mod selection;
mod stock;

pub use actor::{CatalogMessage, CatalogOwner};
pub use categories::{CategoryChange, CategoryDraft};
pub use products::{ProductChange, ProductDraft};
pub use queries::{ProductFilter, category, category_ids, product, product_ids, product_views};
pub use rows::{Category, Product, ProductView};
pub use selection::{Between, ProductSelection, selected_ids};
pub use stock::{StockMove, TakenLine};

pub(crate) use queries::{TakenStock, check};
#[cfg(any(test, fuzzing))]
pub(crate) use rows::READERS;
pub(crate) use rows::TABLES;
pub(crate) use search_texts::renew_search_texts;
pub(crate) use stock::why_unbuyable;
