//! The check of a cart line against the product.

use crate::catalog::{ProductView, why_unbuyable};
use souk_domain::{Quantity, Refusal, UnbuyableLine};

/// Rejects a quantity that could not be bought if the cart were checked out now.
pub(super) fn require_buyable(product: &ProductView, wished: Quantity) -> Result<(), Refusal> {
    match why_unbuyable(Some(product), wished) {
        None => Ok(()),
        Some(why) => Err(Refusal::NotBuyable(vec![UnbuyableLine { product: product.id, why }])),
    }
}
