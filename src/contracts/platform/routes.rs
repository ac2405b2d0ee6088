//! The routes of this contract, each with its operation.

use super::refusals::Platform;
use super::wire::{MessageBody, OrderBody, ProductBody, StatusBody, TokenBody, UserBody};
use super::{auth, orders, products, users};
use crate::app::{App, Wording};
use crate::edge::{Errors, Route, standard};
use http::StatusCode;
use souk_actors::orders::KEPT_FOR;
use souk_domain::{OrderStatus, Refusal};

const SECONDS_PER_DAY: u64 = 24 * 60 * 60;

/// The routes in the order of the document, with its headings.
pub(in crate::contracts) fn routes() -> Vec<Route<App>> {
    let tables = [user_routes(), product_routes(), order_routes(), auth_routes()];
    tables.into_iter().flatten().collect()
}

fn user_routes() -> Vec<Route<App>> {
    vec![
        Route::post("/api/v1/users", "1.1. Create User", users::create).described(|operation| {
            operation
                .for_anyone()
                .body(|form, _| users::NewUser::read(form))
                .answers::<UserBody>(StatusCode::CREATED)
                .throttled()
                .refuses(Platform::answer_for(Refusal::UsernameTaken))
                .refuses(Platform::answer_for(Refusal::EmailTaken))
        }),
        Route::get("/api/v1/users/{user_id}", "1.2. Get User Details", users::detail).described(
            |operation| {
                operation
                    .for_users()
                    .note("Users may see their own account, administrators any.")
                    .answers::<UserBody>(StatusCode::OK)
            },
        ),
        Route::put("/api/v1/users/{user_id}", "1.3. Update User Information", users::update)
            .described(|operation| {
                operation
                    .for_users()
                    .note(
                        "Users may change their own account, administrators any. Fields that are \
                         left out keep their values.",
                    )
                    .body(|form, _| users::ChangedUser::read(form, None))
                    .answers::<UserBody>(StatusCode::OK)
                    .refuses(Platform::answer_for(Refusal::EmailTaken))
            }),
        Route::delete("/api/v1/users/{user_id}", "1.4. Delete User", users::delete).described(
            |operation| {
                operation
                    .for_users()
                    .note(format!(
                        "Closes the account and deletes its personal data; its orders are kept. \
                         A paid order that has not arrived keeps the recipient's name, address \
                         and phone number until it arrives, {} days at most. Administrators may \
                         close any account.",
                        KEPT_FOR.as_secs() / SECONDS_PER_DAY
                    ))
                    .answers_nothing(StatusCode::NO_CONTENT)
            },
        ),
    ]
}

fn product_routes() -> Vec<Route<App>> {
    vec![
        Route::post("/api/v1/products", "2.1. Create Product", products::create).exact().described(
            |operation| {
                operation
                    .for_administrators()
                    .body(products::NewProduct::read)
                    .answers::<ProductBody>(StatusCode::CREATED)
            },
        ),
        Route::get("/api/v1/products/{product_id}", "2.2. Get Product Details", products::detail)
            .exact()
            .described(|operation| operation.for_readers().answers::<ProductBody>(StatusCode::OK)),
        Route::put(
            "/api/v1/products/{product_id}",
            "2.3. Update Product Information",
            products::update,
        )
        .exact()
        .described(|operation| {
            operation
                .for_administrators()
                .note("Fields that are left out keep their values.")
                .body(products::ChangedProduct::read)
                .answers::<ProductBody>(StatusCode::OK)
        }),
        Route::delete("/api/v1/products/{product_id}", "2.4. Delete Product", products::delete)
            .exact()
            .described(|operation| {
                operation.for_administrators().answers_nothing(StatusCode::NO_CONTENT)
            }),
    ]
}

fn order_routes() -> Vec<Route<App>> {
    vec![
        Route::post("/api/v1/orders", "3.1. Create Order", orders::create).exact().described(
            |operation| {
                operation
                    .for_users()
                    .note(
                        "`total_price` must equal the total that the shop computes. `user_id` \
                         must be the caller's own id; administrators may order for anybody.",
                    )
                    .body(orders::NewOrder::read)
                    .answers::<OrderBody>(StatusCode::CREATED)
                    .refuses(Errors::of("total_price", "The total is 599.99."))
                    .refuses(standard::forbidden())
            },
        ),
        Route::get("/api/v1/orders/{order_id}", "3.2. Get Order Details", orders::detail)
            .exact()
            .described(|operation| operation.for_users().answers::<OrderBody>(StatusCode::OK)),
        Route::put(
            "/api/v1/orders/{order_id}/status",
            "3.3. Update Order Status",
            orders::update_status,
        )
        .described(|operation| {
            operation
                .for_administrators()
                .body(|form, _| orders::status_field(form))
                .answers::<StatusBody>(StatusCode::OK)
                .refuses(Platform::answer_for(Refusal::ForbiddenTransition {
                    from: OrderStatus::Delivered,
                    to: OrderStatus::Pending,
                }))
        }),
        Route::delete("/api/v1/orders/{order_id}", "3.4. Cancel Order", orders::cancel)
            .exact()
            .described(|operation| {
                operation
                    .for_users()
                    .note("The stock is released, and a paid order is refunded.")
                    .answers_nothing(StatusCode::NO_CONTENT)
                    .refuses(Platform::answer_for(Refusal::ForbiddenTransition {
                        from: OrderStatus::Shipped,
                        to: OrderStatus::Cancelled,
                    }))
            }),
    ]
}

fn auth_routes() -> Vec<Route<App>> {
    vec![
        Route::post("/api/v1/auth/login", "4.1. Login", auth::login).exact().described(
            |operation| {
                operation
                    .for_anyone()
                    .body(|form, _| auth::Login::read(form))
                    .answers::<TokenBody>(StatusCode::OK)
                    .refuses(Platform::answer_for(Refusal::InvalidCredentials))
                    .throttled()
            },
        ),
        Route::post("/api/v1/auth/logout", "4.2. Logout", auth::logout).described(|operation| {
            operation
                .for_users()
                .note("Ends the session: its tokens are refused from then on.")
                .answers::<MessageBody>(StatusCode::OK)
        }),
    ]
}
