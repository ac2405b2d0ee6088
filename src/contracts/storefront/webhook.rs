//! 24: the gateway speaks. A message counts if it is signed, and once.

use super::refusals::{Problem, error};
use crate::app::{App, UnheardMessage};
use crate::edge::{Answer, Call};
use http::StatusCode;
use serde::Serialize;
use std::sync::Arc;

#[derive(Serialize)]
struct ReceivedBody {
    status: &'static str,
}

pub(super) async fn receive(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let request = &call.request;
    let signature = request.header("stripe-signature").unwrap_or_default();
    match app.hear_gateway(signature, &request.body).await {
        Ok(()) => Ok(Answer::ok(&ReceivedBody { status: "success" })),
        Err(UnheardMessage::BadSignature) => {
            Err(error(StatusCode::BAD_REQUEST, "Invalid signature").into())
        }
        Err(UnheardMessage::NoEvent) => {
            Err(error(StatusCode::BAD_REQUEST, "Invalid payload").into())
        }
        Err(UnheardMessage::Failed(failure)) => Err(failure.into()),
    }
}
