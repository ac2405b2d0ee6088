//! The routes of this contract, each with its operation.

use super::{
    admin_orders, event_stream, logs, operations, pages, readiness, reference, refunds, sandbox,
    store_orders, webhook_endpoints, wire,
};
use crate::app::App;
use crate::edge::{Route, any_text};
use http::StatusCode;
use schemars::{Schema, json_schema};

/// What `/openapi/souk.json` calls this contract.
const SOUK: &str = "souk";

/// The routes in groups, each with the name it has in metrics. Pages for browsers and the addresses of the sandbox
/// gateway are no API, so they have no description.
pub(in crate::contracts) fn routes() -> Vec<(&'static str, Vec<Route<App>>)> {
    vec![
        ("souk", orders()),
        ("pages", pages::routes()),
        ("refunds", refunds()),
        ("sandbox", sandbox::routes()),
        ("integrations", webhook_endpoints()),
        ("integrations", events()),
        ("operations", operations()),
    ]
}

fn refunds() -> Vec<Route<App>> {
    const PATH: &str = "/api/v1/orders/{id}/refunds/";
    vec![
        Route::get(PATH, "Refunds of an order", refunds::list).described_in(
            SOUK,
            "Refunds of an order",
            |operation| {
                operation
                    .for_administrators()
                    .note("With what was paid and what can still be given back.")
                    .answers::<refunds::RefundsBody>(StatusCode::OK)
            },
        ),
        Route::post(PATH, "Refund an order", refunds::create).described_in(
            SOUK,
            "Refund an order",
            |operation| {
                operation
                    .for_administrators()
                    .note(
                        "Without an amount, all that is left of what was paid. The answer is what \
                         was decided; the shop then asks the gateway until the money is on its way.",
                    )
                    .body(refunds::NewRefund::read)
                    .answers::<refunds::RefundBody>(StatusCode::CREATED)
                    .refuses(refunds::too_large())
            },
        ),
    ]
}

fn webhook_endpoints() -> Vec<Route<App>> {
    use webhook_endpoints as endpoints;
    use webhook_endpoints::{ChangedEndpoint, DeliveryBody, EndpointBody, NewEndpoint};
    const ALL: &str = "/api/v1/webhook-endpoints/";
    const ONE: &str = "/api/v1/webhook-endpoints/{id}/";
    const LOG: &str = "/api/v1/webhook-endpoints/{id}/deliveries/";
    const AGAIN: &str = "/api/v1/webhook-endpoints/{id}/deliveries/{delivery}/redeliver/";
    vec![
        Route::get(ALL, "List webhook endpoints", endpoints::list_endpoints).described_in(
            SOUK,
            "List webhook endpoints",
            |operation| {
                operation.for_administrators().answers::<Vec<EndpointBody<'_>>>(StatusCode::OK)
            },
        ),
        Route::post(ALL, "Create a webhook endpoint", endpoints::create).described_in(
            SOUK,
            "Create a webhook endpoint",
            |operation| {
                operation
                    .for_administrators()
                    .note(
                        "Events are posted to it from now on, signed with the `secret` that only \
                         this answer shows.",
                    )
                    .body(|form, _| NewEndpoint::read(form))
                    .answers::<EndpointBody<'_>>(StatusCode::CREATED)
                    .refuses(endpoints::too_many())
            },
        ),
        Route::get(ONE, "A webhook endpoint", endpoints::detail).described_in(
            SOUK,
            "A webhook endpoint",
            |operation| operation.for_administrators().answers::<EndpointBody<'_>>(StatusCode::OK),
        ),
        Route::patch(ONE, "Change a webhook endpoint", endpoints::update).described_in(
            SOUK,
            "Change a webhook endpoint",
            |operation| {
                operation
                    .for_administrators()
                    .note("Only what is named changes.")
                    .body(|form, _| ChangedEndpoint::read(form, &[]))
                    .answers::<EndpointBody<'_>>(StatusCode::OK)
            },
        ),
        Route::delete(ONE, "Delete a webhook endpoint", endpoints::delete).described_in(
            SOUK,
            "Delete a webhook endpoint",
            |operation| operation.for_administrators().answers_nothing(StatusCode::NO_CONTENT),
        ),
        Route::get(LOG, "Deliveries of a webhook endpoint", endpoints::deliveries).described_in(
            SOUK,
            "Deliveries of a webhook endpoint",
            |operation| {
                operation
                    .for_administrators()
                    .note("The newest first.")
                    .answers_page::<DeliveryBody<'_>>()
            },
        ),
        Route::post(AGAIN, "Send an event again", endpoints::redeliver).described_in(
            SOUK,
            "Send an event again",
            |operation| {
                operation
                    .for_administrators()
                    .answers::<DeliveryBody<'_>>(StatusCode::ACCEPTED)
                    .refuses(endpoints::not_kept())
            },
        ),
    ]
}

fn events() -> Vec<Route<App>> {
    vec![Route::get("/api/v1/events", "Events", event_stream::follow).described_in(
        SOUK,
        "Events",
        |operation| {
            operation
                .for_administrators()
                .note(
                    "Server-sent events: what is kept, oldest first, then what happens. A client \
                     that comes back goes on after the header `Last-Event-ID`.",
                )
                .query(
                    "types",
                    "Patterns of events, with commas between them: `*`, `order.*`, `order.paid`.",
                    any_text(),
                )
                .query("last_event_id", "As the header, where it cannot be set.", any_text())
                .query("follow", "`false` ends the answer after what is kept.", any_boolean_word())
                .answers_text("text/event-stream")
                .refuses(event_stream::unknown_place())
        },
    )]
}

/// For the person who runs the shop and what watches over it (design, "Surfaces others rely on").
fn operations() -> Vec<Route<App>> {
    use operations::AliveBody;
    use readiness::ReadyBody;
    vec![
        Route::get("/healthz", "Whether the shop is alive", operations::alive).described_in(
            SOUK,
            "Whether the shop is alive",
            |operation| operation.for_anyone().answers::<AliveBody>(StatusCode::OK),
        ),
        Route::get("/readyz", "Whether the shop takes changes", readiness::ready).described_in(
            SOUK,
            "Whether the shop takes changes",
            |operation| {
                operation
                    .for_anyone()
                    .answers::<ReadyBody>(StatusCode::OK)
                    .answers::<ReadyBody>(StatusCode::SERVICE_UNAVAILABLE)
            },
        ),
        Route::get("/metrics", "Metrics", operations::metrics).described_in(
            SOUK,
            "Metrics",
            |operation| operation.for_anyone().note("For Prometheus.").answers_text("text/plain"),
        ),
        Route::get("/api/v1/logs/", "Search the log", logs::search).described_in(
            SOUK,
            "Search the log",
            |operation| {
                operation
                    .for_administrators()
                    .note("The newest first.")
                    .query("service", "Exactly this service.", any_text())
                    .query("level", "This level, or one that matters more.", any_text())
                    .query("since", "Not older: RFC 3339, or a span such as `2h`.", any_text())
                    .query("until", "Older than this.", any_text())
                    .query("q", "Words of the message or a field.", any_text())
                    .answers_page::<logs::LogLine>()
                    .header("X-Searched-Since", "Where the search stopped, if it stopped early.")
                    .refuses(logs::unknown_level())
            },
        ),
        Route::get("/openapi/{document}", "description", reference::describe),
        Route::get("/docs", "reference", reference::show_page),
        Route::get("/docs/{file}", "a file of the reference", reference::show_file),
        Route::get("/schemas/{schema}", "schema of an event", reference::show_schema),
    ]
}

fn any_boolean_word() -> Schema {
    json_schema!({"type": "string", "enum": ["true", "false"]})
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
