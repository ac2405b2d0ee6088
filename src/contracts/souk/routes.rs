//! The routes of this contract, each with its operation.

use super::{
    admin_routes, event_stream, logs, operations, pages, readiness, reference, refunds, sandbox,
    store_routes, webhook_endpoints,
};
use crate::app::App;
use crate::edge::{Route, any_text};
use http::StatusCode;
use schemars::{Schema, json_schema};

/// The title of `/openapi/souk.json`.
const SOUK: &str = "souk";

/// The routes in groups, each with its name in the metrics. The pages for browsers and the
/// addresses of the sandbox gateway are not part of the API, so they have no description.
pub(in crate::contracts) fn routes() -> Vec<(&'static str, Vec<Route<App>>)> {
    vec![
        ("souk", admin_routes::routes()),
        ("souk", store_routes::routes()),
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
                    .note("With the amount paid and the amount that can still be refunded.")
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
                        "Without an amount, refunds all that is left of the payment. The answer \
                         reports the decision; the shop then calls the gateway until it accepts \
                         the refund.",
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
                        "From now on, events are posted to the endpoint, signed with `secret`. \
                         Only this answer shows the secret.",
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
                    .note("Fields that are left out keep their values.")
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
                    .note("Newest first.")
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
                    "Server-sent events: first the stored events, oldest first, then new ones. A \
                     client that reconnects continues after the event in the header \
                     `Last-Event-ID`.",
                )
                .query(
                    "types",
                    "Patterns of event types, separated by commas: `*`, `order.*`, `order.paid`.",
                    any_text(),
                )
                .query(
                    "last_event_id",
                    "Replaces the header for clients that cannot set it.",
                    any_text(),
                )
                .query(
                    "follow",
                    "`false` ends the answer after the stored events.",
                    any_boolean_word(),
                )
                .answers_text("text/event-stream")
                .refuses(event_stream::unknown_place())
        },
    )]
}

/// For operators and their monitoring (design, "Surfaces others rely on").
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
                    .note("Newest first.")
                    .query("service", "Lines of this service only.", any_text())
                    .query("level", "Lines of this level or a more severe one.", any_text())
                    .query(
                        "since",
                        "Lines since this time: RFC 3339, or a span such as `2h`.",
                        any_text(),
                    )
                    .query("until", "Lines before this time.", any_text())
                    .query("q", "Words in the message or a field.", any_text())
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
