//! Deleting a category.

use crate::Failure;
use crate::catalog::Catalog;
use crate::catalog::stored::{CATEGORIES, CATEGORY_SLUGS};
use crate::owner::Command;
use crate::store::{Read, Unit};
use souk_domain::{CategoryId, Missing, Refusal};

/// Deletes a category. Its products stay and show no category; they keep its id, which is never
/// reused. Rejects a category that does not exist.
#[derive(Clone, Debug)]
pub struct DeleteCategory {
    /// The category.
    pub id: CategoryId,
}

impl Command for DeleteCategory {
    type Owner = Catalog;
    type Reply = ();

    fn apply(self, unit: &Unit, _: &Catalog) -> Result<(), Failure> {
        let category =
            unit.get(CATEGORIES, &self.id)?.ok_or(Refusal::NotFound(Missing::Category))?;
        unit.delete(CATEGORIES, &self.id)?;
        unit.delete(CATEGORY_SLUGS, &category.slug)?;
        Ok(())
    }
}
