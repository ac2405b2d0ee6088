//! The routes of this contract, each with its operation.

use super::readiness::ready;
use super::{
    admin_orders, event_stream, logs, operations, pages, reference, refunds, sandbox, store_orders,
    webhook_endpoints, wire,
};
use crate::app::App;
use crate::edge::{Route, any_text};
use http::StatusCode;

/// The routes in groups, each with the name it has in metrics.
pub(in crate::contracts) fn routes() -> Vec<(&'static str, Vec<Route<App>>)> {
    vec![
        ("souk", orders()),
        ("pages", pages::routes()),
        ("refunds", refunds::routes()),
        ("sandbox", sandbox::routes()),
        ("integrations", webhook_endpoints::routes()),
        ("integrations", vec![event_stream::route()]),
        ("operations", operations()),
    ]
}

/// For the person who runs the shop and what watches over it (design, "Surfaces others rely on").
fn operations() -> Vec<Route<App>> {
    vec![
        Route::get("/healthz", "alive", operations::alive),
        Route::get("/readyz", "ready", ready),
        Route::get("/metrics", "metrics", operations::metrics),
        Route::get("/api/v1/logs/", "the log", logs::search),
        Route::get("/openapi/{document}", "description", reference::describe),
        Route::get("/docs", "reference", reference::show_page),
        Route::get("/docs/{file}", "a file of the reference", reference::show_file),
        Route::get("/schemas/{schema}", "schema of an event", reference::show_schema),
    ]
}

/// Orders, administrators' first.
fn orders() -> Vec<Route<App>> {
    vec![
        Route::get("/souk/v1/admin/orders/{id}", "An order for who packs it", admin_orders::show)
            .described(|operation| {
                operation
                    .for_administrators()
                    .with_problems()
                    .note("With everything that is needed to send it: to whom, where, and notes.")
                    .answers::<wire::AdminOrderBody>(StatusCode::OK)
            }),
        Route::get("/souk/v1/store/orders/{id}", "An order for its customer", store_orders::show)
            .described(|operation| {
                operation
                    .for_users()
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
