//! The shop's rules, and nothing else: ids, money, states, pricing, stock and named refusals.
//!
//! This crate has no clock, no IO and no async; its callers pass in the time and the facts.
//! Everything here is a value or a plain function from values to an outcome or a [`Refusal`].

mod access;
mod books;
mod cart;
mod country;
mod email;
mod ids;
mod money;
mod near;
mod order;
mod order_lines;
mod password;
mod payment;
mod product;
mod refusal;
mod search;
mod slug;
mod stock;
pub mod text;
mod time;
mod username;

pub use access::{Caller, Role};
pub use books::{Claim, Misfit, PaymentBooks, ReportSource, ReportedAmount, judge, sum_of_refunds};
pub use cart::{
    CartLines, MAX_CART_LINES, MAX_LINE_QUANTITY, MergedQuantity, Quantity, merge_quantities,
};
pub use country::{COUNTRY_CODES, Country};
pub use email::EmailAddress;
pub use ids::{
    AddressId, CartId, CartLineId, CategoryId, OrderId, OrderLineId, PaymentId, ProductId,
    SessionId, UserId,
};
pub use money::{Currency, MAX_AMOUNT_MINOR_UNITS, Money, MoneyError};
pub use near::nearest;
pub use order::{
    OrderLine, OrderStatus, StatusTransition, StockHolding, order_total, price_total, transition,
    transition_with_payment,
};
pub use order_lines::{AddedUnit, require_changeable, with_unit, without_unit};
pub use password::{Password, PasswordError};
pub use payment::PaymentStatus;
pub use product::{Discount, DiscountError, MAX_STOCK, Pricing};
pub use refusal::{Missing, OrderAction, Refusal, UnbuyableLine, UnbuyableReason};
pub use search::{SearchTerms, SearchText};
pub use slug::slug_of;
pub use stock::{Stock, StockError};
pub use text::{TextError, TextErrors};
pub use time::UnixMillis;
pub use username::Username;
