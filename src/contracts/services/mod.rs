//! The services contract: seven services behind one door, singular nouns, carts for guests.
//!
//! Reading products is open to all; a guest is known by the key of their cart; other systems bring
//! a token of their own.

mod callers;
mod cart;
mod categories;
mod orders;
mod password;
mod payments;
mod products;
mod profile;
mod refusals;
mod tokens;
mod users;
mod wire;

use crate::app::App;
use crate::edge::Route;
use crate::edge::openapi::Contract;

const WRITTEN_BY_ADMIN: &str =
    "Create, update, delete products and category for Admin(is_staff) from user service";

/// What is told of this contract.
pub(super) const CONTRACT: Contract = Contract {
    name: "services",
    description_path: "/openapi/services.json",
    summary: "Seven services behind one door: products, carts for guests and users, orders, \
          users, payments.",
    text: "Products are open to read. A guest's cart goes by its key, which every answer \
          that shows it returns; logging in or registering with that key merges the \
          cart into the user's. Other systems call with a token of their own.",
};

/// The routes, in the document's order and under its headings.
pub(super) fn routes() -> Vec<Route<App>> {
    vec![
        Route::get("/api/v1/product/", "1. all products", products::list),
        Route::get("/api/v1/product/{pk}/", "2. specific product", products::detail),
        Route::get("/api/v1/category/", "1. all categories", categories::list),
        Route::get("/api/v1/category/{pk}/", "2. specific categoty", categories::detail),
        Route::get(
            "/api/v1/category/{pk}/products/",
            "3. products by category",
            products::of_category,
        ),
        Route::post("/api/v1/product/", WRITTEN_BY_ADMIN, products::create),
        Route::put("/api/v1/product/{pk}/", WRITTEN_BY_ADMIN, products::update),
        Route::delete("/api/v1/product/{pk}/", WRITTEN_BY_ADMIN, products::delete),
        Route::post("/api/v1/category/", WRITTEN_BY_ADMIN, categories::create),
        Route::put("/api/v1/category/{pk}", WRITTEN_BY_ADMIN, categories::update),
        Route::delete("/api/v1/category/{pk}", WRITTEN_BY_ADMIN, categories::delete),
        Route::get("/api/v1/cart/get_cart/", "1. Get Cart", cart::show),
        Route::post("/api/v1/cart/add_item/", "2. Add Item to Cart", cart::add),
        Route::delete("/api/v1/cart/remove_item/", "3. Remove Item from Cart", cart::remove),
        Route::delete("/api/v1/cart/clear_cart/", "4. Clear Cart", cart::clear),
        Route::patch("/api/v1/cart/update_quantity/", "5. Update Item Quantity", cart::update),
        Route::get(
            "/api/v1/cart/get_user_cart/",
            "6. Get User Cart only for ANOTHER SERVICE",
            cart::show_to_service,
        ),
        Route::delete(
            "/api/v1/cart/clear_user_cart/",
            "7. Clear User Cart only for ANOTHER SERVICE",
            cart::clear_for_service,
        ),
        Route::post("/api/v1/order/create_order/", "1. Create Order", orders::create),
        Route::post(
            "/api/v1/order/update_order/",
            "2. Update status(for Admin) and paid(for Service) for order",
            orders::update,
        ),
        Route::get(
            "/api/v1/order/get_orders/",
            "3. Get all Orders authorized user, with Token Authorization",
            orders::list,
        ),
        Route::post(
            "/api/v1/order/{pk}/get_order_by_id/",
            "4. Order by id only for SERVICE",
            orders::by_id,
        ),
        Route::post("/api/v1/users/register/", "Register", users::register),
        Route::post("/api/v1/users/login/", "Login", users::login),
        Route::post("/api/v1/users/logout/", "Logout", users::logout),
        Route::get("/api/v1/users/me/", "Me", profile::show),
        Route::put("/api/v1/users/me/update/", "Update", profile::update),
        Route::post("/api/v1/users/me/change-password/", "Change Passwoord", password::change),
        Route::post(
            "/api/v1/users/reset-password/",
            "Reset password with email",
            password::request_reset,
        ),
        Route::post(password::CONFIRM_PATH, "Reset password with email", password::confirm_reset),
        Route::post("/api/v1/users/token/refresh/", "Refresh Token", tokens::refresh),
        Route::post("/api/v1/users/token/verify/", "Verify Token", tokens::verify),
        Route::post(
            "/api/v1/payments/create-checkout-session/",
            "1. Create payment link",
            payments::create_checkout,
        ),
        Route::get(payments::SUCCESS_PATH, "1. Create payment link", payments::success),
        Route::get(payments::CANCEL_PATH, "1. Create payment link", payments::cancel),
    ]
}
