//! A request as handlers see it.

use crate::edge::body::Body;
use crate::edge::shares::Share;
use crate::edge::{BadToken, Claims, Client, limits};
use bytes::Bytes;
use http::header::{AUTHORIZATION, HOST, HeaderMap};
use http::{Extensions, Method};
use std::sync::OnceLock;

/// One request with its complete body, within the limits.
#[derive(Debug)]
pub(crate) struct Request {
    /// The method as sent: a `HEAD` that a `GET` handler answers is still `HEAD` here.
    pub(crate) method: Method,
    /// The path as sent, percent-encoded.
    pub(crate) path: String,
    /// The part after the `?`, as sent; empty without a query.
    pub(crate) raw_query: String,
    pub(crate) headers: HeaderMap,
    /// The body; empty for methods without one.
    pub(crate) body: Bytes,
    /// The client, found through trusted proxies.
    pub(crate) client: Client,
    /// Data that one layer of Souk passes to the next, for example the caller.
    pub(crate) extensions: Extensions,
    /// What the token says, once it was verified: signature, kind and times.
    pub(crate) token: OnceLock<Result<Claims, BadToken>>,
    /// Whether the token's session is open, once it was looked up.
    pub(crate) has_open_session: OnceLock<bool>,
    query: OnceLock<Vec<(String, String)>>,
    /// The body's room, returned when the request is dropped.
    room: Option<Share>,
}

impl Request {
    /// A request without a body.
    pub(crate) fn new(method: Method, path: String, raw_query: String, headers: HeaderMap) -> Self {
        Self {
            method,
            path,
            raw_query,
            headers,
            body: Bytes::new(),
            client: Client::default(),
            extensions: Extensions::new(),
            token: OnceLock::new(),
            has_open_session: OnceLock::new(),
            query: OnceLock::new(),
            room: None,
        }
    }

    /// Gives the request its body.
    pub(super) fn set_body(&mut self, body: Body) {
        self.body = body.bytes;
        self.room = body.room;
    }

    /// The last value of a query parameter, decoded.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query_pairs().iter().rfind(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// All query parameters in order, decoded.
    pub(crate) fn query_pairs(&self) -> &[(String, String)] {
        self.query.get_or_init(|| {
            url::form_urlencoded::parse(self.raw_query.as_bytes())
                .take(limits::QUERY_PARAMETERS_MAX)
                .map(|(key, value)| (key.into_owned(), value.into_owned()))
                .collect()
        })
    }

    /// A header as text; `None` if it is absent or not visible ASCII.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The token of `Authorization: Bearer …`, as [`bearer_of`] reads it.
    pub(crate) fn bearer(&self) -> Option<&str> {
        bearer_of(&self.headers)
    }

    /// The base URL for links in the answer: the configured public URL, else the one of the request
    /// (`http://HOST`, the scheme from `X-Forwarded-Proto`). No trailing slash.
    pub(crate) fn base_url(&self, public_url: Option<&str>) -> String {
        if let Some(url) = public_url {
            return url.trim_end_matches('/').to_owned();
        }
        let forwarded = self.headers.get("x-forwarded-proto").map(|value| value.as_bytes());
        let scheme = if forwarded == Some(b"https") { "https" } else { "http" };
        let host = self.headers.get(HOST).and_then(|value| value.to_str().ok());
        let host = host.filter(|host| is_host(host)).unwrap_or("localhost");
        format!("{scheme}://{host}")
    }
}

/// The token of `Authorization: Bearer …`; `None` for other schemes. Empty, and therefore invalid, if no
/// token follows or it is not text.
pub(crate) fn bearer_of(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.as_bytes();
    let end = value.iter().position(u8::is_ascii_whitespace).unwrap_or(value.len());
    let (scheme, token) = value.split_at(end);
    let token = || std::str::from_utf8(token).unwrap_or_default().trim();
    scheme.eq_ignore_ascii_case(b"bearer").then(token)
}

/// A name or address with an optional port, without characters that would change a URL's meaning.
fn is_host(host: &str) -> bool {
    let plain = |octet: u8| octet.is_ascii_alphanumeric() || b".-_:[]".contains(&octet);
    !host.is_empty() && host.len() <= limits::HOST_CHARACTERS_MAX && host.bytes().all(plain)
}

/// Builds requests in tests.
#[cfg(test)]
impl Request {
    /// A request for `target`, a path with an optional query.
    pub(crate) fn test(method: Method, target: &str) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Self::new(method, path.to_owned(), query.to_owned(), HeaderMap::new())
    }

    /// Adds a header.
    pub(crate) fn with_header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.insert(name, value.parse().expect("a header value"));
        self
    }

    /// Sets a body of type `application/json`.
    pub(crate) fn with_json(mut self, body: &str) -> Self {
        self.body = Bytes::copy_from_slice(body.as_bytes());
        self.with_header("content-type", "application/json")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::header::HeaderValue;

    fn get(target: &str) -> Request {
        Request::test(Method::GET, target)
    }

    #[test]
    fn query_parameters_are_decoded() {
        let request = get("/p?search=red+caf%C3%A9&page=2&page=3&empty=");
        assert_eq!(request.query("search"), Some("red café"));
        assert_eq!(request.query("page"), Some("3"), "of two with one name the later counts");
        assert_eq!(request.query("empty"), Some(""));
        assert_eq!(request.query("other"), None);
        assert_eq!(request.query_pairs().len(), 4);
    }

    #[test]
    fn a_flood_of_query_parameters_is_cut() {
        let request = get(&format!("/p?{}", "a=1&".repeat(10_000)));
        assert_eq!(request.query_pairs().len(), limits::QUERY_PARAMETERS_MAX);
    }

    #[test]
    fn bearer_tokens_are_found() {
        let with = |value: &str| get("/").with_header("authorization", value);
        assert_eq!(with("Bearer abc").bearer(), Some("abc"));
        assert_eq!(with("bearer  abc ").bearer(), Some("abc"));
        for value in ["Bearer", "bearer ", "Bearer \t "] {
            assert_eq!(with(value).bearer(), Some(""), "{value}");
        }
        for value in ["Basic abc", "Bearerabc", "abc", ""] {
            assert_eq!(with(value).bearer(), None, "{value}");
        }
        let mut odd = get("/");
        let latin = HeaderValue::from_bytes(b"Bearer \xe9").expect("a header value");
        odd.headers.insert(AUTHORIZATION, latin);
        assert_eq!(odd.bearer(), Some(""));
        assert_eq!(get("/").bearer(), None);
    }

    #[test]
    fn links_point_to_the_host_that_was_asked() {
        let asked = |host: &str| get("/").with_header("host", host);
        assert_eq!(asked("shop.example:8000").base_url(None), "http://shop.example:8000");
        assert_eq!(asked("[::1]:80").base_url(None), "http://[::1]:80");
        assert_eq!(asked("evil.example/x?").base_url(None), "http://localhost");
        assert_eq!(asked("a@b").base_url(None), "http://localhost");
        assert_eq!(get("/").base_url(None), "http://localhost");
        let behind_proxy = asked("shop.example").with_header("x-forwarded-proto", "https");
        assert_eq!(behind_proxy.base_url(None), "https://shop.example");
        let odd = asked("shop.example").with_header("x-forwarded-proto", "javascript");
        assert_eq!(odd.base_url(None), "http://shop.example");
        assert_eq!(odd.base_url(Some("https://s.example/")), "https://s.example");
    }
}
