//! Categories: create, update, delete.

use super::Catalog;
use super::Category;
use super::rows::{CATEGORIES, CATEGORY_SLUGS};
use crate::owner::Command;
use crate::store::{Read, Unit};
use crate::{Failure, ids};
use souk_domain::text::one_line;
use souk_domain::{CategoryId, Missing, Refusal, slug_of};

/// A category to be made.
#[derive(Clone, Debug)]
pub struct CategoryDraft {
    /// What it is called.
    pub name: String,
    /// May be empty.
    pub description: String,
}

/// What to change; `None` leaves a field as it is.
#[derive(Clone, Debug, Default)]
pub struct CategoryChange {
    /// A new name; the slug follows it.
    pub name: Option<String>,
    /// A new description.
    pub description: Option<String>,
}

/// Add a category.
#[derive(Clone, Debug)]
pub struct CreateCategory {
    /// What it says.
    pub draft: CategoryDraft,
}

impl Command for CreateCategory {
    type Owner = Catalog;
    type Reply = (CategoryId, Category);

    fn apply(self, unit: &Unit, _: &Catalog) -> Result<(CategoryId, Category), Failure> {
        let Self { draft } = self;
        let id = ids::next(unit, "category", CategoryId::new)?;
        let slug = free_slug(unit, &draft.name, id)?;
        unit.put(CATEGORY_SLUGS, &slug, &id)?;
        let category = Category { name: draft.name, slug, description: draft.description };
        unit.put(CATEGORIES, &id, &category)?;
        Ok((id, category))
    }
}

/// Change a category.
#[derive(Clone, Debug)]
pub struct UpdateCategory {
    /// Which.
    pub id: CategoryId,
    /// What to change.
    pub change: CategoryChange,
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

/// Delete a category; its products stay, in no category.
///
/// Products keep the id of a deleted category and show none: ids are never given twice.
#[derive(Clone, Debug)]
pub struct DeleteCategory {
    /// Which.
    pub id: CategoryId,
}

impl Command for DeleteCategory {
    type Owner = Catalog;
    type Reply = ();

    fn apply(self, unit: &Unit, _: &Catalog) -> Result<(), Failure> {
        let Self { id } = self;
        let category = unit.get(CATEGORIES, &id)?.ok_or(Refusal::NotFound(Missing::Category))?;
        unit.delete(CATEGORIES, &id)?;
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
