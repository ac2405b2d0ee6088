//! The routes of this contract, each with its operation.

use super::refusals::Minimal;
use super::wire::{
    CartBody, MessageBody, NewOrderBody, OrderBody, PaymentBody, ProductBody, ProductsBody,
    TokenBody, UserBody,
};
use super::{auth, cart, orders, payments, products, users};
use crate::app::{App, Wording};
use crate::edge::{Description, Errors, Route, standard};
use http::StatusCode;
use souk_domain::{OrderAction, Refusal};

/// The routes in the order of the document, with its headings, without the two shared routes.
pub(in crate::contracts) fn routes() -> Vec<Route<App>> {
    [user_routes(), product_routes(), cart_and_order_routes()].into_iter().flatten().collect()
}

fn user_routes() -> Vec<Route<App>> {
    vec![
        Route::post("/api/login/", "Login", auth::login).described(|operation| {
            operation
                .for_anyone()
                .body(|form, _| auth::Login::read(form))
                .answers::<TokenBody>(StatusCode::OK)
                .refuses(Minimal::answer_for(Refusal::InvalidCredentials))
                .throttled()
        }),
        Route::post("/api/logout/", "Logout", auth::logout).described(|operation| {
            operation
                .for_users()
                .note("Ends the session: its tokens are refused from then on.")
                .answers::<MessageBody>(StatusCode::OK)
        }),
        Route::post("/api/users/", "Create User", users::create).described(|operation| {
            operation
                .for_anyone()
                .body(|form, _| users::NewUser::read(form))
                .answers::<UserBody>(StatusCode::CREATED)
                .throttled()
                .refuses(Minimal::answer_for(Refusal::UsernameTaken))
                .refuses(Minimal::answer_for(Refusal::EmailTaken))
        }),
        Route::get("/api/users/{id}/", "Retrieve User", users::retrieve).described(|operation| {
            operation
                .for_users()
                .note("Users may see their own account, administrators any.")
                .answers::<UserBody>(StatusCode::OK)
        }),
    ]
}

fn product_routes() -> Vec<Route<App>> {
    vec![
        Route::get("/api/products/", "List Products", products::list)
            .described(|operation| operation.for_readers().answers_cut::<ProductsBody>()),
        Route::get("/api/products/{id}/", "Retrieve Product", products::retrieve)
            .described(|operation| operation.for_readers().answers::<ProductBody>(StatusCode::OK)),
    ]
}

fn cart_and_order_routes() -> Vec<Route<App>> {
    vec![
        Route::post("/api/cart/add/", "Add to Cart", cart::add).described(|operation| {
            operation
                .for_users()
                .note("Checks the stock but does not reserve it.")
                .body(|form, _| cart::NewLine::read(form))
                .answers::<MessageBody>(StatusCode::OK)
                .refuses(Errors::of("quantity", "Insufficient stock for Laptop"))
                .refuses(Errors::of("product_id", "Product not found or inactive"))
        }),
        Route::get("/api/cart/", "View Cart", cart::view).described(|operation| {
            operation
                .for_users()
                .note("Use its `id` to create an order.")
                .answers::<CartBody>(StatusCode::OK)
                .refuses(standard::not_found())
        }),
        Route::get("/api/orders/{id}/", "Retrieve Order", orders::retrieve)
            .described(|operation| operation.for_users().answers::<OrderBody>(StatusCode::OK)),
    ]
}

/// The description of "Create Order", a route that two contracts share.
pub(in crate::contracts) fn create_order_described(operation: Description) -> Description {
    operation
        .for_users()
        .note("Takes the stock for the whole cart, or refuses the order.")
        .body(|form, _| orders::cart_field(form))
        .answers::<NewOrderBody>(StatusCode::CREATED)
        .refuses(Minimal::answer_for(Refusal::CartEmpty))
        .refuses(standard::not_found())
}

/// The description of "Process Payment", a route that two contracts share.
pub(in crate::contracts) fn process_payment_described(operation: Description) -> Description {
    operation
        .for_users()
        .note("`payment_method` is a payment method of the gateway, such as `pm_card_visa`.")
        .body(|form, _| payments::NewPayment::read(form))
        .answers::<PaymentBody>(StatusCode::CREATED)
        .refuses(Errors::of("payment_method", "Your card was declined."))
        .refuses(Minimal::answer_for(Refusal::OrderNotPending { action: OrderAction::Pay }))
        .refuses(standard::not_found())
}
