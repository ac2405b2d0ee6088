//! What may be in a cart.

use crate::catalog::{ProductView, why_unbuyable};
use souk_domain::{Quantity, Refusal, UnbuyableLine};

/// Refuses what could not be bought if the cart were checked out now.
pub(super) fn require_buyable(product: &ProductView, wished: Quantity) -> Result<(), Refusal> {
    match why_unbuyable(Some(product), wished) {
        None => Ok(()),
        Some(why) => Err(Refusal::NotBuyable(vec![UnbuyableLine { product: product.id, why }])),
    }
}
