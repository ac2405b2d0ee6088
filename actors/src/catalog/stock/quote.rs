//! Checks what can be bought now.

use crate::Failure;
use crate::catalog::ProductView;
use crate::catalog::queries::view;
use crate::catalog::stored::PRODUCTS;
use crate::store::{Read, Unit};
use souk_domain::{ProductId, Quantity, Refusal, UnbuyableLine, UnbuyableReason};

/// The products of these lines as of this turn. Changes nothing.
///
/// # Errors
/// Rejects every line that cannot be bought.
pub fn quote(unit: &Unit, lines: &[(ProductId, Quantity)]) -> Result<Vec<ProductView>, Failure> {
    let mut views = Vec::with_capacity(lines.len());
    let mut unbuyable = Vec::new();
    for (id, quantity) in lines {
        let view = match unit.get(PRODUCTS, id)? {
            Some(product) => Some(view(unit, *id, product, false)?),
            None => None,
        };
        match why_unbuyable(view.as_ref(), *quantity) {
            Some(why) => unbuyable.push(UnbuyableLine { product: *id, why }),
            None => views.extend(view),
        }
    }
    if unbuyable.is_empty() { Ok(views) } else { Err(Refusal::NotBuyable(unbuyable).into()) }
}

/// Why this quantity cannot be bought now; `None` if it can.
pub(crate) fn why_unbuyable(
    product: Option<&ProductView>,
    wished: Quantity,
) -> Option<UnbuyableReason> {
    let Some(product) = product.filter(|product| product.is_for_sale()) else {
        return Some(UnbuyableReason::NotForSale);
    };
    let is_short = product.sellable < u64::from(wished.get());
    is_short.then(|| UnbuyableReason::Short {
        name: product.product.name.clone(),
        sellable: product.sellable,
    })
}
