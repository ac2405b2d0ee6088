//! Lines of a cart: put in, counted, taken out.

use super::open::{open_cart, put};
use super::{Cart, CartLine};
use crate::catalog::{ProductView, why_unbuyable};
use crate::store::Unit;
use crate::{Failure, ids};
use souk_domain::{CartLineId, MAX_CART_LINES, Missing, Quantity, Refusal, UnbuyableLine, UserId};

pub(super) fn add(
    unit: &Unit,
    user: UserId,
    product: &ProductView,
    quantity: Quantity,
) -> Result<CartLine, Failure> {
    let (id, mut cart) = open_cart(unit, user)?;
    let line = add_to(unit, &mut cart, product, quantity)?;
    put(unit, id, cart)?;
    Ok(line)
}

/// Puts units in a cart that is written afterwards.
pub(super) fn add_to(
    unit: &Unit,
    cart: &mut Cart,
    product: &ProductView,
    quantity: Quantity,
) -> Result<CartLine, Failure> {
    let known = cart.lines.iter().position(|line| line.product == product.id);
    let wished = match known {
        Some(index) => cart.lines[index]
            .quantity
            .plus(quantity)
            .ok_or(Refusal::QuantityTooLarge { product: product.id })?,
        None if cart.lines.len() >= MAX_CART_LINES => return Err(Refusal::TooManyLines.into()),
        None => quantity,
    };
    require_buyable(product, wished)?;
    let line = match known {
        Some(index) => {
            cart.lines[index].quantity = wished;
            cart.lines[index]
        }
        None => {
            let line = CartLine {
                id: ids::next(unit, "cart_line", CartLineId::new)?,
                product: product.id,
                quantity: wished,
                created_at: unit.now(),
            };
            cart.lines.push(line);
            line
        }
    };
    Ok(line)
}

pub(super) fn set_quantity(
    unit: &Unit,
    user: UserId,
    line: CartLineId,
    product: &ProductView,
    quantity: Quantity,
) -> Result<CartLine, Failure> {
    let (id, mut cart) = open_cart(unit, user)?;
    let found = cart
        .lines
        .iter_mut()
        .find(|candidate| candidate.id == line && candidate.product == product.id)
        .ok_or(Refusal::NotFound(Missing::CartLine))?;
    require_buyable(product, quantity)?;
    found.quantity = quantity;
    let changed = *found;
    put(unit, id, cart)?;
    Ok(changed)
}

pub(super) fn remove(unit: &Unit, user: UserId, line: CartLineId) -> Result<(), Failure> {
    let (id, mut cart) = open_cart(unit, user)?;
    let index = cart
        .lines
        .iter()
        .position(|candidate| candidate.id == line)
        .ok_or(Refusal::NotFound(Missing::CartLine))?;
    cart.lines.remove(index);
    put(unit, id, cart)
}

pub(super) fn clear(unit: &Unit, user: UserId) -> Result<(), Failure> {
    let (id, mut cart) = open_cart(unit, user)?;
    if cart.lines.is_empty() {
        return Ok(());
    }
    cart.lines.clear();
    put(unit, id, cart)
}

/// Refuses what could not be bought if the cart were checked out now.
pub(super) fn require_buyable(product: &ProductView, wished: Quantity) -> Result<(), Refusal> {
    match why_unbuyable(Some(product), wished) {
        None => Ok(()),
        Some(why) => Err(Refusal::NotBuyable(vec![UnbuyableLine { product: product.id, why }])),
    }
}
