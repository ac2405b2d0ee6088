//! The storefront contract: log in by e-mail, JSON errors as its document prints them, a token
//! for everything but registering, logging in, refreshing and the gateway's webhook.
//!
//! On what it shares with platform (products, orders, log-in) it answers only with the slash.

mod auth;
mod cart;
mod categories;
mod orders;
mod payments;
mod products;
mod profile;
mod refusals;
mod reports;
mod webhook;
mod wire;

use crate::app::App;
use crate::edge::Route;
use crate::edge::openapi::Contract;
use http::Method;

/// What is told of this contract.
pub(super) const CONTRACT: Contract = Contract {
    name: "storefront",
    description_path: "/openapi/storefront.json",
    summary: "The fullest one: accounts by e-mail, products, categories, carts, orders, \
          payments and reports.",
    text: "Register at `/api/v1/auth/register/`, log in at `/api/v1/auth/login/` and \
          send the `access_token` as `Authorization: Bearer …`; everything but \
          registering, logging in, refreshing and the gateway's webhook needs it. Mind \
          the trailing slash: without it, shared paths are the platform contract's.",
};

/// The routes, in the document's order and under its headings.
pub(super) fn routes() -> Vec<Route<App>> {
    vec![
        Route::post("/api/v1/auth/register/", "1. Register User", auth::register),
        Route::post("/api/v1/auth/login/", "2. Login User", auth::login).exact(),
        Route::post("/api/v1/auth/refresh/", "3. Refresh Token", auth::refresh),
        Route::get("/api/v1/auth/profile/", "4. Get User Profile", profile::show),
        Route::put("/api/v1/auth/profile/", "5. Update User Profile", profile::update),
        Route::patch("/api/v1/auth/profile/", "5. Update User Profile", profile::update),
        Route::post(
            "/api/v1/auth/change-password/",
            "6. Change Password",
            profile::change_password,
        ),
        Route::get("/api/v1/products/", "7. List Products", products::list).exact(),
        Route::post("/api/v1/products/", "8. Create Product", products::create).exact(),
        Route::get("/api/v1/products/{id}/", "9. Get Product Detail", products::detail).exact(),
        Route::put("/api/v1/products/{id}/", "10. Update Product", products::update).exact(),
        Route::patch("/api/v1/products/{id}/", "10. Update Product", products::update).exact(),
        Route::delete("/api/v1/products/{id}/", "11. Delete Product", products::delete).exact(),
        Route::get("/api/v1/categories/", "12. List Categories", categories::list),
        Route::post("/api/v1/categories/", "13. Create Category", categories::create),
        Route::get("/api/v1/categories/{id}/", "14. Get Category Detail", categories::detail),
        Route::put("/api/v1/categories/{id}/", "15. Update Category", categories::update),
        Route::patch("/api/v1/categories/{id}/", "15. Update Category", categories::update),
        Route::delete("/api/v1/categories/{id}/", "16. Delete Category", categories::delete),
        Route::get("/api/v1/orders/", "17. List Orders", orders::list).exact(),
        Route::post("/api/v1/orders/", "18. Create Order", orders::create).exact(),
        Route::get("/api/v1/orders/{id}/", "19. Get Order Detail", orders::detail).exact(),
        Route::put("/api/v1/orders/{id}/", "20. Update Order", orders::update).exact(),
        Route::patch("/api/v1/orders/{id}/", "20. Update Order", orders::update).exact(),
        Route::delete("/api/v1/orders/{id}/", "21. Delete Order", orders::delete).exact(),
        Route::post(
            "/api/v1/orders/{id}/create-payment/",
            "22. Create Payment Intent",
            payments::create,
        ),
        Route::post(
            "/api/v1/orders/{id}/confirm-payment/",
            "23. Confirm Payment",
            payments::confirm,
        ),
        Route::post("/api/v1/webhooks/stripe/", "24. Stripe Webhook", webhook::receive),
        Route::get("/api/v1/cart/", "26. Get Cart", cart::show),
        Route::post("/api/v1/cart/", "27. Add Item to Cart", cart::add),
        Route::delete("/api/v1/cart/", "28. Clear Cart", cart::clear),
        Route::put("/api/v1/cart/items/{id}/", "29. Update Cart Item", cart::update_item),
        Route::patch("/api/v1/cart/items/{id}/", "29. Update Cart Item", cart::update_item),
        Route::delete("/api/v1/cart/items/{id}/", "30. Remove Cart Item", cart::remove_item),
        Route::post("/api/v1/cart/checkout/", "31. Cart Checkout", cart::checkout),
        Route::get("/api/v1/reports/summary/", "32. Reports Summary", reports::summary),
    ]
}

/// A `PATCH` may leave fields out.
fn is_partial(method: &Method) -> bool {
    method == Method::PATCH
}
