//! The answers that all contracts share, word for word as Django REST Framework writes them.

use crate::edge::{Answer, limits};
use http::header::{ALLOW, HeaderValue, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{Method, StatusCode};
use serde::Serialize;

const BEARER: HeaderValue = HeaderValue::from_static("Bearer realm=\"api\"");

/// Django's error for a user name that is taken.
pub(crate) const USERNAME_TAKEN: &str = "A user with that username already exists.";
/// The error for a user name that is another user's e-mail address.
pub(crate) const USERNAME_IS_AN_ADDRESS: &str =
    "A username in the form of an email address must be your own email address.";
/// The error for an `Idempotency-Key` whose first request is still running.
pub(crate) const KEY_RUNNING: &str = "A request with this Idempotency-Key is still running.";
/// The error for an `Idempotency-Key` that was used for a different request.
pub(crate) const KEY_TAKEN: &str = "This Idempotency-Key was used for another request.";
/// Django's error for an e-mail address that is taken.
pub(crate) const EMAIL_TAKEN: &str = "user with this email already exists.";

/// The error for a refund of an order that cost nothing.
pub(crate) const COST_NOTHING: &str = "The order cost nothing: there is nothing to refund.";

/// The error for a malformed `Idempotency-Key`.
pub(crate) fn malformed_key() -> String {
    format!("Enter 1 to {} visible ASCII characters.", limits::IDEMPOTENCY_KEY_BYTES_MAX)
}

#[derive(Serialize)]
struct DetailAndCode<'a> {
    detail: &'a str,
    code: &'a str,
}

#[derive(Serialize)]
struct ErrorText<'a> {
    error: &'a str,
}

/// 401 for a caller without a token.
pub(crate) fn not_authenticated() -> Answer {
    unauthorized("Authentication credentials were not provided.")
}

/// 401 with this sentence.
pub(crate) fn unauthorized(detail: &str) -> Answer {
    Answer::detail(StatusCode::UNAUTHORIZED, detail).with_header(WWW_AUTHENTICATE, BEARER)
}

/// 401 for a caller whose token is invalid or expired.
pub(crate) fn token_not_valid() -> Answer {
    bad_token("Given token not valid for any token type")
}

/// 401 for a bad token, with this sentence.
pub(crate) fn bad_token(detail: &str) -> Answer {
    Answer::json(StatusCode::UNAUTHORIZED, &DetailAndCode { detail, code: "token_not_valid" })
        .with_header(WWW_AUTHENTICATE, BEARER)
}

/// 403 for a caller without permission.
pub(crate) fn forbidden() -> Answer {
    Answer::detail(StatusCode::FORBIDDEN, "You do not have permission to perform this action.")
}

/// 409 for the account of the last administrator, which cannot be closed.
pub(crate) fn last_administrator() -> Answer {
    let sentence = "The last administrator's account cannot be closed; add another one first.";
    Answer::detail(StatusCode::CONFLICT, sentence)
}

/// 404.
pub(crate) fn not_found() -> Answer {
    Answer::detail(StatusCode::NOT_FOUND, "Not found.")
}

/// 404 for an invalid page number.
pub(crate) fn invalid_page() -> Answer {
    Answer::detail(StatusCode::NOT_FOUND, "Invalid page.")
}

/// 405, with the allowed methods.
pub(crate) fn method_not_allowed(method: &Method, allow: HeaderValue) -> Answer {
    let text = format!("Method \"{method}\" not allowed.");
    Answer::detail(StatusCode::METHOD_NOT_ALLOWED, &text).with_header(ALLOW, allow)
}

/// 200 for `OPTIONS`: the allowed methods, and an empty object.
pub(crate) fn options(allow: HeaderValue) -> Answer {
    Answer::ok(&serde_json::Map::new()).with_header(ALLOW, allow)
}

/// 301 to a path of our own. Anything but visible ASCII in it is escaped, as Django does.
pub(crate) fn moved_permanently(location: &str) -> Answer {
    let escaped = |octet: u8| match octet.is_ascii_graphic() {
        true => char::from(octet).to_string(),
        false => format!("%{octet:02X}"),
    };
    match HeaderValue::from_str(&location.bytes().map(escaped).collect::<String>()) {
        Ok(location) => {
            Answer::empty(StatusCode::MOVED_PERMANENTLY).with_header(LOCATION, location)
        }
        Err(_) => not_found(),
    }
}

/// 303 to a page that was made for this answer.
pub(crate) fn see_other(location: &str) -> Answer {
    match HeaderValue::from_str(location) {
        Ok(location) => Answer::empty(StatusCode::SEE_OTHER).with_header(LOCATION, location),
        Err(_) => not_found(),
    }
}

/// 408 for a body that did not arrive in time.
pub(crate) fn request_timeout() -> Answer {
    Answer::detail(StatusCode::REQUEST_TIMEOUT, "The request body did not arrive in time.")
}

/// 400: a target without a path, such as that of `CONNECT`.
pub(crate) fn no_path() -> Answer {
    Answer::detail(StatusCode::BAD_REQUEST, "The request target must be a path.")
}

/// 413.
pub(crate) fn body_too_large() -> Answer {
    Answer::detail(
        StatusCode::PAYLOAD_TOO_LARGE,
        &format!("Request body exceeds {} bytes.", limits::BODY_BYTES_MAX),
    )
}

/// 415; it repeats the content type of the request.
pub(crate) fn unsupported_media_type(content_type: &str) -> Answer {
    let shown: String = content_type.chars().take(limits::ECHOED_CHARACTERS_MAX).collect();
    let text = format!("Unsupported media type \"{shown}\" in request.");
    Answer::detail(StatusCode::UNSUPPORTED_MEDIA_TYPE, &text)
}

/// 429, with the time to wait.
pub(crate) fn too_many_requests(retry_after_seconds: u32) -> Answer {
    let unit = if retry_after_seconds == 1 { "second" } else { "seconds" };
    let text =
        format!("Request was throttled. Expected available in {retry_after_seconds} {unit}.");
    Answer::detail(StatusCode::TOO_MANY_REQUESTS, &text)
        .with_header(RETRY_AFTER, HeaderValue::from(retry_after_seconds))
}

/// 503, with the time to wait.
pub(crate) fn unavailable(retry_after_seconds: u32) -> Answer {
    Answer::detail(
        StatusCode::SERVICE_UNAVAILABLE,
        "Service temporarily unavailable, try again later.",
    )
    .with_header(RETRY_AFTER, HeaderValue::from(retry_after_seconds))
}

/// 500; it reveals nothing about the cause.
pub(crate) fn internal_error() -> Answer {
    Answer::json(StatusCode::INTERNAL_SERVER_ERROR, &ErrorText { error: "Internal server error" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_those_of_the_documents() {
        for (answer, status, text) in [
            (
                not_authenticated(),
                401,
                r#"{"detail":"Authentication credentials were not provided."}"#,
            ),
            (
                token_not_valid(),
                401,
                r#"{"detail":"Given token not valid for any token type","code":"token_not_valid"}"#,
            ),
            (
                forbidden(),
                403,
                r#"{"detail":"You do not have permission to perform this action."}"#,
            ),
            (not_found(), 404, r#"{"detail":"Not found."}"#),
            (
                method_not_allowed(&Method::PUT, HeaderValue::from_static("GET")),
                405,
                r#"{"detail":"Method \"PUT\" not allowed."}"#,
            ),
            (
                unsupported_media_type("text/plain"),
                415,
                r#"{"detail":"Unsupported media type \"text/plain\" in request."}"#,
            ),
            (internal_error(), 500, r#"{"error":"Internal server error"}"#),
        ] {
            assert_eq!(answer.text(), text);
            assert_eq!(answer.status, status);
        }
    }

    #[test]
    fn refusals_say_when_to_come_back_and_how_to_log_in() {
        assert_eq!(too_many_requests(7).header("retry-after"), "7");
        assert_eq!(unavailable(1).header("retry-after"), "1");
        assert_eq!(not_authenticated().header("www-authenticate"), "Bearer realm=\"api\"");
        assert_eq!(token_not_valid().header("www-authenticate"), "Bearer realm=\"api\"");
    }
}
