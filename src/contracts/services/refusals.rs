//! How this contract words what the shop refuses. Its document prints no refusals, so they are
//! worded as Django REST Framework words them: by field, or as one sentence under `detail`.

use super::users::EMAIL_IN_USE;
use crate::app::{self, Wording};
use crate::edge::form::at_most;
use crate::edge::{Answer, Errors, standard};
use http::StatusCode;
use souk_domain::{
    MAX_LINE_QUANTITY, Missing, OrderAction, Refusal, UnbuyableLine, UnbuyableReason,
};

/// Why a handler of this contract fails.
pub(super) type Problem = app::Problem<Services>;

/// Words the refusals of this contract.
#[derive(Debug)]
pub(super) struct Services;

/// 400 with `{"detail": sentence}`.
pub(super) fn refused(sentence: &str) -> Answer {
    Answer::detail(StatusCode::BAD_REQUEST, sentence)
}

pub(super) const NOT_FOR_SALE: &str = "Product not found or inactive";
pub(super) const INSUFFICIENT_STOCK: &str = "Insufficient stock";

/// Handlers whose answers have another shape word these themselves.
impl Wording for Services {
    fn answer_for(refusal: Refusal) -> Answer {
        match refusal {
            Refusal::InvalidCredentials => {
                standard::unauthorized("No active account found with the given credentials")
            }
            Refusal::TokenInvalid => standard::bad_token("Token is invalid or expired"),
            Refusal::EmailTaken => Errors::of("email", EMAIL_IN_USE).into(),
            Refusal::UsernameTaken => Errors::of("username", standard::USERNAME_TAKEN).into(),
            Refusal::UsernameIsAnAddress => {
                Errors::of("username", standard::USERNAME_IS_AN_ADDRESS).into()
            }
            Refusal::OldPasswordWrong => {
                Errors::of("old_password", "Old password is incorrect").into()
            }
            Refusal::AdministratorOnly => standard::forbidden(),
            Refusal::LastAdministrator => standard::last_administrator(),
            Refusal::NotFound(Missing::CartLine) => {
                Answer::detail(StatusCode::NOT_FOUND, "Item not found in cart.")
            }
            Refusal::NotFound(
                Missing::User
                | Missing::Category
                | Missing::Product
                | Missing::Order
                | Missing::OrderLine
                | Missing::Payment,
            )
            | Refusal::NotYourOrder => standard::not_found(),
            Refusal::UnknownCategory => {
                Errors::of("category", "Invalid pk - object does not exist.").into()
            }
            Refusal::NotBuyable(lines) => not_buyable(&lines),
            Refusal::StockTooLarge => Errors::general("The stock would grow too large.").into(),
            Refusal::CartEmpty => refused("Cart is empty."),
            Refusal::TooManyLines => refused("Too many different products."),
            Refusal::QuantityTooLarge { .. } => {
                Errors::of("quantity", at_most(MAX_LINE_QUANTITY)).into()
            }
            Refusal::TotalTooLarge => refused("The total is larger than an order may cost."),
            Refusal::OrderNotPending { action } => refused(match action {
                OrderAction::Update => "Only pending orders can be updated.",
                OrderAction::Delete => "Only pending orders can be deleted.",
                OrderAction::Pay => "Only pending orders can be paid.",
            }),
            Refusal::StateReserved { .. } => standard::forbidden(),
            Refusal::ForbiddenTransition { from, to } => Answer::detail(
                StatusCode::CONFLICT,
                &format!("An order cannot go from {} to {}.", from.word(), to.word()),
            ),
            Refusal::PaymentNotStarted => refused("No payment was started for this order."),
            Refusal::PaymentMethodUnknown => {
                Errors::of("payment_method", "No such payment method.").into()
            }
            Refusal::RefundTooLarge => {
                Errors::of("amount", "More than is left of what was paid.").into()
            }
            Refusal::NothingToRefund => Errors::of("amount", standard::COST_NOTHING).into(),
            Refusal::RefusedByGateway { reason } => refused(&reason),
        }
    }
}

/// Words a refusal about the first line that cannot be bought, with the product's name if it has
/// one.
fn not_buyable(lines: &[UnbuyableLine]) -> Answer {
    match lines.first() {
        Some(UnbuyableLine { why: UnbuyableReason::Short { name, .. }, .. }) => {
            refused(&format!("{INSUFFICIENT_STOCK} for {name}"))
        }
        Some(UnbuyableLine { why: UnbuyableReason::NotForSale, product }) => {
            refused(&format!("{NOT_FOR_SALE}: {product}"))
        }
        None => refused(NOT_FOR_SALE),
    }
}
