//! Which pages of other origins may read our answers in a browser (the Fetch standard, "CORS
//! protocol"), decided once for all contracts, before any route is looked for.

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
/// What a preflight is told. Which of them a path has, its own `Allow` says.
const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE");
/// Seconds for which a browser may remember a preflight: the most that any of them keeps.
const PREFLIGHT_SECONDS: HeaderValue = HeaderValue::from_static("7200");
const VARY_BY_ORIGIN: HeaderValue = HeaderValue::from_static("Origin");
const VARY_BY_PREFLIGHT: HeaderValue = HeaderValue::from_static(
    "Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
);

/// The origins whose pages may read our answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Cors {
    /// None: no answer has a header about it.
    #[default]
    Nobody,
    /// All, but without their cookies.
    Everybody,
    /// These, with the cookie of a guest's cart.
    Named(Vec<HeaderValue>),
}

/// Why a list of origins is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CorsError {
    /// `*` beside other origins.
    #[error("* allows every origin: leave out the others, or leave out *")]
    NotAlone,
    /// Not what a browser would send.
    #[error(
        "`{0}` is not an origin; write it as a browser sends it: https://shop.example, http://localhost:3000"
    )]
    NoOrigin(String),
}

impl Cors {
    /// Reads origins separated by commas, or `*`; nothing allows nobody.
    ///
    /// # Errors
    /// [`CorsError`], with the origin that is none.
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

    /// The origins that are named one by one.
    pub(crate) fn origins(&self) -> Vec<String> {
        match self {
            Self::Nobody | Self::Everybody => Vec::new(),
            Self::Named(origins) => {
                let text = |origin: &HeaderValue| origin.to_str().ok().map(str::to_owned);
                origins.iter().filter_map(text).collect()
            }
        }
    }

    /// The answer to a browser that asks whether a page may send a request, if this is one and the
    /// page may. Whoever may not is answered like anybody who asks with `OPTIONS`.
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

    /// The answer with what lets a page of this origin read it, whatever the answer says.
    pub(super) fn tell(&self, origin: Option<&HeaderValue>, answer: Answer) -> Answer {
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

    /// Cookies are for origins that the operator named: with `*` any page anywhere could act as
    /// the guest whose browser shows it.
    fn permit(&self, origin: Option<&HeaderValue>, answer: Answer) -> Answer {
        match (self, origin) {
            (Self::Named(_), Some(origin)) => answer
                .with_header(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone())
                .with_header(ACCESS_CONTROL_ALLOW_CREDENTIALS, TRUE),
            _ => answer.with_header(ACCESS_CONTROL_ALLOW_ORIGIN, ANY_ORIGIN),
        }
    }
}

/// A cache may give one origin's answer to another unless it is told that they differ.
fn varying(answer: Answer) -> Answer {
    let known = answer.headers.iter().find(|(name, _)| *name == VARY);
    let both = known.and_then(|(_, value)| Some(format!("{}, Origin", value.to_str().ok()?)));
    let both = both.and_then(|text| HeaderValue::from_str(&text).ok());
    answer.with_header(VARY, both.unwrap_or(VARY_BY_ORIGIN))
}

/// An origin as browsers write it: scheme and host in lower case, the port where it is not the
/// scheme's own, and nothing behind.
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

    fn told(cors: &Cors, origin: &'static str) -> Answer {
        let origin = HeaderValue::from_static(origin);
        let answer = Answer::no_content().with_header(VARY, HeaderValue::from_static("Accept"));
        cors.tell(Some(&origin), answer)
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
        let answer = told(&named, SHOP);
        assert_eq!(answer.header("access-control-allow-origin"), SHOP);
        assert_eq!(answer.header("access-control-allow-credentials"), "true");
        assert_eq!(answer.header("vary"), "Accept, Origin");
        let answer = told(&named, "https://evil.example");
        assert_eq!(answer.header("access-control-allow-origin"), "");
        assert_eq!(answer.header("access-control-allow-credentials"), "");
        assert_eq!(answer.header("vary"), "Accept, Origin");
        let answer = told(&Cors::Everybody, SHOP);
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        assert_eq!(answer.header("access-control-allow-credentials"), "");
        assert_eq!(told(&Cors::Nobody, SHOP).headers.len(), 1);
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
