//! Failures that every contract answers alike: the shop could not, and the client may try again.

use crate::edge::{Answer, standard};
use http::StatusCode;
use souk_actors::Failure;
use std::error::Error;

/// When a client may try again after a death, a full queue or an abort.
const SOON_SECONDS: u32 = 1;
/// When a client may try again after a full disk or a silent gateway.
const LATER_SECONDS: u32 = 30;

/// When a newcomer may try again who found no room: housekeeping makes some once a minute.
const NO_ROOM_SECONDS: u32 = 60;

/// 503 (429 for who tries too often, 502 for a gateway that does not serve us), and the cause in the
/// log. Refusals never get here: each contract words its own.
pub(crate) fn failure_answer(failure: &Failure) -> Answer {
    match failure {
        Failure::Busy => standard::unavailable(SOON_SECONDS),
        Failure::TooManyAttempts { retry_after_seconds } => {
            standard::too_many_requests(*retry_after_seconds)
        }
        // Those who watch the disk and the outbox log it, once.
        Failure::DiskFull | Failure::DiskReadOnly | Failure::OutboxFull => {
            standard::unavailable(LATER_SECONDS)
        }
        // Whoever looks after the bound logs it, once.
        Failure::NoRoom => standard::unavailable(NO_ROOM_SECONDS),
        Failure::GatewayUnavailable { why } => {
            tracing::warn!(%why, "the payment gateway does not answer");
            standard::unavailable(LATER_SECONDS)
        }
        // The alarm that was raised about it says more.
        Failure::GatewayMisfit { misfit } => {
            tracing::warn!(%misfit, "a payment is in doubt");
            standard::unavailable(LATER_SECONDS)
        }
        Failure::GatewayRefused { code, message } => {
            tracing::error!(%code, %message, "the payment gateway refused what we asked");
            let sentence = "The payment gateway does not accept this payment.";
            Answer::detail(StatusCode::BAD_GATEWAY, sentence)
        }
        Failure::Unavailable | Failure::OwnerDied { .. } => {
            tracing::warn!(%failure, "a request could not be served");
            standard::unavailable(SOON_SECONDS)
        }
        Failure::Store(error) => {
            tracing::error!(error = error as &dyn Error, "a request met a broken store");
            standard::unavailable(SOON_SECONDS)
        }
        Failure::Refused(refusal) => {
            tracing::error!(%refusal, "a refusal no contract has worded");
            standard::internal_error()
        }
    }
}
