//! Answers to failures that are the same in every contract: the shop cannot serve the request now,
//! and the client may try again.

use crate::edge::{Answer, standard};
use http::StatusCode;
use souk_actors::Failure;
use souk_actors::store::StoreError;
use std::error::Error;

/// `Retry-After` when an owner died, a queue is full or a turn was aborted.
const SOON_SECONDS: u32 = 1;
/// `Retry-After` when the disk is full or the gateway does not answer.
const LATER_SECONDS: u32 = 30;

/// `Retry-After` when there is no room for a new guest or order. Housekeeping makes room once a
/// minute.
const NO_ROOM_SECONDS: u32 = 60;

/// The answer to a failure: 503, 429 for a client that tries too often, or 502 if the gateway
/// rejects our request. Logs the cause. A refusal is a bug here: each contract words its own
/// refusals.
pub(crate) fn failure_answer(failure: &Failure) -> Answer {
    match failure {
        Failure::Busy => standard::unavailable(SOON_SECONDS),
        Failure::TooManyAttempts { retry_after_seconds } => {
            standard::too_many_requests(*retry_after_seconds)
        }
        // The watchers of the disk and the outbox log these once.
        Failure::DiskFull | Failure::DiskReadOnly | Failure::OutboxFull => {
            standard::unavailable(LATER_SECONDS)
        }
        // `KeptBounds` logs this once.
        Failure::NoRoom => standard::unavailable(NO_ROOM_SECONDS),
        Failure::GatewayUnavailable { why } => {
            tracing::warn!(%why, "the payment gateway does not answer");
            standard::unavailable(LATER_SECONDS)
        }
        // The alarm for this payment has the details.
        Failure::GatewayMisfit { misfit } => {
            tracing::warn!(%misfit, "the gateway's data about a payment does not fit the books");
            standard::unavailable(LATER_SECONDS)
        }
        Failure::GatewayRefused { code, message } => {
            tracing::error!(%code, %message, "the payment gateway rejected our request");
            let sentence = "The payment gateway does not accept this payment.";
            Answer::detail(StatusCode::BAD_GATEWAY, sentence)
        }
        // No request runs under a lease, so `LeaseLost` would be a bug.
        Failure::Unavailable | Failure::OwnerDied { .. } | Failure::LeaseLost { .. } => {
            tracing::warn!(%failure, "a request could not be served");
            standard::unavailable(SOON_SECONDS)
        }
        // The store logs it once, when the database goes.
        Failure::Store(StoreError::Away { .. }) => standard::unavailable(SOON_SECONDS),
        Failure::Store(error) => {
            tracing::error!(error = error as &dyn Error, "a request failed because of the store");
            standard::unavailable(SOON_SECONDS)
        }
        Failure::Refused(refusal) => {
            tracing::error!(%refusal, "no contract has worded this refusal");
            standard::internal_error()
        }
    }
}
