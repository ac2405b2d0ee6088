//! 24: the gateway's webhook. A message must be signed, and takes effect once.

use super::refusals::{Problem, error};
use crate::app::{App, GatewayMessageError};
use crate::edge::headers::STRIPE_SIGNATURE;
use crate::edge::{Answer, Call};
use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;
use std::sync::Arc;

/// The answer to an accepted event.
#[derive(JsonSchema, Serialize)]
pub(super) struct ReceivedBody {
    #[schemars(example = &"success")]
    status: &'static str,
}

/// The refusal of a message that the gateway did not sign.
pub(super) fn invalid_signature() -> Answer {
    error(StatusCode::BAD_REQUEST, "Invalid signature")
}

/// The refusal of a body that is not an event.
pub(super) fn invalid_payload() -> Answer {
    error(StatusCode::BAD_REQUEST, "Invalid payload")
}

pub(super) async fn receive(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let request = &call.request;
    let signature = request.header(STRIPE_SIGNATURE.as_str()).unwrap_or_default();
    match app.receive_gateway_message(signature, &request.body).await {
        Ok(()) => Ok(Answer::ok(&ReceivedBody { status: "success" })),
        Err(GatewayMessageError::BadSignature) => Err(invalid_signature().into()),
        Err(GatewayMessageError::NotAnEvent) => Err(invalid_payload().into()),
        Err(GatewayMessageError::Failed(failure)) => Err(failure.into()),
    }
}
