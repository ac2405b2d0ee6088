//! Finds the cart and the line that a command names.

use super::{Cart, CartKey, CartLine};
use crate::Failure;
use crate::store::Unit;
use souk_domain::{CartId, CartLineId, Missing, ProductId, Refusal, UserId};

/// Selects a cart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CartOf {
    /// The cart of a registered user.
    User(UserId),
    /// The guest cart with this key. The sender MUST know that the shop issued the key.
    Guest(CartKey),
}

/// Selects a line of a cart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineOf {
    /// The line with this id.
    Id(CartLineId),
    /// The line with this product.
    Product(ProductId),
}

impl LineOf {
    /// True if this selects the line.
    #[must_use]
    pub fn is(self, line: &CartLine) -> bool {
        match self {
            Self::Id(id) => line.id == id,
            Self::Product(product) => line.product == product,
        }
    }
}

/// The user's cart. Rejects a user who has closed the account since the request came in.
pub(super) fn require_cart(unit: &Unit, user: UserId) -> Result<(CartId, Cart), Failure> {
    Ok(super::of_user(unit, user)?.ok_or(Refusal::NotFound(Missing::User))?)
}

/// The cart as of this turn; `None` for a guest whose cart is empty.
///
/// # Errors
/// Rejects a user who has closed the account since the request came in; [`Failure`] of the store.
pub fn find(unit: &Unit, cart: &CartOf) -> Result<Option<(CartId, Cart)>, Failure> {
    match cart {
        CartOf::User(user) => require_cart(unit, *user).map(Some),
        CartOf::Guest(key) => Ok(super::of_guest(unit, key, unit.now())?),
    }
}

/// The position of a line among the lines of its cart.
pub(super) fn line_position(cart: &Cart, line: LineOf) -> Option<usize> {
    cart.lines.iter().position(|candidate| line.is(candidate))
}
