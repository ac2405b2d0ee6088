//! Chooses between the two representations of an answer (RFC 9110 section 12.5.1): the documented JSON,
//! or an HTML page.

use crate::edge::Request;
use http::header::{ACCEPT, HeaderMap, HeaderValue};

/// The `Vary` of an answer that depends on `Accept`.
pub(crate) const VARY_BY_ACCEPT: HeaderValue = HeaderValue::from_static("Accept");

/// Media ranges read per request.
const RANGES_MAX: usize = 64;
/// The weight of a range without a `q`, in thousandths.
const FULL_WEIGHT: u16 = 1000;

impl Request {
    /// Whether the client prefers HTML, as a browser that opens a page does. JSON is the documented answer
    /// and the default: for equal preference, for `*/*`, and without `Accept`.
    pub(crate) fn prefers_html(&self) -> bool {
        prefers_html(&self.headers)
    }
}

fn prefers_html(headers: &HeaderMap) -> bool {
    let values = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let ranges = values.flat_map(|value| value.split(',')).take(RANGES_MAX).map(weighted);
    let ranges: Vec<(String, u16)> = ranges.collect();
    let weight_of = |wanted: &str| {
        ranges.iter().filter(|(range, _)| range == wanted).map(|(_, weight)| *weight).max()
    };
    let html = weight_of("text/html").max(weight_of("application/xhtml+xml")).unwrap_or(0);
    match (weight_of("application/json"), weight_of("application/*").or(weight_of("*/*"))) {
        (Some(json), _) => html > json,
        (None, json) => html > 0 && html >= json.unwrap_or(0),
    }
}

/// Parses `text/html;q=0.8` into the range and its weight in thousandths.
fn weighted(range: &str) -> (String, u16) {
    let mut parts = range.split(';').map(str::trim);
    let media = parts.next().unwrap_or_default().to_ascii_lowercase();
    let weight = parts.find_map(|part| {
        let (name, value) = part.split_once('=')?;
        name.trim().eq_ignore_ascii_case("q").then_some(value.trim())
    });
    (media, weight.map_or(FULL_WEIGHT, thousandths))
}

/// A weight is 0 to 1 with at most three decimals. A malformed one counts as 0.
fn thousandths(text: &str) -> u16 {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let is_weight = matches!(whole, "0" | "1")
        && decimals.len() <= 3
        && decimals.bytes().all(|octet| octet.is_ascii_digit());
    if !is_weight {
        return 0;
    }
    format!("{whole}{decimals:0<3}").parse().unwrap_or(0).min(FULL_WEIGHT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Method;

    fn is_for_people(accept: &str) -> bool {
        Request::test(Method::GET, "/").with_header("accept", accept).prefers_html()
    }

    #[test]
    fn browsers_get_html() {
        for accept in [
            "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8",
            "text/html, application/xhtml+xml, image/jxr, */*",
            "application/xhtml+xml",
            "TEXT/HTML; q=0.5",
            "application/json;q=0.8, text/html;level=1",
        ] {
            assert!(is_for_people(accept), "{accept}");
        }
    }

    #[test]
    fn everybody_else_gets_json() {
        assert!(!Request::test(Method::GET, "/").prefers_html());
        for accept in [
            "*/*",
            "",
            "application/json",
            "application/json, text/plain, */*",
            "application/json, text/html",
            "text/html;q=0",
            "text/html;q=0.3, application/json;q=0.4",
            "text/html;q=0.3, */*",
            "text/html;q=much",
            "text/*",
            "text/plain",
        ] {
            assert!(!is_for_people(accept), "{accept}");
        }
    }
}
