//! Which pages of other origins may read our answers in a browser (the Fetch standard, "CORS
//! protocol"). Decided once for all contracts, before the route is known.

use super::headers::{ALLOWED, EXPOSED};
use crate::edge::Answer;
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_METHOD, HeaderMap, HeaderValue, ORIGIN, VARY,
};
use http::{Method, Uri};

const ANY_ORIGIN: HeaderValue = HeaderValue::from_static("*");
const TRUE: HeaderValue = HeaderValue::from_static("true");
/// The methods that a preflight allows. A path's own `Allow` names those that it has.
const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE");
/// How long a browser may cache a preflight, in seconds: the longest time that any browser accepts.
const PREFLIGHT_SECONDS: HeaderValue = HeaderValue::from_static("7200");
const VARY_BY_ORIGIN: HeaderValue = HeaderValue::from_static("Origin");
const VARY_BY_PREFLIGHT: HeaderValue = HeaderValue::from_static(
    "Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
);

/// The origins whose pages may read our answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Cors {
    /// None: no answer has CORS headers.
    #[default]
    Nobody,
    /// All, without cookies.
    Everybody,
    /// These origins, with the cookie of a guest's cart.
    Named(Vec<HeaderValue>),
}

/// Why a list of origins is malformed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CorsError {
    /// `*` beside other origins.
    #[error("* allows every origin: leave out the others, or leave out *")]
    NotAlone,
    /// Not an origin as a browser sends it.
    #[error(
        "`{0}` is not an origin; write it as a browser sends it: https://shop.example, http://localhost:3000"
    )]
    NoOrigin(String),
}

impl Cors {
    /// Parses origins separated by commas, or `*`; an empty list allows nobody.
    ///
    /// # Errors
    /// [`CorsError`], with the malformed origin.
    pub(crate) fn parse(list: &str) -> Result<Self, CorsError> {
        let origins = list.split(',').map(str::trim).filter(|text| !text.is_empty());
        let origins: Vec<&str> = origins.collect();
        if origins.contains(&"*") {
            return if origins.len() == 1 { Ok(Self::Everybody) } else { Err(CorsError::NotAlone) };
        }
        if origins.is_empty() {
            return Ok(Self::Nobody);
        }
        let origin = |text: &&str| origin(text).ok_or_else(|| CorsError::NoOrigin((*text).into()));
        origins.iter().map(origin).collect::<Result<_, _>>().map(Self::Named)
    }

    /// The origins that are listed by name.
    pub(crate) fn origins(&self) -> Vec<String> {
        match self {
            Self::Nobody | Self::Everybody => Vec::new(),
            Self::Named(origins) => {
                let text = |origin: &HeaderValue| origin.to_str().ok().map(str::to_owned);
                origins.iter().filter_map(text).collect()
            }
        }
    }

    /// The answer to a preflight of an allowed origin. `None` for any other request; a preflight of
    /// another origin is answered like any `OPTIONS` request.
    pub(super) fn preflight(&self, method: &Method, headers: &HeaderMap) -> Option<Answer> {
        let is_preflight =
            method == Method::OPTIONS && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
        if !is_preflight || !self.allows(headers.get(ORIGIN)?) {
            return None;
        }
        let answer = Answer::no_content()
            .with_header(ACCESS_CONTROL_ALLOW_METHODS, METHODS)
            .with_header(ACCESS_CONTROL_ALLOW_HEADERS, ALLOWED.clone())
            .with_header(ACCESS_CONTROL_MAX_AGE, PREFLIGHT_SECONDS);
        let answer = self.permit(headers.get(ORIGIN), answer);
        Some(answer.with_header(VARY, VARY_BY_PREFLIGHT))
    }

    /// Adds the headers that let a page of this origin read the answer, whatever its status.
    pub(super) fn with_cors_headers(&self, origin: Option<&HeaderValue>, answer: Answer) -> Answer {
        if *self == Self::Nobody {
            return answer;
        }
        let answer = varying(answer);
        if !origin.is_some_and(|origin| self.allows(origin)) {
            return answer;
        }
        self.permit(origin, answer).with_header(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED.clone())
    }

    fn allows(&self, origin: &HeaderValue) -> bool {
        match self {
            Self::Nobody => false,
            Self::Everybody => true,
            Self::Named(origins) => origins.contains(origin),
        }
    }

    /// Allows cookies only for named origins: with `*`, any page could act as the guest whose browser
    /// shows it.
    fn permit(&self, origin: Option<&HeaderValue>, answer: Answer) -> Answer {
        match (self, origin) {
            (Self::Named(_), Some(origin)) => answer
                .with_header(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone())
                .with_header(ACCESS_CONTROL_ALLOW_CREDENTIALS, TRUE),
            _ => answer.with_header(ACCESS_CONTROL_ALLOW_ORIGIN, ANY_ORIGIN),
        }
    }
}

/// Adds `Origin` to `Vary`, so that no cache gives one origin's answer to another.
fn varying(answer: Answer) -> Answer {
    let known = answer.headers.iter().find(|(name, _)| *name == VARY);
    let both = known.and_then(|(_, value)| Some(format!("{}, Origin", value.to_str().ok()?)));
    let both = both.and_then(|text| HeaderValue::from_str(&text).ok());
    answer.with_header(VARY, both.unwrap_or(VARY_BY_ORIGIN))
}

/// Parses an origin as browsers write it: scheme and host in lower case, the port unless it is the
/// scheme's default, and nothing after it.
fn origin(text: &str) -> Option<HeaderValue> {
    let text = text.to_ascii_lowercase();
    let uri: Uri = text.parse().ok()?;
    let (scheme, authority) = (uri.scheme_str()?, uri.authority()?);
    let is_whole = format!("{scheme}://{authority}") == text;
    let has_port = authority.port_u16().is_some();
    let is_host = authority.host() == authority.as_str() || has_port;
    if !is_whole || !is_host || authority.as_str().contains(['@', '*']) {
        return None;
    }
    let own_port = match scheme {
        "http" => ":80",
        "https" => ":443",
        _ => return HeaderValue::from_str(&text).ok(),
    };
    HeaderValue::from_str(text.strip_suffix(own_port).unwrap_or(&text)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHOP: &str = "https://shop.example";

    fn headers(origin: &str, method: &str) -> HeaderMap {
        let value = |text| HeaderValue::from_str(text).expect("visible ASCII");
        [(ORIGIN, value(origin)), (ACCESS_CONTROL_REQUEST_METHOD, value(method))]
            .into_iter()
            .collect()
    }

    fn answer_to(cors: &Cors, origin: &'static str) -> Answer {
        let origin = HeaderValue::from_static(origin);
        let answer = Answer::no_content().with_header(VARY, HeaderValue::from_static("Accept"));
        cors.with_cors_headers(Some(&origin), answer)
    }

    #[test]
    fn origins_are_read_as_browsers_write_them() {
        for (text, read) in [
            ("https://shop.example", "https://shop.example"),
            ("HTTPS://Shop.Example:443", "https://shop.example"),
            ("http://shop.example:80", "http://shop.example"),
            ("http://localhost:3000", "http://localhost:3000"),
            ("http://[::1]:3000", "http://[::1]:3000"),
            ("capacitor://localhost", "capacitor://localhost"),
        ] {
            assert_eq!(origin(text).as_ref().and_then(|v| v.to_str().ok()), Some(read), "{text}");
        }
        for text in [
            "shop.example",
            "https://shop.example/",
            "https://shop.example/path",
            "https://shop.example?a=b",
            "https://user@shop.example",
            "https://*.shop.example",
            "https://shop.example:port",
            "https://shop.example:70000",
            "https://",
            "https://shop example",
            "null",
            "/",
        ] {
            assert_eq!(Cors::parse(text), Err(CorsError::NoOrigin(text.to_owned())), "{text}");
        }
        assert_eq!(Cors::parse(""), Ok(Cors::Nobody));
        assert_eq!(Cors::parse(" * "), Ok(Cors::Everybody));
        assert_eq!(Cors::parse("*, https://shop.example"), Err(CorsError::NotAlone));
        let two = Cors::parse("https://shop.example, http://localhost:3000");
        assert!(matches!(two, Ok(Cors::Named(origins)) if origins.len() == 2));
    }

    #[test]
    fn only_named_origins_may_use_cookies() {
        let named = Cors::parse(SHOP).expect("an origin");
        let answer = answer_to(&named, SHOP);
        assert_eq!(answer.header("access-control-allow-origin"), SHOP);
        assert_eq!(answer.header("access-control-allow-credentials"), "true");
        assert_eq!(answer.header("vary"), "Accept, Origin");
        let answer = answer_to(&named, "https://evil.example");
        assert_eq!(answer.header("access-control-allow-origin"), "");
        assert_eq!(answer.header("access-control-allow-credentials"), "");
        assert_eq!(answer.header("vary"), "Accept, Origin");
        let answer = answer_to(&Cors::Everybody, SHOP);
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        assert_eq!(answer.header("access-control-allow-credentials"), "");
        assert_eq!(answer_to(&Cors::Nobody, SHOP).headers.len(), 1);
    }

    #[test]
    fn a_preflight_is_answered_for_who_may() {
        let named = Cors::parse(SHOP).expect("an origin");
        let asked = |cors: &Cors, origin: &str| {
            cors.preflight(&Method::OPTIONS, &headers(origin, "DELETE"))
        };
        let answer = asked(&named, SHOP).expect("it may");
        assert_eq!(answer.status, 204);
        assert!(answer.header("access-control-allow-methods").contains("DELETE"));
        assert!(answer.header("access-control-allow-headers").contains("Authorization"));
        assert!(asked(&Cors::Everybody, "https://anyone.example").is_some());
        assert!(asked(&named, "https://evil.example").is_none());
        assert!(asked(&named, "https://shop.example.evil.example").is_none());
        assert!(asked(&Cors::Nobody, SHOP).is_none());
        assert!(named.preflight(&Method::POST, &headers(SHOP, "POST")).is_none());
        let plain = [(ORIGIN, HeaderValue::from_static(SHOP))].into_iter().collect();
        assert!(named.preflight(&Method::OPTIONS, &plain).is_none());
    }
}
