//! Lines of a cart: put in, counted, taken out.

use super::Carts;
use super::open::{put, require_cart};
use super::{Cart, CartLine};
use crate::catalog::{ProductView, why_unbuyable};
use crate::owner::Command;
use crate::store::Unit;
use crate::{Failure, ids};
use souk_domain::{CartLineId, MAX_CART_LINES, Missing, Quantity, Refusal, UnbuyableLine, UserId};

/// Put units of a product in, on top of those that are there. Refuses what could not be
/// bought now.
#[derive(Clone, Debug)]
pub struct AddCartLine {
    /// Whose cart.
    pub user: UserId,
    /// What, as it stands in this turn.
    pub product: ProductView,
    /// How many.
    pub quantity: Quantity,
}

impl Command for AddCartLine {
    type Owner = Carts;
    type Reply = CartLine;

    fn apply(self, unit: &Unit, _: &Carts) -> Result<CartLine, Failure> {
        let Self { user, product, quantity } = self;
        let product = &product;
        let (id, mut cart) = require_cart(unit, user)?;
        let line = add_to(unit, &mut cart, product, quantity)?;
        put(unit, id, cart)?;
        Ok(line)
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

/// Set how many units a line has. Refuses what could not be bought now.
#[derive(Clone, Debug)]
pub struct SetCartLine {
    /// Whose cart.
    pub user: UserId,
    /// Which line.
    pub line: CartLineId,
    /// Its product, as it stands in this turn.
    pub product: ProductView,
    /// How many.
    pub quantity: Quantity,
}

impl Command for SetCartLine {
    type Owner = Carts;
    type Reply = CartLine;

    fn apply(self, unit: &Unit, _: &Carts) -> Result<CartLine, Failure> {
        let Self { user, line, product, quantity } = self;
        let product = &product;
        let (id, mut cart) = require_cart(unit, user)?;
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
}

/// Take a line out.
#[derive(Clone, Debug)]
pub struct RemoveCartLine {
    /// Whose cart.
    pub user: UserId,
    /// Which line.
    pub line: CartLineId,
}

impl Command for RemoveCartLine {
    type Owner = Carts;
    type Reply = ();

    fn apply(self, unit: &Unit, _: &Carts) -> Result<(), Failure> {
        let Self { user, line } = self;
        let (id, mut cart) = require_cart(unit, user)?;
        let index = cart
            .lines
            .iter()
            .position(|candidate| candidate.id == line)
            .ok_or(Refusal::NotFound(Missing::CartLine))?;
        cart.lines.remove(index);
        put(unit, id, cart)
    }
}

/// Take everything out.
#[derive(Clone, Debug)]
pub struct ClearCart {
    /// Whose cart.
    pub user: UserId,
}

impl Command for ClearCart {
    type Owner = Carts;
    type Reply = ();

    fn apply(self, unit: &Unit, _: &Carts) -> Result<(), Failure> {
        let Self { user } = self;
        let (id, mut cart) = require_cart(unit, user)?;
        if cart.lines.is_empty() {
            return Ok(());
        }
        cart.lines.clear();
        put(unit, id, cart)
    }
}

/// Refuses what could not be bought if the cart were checked out now.
pub(super) fn require_buyable(product: &ProductView, wished: Quantity) -> Result<(), Refusal> {
    match why_unbuyable(Some(product), wished) {
        None => Ok(()),
        Some(why) => Err(Refusal::NotBuyable(vec![UnbuyableLine { product: product.id, why }])),
    }
}
