//! The check of a product's category.

use crate::Failure;
use crate::catalog::stored::CATEGORIES;
use crate::store::{Read, Unit};
use souk_domain::{CategoryId, Refusal};

/// Rejects a category that does not exist.
pub(super) fn require_category(unit: &Unit, category: Option<CategoryId>) -> Result<(), Failure> {
    match category {
        Some(id) if unit.get(CATEGORIES, &id)?.is_none() => Err(Refusal::UnknownCategory.into()),
        _ => Ok(()),
    }
}
