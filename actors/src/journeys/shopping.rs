//! Shopping: adds products to carts and changes the lines of carts, within a turn.

use crate::Failure;
use crate::carts::{self, AddToCart, CartLine, CartOf, LineOf, SetCartLine};
use crate::catalog::{self, ProductView};
use crate::owner::Turn;
use souk_domain::{Missing, ProductId, Quantity, Refusal, UnbuyableLine, UnbuyableReason};

/// A cart line after a change, with its product.
#[derive(Clone, Debug)]
pub struct CartLineView {
    /// The line.
    pub line: CartLine,
    /// Its product.
    pub product: ProductView,
}

/// Puts units of a product in a cart.
///
/// # Errors
/// Rejects a line that cannot be bought now, and a user who has closed the account.
pub async fn add_to_cart(
    turn: &Turn,
    cart: CartOf,
    product: ProductId,
    quantity: Quantity,
) -> Result<CartLineView, Failure> {
    add(turn, cart, describe(turn, product)?, quantity).await
}

/// Like [`add_to_cart`], for a cart that may hold at most `max_units` units of all products
/// together. Returns `None` if the cart would exceed that.
///
/// # Errors
/// As [`add_to_cart`].
pub async fn add_to_bounded_cart(
    turn: &Turn,
    cart: CartOf,
    product: ProductId,
    quantity: Quantity,
    max_units: u64,
) -> Result<Option<CartLineView>, Failure> {
    let product = describe(turn, product)?;
    let units = units_of(&lines_of(turn, &cart)?) + u64::from(quantity.get());
    if units > max_units {
        return Ok(None);
    }
    add(turn, cart, product, quantity).await.map(Some)
}

async fn add(
    turn: &Turn,
    cart: CartOf,
    product: ProductView,
    quantity: Quantity,
) -> Result<CartLineView, Failure> {
    let line = turn.ask(AddToCart { cart, product: product.clone(), quantity }).await?;
    Ok(CartLineView { line, product })
}

/// Sets how many units a line of a cart has.
///
/// # Errors
/// Rejects a line that is not in the cart, a quantity that cannot be bought now, and a user who has
/// closed the account.
pub async fn set_cart_line(
    turn: &Turn,
    cart: CartOf,
    line: LineOf,
    quantity: Quantity,
) -> Result<CartLineView, Failure> {
    let lines = lines_of(turn, &cart)?;
    let known = lines.iter().find(|candidate| line.is(candidate));
    let product = known.ok_or(Refusal::NotFound(Missing::CartLine))?.product;
    let product = describe(turn, product)?;
    let line = turn.ask(SetCartLine { cart, line, product: product.clone(), quantity }).await?;
    Ok(CartLineView { line, product })
}

/// The lines of a cart in this turn; empty if there is no cart.
///
/// # Errors
/// Rejects a user who has closed the account; [`Failure`] of the store.
pub fn lines_of(turn: &Turn, cart: &CartOf) -> Result<Vec<CartLine>, Failure> {
    let found = carts::find(turn.unit(), cart)?;
    Ok(found.map(|(_, cart)| cart.lines).unwrap_or_default())
}

/// The units of all lines together.
#[must_use]
pub fn units_of(lines: &[CartLine]) -> u64 {
    lines.iter().map(|line| u64::from(line.quantity.get())).sum()
}

/// The product as of this turn. Fails if it was deleted.
fn describe(turn: &Turn, product: ProductId) -> Result<ProductView, Failure> {
    let known = catalog::product_views(turn.unit(), &[product])?.pop();
    // A product that never existed gets the same error as one that is not for sale.
    let unknown = || UnbuyableLine { product, why: UnbuyableReason::NotForSale };
    Ok(known.ok_or_else(|| Refusal::NotBuyable(vec![unknown()]))?)
}
