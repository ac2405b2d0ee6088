//! Targets of requests, and addresses that answers lead to.

use super::text;
use crate::edge::form::ReturnAddress;
use crate::edge::{Answer, Call, PageQuery, Request, Route, Router, limits};
use futures_util::FutureExt;
use http::header::{ALLOW, HeaderValue, LOCATION};
use http::{HeaderMap, Method, Uri};
use std::sync::{Arc, LazyLock};

struct Shop;

/// Says which route answers, and which parameters it found.
async fn say(_: Arc<Shop>, call: Call) -> Answer {
    let found = ["id", "line"].map(|name| call.params.get(name).map(str::to_owned));
    Answer::ok(&(call.operation.path, found))
}

static ROUTES: LazyLock<Router<Shop>> = LazyLock::new(|| {
    let storefront = vec![
        Route::get("/api/v1/products/", "list", say).exact(),
        Route::get("/api/v1/products/{id}/", "detail", say).exact(),
        Route::put("/api/v1/carts/{id}/items/{line}/", "line", say),
        Route::get("/", "landing", say),
    ];
    let platform = vec![
        Route::post("/api/v1/products", "create", say).exact(),
        Route::get("/api/v1/products/{id}", "detail", say).exact(),
        Route::get("/api/v1/products/best", "best", say),
    ];
    Router::new([("storefront", storefront), ("platform", platform)]).expect("they stand together")
});

/// A method and a target, as in the first line of a request.
pub(super) fn router(input: &[u8]) {
    let Some((method, target)) = text(input).split_once(' ') else { return };
    // What is no method or no path never gets past the connection.
    let Ok(method) = Method::from_bytes(method.as_bytes()) else { return };
    let Some(uri) = target.parse::<Uri>().ok().filter(|uri| uri.path().starts_with('/')) else {
        return;
    };
    let (path, query) = (uri.path().to_owned(), uri.query().unwrap_or_default().to_owned());
    let request = Request::new(method, path.clone(), query, HeaderMap::new());
    assert!(path.starts_with(ROUTES.path_of(&request)));
    let answer =
        ROUTES.answer(&Arc::new(Shop), request).now_or_never().expect("nothing to wait for");
    let header =
        |name| answer.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value);
    match answer.status.as_u16() {
        200 if header(ALLOW).is_none() => names_its_parameters(&answer, &path),
        301 => {
            let location = header(LOCATION).and_then(|it| it.to_str().ok()).expect("a location");
            let is_kept = location.starts_with(&format!("{path}/")) || !path.is_ascii();
            assert!(is_kept && location.is_ascii(), "{path} moves to {location}");
            assert!(!location.starts_with("//"), "{location} is another host");
        }
        200 | 405 => assert!(header(ALLOW).is_some(), "{answer:?}"),
        status => assert_eq!(status, 404, "{path}"),
    }
}

/// Each parameter of the route's path was found, and nothing that stands where none is.
fn names_its_parameters(answer: &Answer, path: &str) {
    let (pattern, found): (String, [Option<String>; 2]) =
        serde_json::from_slice(&answer.body).expect("what `say` says");
    for (name, value) in ["id", "line"].iter().zip(&found) {
        assert_eq!(value.is_some(), pattern.contains(&format!("{{{name}}}")), "{path}: {found:?}");
        // Escapes become shorter, and nothing grows.
        assert!(value.as_ref().is_none_or(|value| value.len() <= path.len()), "{path}: {found:?}");
    }
}

/// The query of a list: which page, how long, and the links to the pages beside it.
pub(super) fn page_query(input: &[u8]) {
    const BASE: &str = "http://shop.example";
    let ask = |query: &str| {
        Request::new(Method::GET, "/p/".to_owned(), query.to_owned(), HeaderMap::new())
    };
    let request = ask(text(input));
    assert!(request.query_pairs().len() <= limits::QUERY_PARAMETERS_MAX);
    let Ok(asked) = PageQuery::of(&request) else { return };
    for count in [0, 1, 99, 100_000, u64::MAX] {
        let Ok(page) = asked.within(count) else { continue };
        assert!(page.number >= 1 && (1..=limits::PAGE_SIZE_MAX).contains(&page.size), "{page:?}");
        let envelope = page.envelope(&request, BASE, &[(); 0]);
        let shown: serde_json::Value = serde_json::from_slice(&envelope.body).expect("JSON");
        // A request that names too many parameters may lose some of them in its links.
        let is_whole = request.query_pairs().len() < limits::QUERY_PARAMETERS_MAX;
        for (link, number) in [("next", page.number.wrapping_add(1)), ("previous", page.number - 1)]
        {
            let Some(url) = shown[link].as_str().filter(|_| is_whole) else { continue };
            let rest =
                url.strip_prefix(BASE).and_then(|rest| rest.strip_prefix("/p/")).expect("ours");
            let there = PageQuery::of(&ask(rest.trim_start_matches('?'))).expect("a page");
            let there = there.within(count).expect("a page that is there");
            assert_eq!((there.number, there.size), (number, page.size), "{url}");
        }
    }
}

/// Where a customer may be sent back to.
pub(super) fn return_address(input: &[u8]) {
    let Ok(address) = ReturnAddress::parse(text(input)) else { return };
    assert_eq!(address.as_str().as_bytes(), input, "nothing is repaired");
    HeaderValue::from_str(address.as_str()).expect("it can stand in a header");
    let url = url::Url::parse(address.as_str()).expect("an address");
    assert_eq!(url.origin().ascii_serialization(), address.origin());
    assert!(url.username().is_empty() && url.password().is_none(), "{url}");
    let origin = ReturnAddress::parse(address.origin()).expect("an origin is an address");
    assert_eq!(origin.origin(), address.origin());
}
