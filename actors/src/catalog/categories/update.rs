//! Changing a category.

use crate::Failure;
use crate::catalog::slugs::free_slug;
use crate::catalog::stored::{CATEGORIES, CATEGORY_SLUGS};
use crate::catalog::{Catalog, Category};
use crate::owner::Command;
use crate::store::{Read, Unit};
use souk_domain::text::one_line;
use souk_domain::{CategoryId, Missing, Refusal};

/// Changes a category. Rejects one that does not exist.
#[derive(Clone, Debug)]
pub struct UpdateCategory {
    /// The category.
    pub id: CategoryId,
    /// What to change.
    pub change: CategoryChange,
}

/// What to change; `None` leaves a field as it is.
#[derive(Clone, Debug, Default)]
pub struct CategoryChange {
    /// A new name; the slug follows it.
    pub name: Option<String>,
    /// A new description.
    pub description: Option<String>,
}

impl Command for UpdateCategory {
    type Owner = Catalog;
    type Reply = Category;

    fn apply(self, unit: &Unit, _: &Catalog) -> Result<Category, Failure> {
        let Self { id, change } = self;
        let mut category =
            unit.get(CATEGORIES, &id)?.ok_or(Refusal::NotFound(Missing::Category))?;
        let before = category.clone();
        // A name from an earlier version may contain line breaks. Sent back unchanged, it counts as
        // the same name.
        if let Some(name) = change.name
            && name != category.name
            && name != one_line(&category.name)
        {
            unit.delete(CATEGORY_SLUGS, &category.slug)?;
            category.slug = free_slug(unit, CATEGORY_SLUGS, &name, id)?;
            unit.put(CATEGORY_SLUGS, &category.slug, &id)?;
            category.name = name;
        }
        if let Some(description) = change.description {
            category.description = description;
        }
        if category != before {
            category.version += 1;
            unit.put(CATEGORIES, &id, &category)?;
        }
        Ok(category)
    }
}
