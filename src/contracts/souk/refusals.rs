//! Refusals of this contract as RFC 9457 problems.

use crate::app::{Problem, Wording, failure_answer};
use crate::edge::{Answer, Errors, standard};
use http::header::{CACHE_CONTROL, HeaderValue};
use serde::Serialize;
use souk_actors::Failure;
use souk_actors::store::StoreError;
use souk_domain::Refusal;

/// Words what the shop refuses of the caller's own data.
#[derive(Debug)]
pub(super) struct OwnData;

/// Why a change of the caller's own data fails.
pub(super) type Refused = Problem<OwnData>;

impl Wording for OwnData {
    fn answer_for(refusal: Refusal) -> Answer {
        match refusal {
            Refusal::NotFound(_) => standard::not_found(),
            Refusal::EmailTaken | Refusal::UsernameTaken | Refusal::UsernameIsAnAddress => {
                Errors::of("email", standard::EMAIL_TAKEN).into()
            }
            refusal => failure_answer(&Failure::from(refusal)),
        }
    }
}

/// Makes the answer of a handler: a private answer, or a refusal as a problem.
pub(super) fn private_answer(result: Result<Answer, Answer>) -> Answer {
    let answer = result.unwrap_or_else(Answer::into_problem);
    answer.with_header(CACHE_CONTROL, HeaderValue::from_static("no-store"))
}

/// An item of a list as JSON.
///
/// # Errors
/// 500 if it cannot be written.
pub(super) fn written(item: &impl Serialize) -> Result<Vec<u8>, Answer> {
    serde_json::to_vec(item).map_err(|error| {
        tracing::error!(%error, "an item of a list could not be written as JSON");
        standard::internal_error()
    })
}

/// The refusal if the store cannot be read.
pub(super) fn unreadable(error: StoreError) -> Answer {
    failure_answer(&error.into())
}
