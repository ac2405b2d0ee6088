//! Why a handler fails, and how its contract words the refusal.

use super::failure_answer;
use crate::edge::{Answer, Errors};
use souk_actors::Failure;
use souk_actors::store::StoreError;
use souk_domain::Refusal;
use std::marker::PhantomData;

/// How a contract words refusals.
pub(crate) trait Wording {
    /// The answer to a refusal.
    fn answer_for(refusal: Refusal) -> Answer;
}

/// Why a handler fails; `W` words the refusals.
#[derive(Debug)]
pub(crate) enum Problem<W> {
    /// An answer that the edge or the handler has already worded.
    Answer(Box<Answer>),
    /// A refusal or a failure of the shop.
    Failure(Box<Failure>, PhantomData<W>),
}

impl<W> From<Answer> for Problem<W> {
    fn from(answer: Answer) -> Self {
        Self::Answer(Box::new(answer))
    }
}

impl<W> From<Errors> for Problem<W> {
    fn from(errors: Errors) -> Self {
        Answer::from(errors).into()
    }
}

impl<W> From<Failure> for Problem<W> {
    fn from(failure: Failure) -> Self {
        Self::Failure(Box::new(failure), PhantomData)
    }
}

impl<W> From<Refusal> for Problem<W> {
    fn from(refusal: Refusal) -> Self {
        Failure::from(refusal).into()
    }
}

impl<W> From<StoreError> for Problem<W> {
    fn from(error: StoreError) -> Self {
        Failure::from(error).into()
    }
}

impl<W: Wording> From<Problem<W>> for Answer {
    fn from(problem: Problem<W>) -> Self {
        match problem {
            Problem::Answer(answer) => *answer,
            Problem::Failure(failure, _) => match *failure {
                Failure::Refused(refusal) => W::answer_for(refusal),
                failure => failure_answer(&failure),
            },
        }
    }
}
