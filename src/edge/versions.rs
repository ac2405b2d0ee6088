//! Versions of objects (RFC 9110 section 13): an answer's `ETag`, and the conditions of a request.
//!
//! `"v17"` is version 17 of an object. An answer that also shows other objects has a digest behind
//! it, `"v17.0123456789abcdef"`, because they change without this version. `If-Match` compares the
//! version alone.

use crate::edge::{Answer, Request};
use http::StatusCode;
use http::header::{ETAG, HeaderValue, IF_MATCH, IF_NONE_MATCH};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;

const DIGEST_BYTES: usize = 8;

/// 200 with an object that changes only with its version; 304 if the client has it.
pub(crate) fn versioned(request: &Request, version: u64, body: &impl Serialize) -> Answer {
    tagged(request, StatusCode::OK, format!("\"v{version}\""), Answer::ok(body))
}

/// The same for a body that is already JSON and shows other objects too.
pub(crate) fn composed(request: &Request, version: u64, answer: Answer) -> Answer {
    let mut tag = format!("\"v{version}.");
    for octet in &Sha256::digest(&answer.body)[..DIGEST_BYTES] {
        let written = write!(tag, "{octet:02x}");
        debug_assert!(written.is_ok(), "writing to a string cannot fail");
    }
    tag.push('"');
    tagged(request, answer.status, tag, answer)
}

/// An answer to a change, with the version that it made.
pub(crate) fn changed(status: StatusCode, version: u64, body: &impl Serialize) -> Answer {
    let tag = HeaderValue::try_from(format!("\"v{version}\"")).expect("digits and quotes");
    Answer::json(status, body).with_header(ETAG, tag)
}

fn tagged(request: &Request, status: StatusCode, tag: String, answer: Answer) -> Answer {
    let is_known = status == StatusCode::OK && has_one(request, &tag);
    let answer = if is_known { Answer::empty(StatusCode::NOT_MODIFIED) } else { answer };
    answer.with_header(ETAG, HeaderValue::try_from(tag).expect("hex digits and quotes"))
}

/// Whether `If-None-Match` names this tag. The comparison is weak, as RFC 9110 wants it.
fn has_one(request: &Request, tag: &str) -> bool {
    let values = request.headers.get_all(IF_NONE_MATCH).iter();
    let named = values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    named.map(str::trim).any(|named| named == "*" || named.trim_start_matches("W/") == tag)
}

/// Checks `If-Match` against the version that a change would replace. If the request has one, the
/// turn must find this version too.
///
/// # Errors
/// 412 if the client knows another version.
pub(crate) fn require_match(request: &Request, version: u64) -> Result<Option<u64>, Answer> {
    let mut values = request.headers.get_all(IF_MATCH).iter().peekable();
    if values.peek().is_none() {
        return Ok(None);
    }
    let expected = format!("v{version}");
    let mut named =
        values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    let is_current = named.any(|named| {
        let named = named.trim();
        let bare = named.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        let bare = bare.map(|tag| tag.split('.').next().unwrap_or_default());
        named == "*" || bare == Some(&expected)
    });
    if is_current { Ok(Some(version)) } else { Err(stale()) }
}

/// 412: the object has changed since the client read it.
pub(crate) fn stale() -> Answer {
    let sentence = "The object has another version now. Read it again, then send the change.";
    Answer::detail(StatusCode::PRECONDITION_FAILED, sentence).into_problem()
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Method;

    fn asked(name: &'static str, value: &str) -> Request {
        Request::test(Method::GET, "/").with_header(name, value)
    }

    #[test]
    fn a_client_that_has_the_version_gets_no_body() {
        let fresh = versioned(&Request::test(Method::GET, "/"), 17, &[1]);
        assert_eq!((fresh.status.as_u16(), fresh.header("etag")), (200, "\"v17\""));
        for known in ["\"v17\"", "W/\"v17\"", "\"v3\", \"v17\"", "*"] {
            let answer = versioned(&asked("if-none-match", known), 17, &[1]);
            assert_eq!((answer.status.as_u16(), answer.header("etag")), (304, "\"v17\""));
            assert_eq!(answer.text(), "");
        }
        for other in ["\"v16\"", "v17", "\"v17.0\"", ""] {
            assert_eq!(versioned(&asked("if-none-match", other), 17, &[1]).status, 200, "{other}");
        }
    }

    #[test]
    fn what_else_an_answer_shows_is_in_its_tag() {
        let plain = Request::test(Method::GET, "/");
        let one = composed(&plain, 2, Answer::ok(&[1]));
        let other = composed(&plain, 2, Answer::ok(&[2]));
        assert!(one.header("etag").starts_with("\"v2.") && one.header("etag").len() == 21);
        assert_ne!(one.header("etag"), other.header("etag"));
        let again = composed(&asked("if-none-match", one.header("etag")), 2, Answer::ok(&[1]));
        assert_eq!(again.status, 304);
        assert!(require_match(&asked("if-match", one.header("etag")), 2).is_ok());
    }

    #[test]
    fn a_change_of_a_stale_version_is_refused() {
        assert!(require_match(&Request::test(Method::PATCH, "/"), 5).is_ok());
        for current in ["\"v5\"", "*", "\"v4\", \"v5\"", "\"v5.abcd\""] {
            assert!(require_match(&asked("if-match", current), 5).is_ok(), "{current}");
        }
        for stale in ["\"v4\"", "W/\"v5\"", "v5", ""] {
            let refused = require_match(&asked("if-match", stale), 5).expect_err(stale);
            assert_eq!(refused.status, 412, "{stale}");
            assert!(refused.text().contains("\"code\":\"stale\""), "{}", refused.text());
        }
    }
}
