//! What this contract refuses, as RFC 9457 has it. So far it only reads, so there is no rule of the
//! shop to word: the edge refuses, or the store cannot answer.

use crate::app::failure_answer;
use crate::edge::Answer;
use http::header::{CACHE_CONTROL, HeaderValue};
use souk_actors::store::StoreError;

/// The answer of a handler, which is for one reader; a refusal as a problem.
pub(super) fn private_answer(result: Result<Answer, Answer>) -> Answer {
    let answer = result.unwrap_or_else(Answer::into_problem);
    answer.with_header(CACHE_CONTROL, HeaderValue::from_static("no-store"))
}

/// The refusal where the store cannot be read.
pub(super) fn unreadable(error: StoreError) -> Answer {
    failure_answer(&error.into())
}
