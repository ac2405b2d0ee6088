//! How this contract words what the shop refuses.

use crate::app::{self, Wording};
use crate::edge::form::at_most;
use crate::edge::{Answer, Errors, standard};
use http::StatusCode;
use souk_domain::{
    MAX_LINE_QUANTITY, MAX_STOCK, OrderAction, Refusal, UnbuyableLine, UnbuyableReason,
};
use std::fmt::Display;

/// Why a handler of this contract fails.
pub(super) type Problem = app::Problem<Classic>;

/// Words the refusals of this contract.
#[derive(Debug)]
pub(super) struct Classic;

impl Wording for Classic {
    fn answer_for(refusal: Refusal) -> Answer {
        match refusal {
            Refusal::InvalidCredentials => {
                standard::unauthorized("No active account found with the given credentials")
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
            Refusal::NotBuyable(lines) => not_buyable("products", &lines).into(),
            Refusal::StockTooLarge => Errors::of("amount", at_most(MAX_STOCK)).into(),
            Refusal::CartEmpty => bad_request("An order must keep at least one product."),
            Refusal::TooManyLines => Errors::of("products", "Too many different products.").into(),
            Refusal::QuantityTooLarge { product } => {
                let sentence = format!("More than {MAX_LINE_QUANTITY} units of product {product}.");
                Errors::of("products", sentence).into()
            }
            Refusal::TotalTooLarge => bad_request("The total is larger than an order may cost."),
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
                bad_request("The order has changed since; initiate the payment again.")
            }
            Refusal::PaymentMethodUnknown => bad_request("No such payment method."),
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

/// The error for an unknown product, or one that is not for sale.
pub(super) fn not_for_sale(product: impl Display) -> String {
    format!("Product not found or inactive: {product}")
}

/// Errors for every product that cannot be bought, under the field that names it.
pub(super) fn not_buyable(field: &'static str, lines: &[UnbuyableLine]) -> Errors {
    let mut errors = Errors::new();
    for line in lines {
        let sentence = match &line.why {
            UnbuyableReason::NotForSale => not_for_sale(line.product),
            UnbuyableReason::Short { name, .. } => format!("Insufficient stock for {name}"),
        };
        errors.add(field, sentence);
    }
    errors
}
