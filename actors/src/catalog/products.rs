//! Products: create, update, delete.

use super::queries::view;
use super::rows::{
    BY_CATEGORY, CATEGORIES, GONE, HIDDEN, PRODUCT_SLUGS, PRODUCTS, SEARCH_TEXTS, STOCK, StockRow,
};
use super::search_texts::search_text;
use super::{Catalog, Product, ProductView, stock};
use crate::outbox::{self, Outgoing, ProductEvent};
use crate::owner::Command;
use crate::store::{Read, Unit};
use crate::{Failure, ids};
use souk_domain::text::one_line;
use souk_domain::{CategoryId, MAX_STOCK, Missing, Pricing, ProductId, Refusal, Stock, slug_of};

/// Adds a product, with the stock received with it. Publishes `product.created`. Refuses a category
/// that is not there, and more stock than [`MAX_STOCK`].
#[derive(Clone, Debug)]
pub struct CreateProduct {
    /// The product to be made.
    pub draft: ProductDraft,
}

/// A product to be made.
#[derive(Clone, Debug)]
pub struct ProductDraft {
    /// What it is called.
    pub name: String,
    /// May be empty.
    pub description: String,
    /// Must exist.
    pub category: Option<CategoryId>,
    /// List price and discount.
    pub pricing: Pricing,
    /// A URL.
    pub image: Option<String>,
    /// Whether it is offered.
    pub available: bool,
    /// Units received with it, at most [`MAX_STOCK`].
    pub stock: u64,
}

impl Command for CreateProduct {
    type Owner = Catalog;
    type Reply = ProductView;

    fn apply(self, unit: &Unit, _: &Catalog) -> Result<ProductView, Failure> {
        let draft = self.draft;
        require_category(unit, draft.category)?;
        if draft.stock > MAX_STOCK {
            return Err(Refusal::StockTooLarge.into());
        }
        let id = ids::next(unit, "product", ProductId::new)?;
        let slug = free_slug(unit, &draft.name, id)?;
        let product = Product {
            name: draft.name,
            slug,
            description: draft.description,
            category: draft.category,
            pricing: draft.pricing,
            image: draft.image,
            available: draft.available,
            created_at: unit.now(),
            updated_at: unit.now(),
        };
        let row = StockRow {
            received: draft.stock,
            stock: Stock { sellable: draft.stock, held: 0, sold: 0 },
            version: 1,
        };
        unit.put(PRODUCT_SLUGS, &product.slug, &id)?;
        unit.put(PRODUCTS, &id, &product)?;
        unit.put(SEARCH_TEXTS, &id, &search_text(&product))?;
        unit.put(STOCK, &id, &row)?;
        if let Some(category) = product.category {
            unit.put(BY_CATEGORY, &(category, id), &())?;
        }
        if !product.available {
            unit.put(HIDDEN, &id, &())?;
        }
        outbox::append(
            unit,
            Outgoing::Product {
                product: id,
                version: 1,
                what: ProductEvent::Created,
                snapshot: product.snapshot(draft.stock),
            },
        )?;
        Ok(view(unit, id, product, false)?)
    }
}

/// Changes a product, its stock included. Publishes what changed, and mails the administrators if
/// the stock gets low. Refuses a product or a category that is not there, and more stock than
/// [`MAX_STOCK`].
#[derive(Clone, Debug)]
pub struct UpdateProduct {
    /// The product.
    pub id: ProductId,
    /// What to change.
    pub change: ProductChange,
}

/// What to change; `None` leaves a field as it is.
#[derive(Clone, Debug, Default)]
pub struct ProductChange {
    /// A new name; the slug follows it.
    pub name: Option<String>,
    /// A new description.
    pub description: Option<String>,
    /// A new category, or none.
    pub category: Option<Option<CategoryId>>,
    /// A new price.
    pub pricing: Option<Pricing>,
    /// A new image, or none.
    pub image: Option<Option<String>>,
    /// On or off.
    pub available: Option<bool>,
    /// What can be sold from now on.
    pub stock: Option<u64>,
    /// Units received, on top of what is there.
    pub received: Option<u64>,
}

impl Command for UpdateProduct {
    type Owner = Catalog;
    type Reply = ProductView;

    fn apply(self, unit: &Unit, owner: &Catalog) -> Result<ProductView, Failure> {
        let Self { id, change } = self;
        let before = unit.get(PRODUCTS, &id)?.ok_or(Refusal::NotFound(Missing::Product))?;
        if let Some(category) = change.category {
            require_category(unit, category)?;
        }
        let adjusted = stock::adjusted(unit, id, change.stock, change.received)?;
        let mut product = before.clone();
        // A name of an earlier version may have line breaks; shown back, it is still the same name.
        if let Some(name) = change.name
            && name != before.name
            && name != one_line(&before.name)
        {
            unit.delete(PRODUCT_SLUGS, &before.slug)?;
            product.slug = free_slug(unit, &name, id)?;
            unit.put(PRODUCT_SLUGS, &product.slug, &id)?;
            product.name = name;
        }
        product.description = change.description.unwrap_or(product.description);
        product.category = change.category.unwrap_or(product.category);
        product.pricing = change.pricing.unwrap_or(product.pricing);
        product.image = change.image.unwrap_or(product.image);
        product.available = change.available.unwrap_or(product.available);
        if product != before {
            product.updated_at = unit.now();
            put_changed(unit, id, &before, &product)?;
        }
        stock::adjust(unit, id, &product, adjusted, owner.low_stock_threshold)?;
        Ok(view(unit, id, product, false)?)
    }
}

/// Deletes a product; orders that have it keep what they took. Publishes `product.deleted`. Refuses
/// a product that is not there.
#[derive(Clone, Debug)]
pub struct DeleteProduct {
    /// The product.
    pub id: ProductId,
}

impl Command for DeleteProduct {
    type Owner = Catalog;
    type Reply = ();

    fn apply(self, unit: &Unit, _: &Catalog) -> Result<(), Failure> {
        let Self { id } = self;
        let product = unit.get(PRODUCTS, &id)?.ok_or(Refusal::NotFound(Missing::Product))?;
        unit.delete(PRODUCTS, &id)?;
        unit.delete(SEARCH_TEXTS, &id)?;
        unit.delete(PRODUCT_SLUGS, &product.slug)?;
        if let Some(category) = product.category {
            unit.delete(BY_CATEGORY, &(category, id))?;
        }
        if !product.available {
            unit.delete(HIDDEN, &id)?;
        }
        unit.put(GONE, &id, &product)?;
        stock::tell(unit, id, &product, ProductEvent::Deleted)
    }
}

fn put_changed(
    unit: &Unit,
    id: ProductId,
    before: &Product,
    product: &Product,
) -> Result<(), Failure> {
    unit.put(PRODUCTS, &id, product)?;
    let text = search_text(product);
    if text != search_text(before) {
        unit.put(SEARCH_TEXTS, &id, &text)?;
    }
    if product.available && !before.available {
        unit.delete(HIDDEN, &id)?;
    } else if !product.available && before.available {
        unit.put(HIDDEN, &id, &())?;
    }
    if product.category != before.category {
        if let Some(old) = before.category {
            unit.delete(BY_CATEGORY, &(old, id))?;
        }
        if let Some(new) = product.category {
            unit.put(BY_CATEGORY, &(new, id), &())?;
        }
    }
    stock::tell(unit, id, product, ProductEvent::Updated)
}

fn require_category(unit: &Unit, category: Option<CategoryId>) -> Result<(), Failure> {
    match category {
        Some(id) if unit.get(CATEGORIES, &id)?.is_none() => Err(Refusal::UnknownCategory.into()),
        _ => Ok(()),
    }
}

/// The slug of the name; if another has it, with the id behind it, and if need be a number.
fn free_slug(unit: &Unit, name: &str, id: ProductId) -> Result<String, Failure> {
    let plain = slug_of(name);
    let mut slug = plain.clone();
    let mut number = 1_u64;
    while unit.get(PRODUCT_SLUGS, &slug)?.is_some_and(|holder| holder != id) {
        slug = match number {
            1 => format!("{plain}-{id}"),
            _ => format!("{plain}-{id}-{number}"),
        };
        number += 1;
    }
    Ok(slug)
}
