//! How this contract words what it refuses: RFC 9457.

use crate::app::{self, Wording};
use crate::edge::{Answer, standard};
use http::StatusCode;
use souk_domain::{Missing, Refusal};

/// This contract's wording.
#[derive(Debug)]
pub(super) struct Souk;

/// Why a handler of this contract has no success to answer.
pub(super) type Problem = app::Problem<Souk>;

impl Wording for Souk {
    fn worded(refusal: Refusal) -> Answer {
        match refusal {
            Refusal::NotFound(
                Missing::Order | Missing::Payment | Missing::Product | Missing::User,
            ) => standard::not_found(),
            refusal => Answer::detail(StatusCode::CONFLICT, &refusal.to_string()),
        }
    }
}

/// The answer of a handler; a refusal as a problem.
pub(super) fn answered(result: Result<Answer, Problem>) -> Answer {
    result.unwrap_or_else(Answer::from).into_problem()
}
