//! What a category is.

/// A group of products.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Category {
    /// What it is called.
    pub name: String,
    /// Unique; from the name.
    pub slug: String,
    /// May be empty.
    pub description: String,
}
