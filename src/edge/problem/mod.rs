//! Errors of Souk's own API: RFC 9457, `application/problem+json`.

mod faults;
mod fields;

pub(crate) use faults::{Fault, Faults};

use crate::edge::Answer;
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderValue};
use serde::Serialize;
use serde_json::Value;

/// The content type of a problem.
pub(crate) const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");

/// The members of a problem (RFC 9457 section 3.1) and a code for programs.
#[derive(Serialize)]
struct ProblemBody<'a> {
    r#type: &'a str,
    title: &'a str,
    status: u16,
    detail: &'a str,
    code: &'a str,
    /// Every wrong value, if the problem is about values.
    #[serde(skip_serializing_if = "<[Fault]>::is_empty")]
    errors: &'a [Fault],
}

impl Answer {
    /// Rewrites an error answer as a problem; its other headers stay. Any other answer is unchanged.
    pub(crate) fn into_problem(self) -> Self {
        let is_problem = |(name, value): &(http::HeaderName, HeaderValue)| {
            *name == CONTENT_TYPE && *value == PROBLEM_JSON
        };
        let is_error = self.status.is_client_error() || self.status.is_server_error();
        if !is_error || self.headers.iter().any(is_problem) {
            return self;
        }
        let refusal: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let errors = fields::faults_in(&refusal);
        let title = self.status.canonical_reason().unwrap_or("Error");
        let said = refusal["detail"].as_str().or(refusal["error"].as_str());
        let sentence = faults::summary(&errors);
        let detail = said.unwrap_or(if errors.is_empty() { title } else { &sentence });
        let code = refusal["code"].as_str().unwrap_or(code_of(self.status));
        let body = ProblemBody {
            // RFC 9457 section 4.2.1: the status alone says what the problem is.
            r#type: "about:blank",
            title,
            status: self.status.as_u16(),
            detail,
            code,
            errors: &errors,
        };
        let mut problem = Self::json(self.status, &body).with_header(CONTENT_TYPE, PROBLEM_JSON);
        for (name, value) in self.headers.into_iter().filter(|(name, _)| *name != CONTENT_TYPE) {
            problem = problem.with_header(name, value);
        }
        problem
    }
}

/// A status's code for programs, if the refusal has no more precise one.
fn code_of(status: StatusCode) -> &'static str {
    match status {
        StatusCode::UNAUTHORIZED => "not_authenticated",
        StatusCode::FORBIDDEN => "forbidden",
        StatusCode::NOT_FOUND => "not_found",
        StatusCode::METHOD_NOT_ALLOWED => "method_not_allowed",
        StatusCode::CONFLICT => "conflict",
        StatusCode::PRECONDITION_FAILED => "stale",
        StatusCode::PRECONDITION_REQUIRED => "if_match_required",
        StatusCode::TOO_MANY_REQUESTS => "too_many_requests",
        status if status.is_server_error() => "unavailable",
        _ => "invalid_request",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edge::{Errors, standard};

    #[test]
    fn a_refusal_keeps_its_sentence_and_its_headers() {
        let problem = standard::token_not_valid().into_problem();
        assert_eq!(problem.status, 401);
        assert_eq!(problem.header("content-type"), "application/problem+json");
        assert_eq!(problem.header("www-authenticate"), "Bearer realm=\"api\"");
        let body: Value = serde_json::from_str(problem.text()).expect("JSON");
        assert_eq!(body["detail"], "Given token not valid for any token type");
        assert_eq!((&body["status"], &body["code"]), (&401.into(), &"token_not_valid".into()));
        let problem = standard::unavailable(3).into_problem();
        assert_eq!(problem.header("retry-after"), "3");
        assert!(problem.text().contains("\"code\":\"unavailable\""), "{}", problem.text());
    }

    #[test]
    fn every_wrong_field_is_named() {
        let mut errors = Errors::of("city", "This field is required.");
        errors.add("phone", "Ensure this field has no more than 40 characters.");
        let problem = Answer::from(errors).into_problem();
        let body: Value = serde_json::from_str(problem.text()).expect("JSON");
        assert_eq!((&body["status"], &body["code"]), (&400.into(), &"invalid_request".into()));
        assert_eq!(body["detail"], "2 values of the request are wrong.");
        assert_eq!(body["errors"][0]["pointer"], "/city");
        assert_eq!(body["errors"][1]["code"], "too_long");
        assert_eq!(problem.clone().into_problem().text(), problem.text(), "it stays as it is");
    }

    #[test]
    fn a_success_is_no_problem() {
        let answer = Answer::ok(&[1]).into_problem();
        assert_eq!((answer.text(), answer.header("content-type")), ("[1]", "application/json"));
    }
}
