//! The routes of this contract, each with its operation.

use super::refusals::{Classic, bad_request};
use super::wire::{MessageBody, OrderBody, PaymentBody, ProductBody, TokensBody, UserBody};
use super::{orders, payments, products, users};
use crate::app::{App, Wording};
use crate::edge::{Description, Errors, Route, standard};
use http::StatusCode;
use souk_domain::{OrderAction, OrderStatus, Refusal};

/// The routes in the order of the document, with its headings, without the two shared routes.
pub(in crate::contracts) fn routes() -> Vec<Route<App>> {
    [user_routes(), product_routes(), order_routes()].into_iter().flatten().collect()
}

fn user_routes() -> Vec<Route<App>> {
    vec![
        Route::post("/api/users/signup/", "1. User Signup", users::sign_up).described(
            |operation| {
                operation
                    .for_anyone()
                    .body(|form, _| users::SignUp::read(form))
                    .answers::<UserBody>(StatusCode::CREATED)
                    .throttled()
                    .refuses(Classic::answer_for(Refusal::UsernameTaken))
                    .refuses(Classic::answer_for(Refusal::EmailTaken))
            },
        ),
        Route::post("/api/token/", "2. User Login", users::log_in).described(|operation| {
            operation
                .for_anyone()
                .body(|form, _| users::LogIn::read(form))
                .answers::<TokensBody>(StatusCode::OK)
                .refuses(Classic::answer_for(Refusal::InvalidCredentials))
                .throttled()
        }),
        Route::post("/api/users/change_email/", "3. Change Email", users::change_email).described(
            |operation| {
                operation
                    .for_users()
                    .body(|form, _| users::email_field(form, None))
                    .answers::<MessageBody>(StatusCode::OK)
                    .refuses(Classic::answer_for(Refusal::EmailTaken))
            },
        ),
        Route::post("/api/users/change_password/", "4. Change Password", users::change_password)
            .described(|operation| {
                operation
                    .for_users()
                    .note("Every other session of the user ends.")
                    .body(|form, _| users::password_field(form))
                    .answers::<MessageBody>(StatusCode::OK)
                    .throttled()
            }),
    ]
}

fn product_routes() -> Vec<Route<App>> {
    vec![
        Route::post("/api/products/", "5. Add Product (Admin Only)", products::create).described(
            |operation| {
                operation
                    .for_administrators()
                    .body(products::Product::read)
                    .answers::<ProductBody>(StatusCode::CREATED)
            },
        ),
        Route::put(
            "/api/products/{product_id}/",
            "6. Update Product (Admin Only)",
            products::update,
        )
        .described(|operation| {
            operation
                .for_administrators()
                .body(products::Product::read)
                .answers::<ProductBody>(StatusCode::OK)
        }),
        Route::post(
            "/api/products/{product_id}/increase_amount/",
            "7. Increase Product Amount (Admin Only)",
            products::increase_amount,
        )
        .described(|operation| {
            operation
                .for_administrators()
                .body(|form, _| products::amount_field(form))
                .answers::<ProductBody>(StatusCode::OK)
                .refuses(Classic::answer_for(Refusal::StockTooLarge))
        }),
    ]
}

fn order_routes() -> Vec<Route<App>> {
    vec![
        Route::post(
            "/api/orders/{order_id}/add_product/",
            "9. Add Product to Order",
            orders::add_product,
        )
        .described(|operation| {
            operation
                .for_users()
                .note("Adds one unit. The order must be pending; its prices are computed again.")
                .body(|form, _| orders::product_field(form))
                .answers::<OrderBody>(StatusCode::OK)
                .refuses(Classic::answer_for(Refusal::OrderNotPending {
                    action: OrderAction::Update,
                }))
        }),
        Route::post(
            "/api/orders/{order_id}/remove_product/",
            "10. Remove Product from Order",
            orders::remove_product,
        )
        .described(|operation| {
            operation
                .for_users()
                .note("Removes one unit. The order must be pending; its prices are computed again.")
                .body(|form, _| orders::product_field(form))
                .answers::<OrderBody>(StatusCode::OK)
                .refuses(Classic::answer_for(Refusal::OrderNotPending {
                    action: OrderAction::Update,
                }))
                .refuses(Classic::answer_for(Refusal::CartEmpty))
        }),
        Route::post("/api/orders/{order_id}/cancel/", "11. Cancel Order", orders::cancel)
            .described(|operation| {
                operation
                    .for_users()
                    .note("The stock is released, and a paid order is refunded.")
                    .answers::<OrderBody>(StatusCode::OK)
                    .refuses(Classic::answer_for(Refusal::ForbiddenTransition {
                        from: OrderStatus::Shipped,
                        to: OrderStatus::Cancelled,
                    }))
            }),
        Route::post(
            "/api/payments/{payment_id}/finalize/",
            "13. Finalize Payment",
            payments::finalize,
        )
        .described(|operation| {
            operation
                .for_anyone()
                .note("The shop asks the gateway for the state of the payment.")
                .answers::<PaymentBody>(StatusCode::OK)
                .refuses(bad_request("The payment requires a payment method."))
        }),
    ]
}

/// The description of "8. Create Order", a route that two contracts share.
pub(in crate::contracts) fn create_order_described(operation: Description) -> Description {
    operation
        .for_users()
        .body(|form, _| orders::products_field(form))
        .answers::<OrderBody>(StatusCode::CREATED)
        .refuses(Errors::of("products", "Insufficient stock for Laptop"))
}

/// The description of "12. Initiate Payment", a route that two contracts share.
pub(in crate::contracts) fn initiate_payment_described(operation: Description) -> Description {
    operation
        .for_users()
        .note("`amount` must be the total of the order.")
        .body(payments::NewPayment::read)
        .answers::<PaymentBody>(StatusCode::CREATED)
        .refuses(Classic::answer_for(Refusal::OrderNotPending { action: OrderAction::Pay }))
        .refuses(standard::not_found())
}
