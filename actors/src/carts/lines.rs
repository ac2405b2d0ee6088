//! Lines of a cart: put in, counted, taken out.

use super::open::{put, require_cart};
use super::{Cart, CartLine, Carts};
use crate::catalog::{ProductView, why_unbuyable};
use crate::owner::Command;
use crate::store::Unit;
use crate::{Failure, ids};
use souk_domain::{CartLineId, MAX_CART_LINES, Missing, Quantity, Refusal, UnbuyableLine, UserId};

/// Puts units of a product in a user's cart, on top of those that are there. Refuses what could not
/// be bought now, and a line more than [`MAX_CART_LINES`].
#[derive(Clone, Debug)]
pub struct AddCartLine {
    /// The user whose cart it is.
    pub user: UserId,
    /// The product as it stands in this turn.
    pub product: ProductView,
    /// How many units to add.
    pub quantity: Quantity,
}

impl Command for AddCartLine {
    type Owner = Carts;
    type Reply = CartLine;

    fn apply(self, unit: &Unit, _: &Carts) -> Result<CartLine, Failure> {
        let (id, mut cart) = require_cart(unit, self.user)?;
        let line = add_to(unit, &mut cart, &self.product, self.quantity)?;
        put(unit, id, cart)?;
        Ok(line)
    }
}

/// Sets how many units a line of a user's cart has. Refuses a line that is not there, and what
/// could not be bought now.
#[derive(Clone, Debug)]
pub struct SetCartLine {
    /// The user whose cart it is.
    pub user: UserId,
    /// The line.
    pub line: CartLineId,
    /// Its product, as it stands in this turn.
    pub product: ProductView,
    /// How many units it has from now on.
    pub quantity: Quantity,
}

impl Command for SetCartLine {
    type Owner = Carts;
    type Reply = CartLine;

    fn apply(self, unit: &Unit, _: &Carts) -> Result<CartLine, Failure> {
        let Self { user, line, product, quantity } = self;
        let (id, mut cart) = require_cart(unit, user)?;
        let found = cart
            .lines
            .iter_mut()
            .find(|candidate| candidate.id == line && candidate.product == product.id)
            .ok_or(Refusal::NotFound(Missing::CartLine))?;
        require_buyable(&product, quantity)?;
        found.quantity = quantity;
        let changed = *found;
        put(unit, id, cart)?;
        Ok(changed)
    }
}

/// Takes a line out of a user's cart. Refuses a line that is not there.
#[derive(Clone, Debug)]
pub struct RemoveCartLine {
    /// The user whose cart it is.
    pub user: UserId,
    /// The line.
    pub line: CartLineId,
}

impl Command for RemoveCartLine {
    type Owner = Carts;
    type Reply = ();

    fn apply(self, unit: &Unit, _: &Carts) -> Result<(), Failure> {
        let (id, mut cart) = require_cart(unit, self.user)?;
        let index = cart
            .lines
            .iter()
            .position(|line| line.id == self.line)
            .ok_or(Refusal::NotFound(Missing::CartLine))?;
        cart.lines.remove(index);
        put(unit, id, cart)
    }
}

/// Takes everything out of a user's cart.
#[derive(Clone, Debug)]
pub struct ClearCart {
    /// The user whose cart it is.
    pub user: UserId,
}

impl Command for ClearCart {
    type Owner = Carts;
    type Reply = ();

    fn apply(self, unit: &Unit, _: &Carts) -> Result<(), Failure> {
        let (id, mut cart) = require_cart(unit, self.user)?;
        if cart.lines.is_empty() {
            return Ok(());
        }
        cart.lines.clear();
        put(unit, id, cart)
    }
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

/// Refuses what could not be bought if the cart were checked out now.
pub(super) fn require_buyable(product: &ProductView, wished: Quantity) -> Result<(), Refusal> {
    match why_unbuyable(Some(product), wished) {
        None => Ok(()),
        Some(why) => Err(Refusal::NotBuyable(vec![UnbuyableLine { product: product.id, why }])),
    }
}
