//! Decides which answers caches may store: only those to requests without credentials or other
//! personal data.

use super::guests::CART_KEY;
use crate::edge::headers::X_CART_KEY;
use crate::edge::{Answer, Request};
use http::header::{AUTHORIZATION, CACHE_CONTROL, COOKIE, HeaderValue};

const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// Whether the answer may be personal: the request has credentials, or changes something.
pub(super) fn is_personal(request: &Request) -> bool {
    let names = [AUTHORIZATION, COOKIE, X_CART_KEY];
    !request.method.is_safe()
        || names.iter().any(|name| request.headers.contains_key(name))
        || request.query(CART_KEY).is_some()
}

/// Adds `Cache-Control: no-store` if the request is personal or the answer has a cart key. An
/// answer that already has `Cache-Control` keeps it.
pub(super) fn with_no_store(is_personal: bool, answer: Answer) -> Answer {
    let names = |name| answer.headers.iter().any(|(known, _)| *known == name);
    if names(CACHE_CONTROL) || !(is_personal || names(X_CART_KEY)) {
        return answer;
    }
    answer.with_header(CACHE_CONTROL, NO_STORE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{Method, StatusCode};

    fn is_kept(request: &Request, answer: Answer) -> bool {
        with_no_store(is_personal(request), answer).header("cache-control") != "no-store"
    }

    #[test]
    fn caches_may_store_only_answers_without_personal_data() {
        let get = |target: &str| Request::test(Method::GET, target);
        let ok = || Answer::empty(StatusCode::OK);
        assert!(is_kept(&get("/api/products/"), ok()));
        assert!(is_kept(&get("/api/products/?search=cart_key"), ok()));
        assert!(!is_kept(&get("/a").with_header("authorization", "Bearer x"), ok()));
        assert!(!is_kept(&get("/a").with_header("cookie", "cart_key=1"), ok()));
        assert!(!is_kept(&get("/a").with_header("x-cart-key", "1"), ok()));
        assert!(!is_kept(&get("/a?cart_key=1"), ok()));
        assert!(!is_kept(&Request::test(Method::POST, "/api/login/"), ok()));
        let with_key = ok().with_header(X_CART_KEY, HeaderValue::from_static("1"));
        assert!(!is_kept(&get("/api/v1/cart/get_cart/"), with_key));
        let lasting = ok().with_header(CACHE_CONTROL, HeaderValue::from_static("max-age=60"));
        assert!(is_kept(&get("/docs/a.css").with_header("cookie", "a=b"), lasting));
    }
}
