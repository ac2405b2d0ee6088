//! The platform contract: no trailing slash, log in by e-mail, numbers for money.
//!
//! On what it shares with storefront (products, orders, log-in) it answers only without the slash.

mod auth;
mod orders;
mod products;
mod refusals;
mod users;
mod wire;

use crate::app::App;
use crate::edge::Route;
use crate::edge::openapi::Contract;

/// What is told of this contract.
pub(super) const CONTRACT: Contract = Contract {
    name: "platform",
    description_path: "/openapi/platform.json",
    summary: "Accounts by e-mail, paths without a trailing slash, prices as numbers.",
    text: "Register at `/api/v1/auth/register`, log in at `/api/v1/auth/login` and send \
          the `token` as `Authorization: Bearer …`. Mind the missing slash: with it, \
          shared paths are the storefront contract's.",
};

/// The routes, in the document's order and under its headings.
pub(super) fn routes() -> Vec<Route<App>> {
    vec![
        Route::post("/api/v1/users", "1.1. Create User", users::create),
        Route::get("/api/v1/users/{user_id}", "1.2. Get User Details", users::detail),
        Route::put("/api/v1/users/{user_id}", "1.3. Update User Information", users::update),
        Route::delete("/api/v1/users/{user_id}", "1.4. Delete User", users::delete),
        Route::post("/api/v1/products", "2.1. Create Product", products::create).exact(),
        Route::get("/api/v1/products/{product_id}", "2.2. Get Product Details", products::detail)
            .exact(),
        Route::put(
            "/api/v1/products/{product_id}",
            "2.3. Update Product Information",
            products::update,
        )
        .exact(),
        Route::delete("/api/v1/products/{product_id}", "2.4. Delete Product", products::delete)
            .exact(),
        Route::post("/api/v1/orders", "3.1. Create Order", orders::create).exact(),
        Route::get("/api/v1/orders/{order_id}", "3.2. Get Order Details", orders::detail).exact(),
        Route::put(
            "/api/v1/orders/{order_id}/status",
            "3.3. Update Order Status",
            orders::update_status,
        ),
        Route::delete("/api/v1/orders/{order_id}", "3.4. Cancel Order", orders::cancel).exact(),
        Route::post("/api/v1/auth/login", "4.1. Login", auth::login).exact(),
        Route::post("/api/v1/auth/logout", "4.2. Logout", auth::logout),
    ]
}
