//! Deleting a product.

use crate::Failure;
use crate::catalog::stored::{BY_CATEGORY, GONE, HIDDEN, PRODUCT_SLUGS, PRODUCTS, SEARCH_TEXTS};
use crate::catalog::{Catalog, stock};
use crate::outbox::ProductEvent;
use crate::owner::Command;
use crate::store::{Read, Unit};
use souk_domain::{Missing, ProductId, Refusal};

/// Deletes a product; orders that contain it keep their stock. Publishes `product.deleted`. Rejects
/// a product that does not exist.
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
        stock::publish(unit, id, &product, ProductEvent::Deleted)
    }
}
