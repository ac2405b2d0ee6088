//! Which cart and which line a command means.

use super::{Cart, CartKey, CartLine};
use crate::Failure;
use crate::store::Unit;
use souk_domain::{CartId, CartLineId, Missing, ProductId, Refusal, UserId};

/// Whose cart is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CartOf {
    /// The one of a registered person.
    User(UserId),
    /// The one of whoever presents this key. The sender MUST know that the shop gave it out.
    Guest(CartKey),
}

/// Which line of a cart is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineOf {
    /// The one with this id.
    Id(CartLineId),
    /// The one of this product.
    Product(ProductId),
}

impl LineOf {
    /// True if this line is meant.
    #[must_use]
    pub fn is(self, line: &CartLine) -> bool {
        match self {
            Self::Id(id) => line.id == id,
            Self::Product(product) => line.product == product,
        }
    }
}

/// The user's cart; refuses a user who has closed their account since the request came in.
pub(super) fn require_cart(unit: &Unit, user: UserId) -> Result<(CartId, Cart), Failure> {
    Ok(super::of_user(unit, user)?.ok_or(Refusal::NotFound(Missing::User))?)
}

/// The cart as it stands in this turn; `None` for a guest who has nothing in theirs.
///
/// # Errors
/// Refuses a user who has closed their account since the request came in; [`Failure`] of the store.
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
