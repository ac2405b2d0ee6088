//! How this contract words what the shop refuses.

use crate::app::{self, Wording};
use crate::edge::form::at_most;
use crate::edge::{Answer, Errors, standard};
use http::StatusCode;
use souk_domain::{
    MAX_LINE_QUANTITY, MAX_STOCK, OrderAction, Refusal, UnbuyableLine, UnbuyableReason,
};

/// Why a handler of this contract fails.
pub(super) type Problem = app::Problem<Platform>;

/// Words the refusals of this contract.
#[derive(Debug)]
pub(super) struct Platform;

pub(super) const NOT_FOR_SALE: &str = "Product not found or inactive";

impl Wording for Platform {
    fn answer_for(refusal: Refusal) -> Answer {
        const BAD_REQUEST: StatusCode = StatusCode::BAD_REQUEST;
        match refusal {
            Refusal::InvalidCredentials => Errors::general("Invalid credentials").into(),
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
            Refusal::StockTooLarge => Errors::of("stock", at_most(MAX_STOCK)).into(),
            Refusal::CartEmpty => Errors::of("items", "This list may not be empty.").into(),
            Refusal::TooManyLines => Errors::of("items", "Too many different products.").into(),
            Refusal::QuantityTooLarge { product } => {
                let sentence = format!("More than {MAX_LINE_QUANTITY} units of product {product}.");
                Errors::of("items", sentence).into()
            }
            Refusal::TotalTooLarge => {
                Errors::of("total_price", "The total is larger than an order may cost.").into()
            }
            Refusal::OrderNotPending { action } => Answer::detail(
                BAD_REQUEST,
                match action {
                    OrderAction::Update => "Only pending orders can be updated.",
                    OrderAction::Delete => "Only pending orders can be deleted.",
                    OrderAction::Pay => "Only pending orders can be paid.",
                },
            ),
            Refusal::StateReserved { .. } => standard::forbidden(),
            Refusal::ForbiddenTransition { from, to } => {
                let (from, to) = (super::wire::capitalised(from), super::wire::capitalised(to));
                let sentence = format!("An order cannot go from {from} to {to}.");
                Answer::detail(StatusCode::CONFLICT, &sentence)
            }
            Refusal::PaymentNotStarted => {
                Answer::detail(BAD_REQUEST, "No payment was started for this order.")
            }
            Refusal::PaymentMethodUnknown => {
                Errors::of("payment_method", "No such payment method.").into()
            }
            Refusal::RefundTooLarge => {
                Errors::of("amount", "More than is left of what was paid.").into()
            }
            Refusal::NothingToRefund => Errors::of("amount", standard::COST_NOTHING).into(),
            Refusal::RefusedByGateway { reason } => Answer::detail(BAD_REQUEST, &reason),
        }
    }
}

/// Words a refusal about lines whose positions in the request are unknown.
fn not_buyable(lines: &[UnbuyableLine]) -> Errors {
    let mut errors = Errors::new();
    for line in lines {
        errors.add("items", unbuyable(&line.why));
    }
    errors
}

/// The reason why a product cannot be bought, in one sentence.
pub(super) fn unbuyable(why: &UnbuyableReason) -> String {
    match why {
        UnbuyableReason::NotForSale => NOT_FOR_SALE.to_owned(),
        UnbuyableReason::Short { name, .. } => format!("Insufficient stock for {name}"),
    }
}
