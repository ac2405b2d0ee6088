//! Rows of webhook endpoints and deliveries, for the fixtures.

use super::delivery::{Delivery, DeliveryState};
use super::endpoint::{Endpoint, Progress};
use super::stored::{DELIVERIES, ENDPOINTS, PROGRESS, WAITING};
use crate::fixtures::{Example, TIME, text};
use souk_domain::UnixMillis;

pub(crate) fn rows() -> Vec<Example> {
    let endpoint = |events, description: &str, is_active, failing_since| Endpoint {
        url: text("https://example.com/hook"),
        events,
        description: text(description),
        secret: text("whsec_1"),
        is_active,
        failing_since,
        created_at: TIME,
        updated_at: UnixMillis::new(TIME.get() + 1),
    };
    let delivery = |state, answer, reason: &str| Delivery {
        event_id: text("4f1c22a09be3d871.300"),
        event: text("order.paid"),
        state,
        tries: 129,
        since: TIME,
        tried_at: UnixMillis::new(TIME.get() + 1),
        answer,
        reason: text(reason),
    };
    let good = endpoint(vec![text("*")], "", true, None);
    let failing = endpoint(vec![text("order.*"), text("user.closed")], "CRM", false, Some(TIME));
    let progress = Progress { cursor: 300, waiting: 2, logged: 129 };
    let waiting = delivery(DeliveryState::Waiting(TIME), None, "no answer in 10 s");
    let taken = delivery(DeliveryState::Taken, Some(204), "");
    let given_up = delivery(DeliveryState::GivenUp, Some(500), "answered 500");
    vec![
        Example::of(ENDPOINTS, "told everything", &1, &good),
        Example::of(ENDPOINTS, "switched off because it failed", &300, &failing),
        Example::of(PROGRESS, "before the first event", &1, &Progress::default()),
        Example::of(PROGRESS, "on its way", &300, &progress),
        Example::of(DELIVERIES, "waits for another try", &(1, 300), &waiting),
        Example::of(DELIVERIES, "taken", &(1, 301), &taken),
        Example::of(DELIVERIES, "given up", &(300, 302), &given_up),
        Example::of(WAITING, "when to try again", &(1, (TIME, 300)), &()),
    ]
}
