//! The routes of this contract, and what is described of each.

use super::{admin_orders, store_orders, wire};
use crate::app::App;
use crate::edge::{Route, any_text};
use http::StatusCode;

/// The routes, administrators' first.
pub(in crate::contracts) fn routes() -> Vec<Route<App>> {
    vec![
        Route::get("/souk/v1/admin/orders/{id}", "An order for who packs it", admin_orders::show)
            .described(|told| {
                told.for_administrators()
                    .with_problems()
                    .note("With everything that is needed to send it: to whom, where, and notes.")
                    .answers::<wire::AdminOrderBody>(StatusCode::OK)
            }),
        Route::get("/souk/v1/store/orders/{id}", "An order for its customer", store_orders::show)
            .described(|told| {
                told.for_users()
                    .for_guests()
                    .with_problems()
                    .note(
                        "For the customer whose order it is, for the guest with the key of the \
                         cart it was made of, and for whoever has the link of a mail about it. \
                         Without names and addresses.",
                    )
                    .query("token", "As in the link of a mail about the order.", any_text())
                    .query("cart_key", "The key of a guest's cart.", any_text())
                    .answers::<wire::StoreOrderBody>(StatusCode::OK)
            }),
    ]
}
