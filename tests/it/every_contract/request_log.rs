//! The access log: when a request is logged, what its line contains, and what it never contains.

use crate::support::services::{SERVICE_SETTING, SERVICE_TOKEN};
use crate::support::{ADMIN_PASSWORD, Shop, eventually};
use serde_json::json;

/// The lines about this path.
fn lines(shop: &Shop, path: &str) -> Vec<String> {
    let output = shop.output();
    let path = format!("path=\"{path}\"");
    let lines = output.lines().filter(|line| line.contains("souk::access") && line.contains(&path));
    lines.map(str::to_owned).collect()
}

#[tokio::test]
async fn each_request_is_one_line_where_the_operator_wants_it() {
    for (settings, level) in [
        (&[("SOUK_ACCESS_LOG", "on")][..], Some("INFO")),
        (&[("SOUK_ACCESS_LOG", "on"), ("SOUK_LOG", "error")], Some("INFO")),
        (&[("SOUK_LOG", "debug")], Some("DEBUG")),
        (&[("SOUK_LOG", "info,souk::access=debug")], Some("DEBUG")),
        (&[("SOUK_ACCESS_LOG", "off")], None),
        (&[], None),
    ] {
        let shop = Shop::open_with(settings).await;
        let boss = shop.admin().await;
        boss.get("/api/v1/products/?search=lamp&page=1").await.expect(200);
        shop.nobody().get("/no-such-path").await.expect(404);
        let Some(level) = level else {
            assert!(!shop.output().contains("souk::access"), "{settings:?}: {}", shop.output());
            continue;
        };
        for (path, words) in [
            ("/api/v1/products/", ["method=GET", "status=200", "caller=\"user\""]),
            ("/no-such-path", ["method=GET", "status=404", "caller=\"nobody\""]),
            ("/api/v1/auth/login/", ["method=POST", "status=200", "caller=\"nobody\""]),
        ] {
            let line = eventually("the line", async || lines(&shop, path).pop()).await;
            assert_eq!(lines(&shop, path).len(), 1, "{settings:?}: {}", shop.output());
            for word in words.into_iter().chain([level, "ms=", "bytes="]) {
                assert!(line.contains(word), "{settings:?} {word}: {line}");
            }
        }
    }
}

#[tokio::test]
async fn logs_the_kind_of_the_caller() {
    let shop = Shop::open_with(&[("SOUK_ACCESS_LOG", "on"), SERVICE_SETTING]).await;
    let paths = ["/a-service", "/a-user", "/a-guest", "/a-cookie", "/an-old-token"];
    shop.nobody().bearing(SERVICE_TOKEN).get(paths[0]).await.expect(404);
    shop.customer("ann").await.get(paths[1]).await.expect(404);
    let guest = |path, header, value| shop.nobody().ask("GET", path).header(header, value);
    guest(paths[2], "X-Cart-Key", "k3y").send().await.expect(404);
    guest(paths[3], "Cookie", "a=b; cart_key=k3y").send().await.expect(404);
    shop.nobody().bearing("eyJhbGciOiJub25lIn0.e30.").get(paths[4]).await.expect(404);
    for (path, kind) in
        paths.into_iter().zip(["service", "user", "guest", "guest", "unknown token"])
    {
        let line = eventually("the line", async || lines(&shop, path).pop()).await;
        assert!(line.contains(&format!("caller=\"{kind}\"")), "{line}");
    }
}

#[tokio::test]
async fn a_line_holds_no_token_and_nothing_of_people() {
    let shop = Shop::open_with(&[("SOUK_LOG", "debug"), SERVICE_SETTING]).await;
    let boss = shop.admin().await;
    let opaque = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    for path in [
        format!("/api/v1/products/?search=ann%40souk.example&token={opaque}"),
        format!("/api/v1/cart/?cart_key={opaque}"),
        format!("/reset/MQ/{opaque}/"),
        "/people/ann@souk.example/".to_owned(),
        "/people/ann%40souk.example".to_owned(),
    ] {
        boss.ask("GET", &path).header("Cookie", &format!("cart_key={opaque}")).send().await;
    }
    shop.nobody()
        .post(
            "/api/v1/auth/login/",
            json!({"email": "ann@souk.example", "password": "p4ssw0rd-of-ann"}),
        )
        .await;
    eventually("the last line", async || lines(&shop, "/api/v1/auth/login/").get(1).cloned()).await;
    let output = shop.output();
    let said: Vec<&str> = output.lines().filter(|line| line.contains("souk::access")).collect();
    assert!(said.len() >= 6, "{output}");
    for line in said {
        for secret in
            [opaque, "ann@", "ann%40", "p4ssw0rd", ADMIN_PASSWORD, SERVICE_TOKEN, "search", "eyJ"]
        {
            assert!(!line.contains(secret), "{secret}: {line}");
        }
    }
}
