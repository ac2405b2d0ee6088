//! Products: create, update, delete.

mod category;
mod create;
mod delete;
mod update;

pub use create::{CreateProduct, ProductDraft};
pub use delete::DeleteProduct;
pub use update::{ProductChange, UpdateProduct};
