//! Shopping: products as they stand in a turn go into carts.

use crate::Failure;
use crate::carts::{self, AddCartLine, CartLine, CartOf, SetCartLine};
use crate::catalog::{self, ProductView};
use crate::owner::Turn;
use souk_domain::{
    CartLineId, Missing, ProductId, Quantity, Refusal, Unbuyable, UnbuyableLine, UserId,
};

/// The product as it stands in this turn, which may be gone.
///
/// # Errors
/// Refuses a product that never was, as one that is not for sale; [`Failure`] of the store.
pub fn describe(turn: &Turn, product: ProductId) -> Result<ProductView, Failure> {
    let known = catalog::product_views(turn.unit(), &[product])?.pop();
    let unknown = || UnbuyableLine { product, why: Unbuyable::NotForSale };
    Ok(known.ok_or_else(|| Refusal::NotBuyable(vec![unknown()]))?)
}

/// Puts units of a product in a user's cart; the line after it, and the product.
///
/// # Errors
/// Refuses what could not be bought now.
pub async fn add_to_cart(
    turn: &Turn,
    user: UserId,
    product: ProductId,
    quantity: Quantity,
) -> Result<(CartLine, ProductView), Failure> {
    let view = describe(turn, product)?;
    let product = view.clone();
    let line = turn.ask(AddCartLine { user, product, quantity }).await?;
    Ok((line, view))
}

/// Sets how many units a line of a user's cart has; the line after it, and its product.
///
/// # Errors
/// Refuses a line that is not in the cart, and what could not be bought now.
pub async fn set_cart_line(
    turn: &Turn,
    user: UserId,
    line: CartLineId,
    quantity: Quantity,
) -> Result<(CartLine, ProductView), Failure> {
    let (_, cart) = carts::require_cart(turn.unit(), user)?;
    let known = cart.lines.iter().find(|candidate| candidate.id == line);
    let product = known.ok_or(Refusal::NotFound(Missing::CartLine))?.product;
    let view = describe(turn, product)?;
    let product = view.clone();
    let line = turn.ask(SetCartLine { user, line, product, quantity }).await?;
    Ok((line, view))
}

/// What is in a cart in this turn; nothing if there is no cart.
///
/// # Errors
/// Refuses a user who has closed their account; [`Failure`] of the store.
pub fn lines_of(turn: &Turn, whose: &CartOf) -> Result<Vec<CartLine>, Failure> {
    let found = carts::find(turn.unit(), whose)?;
    Ok(found.map(|(_, cart)| cart.lines).unwrap_or_default())
}
