//! Wrong values of a request, all of them at once.

use super::{PROBLEM_JSON, ProblemBody};
use crate::edge::Answer;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde::Serialize;
use serde_json::{Map, Value};

/// One wrong value.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Fault {
    /// Where it is in the body (RFC 6901); empty for the body as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pointer: Option<String>,
    /// The query parameter that has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    parameter: Option<String>,
    /// The header that has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    header: Option<String>,
    /// What is wrong, for programs.
    code: &'static str,
    /// What is wrong, for people.
    detail: String,
    /// What a program needs to correct it, for example the nearest known name.
    #[serde(flatten)]
    facts: Map<String, Value>,
}

impl Fault {
    fn new(code: &'static str, detail: impl Into<String>) -> Self {
        let (detail, facts) = (detail.into(), Map::new());
        Self { pointer: None, parameter: None, header: None, code, detail, facts }
    }

    /// A wrong value in the body.
    pub(crate) fn in_body(
        pointer: impl Into<String>,
        code: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        Self { pointer: Some(pointer.into()), ..Self::new(code, detail) }
    }

    /// A wrong query parameter.
    pub(crate) fn in_query(
        parameter: impl Into<String>,
        code: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        Self { parameter: Some(parameter.into()), ..Self::new(code, detail) }
    }

    /// A wrong header.
    pub(crate) fn in_header(
        header: impl Into<String>,
        code: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        Self { header: Some(header.into()), ..Self::new(code, detail) }
    }

    /// Adds a fact for programs.
    pub(crate) fn with(mut self, name: &str, fact: impl Into<Value>) -> Self {
        self.facts.insert(name.to_owned(), fact.into());
        self
    }
}

/// All wrong values of a request, in the order in which they were found. As an answer: a problem
/// with status 400 that lists them.
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use]
pub(crate) struct Faults(Vec<Fault>);

impl Faults {
    /// One wrong value.
    pub(crate) fn of(fault: Fault) -> Self {
        Self(vec![fault])
    }

    /// Adds a wrong value.
    pub(crate) fn add(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    /// Whether nothing is wrong.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<Faults> for Answer {
    fn from(faults: Faults) -> Self {
        let body = ProblemBody {
            r#type: "about:blank",
            title: "Bad Request",
            status: StatusCode::BAD_REQUEST.as_u16(),
            detail: &summary(&faults.0),
            code: "invalid_request",
            errors: &faults.0,
        };
        Self::json(StatusCode::BAD_REQUEST, &body).with_header(CONTENT_TYPE, PROBLEM_JSON)
    }
}

/// One sentence about all of them: the only one's own, or their number.
pub(super) fn summary(faults: &[Fault]) -> String {
    match faults {
        [only] => only.detail.clone(),
        several => format!("{} values of the request are wrong.", several.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn all_wrong_values_are_listed_with_their_facts() {
        let mut faults = Faults::of(
            Fault::in_query("limt", "unknown_parameter", "There is no such parameter.")
                .with("nearest", "limit"),
        );
        faults.add(Fault::in_body("/city", "required", "This field is required."));
        let answer = Answer::from(faults);
        assert_eq!(answer.header("content-type"), "application/problem+json");
        let body: Value = serde_json::from_str(answer.text()).expect("JSON");
        assert_eq!(
            body,
            json!({"type": "about:blank", "title": "Bad Request", "status": 400,
            "detail": "2 values of the request are wrong.", "code": "invalid_request",
            "errors": [
                {"parameter": "limt", "code": "unknown_parameter",
                    "detail": "There is no such parameter.", "nearest": "limit"},
                {"pointer": "/city", "code": "required", "detail": "This field is required."},
            ]})
        );
    }
}
