//! Categories: create, update, delete.

use super::rows::{CATEGORIES, CATEGORY_SLUGS};
use super::{Catalog, Category};
use crate::owner::Command;
use crate::store::{Read, Unit};
use crate::{Failure, ids};
use souk_domain::text::one_line;
use souk_domain::{CategoryId, Missing, Refusal, slug_of};

/// Adds a category, under a slug that no other has.
#[derive(Clone, Debug)]
pub struct CreateCategory {
    /// The category to be made.
    pub draft: CategoryDraft,
}

/// A category to be made.
#[derive(Clone, Debug)]
pub struct CategoryDraft {
    /// What it is called.
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
        let slug = free_slug(unit, &name, id)?;
        unit.put(CATEGORY_SLUGS, &slug, &id)?;
        let category = Category { name, slug, description };
        unit.put(CATEGORIES, &id, &category)?;
        Ok((id, category))
    }
}

/// Changes a category. Refuses one that is not there.
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
        // A name of an earlier version may have line breaks; shown back, it is still the same name.
        if let Some(name) = change.name
            && name != category.name
            && name != one_line(&category.name)
        {
            unit.delete(CATEGORY_SLUGS, &category.slug)?;
            category.slug = free_slug(unit, &name, id)?;
            unit.put(CATEGORY_SLUGS, &category.slug, &id)?;
            category.name = name;
        }
        if let Some(description) = change.description {
            category.description = description;
        }
        unit.put(CATEGORIES, &id, &category)?;
        Ok(category)
    }
}

/// Deletes a category; its products stay, in no category: they keep its id, which is never given
/// again, and show none. Refuses a category that is not there.
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

/// The slug of the name; if another has it, with the id behind it, and if need be a number.
fn free_slug(unit: &Unit, name: &str, id: CategoryId) -> Result<String, Failure> {
    let plain = slug_of(name);
    let mut slug = plain.clone();
    let mut number = 1_u64;
    while unit.get(CATEGORY_SLUGS, &slug)?.is_some_and(|holder| holder != id) {
        slug = match number {
            1 => format!("{plain}-{id}"),
            _ => format!("{plain}-{id}-{number}"),
        };
        number += 1;
    }
    Ok(slug)
}
