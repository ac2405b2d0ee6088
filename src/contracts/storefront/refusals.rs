//! How this contract words what the shop refuses.

use crate::app::{self, Wording};
use crate::edge::form::at_most;
use crate::edge::{Answer, Errors, standard};
use http::StatusCode;
use serde::Serialize;
use souk_domain::{
    MAX_LINE_QUANTITY, MAX_STOCK, OrderAction, Refusal, UnbuyableLine, UnbuyableReason,
};

/// Why a handler of this contract fails.
pub(super) type Problem = app::Problem<Storefront>;

/// Words the refusals of this contract.
#[derive(Debug)]
pub(super) struct Storefront;

#[derive(Serialize)]
struct ErrorBody {
    error: String,
}

/// `{"error": sentence}`.
pub(super) fn error(status: StatusCode, sentence: impl Into<String>) -> Answer {
    Answer::json(status, &ErrorBody { error: sentence.into() })
}

/// `{"detail": sentence}` for a caller without permission.
pub(super) fn forbidden(sentence: &str) -> Answer {
    Answer::detail(StatusCode::FORBIDDEN, sentence)
}

pub(super) const EMAIL_IN_USE: &str = "This email is already in use.";
pub(super) const NOT_FOR_SALE: &str = "Product not found or inactive";
pub(super) const INSUFFICIENT_STOCK: &str = "Insufficient stock";

/// Handlers whose answers have another shape word these themselves.
impl Wording for Storefront {
    fn answer_for(refusal: Refusal) -> Answer {
        const BAD_REQUEST: StatusCode = StatusCode::BAD_REQUEST;
        match refusal {
            Refusal::InvalidCredentials => Errors::general("Invalid credentials").into(),
            Refusal::TokenInvalid => standard::bad_token("Token is invalid or expired"),
            Refusal::EmailTaken => Errors::of("email", EMAIL_IN_USE).into(),
            Refusal::UsernameTaken | Refusal::UsernameIsAnAddress => {
                // In this contract the user name is the e-mail address.
                Errors::of("email", EMAIL_IN_USE).into()
            }
            Refusal::OldPasswordWrong => {
                Errors::of("old_password", "Old password is incorrect").into()
            }
            Refusal::AdministratorOnly => standard::forbidden(),
            Refusal::LastAdministrator => standard::last_administrator(),
            Refusal::NotFound(_) => standard::not_found(),
            Refusal::NotYourOrder => forbidden("You do not have permission to access this order."),
            Refusal::UnknownCategory => {
                Errors::of("category_id", "Invalid pk - object does not exist.").into()
            }
            Refusal::NotBuyable(lines) => not_buyable_line(&lines),
            Refusal::StockTooLarge => Errors::of("stock_quantity", at_most(MAX_STOCK)).into(),
            Refusal::CartEmpty => error(BAD_REQUEST, "Cart is empty"),
            Refusal::TooManyLines => Errors::general("Too many different products.").into(),
            Refusal::QuantityTooLarge { .. } => {
                Errors::of("quantity", at_most(MAX_LINE_QUANTITY)).into()
            }
            Refusal::TotalTooLarge => {
                Errors::general("The total is larger than an order may cost.").into()
            }
            Refusal::OrderNotPending { action } => error(
                BAD_REQUEST,
                match action {
                    OrderAction::Update => "Only pending orders can be updated",
                    OrderAction::Delete => "Only pending orders can be deleted",
                    OrderAction::Pay => "Only pending orders can initiate payment",
                },
            ),
            Refusal::StateReserved { .. } => standard::forbidden(),
            Refusal::ForbiddenTransition { from, to } => error(
                StatusCode::CONFLICT,
                format!("An order cannot go from {} to {}", from.word(), to.word()),
            ),
            Refusal::PaymentNotStarted => {
                error(BAD_REQUEST, "Payment intent not found for this order")
            }
            Refusal::PaymentMethodUnknown => {
                Errors::of("payment_method", "No such payment method.").into()
            }
            Refusal::RefundTooLarge => {
                Errors::of("amount", "More than is left of what was paid.").into()
            }
            Refusal::NothingToRefund => Errors::of("amount", standard::COST_NOTHING).into(),
            Refusal::RefusedByGateway { reason } => error(BAD_REQUEST, reason),
        }
    }
}

/// The refusal that "Add Item to Cart" prints.
fn not_buyable_line(lines: &[UnbuyableLine]) -> Answer {
    match lines.first().map(|line| &line.why) {
        Some(UnbuyableReason::NotForSale) | None => Errors::of("product_id", NOT_FOR_SALE).into(),
        Some(UnbuyableReason::Short { .. }) => Errors::general(INSUFFICIENT_STOCK).into(),
    }
}
