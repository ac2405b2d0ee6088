//! Changing a product.

use super::category::require_category;
use crate::Failure;
use crate::catalog::queries::view;
use crate::catalog::search_texts::search_text;
use crate::catalog::slugs::free_slug;
use crate::catalog::stored::{BY_CATEGORY, HIDDEN, PRODUCT_SLUGS, PRODUCTS, SEARCH_TEXTS};
use crate::catalog::{Catalog, Product, ProductView, stock};
use crate::outbox::ProductEvent;
use crate::owner::Command;
use crate::store::{Read, Unit};
use souk_domain::text::one_line;
use souk_domain::{CategoryId, Missing, Pricing, ProductId, Refusal};

/// Changes a product, including its stock. Publishes the changes, and mails the administrators if
/// the stock gets low. Rejects a product or a category that does not exist, and more stock than
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
    /// True to offer it, false to hide it.
    pub available: Option<bool>,
    /// The new number of sellable units.
    pub stock: Option<u64>,
    /// Units received, added to the stock.
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
        // A name from an earlier version may contain line breaks. Sent back unchanged, it counts as
        // the same name.
        if let Some(name) = change.name
            && name != before.name
            && name != one_line(&before.name)
        {
            unit.delete(PRODUCT_SLUGS, &before.slug)?;
            product.slug = free_slug(unit, PRODUCT_SLUGS, &name, id)?;
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
            save_changed(unit, id, &before, &product)?;
        }
        stock::adjust(unit, id, &product, adjusted, owner.low_stock_threshold)?;
        Ok(view(unit, id, product, false)?)
    }
}

fn save_changed(
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
    stock::publish(unit, id, product, ProductEvent::Updated)
}
