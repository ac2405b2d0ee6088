//! Refusals of this contract as RFC 9457 problems. So far it only reads, so the shop refuses
//! nothing: the edge refuses, or the store fails.

use crate::app::failure_answer;
use crate::edge::Answer;
use http::header::{CACHE_CONTROL, HeaderValue};
use souk_actors::store::StoreError;

/// Makes the answer of a handler: a private answer, or a refusal as a problem.
pub(super) fn private_answer(result: Result<Answer, Answer>) -> Answer {
    let answer = result.unwrap_or_else(Answer::into_problem);
    answer.with_header(CACHE_CONTROL, HeaderValue::from_static("no-store"))
}

/// The refusal if the store cannot be read.
pub(super) fn unreadable(error: StoreError) -> Answer {
    failure_answer(&error.into())
}
