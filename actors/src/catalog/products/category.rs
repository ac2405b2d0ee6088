//! The category that a product is put in.

use crate::Failure;
use crate::catalog::stored::CATEGORIES;
use crate::store::{Read, Unit};
use souk_domain::{CategoryId, Refusal};

/// Refuses a category that is not there.
pub(super) fn require_category(unit: &Unit, category: Option<CategoryId>) -> Result<(), Failure> {
    match category {
        Some(id) if unit.get(CATEGORIES, &id)?.is_none() => Err(Refusal::UnknownCategory.into()),
        _ => Ok(()),
    }
}
