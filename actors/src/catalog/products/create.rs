//! Creating a product.

use super::category::require_category;
use crate::catalog::product::StockRow;
use crate::catalog::queries::view;
use crate::catalog::search_texts::search_text;
use crate::catalog::slugs::free_slug;
use crate::catalog::stored::{BY_CATEGORY, HIDDEN, PRODUCT_SLUGS, PRODUCTS, SEARCH_TEXTS, STOCK};
use crate::catalog::{Catalog, Product, ProductView};
use crate::outbox::{self, Outgoing, ProductEvent};
use crate::owner::Command;
use crate::store::Unit;
use crate::{Failure, ids};
use souk_domain::{CategoryId, MAX_STOCK, Pricing, ProductId, Refusal, Stock};

/// Creates a product, with its initial stock. Publishes `product.created`. Rejects a category that
/// does not exist, and more stock than [`MAX_STOCK`].
#[derive(Clone, Debug)]
pub struct CreateProduct {
    /// The fields of the new product.
    pub draft: ProductDraft,
}

/// The fields of a new product.
#[derive(Clone, Debug)]
pub struct ProductDraft {
    /// The product's name.
    pub name: String,
    /// May be empty.
    pub description: String,
    /// Must exist.
    pub category: Option<CategoryId>,
    /// List price and discount.
    pub pricing: Pricing,
    /// A URL.
    pub image: Option<String>,
    /// True if the shop offers it.
    pub available: bool,
    /// The initial stock in units, at most [`MAX_STOCK`].
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
        let slug = free_slug(unit, PRODUCT_SLUGS, &draft.name, id)?;
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
