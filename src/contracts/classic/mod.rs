//! The classic contract: log in by user name at `/api/token/`, orders as lists of products, a
//! payment that is initiated and finalized.
//!
//! Placing an order and initiating a payment share their paths with minimal: `shared_paths` calls
//! [`create_order`] and [`initiate_payment`].

mod orders;
mod payments;
mod products;
mod refusals;
mod users;
mod wire;

use crate::app::App;
use crate::edge::{Answer, Call, Route};
use std::sync::Arc;

/// The routes, in the document's order and under its headings, without the two shared ones.
pub(super) fn routes() -> Vec<Route<App>> {
    vec![
        Route::post("/api/users/signup/", "1. User Signup", users::sign_up),
        Route::post("/api/token/", "2. User Login", users::log_in),
        Route::post("/api/users/change_email/", "3. Change Email", users::change_email),
        Route::post("/api/users/change_password/", "4. Change Password", users::change_password),
        Route::post("/api/products/", "5. Add Product (Admin Only)", products::create),
        Route::put(
            "/api/products/{product_id}/",
            "6. Update Product (Admin Only)",
            products::update,
        ),
        Route::post(
            "/api/products/{product_id}/increase_amount/",
            "7. Increase Product Amount (Admin Only)",
            products::increase_amount,
        ),
        Route::post(
            "/api/orders/{order_id}/add_product/",
            "9. Add Product to Order",
            orders::add_product,
        ),
        Route::post(
            "/api/orders/{order_id}/remove_product/",
            "10. Remove Product from Order",
            orders::remove_product,
        ),
        Route::post("/api/orders/{order_id}/cancel/", "11. Cancel Order", orders::cancel),
        Route::post(
            "/api/payments/{payment_id}/finalize/",
            "13. Finalize Payment",
            payments::finalize,
        ),
    ]
}

/// 8. Create Order.
pub(super) async fn create_order(app: Arc<App>, call: Call) -> Answer {
    orders::create(app, call).await.unwrap_or_else(Into::into)
}

/// 12. Initiate Payment.
pub(super) async fn initiate_payment(app: Arc<App>, call: Call) -> Answer {
    payments::initiate(app, call).await.unwrap_or_else(Into::into)
}
