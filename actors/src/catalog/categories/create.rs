//! Adding a category.

use crate::catalog::slugs::free_slug;
use crate::catalog::stored::{CATEGORIES, CATEGORY_SLUGS};
use crate::catalog::{Catalog, Category};
use crate::owner::Command;
use crate::store::Unit;
use crate::{Failure, ids};
use souk_domain::CategoryId;

/// Creates a category, under a unique slug.
#[derive(Clone, Debug)]
pub struct CreateCategory {
    /// The category to be made.
    pub draft: CategoryDraft,
}

/// The fields of a new category.
#[derive(Clone, Debug)]
pub struct CategoryDraft {
    /// The category's name.
    pub name: String,
    /// May be empty.
    pub description: String,
}

impl Command for CreateCategory {
    type Owner = Catalog;
    type Reply = (CategoryId, Category);

    fn apply(self, unit: &Unit, _: &Catalog) -> Result<(CategoryId, Category), Failure> {
        let CategoryDraft { name, description } = self.draft;
        let id = ids::next(unit, "category", CategoryId::new)?;
        let slug = free_slug(unit, CATEGORY_SLUGS, &name, id)?;
        unit.put(CATEGORY_SLUGS, &slug, &id)?;
        let category = Category { name, slug, description, version: 1 };
        unit.put(CATEGORIES, &id, &category)?;
        Ok((id, category))
    }
}
