//! Categories: create, update, delete.

use super::Category;
use super::rows::{CATEGORIES, CATEGORY_SLUGS};
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

pub(super) fn create(unit: &Unit, draft: CategoryDraft) -> Result<(CategoryId, Category), Failure> {
    let id = ids::next(unit, "category", CategoryId::new)?;
    let slug = free_slug(unit, &draft.name, id)?;
    unit.put(CATEGORY_SLUGS, &slug, &id)?;
    let category = Category { name: draft.name, slug, description: draft.description };
    unit.put(CATEGORIES, &id, &category)?;
    Ok((id, category))
}

pub(super) fn update(
    unit: &Unit,
    id: CategoryId,
    change: CategoryChange,
) -> Result<Category, Failure> {
    let mut category = unit.get(CATEGORIES, &id)?.ok_or(Refusal::NotFound(Missing::Category))?;
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

/// Products keep the id of a deleted category and show none: ids are never given twice.
pub(super) fn delete(unit: &Unit, id: CategoryId) -> Result<(), Failure> {
    let category = unit.get(CATEGORIES, &id)?.ok_or(Refusal::NotFound(Missing::Category))?;
    unit.delete(CATEGORIES, &id)?;
    unit.delete(CATEGORY_SLUGS, &category.slug)?;
    Ok(())
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
