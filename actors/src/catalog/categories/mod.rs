//! Categories: create, update, delete.

mod create;
mod delete;
mod update;

pub use create::{CategoryDraft, CreateCategory};
pub use delete::DeleteCategory;
pub use update::{CategoryChange, UpdateCategory};
