//! The request target, in the four forms of RFC 9112 section 3.2.

use crate::edge::{Answer, standard};
use http::header::{HOST, HeaderValue};
use http::{Method, Request};

/// The path of `OPTIONS *`, which asks about the whole server.
pub(super) const WHOLE_SERVER: &str = "*";

/// Normalises a request by its target: afterwards it has a path, and the right `Host`.
///
/// # Errors
/// 400 for a target without a path, such as that of `CONNECT`: nothing here is a proxy.
pub(super) fn settle<B>(request: &mut Request<B>) -> Result<(), Answer> {
    let target = request.uri();
    let asks_server = target.path() == WHOLE_SERVER && *request.method() == Method::OPTIONS;
    if !target.path().starts_with('/') && !asks_server {
        return Err(standard::no_path());
    }
    // The host in `GET http://shop.example/` overrides the `Host` header (section 3.2.2).
    let named = target.scheme().and(target.authority()).map(|authority| authority.as_str());
    let host = named.and_then(|named| named.rsplit('@').next());
    if let Some(host) = host.and_then(|host| HeaderValue::from_str(host).ok()) {
        request.headers_mut().insert(HOST, host);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settled(method: &str, target: &str) -> Result<(String, String), u16> {
        let request = Request::builder().method(method).uri(target).header(HOST, "asked.example");
        let mut request = request.body(()).expect("a request");
        settle(&mut request).map_err(|answer| answer.status.as_u16())?;
        let host = request.headers()[HOST].to_str().expect("text").to_owned();
        Ok((request.uri().path().to_owned(), host))
    }

    #[test]
    fn every_form_with_a_path_is_taken_and_names_its_host() {
        for (method, target, path, host) in [
            ("GET", "/a/b?c=1", "/a/b", "asked.example"),
            ("GET", "//other.example/", "//other.example/", "asked.example"),
            ("GET", "http://shop.example/a", "/a", "shop.example"),
            ("GET", "http://ann:secret@shop.example:8000", "/", "shop.example:8000"),
            ("POST", "https://shop.example?c=1", "/", "shop.example"),
            ("OPTIONS", "http://shop.example", "/", "shop.example"),
            ("OPTIONS", "*", "*", "asked.example"),
        ] {
            let expected = Ok((path.to_owned(), host.to_owned()));
            assert_eq!(settled(method, target), expected, "{method} {target}");
        }
    }

    #[test]
    fn a_target_without_a_path_is_refused() {
        for (method, target) in
            [("CONNECT", "shop.example:443"), ("GET", "shop.example"), ("GET", "*"), ("POST", "*")]
        {
            assert_eq!(settled(method, target), Err(400), "{method} {target}");
        }
    }
}
