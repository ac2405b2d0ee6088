//! The type of a category.

/// A group of products.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Category {
    /// The category's name.
    pub name: String,
    /// Unique; derived from the name.
    pub slug: String,
    /// May be empty.
    pub description: String,
    /// Counts the changes: 1, 2, 3 …
    pub version: u64,
}
