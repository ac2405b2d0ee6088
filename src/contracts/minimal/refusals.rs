//! How this contract words what the shop refuses.

use crate::app::{self, Wording};
use crate::edge::form::at_most;
use crate::edge::{Answer, Errors, standard};
use http::StatusCode;
use souk_domain::{MAX_LINE_QUANTITY, OrderAction, Refusal, UnbuyableLine, UnbuyableReason};

/// Why a handler of this contract fails.
pub(super) type Problem = app::Problem<Minimal>;

/// The error for an unknown product, or one that is not for sale.
pub(super) const NOT_FOR_SALE: &str = "Product not found or inactive";

/// Words the refusals of this contract.
#[derive(Debug)]
pub(super) struct Minimal;

impl Wording for Minimal {
    fn answer_for(refusal: Refusal) -> Answer {
        match refusal {
            Refusal::InvalidCredentials => {
                Errors::general("Unable to log in with provided credentials.").into()
            }
            Refusal::TokenInvalid => standard::bad_token("Token is invalid or expired"),
            Refusal::EmailTaken => Errors::of("email", standard::EMAIL_TAKEN).into(),
            Refusal::UsernameTaken => Errors::of("username", standard::USERNAME_TAKEN).into(),
            Refusal::UsernameIsAnAddress => {
                Errors::of("username", standard::USERNAME_IS_AN_ADDRESS).into()
            }
            Refusal::OldPasswordWrong => Errors::of("password", "Password is incorrect.").into(),
            Refusal::AdministratorOnly => standard::forbidden(),
            Refusal::LastAdministrator => standard::last_administrator(),
            Refusal::NotFound(_) | Refusal::NotYourOrder => standard::not_found(),
            Refusal::UnknownCategory => Errors::general("No such category.").into(),
            Refusal::NotBuyable(lines) => not_buyable(&lines).into(),
            Refusal::StockTooLarge => Errors::general("Too many units.").into(),
            Refusal::CartEmpty => Errors::of("cart_id", "The cart is empty.").into(),
            Refusal::TooManyLines => Errors::general("Too many different products.").into(),
            Refusal::QuantityTooLarge { .. } => {
                Errors::of("quantity", at_most(MAX_LINE_QUANTITY)).into()
            }
            Refusal::TotalTooLarge => {
                Errors::general("The total is larger than an order may cost.").into()
            }
            Refusal::OrderNotPending { action } => bad_request(match action {
                OrderAction::Update => "Only pending orders can be changed.",
                OrderAction::Delete => "Only pending orders can be deleted.",
                OrderAction::Pay => "Only pending orders can be paid.",
            }),
            Refusal::StateReserved { .. } => standard::forbidden(),
            Refusal::ForbiddenTransition { from, to } => {
                let sentence = format!("An order cannot go from {} to {}.", from.word(), to.word());
                Answer::detail(StatusCode::CONFLICT, &sentence)
            }
            Refusal::PaymentNotStarted => {
                bad_request("The order has changed meanwhile; pay it again.")
            }
            Refusal::PaymentMethodUnknown => {
                Errors::of("payment_method", "No such payment method.").into()
            }
            Refusal::RefundTooLarge => {
                Errors::of("amount", "More than is left of what was paid.").into()
            }
            Refusal::NothingToRefund => Errors::of("amount", standard::COST_NOTHING).into(),
            Refusal::RefusedByGateway { reason } => bad_request(&reason),
        }
    }
}

/// 400 with `{"detail": sentence}`.
pub(super) fn bad_request(sentence: &str) -> Answer {
    Answer::detail(StatusCode::BAD_REQUEST, sentence)
}

/// The errors for every product of a cart that cannot be bought.
fn not_buyable(lines: &[UnbuyableLine]) -> Errors {
    let mut errors = Errors::new();
    for line in lines {
        errors.add(crate::edge::form::NON_FIELD_ERRORS, unbuyable(line));
    }
    errors
}

/// The reason why a product cannot be bought, in one sentence.
fn unbuyable(line: &UnbuyableLine) -> String {
    match &line.why {
        UnbuyableReason::NotForSale => format!("{NOT_FOR_SALE}: {}", line.product),
        UnbuyableReason::Short { name, .. } => format!("Insufficient stock for {name}"),
    }
}

/// The reason why a product cannot be added to a cart, under the wrong field.
pub(super) fn not_addable(lines: &[UnbuyableLine]) -> Errors {
    match lines.first() {
        Some(line @ UnbuyableLine { why: UnbuyableReason::Short { .. }, .. }) => {
            Errors::of("quantity", unbuyable(line))
        }
        _ => Errors::of("product_id", NOT_FOR_SALE),
    }
}
