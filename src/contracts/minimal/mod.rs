//! The minimal contract: log in by user name at `/api/login/`, one cart, an order made of it, a
//! payment with a payment method.
//!
//! Making an order and paying share their paths with classic: `shared_paths` calls
//! [`create_order`] and [`process_payment`].

mod auth;
mod cart;
mod orders;
mod payments;
mod products;
mod refusals;
mod users;
mod wire;

use crate::app::{App, Wording};
use crate::edge::openapi::Contract;
use crate::edge::{Answer, Call, Description, Errors, Route, standard};
use http::StatusCode;
use refusals::Minimal;
use souk_domain::{OrderAction, Refusal};
use std::sync::Arc;
use wire::{
    CartBody, MessageBody, NewOrderBody, OrderBody, PaymentBody, ProductBody, ProductsBody,
    TokenBody, UserBody,
};

/// What is told of this contract.
pub(super) const CONTRACT: Contract = Contract {
    name: "minimal",
    description_path: "/openapi/minimal.json",
    summary: "Accounts by user name, one cart, orders from the cart.",
    text: "Register at `/api/users/`, log in at `/api/login/` and send the `token` as \
          `Authorization: Bearer …`. Fill the cart, order it by its `id`, and pay the \
          order with a payment method of the gateway.",
};

/// The routes, in the document's order and under its headings, without the two shared ones.
pub(super) fn routes() -> Vec<Route<App>> {
    [user_routes(), product_routes(), cart_and_order_routes()].into_iter().flatten().collect()
}

fn user_routes() -> Vec<Route<App>> {
    vec![
        Route::post("/api/login/", "Login", auth::login).described(|told| {
            told.for_anyone()
                .body(|form, _| auth::login_fields(form))
                .answers::<TokenBody>(StatusCode::OK)
                .refuses(Minimal::worded(Refusal::InvalidCredentials))
                .throttled()
        }),
        Route::post("/api/logout/", "Logout", auth::logout).described(|told| {
            told.for_users()
                .note("Ends the session: its tokens are refused from then on.")
                .answers::<MessageBody>(StatusCode::OK)
        }),
        Route::post("/api/users/", "Create User", users::create).described(|told| {
            told.for_anyone()
                .body(|form, _| users::fields(form))
                .answers::<UserBody>(StatusCode::CREATED)
                .throttled()
                .refuses(Minimal::worded(Refusal::UsernameTaken))
                .refuses(Minimal::worded(Refusal::EmailTaken))
        }),
        Route::get("/api/users/{id}/", "Retrieve User", users::retrieve).described(|told| {
            told.for_users()
                .note("Oneself; administrators see everybody.")
                .answers::<UserBody>(StatusCode::OK)
        }),
    ]
}

fn product_routes() -> Vec<Route<App>> {
    vec![
        Route::get("/api/products/", "List Products", products::list)
            .described(|told| told.for_readers().answers_cut::<ProductsBody>()),
        Route::get("/api/products/{id}/", "Retrieve Product", products::retrieve)
            .described(|told| told.for_readers().answers::<ProductBody>(StatusCode::OK)),
    ]
}

fn cart_and_order_routes() -> Vec<Route<App>> {
    vec![
        Route::post("/api/cart/add/", "Add to Cart", cart::add).described(|told| {
            told.for_users()
                .note("Checks the stock and reserves nothing.")
                .body(|form, _| cart::fields(form))
                .answers::<MessageBody>(StatusCode::OK)
                .refuses(Errors::of("quantity", "Insufficient stock for Laptop"))
                .refuses(Errors::of("product_id", "Product not found or inactive"))
        }),
        Route::get("/api/cart/", "View Cart", cart::view).described(|told| {
            told.for_users()
                .note("With the `id` that an order is made of.")
                .answers::<CartBody>(StatusCode::OK)
                .refuses(standard::not_found())
        }),
        Route::get("/api/orders/{id}/", "Retrieve Order", orders::retrieve)
            .described(|told| told.for_users().answers::<OrderBody>(StatusCode::OK)),
    ]
}

/// What is told of "Create Order", whose route is a shared one.
pub(super) fn create_order_described(told: Description) -> Description {
    told.for_users()
        .note("Takes the stock of everything in the cart, or of nothing.")
        .body(|form, _| orders::cart_field(form))
        .answers::<NewOrderBody>(StatusCode::CREATED)
        .refuses(Minimal::worded(Refusal::CartEmpty))
        .refuses(standard::not_found())
}

/// What is told of "Process Payment", whose route is a shared one.
pub(super) fn process_payment_described(told: Description) -> Description {
    told.for_users()
        .note("`payment_method` is one of the gateway's, `pm_card_visa` for one.")
        .body(|form, _| payments::fields(form))
        .answers::<PaymentBody>(StatusCode::CREATED)
        .refuses(Errors::of("payment_method", "Your card was declined."))
        .refuses(Minimal::worded(Refusal::OrderNotPending { action: OrderAction::Pay }))
        .refuses(standard::not_found())
}

/// Create Order.
pub(super) async fn create_order(app: Arc<App>, call: Call) -> Answer {
    orders::create(app, call).await.unwrap_or_else(Into::into)
}

/// Process Payment.
pub(super) async fn process_payment(app: Arc<App>, call: Call) -> Answer {
    payments::process(app, call).await.unwrap_or_else(Into::into)
}
