//! Three contracts in one router, sharing paths as storefront, platform and services do.

use super::*;

struct Shop;

async fn say(_: Arc<Shop>, call: Call) -> Answer {
    Answer::ok(&format!(
        "{} {} {} {}",
        call.operation.contract,
        call.operation.heading,
        call.params.get("id").unwrap_or("-"),
        call.params.get("line").unwrap_or("-"),
    ))
}

async fn refuse(_: Arc<Shop>, call: Call) -> Result<Answer, Answer> {
    call.id("id", souk_domain::OrderId::parse)?;
    Err(standard::forbidden())
}

fn shop() -> Router<Shop> {
    Router::new([
        (
            "storefront",
            vec![
                Route::get("/api/v1/products/", "list", say).exact(),
                Route::post("/api/v1/products/", "create", say).exact(),
                Route::get("/api/v1/products/{id}/", "detail", say).exact(),
                Route::get("/api/v1/categories/", "categories", say),
                Route::get("/api/v1/reports/{id}/", "report", say).exact(),
                Route::put("/api/v1/carts/{id}/items/{line}/", "line", say),
                Route::delete("/api/v1/orders/{id}/", "refused", refuse),
            ],
        ),
        (
            "platform",
            vec![
                Route::post("/api/v1/products", "create", say).exact(),
                Route::get("/api/v1/products/{product_id}", "detail", say).exact(),
            ],
        ),
        ("services", vec![Route::get("/api/v1/products/best", "best", say)]),
    ])
    .expect("routes that stand together")
}

async fn ask(method: Method, target: &str) -> Answer {
    shop().answer(&Arc::new(Shop), Request::test(method, target)).await
}

#[tokio::test]
async fn the_slash_decides_between_contracts_that_share_a_path() {
    for (method, target, expected) in [
        (Method::GET, "/api/v1/products/", "storefront list - -"),
        (Method::POST, "/api/v1/products/", "storefront create - -"),
        (Method::POST, "/api/v1/products", "platform create - -"),
        (Method::GET, "/api/v1/products/7/", "storefront detail 7 -"),
        (Method::GET, "/api/v1/products/7", "platform detail - -"),
        (Method::GET, "/api/v1/products/best", "services best - -"),
        (Method::GET, "/api/v1/products/best/", "services best - -"),
        (Method::GET, "/api/v1/categories", "storefront categories - -"),
        (Method::GET, "/api/v1/categories/", "storefront categories - -"),
        (Method::HEAD, "/api/v1/categories/", "storefront categories - -"),
        (Method::PUT, "/api/v1/carts/a%20b/items/9", "storefront line a b 9"),
    ] {
        let answer = ask(method.clone(), target).await;
        assert_eq!(answer.text(), format!("\"{expected}\""), "{method} {target}");
    }
}

#[tokio::test]
async fn reading_without_the_slash_moves_to_it_and_keeps_the_query() {
    for (target, location) in [
        ("/api/v1/products?page=2&search=a%20b", "/api/v1/products/?page=2&search=a%20b"),
        ("/api/v1/reports/7", "/api/v1/reports/7/"),
        ("/api/v1/reports/é?q=ü", "/api/v1/reports/%C3%A9/?q=%C3%BC"),
    ] {
        for method in [Method::GET, Method::HEAD] {
            let answer = ask(method, target).await;
            assert_eq!(answer.status, 301);
            assert_eq!(answer.header("location"), location);
        }
    }
}

#[tokio::test]
async fn unknown_paths_are_404() {
    for target in ["/", "/api", "/api/v1/productz/", "/api/v1/products//", "//api/v1/products", "*"]
    {
        let answer = ask(Method::GET, target).await;
        assert_eq!(answer.text(), r#"{"detail":"Not found."}"#, "{target}");
        assert_eq!(answer.status, 404);
    }
    assert_eq!(ask(Method::POST, "/api/v1/reports/7").await.status, 404);
    assert_eq!(ask(Method::PUT, "/api/v1/carts/%ff/items/9").await.status, 404);
}

#[tokio::test]
async fn a_wrong_method_is_told_which_are_allowed() {
    let answer = ask(Method::PUT, "/api/v1/products/").await;
    assert_eq!(answer.status, 405);
    assert_eq!(answer.header("allow"), "GET, POST, HEAD, OPTIONS");
    assert_eq!(answer.text(), r#"{"detail":"Method \"PUT\" not allowed."}"#);
    let answer = ask(Method::PUT, "/api/v1/products").await;
    assert_eq!(answer.header("allow"), "POST, OPTIONS");
    assert_eq!(ask(Method::HEAD, "/api/v1/orders/7").await.status, 405);
    assert_eq!(ask(Method::TRACE, "/api/v1/orders/7").await.status, 405);
}

#[tokio::test]
async fn unknown_paths_and_methods_of_one_api_are_problems() {
    let router = shop().with_problems_under("/api/v1/orders");
    let orders = async |method: Method, target: &str| {
        router.answer(&Arc::new(Shop), Request::test(method, target)).await
    };
    let problem = "application/problem+json";
    for (method, target, status, content_type) in [
        (Method::GET, "/api/v1/orders", 404, problem),
        (Method::GET, "/api/v1/orders/7/lines/", 404, problem),
        (Method::PUT, "/api/v1/orders/7/", 405, problem),
        (Method::HEAD, "/api/v1/orders/7/", 405, problem),
        (Method::OPTIONS, "/api/v1/orders/7/", 200, "application/json"),
        (Method::DELETE, "/api/v1/orders/7/", 403, "application/json"),
        (Method::GET, "/api/v1/orders-of-old/", 404, "application/json"),
        (Method::PUT, "/api/v1/products/", 405, "application/json"),
    ] {
        let answer = orders(method.clone(), target).await;
        let seen = (answer.status.as_u16(), answer.header("content-type"));
        assert_eq!(seen, (status, content_type), "{method} {target}");
    }
    let answer = orders(Method::PUT, "/api/v1/orders/7/").await;
    assert_eq!(answer.header("allow"), "DELETE, OPTIONS");
    assert!(answer.text().contains(r#""code":"method_not_allowed""#), "{}", answer.text());
}

#[tokio::test]
async fn options_tell_what_is_allowed() {
    let answer = ask(Method::OPTIONS, "/api/v1/products/").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("allow"), "GET, POST, HEAD, OPTIONS");
    assert_eq!(answer.text(), "{}");
}

#[tokio::test]
async fn a_handler_may_refuse_with_a_question_mark() {
    assert_eq!(ask(Method::DELETE, "/api/v1/orders/7/").await.status, 403);
    assert_eq!(ask(Method::DELETE, "/api/v1/orders/abc/").await.status, 404);
}

#[test]
fn two_routes_for_one_request_are_found_at_start() {
    let twice = |first: Route<Shop>, second: Route<Shop>| {
        Router::new([("classic", vec![first]), ("minimal", vec![second])]).err()
    };
    let taken = |path| RouterError::Taken {
        method: Method::GET,
        path,
        contract: "minimal",
        other: "classic",
    };
    assert_eq!(
        twice(Route::get("/a/{id}/", "", say), Route::get("/a/{name}", "", say).exact()),
        Some(taken("/a/{name}"))
    );
    assert_eq!(
        twice(Route::get("/a/", "", say).exact(), Route::get("/a", "", say)),
        Some(taken("/a"))
    );
    assert_eq!(twice(Route::get("/a/", "", say).exact(), Route::get("/a", "", say).exact()), None);
    let odd = Router::new([("classic", vec![Route::get("/a/{id", "", say)])]).err();
    assert!(matches!(odd, Some(RouterError::BadPath { .. })), "{odd:?}");
}

#[test]
fn all_operations_can_be_listed() {
    let shop = shop();
    let listed: Vec<_> = shop.operations().collect();
    assert_eq!(listed.len(), 10);
    assert_eq!(listed[8].path, "/api/v1/products/{product_id}");
    assert_eq!(listed[8].contract, "platform");
    assert_eq!(listed[8].trailing_slash, TrailingSlash::Exact);
}

#[test]
fn a_path_keeps_its_slash_only_where_the_slash_decides() {
    let router = shop();
    let path = |method, target| {
        let request = Request::test(method, target);
        router.path_of(&request).to_owned()
    };
    assert_eq!(path(Method::POST, "/api/v1/products/"), "/api/v1/products/");
    assert_eq!(path(Method::POST, "/api/v1/products?page=2"), "/api/v1/products");
    assert_eq!(path(Method::PUT, "/api/v1/carts/1/items/2/"), "/api/v1/carts/1/items/2");
    assert_eq!(path(Method::GET, "/api/v1/categories/"), "/api/v1/categories");
    assert_eq!(path(Method::POST, "/nowhere/"), "/nowhere");
}
