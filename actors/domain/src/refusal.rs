//! Everything the shop may refuse, by name. Each contract words them in its own way.

use crate::{OrderStatus, ProductId};

/// What was looked for and is not there (or is not the caller's to see).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// A user.
    User,
    /// A category.
    Category,
    /// A product.
    Product,
    /// A line of a cart.
    CartLine,
    /// An order.
    Order,
    /// A product among the lines of an order.
    OrderLine,
    /// A payment, or the gateway's intent behind it.
    Payment,
}

/// What was tried with an order that only a pending one allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderAction {
    /// Change addresses or state.
    Update,
    /// Delete it.
    Delete,
    /// Start a payment for it.
    Pay,
}

/// A line that cannot be bought now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnbuyableLine {
    /// The product.
    pub product: ProductId,
    /// Why.
    pub why: Unbuyable,
}

/// Why a product cannot be bought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unbuyable {
    /// It does not exist, or the shop has switched it off.
    NotForSale,
    /// Fewer units than wanted can be sold.
    Short {
        /// The product's name.
        name: String,
        /// Units that can still be sold.
        sellable: u64,
    },
}

/// A request that was understood and is refused; nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No user with that name and password. One answer for both, so that nobody can guess names.
    #[error("invalid credentials")]
    InvalidCredentials,
    /// The refresh token is spent, revoked, expired or none.
    #[error("token is invalid or expired")]
    TokenInvalid,
    /// Another user has this e-mail address.
    #[error("e-mail address already in use")]
    EmailTaken,
    /// Another user has this name.
    #[error("user name already in use")]
    UsernameTaken,
    /// The user name has the form of an e-mail address that is not the user's own.
    #[error("user name is the e-mail address of somebody else")]
    UsernameIsAnAddress,
    /// The old password given with a change is wrong.
    #[error("old password is incorrect")]
    OldPasswordWrong,
    /// Only an administrator may do this.
    #[error("administrators only")]
    AdministratorOnly,
    /// A shop without an administrator could not be run, and nobody could make one while it is open.
    #[error("the last administrator stays")]
    LastAdministrator,
    /// It is not there.
    #[error("{0:?} not found")]
    NotFound(Missing),
    /// It is there and somebody else's.
    #[error("order belongs to somebody else")]
    NotYourOrder,
    /// The category a product should belong to does not exist.
    #[error("no such category")]
    UnknownCategory,
    /// Some lines cannot be bought now; every one of them is named.
    #[error("{} lines cannot be bought", .0.len())]
    NotBuyable(Vec<UnbuyableLine>),
    /// The stock would grow past [`crate::MAX_STOCK`].
    #[error("stock too large")]
    StockTooLarge,
    /// Nothing to buy.
    #[error("cart is empty")]
    CartEmpty,
    /// More than [`crate::MAX_CART_LINES`] lines.
    #[error("too many lines")]
    TooManyLines,
    /// More than [`crate::MAX_LINE_QUANTITY`] units of one product.
    #[error("quantity of product {product} too large")]
    QuantityTooLarge {
        /// Which.
        product: ProductId,
    },
    /// The total is past the largest amount the contracts can print.
    #[error("total too large")]
    TotalTooLarge,
    /// Only a pending order allows this.
    #[error("only pending orders allow {action:?}")]
    OrderNotPending {
        /// What was tried.
        action: OrderAction,
    },
    /// A state only administrators may set.
    #[error("customers may not set {to:?}")]
    StateReserved {
        /// The wished state.
        to: OrderStatus,
    },
    /// A step no order can make.
    #[error("an order cannot go from {from:?} to {to:?}")]
    ForbiddenStep {
        /// The state it is in.
        from: OrderStatus,
        /// The wished state.
        to: OrderStatus,
    },
    /// A payment was to be confirmed that was never started.
    #[error("no payment was started for this order")]
    PaymentNotStarted,
    /// The gateway knows no such payment method.
    #[error("no such payment method")]
    PaymentMethodUnknown,
    /// More than is left of what was paid.
    #[error("more than is left of what was paid")]
    RefundTooLarge,
    /// The order cost nothing, so no money can go back.
    #[error("the order cost nothing")]
    NothingToRefund,
    /// The gateway will not take this payment, and would not if it were asked again.
    #[error("the payment gateway refused: {reason}")]
    RefusedByGateway {
        /// The gateway's words, without secrets.
        reason: String,
    },
}
