//! Every reason to reject a command, by name. Each contract has its own wording.

use crate::{OrderStatus, ProductId};

/// What was not found, or is not visible to the caller.
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

/// An action that only a pending order allows.
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
    /// The reason.
    pub why: UnbuyableReason,
}

/// Why a product cannot be bought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnbuyableReason {
    /// It does not exist, or the shop has hidden it.
    NotForSale,
    /// Fewer units than requested can be sold.
    Short {
        /// The product's name.
        name: String,
        /// Units that can still be sold.
        sellable: u64,
    },
}

/// A command that was understood and rejected; nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No user has that name and password. One answer for both, so that names cannot be guessed.
    #[error("invalid credentials")]
    InvalidCredentials,
    /// The refresh token is used up, revoked, expired or malformed.
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
    /// Without an administrator, the shop could not be managed, and none could be created while it
    /// runs.
    #[error("the last administrator stays")]
    LastAdministrator,
    /// It does not exist.
    #[error("{0:?} not found")]
    NotFound(Missing),
    /// It exists but belongs to another customer.
    #[error("order belongs to somebody else")]
    NotYourOrder,
    /// The category a product should belong to does not exist.
    #[error("no such category")]
    UnknownCategory,
    /// Some lines cannot be bought now; all of them are listed.
    #[error("{} lines cannot be bought", .0.len())]
    NotBuyable(Vec<UnbuyableLine>),
    /// The stock would exceed [`crate::MAX_STOCK`].
    #[error("stock too large")]
    StockTooLarge,
    /// There is nothing to buy.
    #[error("cart is empty")]
    CartEmpty,
    /// More than [`crate::MAX_CART_LINES`] lines.
    #[error("too many lines")]
    TooManyLines,
    /// More than [`crate::MAX_LINE_QUANTITY`] units of one product.
    #[error("quantity of product {product} too large")]
    QuantityTooLarge {
        /// The product.
        product: ProductId,
    },
    /// The total exceeds the largest amount the contracts can represent.
    #[error("total too large")]
    TotalTooLarge,
    /// Only a pending order allows this.
    #[error("only pending orders allow {action:?}")]
    OrderNotPending {
        /// The rejected action.
        action: OrderAction,
    },
    /// A state only administrators may set.
    #[error("customers may not set {to:?}")]
    StateReserved {
        /// The requested state.
        to: OrderStatus,
    },
    /// A change of state that no order allows.
    #[error("an order cannot go from {from:?} to {to:?}")]
    ForbiddenTransition {
        /// The current state.
        from: OrderStatus,
        /// The requested state.
        to: OrderStatus,
    },
    /// The payment to confirm was never started.
    #[error("no payment was started for this order")]
    PaymentNotStarted,
    /// The gateway has no such payment method.
    #[error("no such payment method")]
    PaymentMethodUnknown,
    /// More than is left of the paid amount.
    #[error("more than is left of what was paid")]
    RefundTooLarge,
    /// The order cost nothing, so no money can be refunded.
    #[error("the order cost nothing")]
    NothingToRefund,
    /// The gateway rejects this payment, and would reject a retry.
    #[error("the payment gateway refused: {reason}")]
    RefusedByGateway {
        /// The gateway's message, without secrets.
        reason: String,
    },
}
