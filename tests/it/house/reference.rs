//! The API reference: each contract's description, and the page that shows them without requests to other hosts.

use crate::support::{Answer, Shop, run_souk};
use base64ct::{Base64, Encoding};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const CONTRACTS: [&str; 6] = ["classic", "minimal", "services", "storefront", "platform", "souk"];

#[tokio::test]
async fn everything_the_page_names_is_here() {
    let shop = Shop::open().await;
    let nobody = shop.nobody();

    for spelling in ["/docs", "/docs/"] {
        let page = nobody.get(spelling).await;
        is(&page, "text/html; charset=utf-8");
        let (mut files, mut descriptions) = (0, 0);
        for named in quoted(&page.text).filter(|text| text.starts_with('/')) {
            let answer = nobody.get(named).await;
            match named.rsplit('.').next() {
                Some("js") => is(&answer, "text/javascript; charset=utf-8"),
                Some("css") => is(&answer, "text/css; charset=utf-8"),
                Some("png") => is(&answer, "image/png"),
                Some("json") => is(&answer, "application/json"),
                _ => panic!("a file of what kind? {answer}"),
            }
            if named.starts_with("/openapi/") {
                descriptions += 1;
                continue;
            }
            files += 1;
            assert!(!answer.text.is_empty(), "{answer}");
            assert_eq!(answer.header("Cache-Control"), "public, max-age=86400", "{answer}");
        }
        assert_eq!((files, descriptions), (6, CONTRACTS.len()), "{}", page.text);
        for contract in CONTRACTS {
            assert!(page.text.contains(&format!("\"/openapi/{contract}.json\"")), "{contract}");
        }
    }
}

#[tokio::test]
async fn the_page_runs_its_own_script_and_asks_its_own_host() {
    let shop = Shop::open().await;
    let page = shop.nobody().get("/docs").await;

    let hosts: Vec<&str> = quoted(&page.text).filter(|text| text.contains("//")).collect();
    assert!(hosts.is_empty(), "the page names other hosts: {hosts:?}");

    let policy = page.header("Content-Security-Policy");
    let directive = |name: &str| {
        let found = policy.split(';').find_map(|part| part.trim().strip_prefix(name));
        found.unwrap_or_else(|| panic!("no {name} in {policy}")).split_whitespace().collect()
    };
    let sources: Vec<&str> = directive("default-src");
    assert_eq!(sources, ["'none'"]);
    let sources: Vec<&str> = directive("connect-src");
    assert_eq!(sources, ["'self'"]);

    let scripts: Vec<&str> = page.text.split("<script>").skip(1).collect();
    let [script] = scripts[..] else { panic!("one script is written on the page: {scripts:?}") };
    let script = script.split("</script>").next().expect("the script ends");
    let digest = Base64::encode_string(&Sha256::digest(script));
    let sources: Vec<&str> = directive("script-src");
    assert_eq!(sources, ["'self'", &format!("'sha256-{digest}'")]);

    let here = ["'none'", "'self'", "'unsafe-inline'", "data:"];
    let elsewhere = |source: &&str| !here.contains(source) && !source.starts_with("'sha256-");
    let all = policy.split(';').flat_map(|part| part.split_whitespace().skip(1));
    let elsewhere: Vec<&str> = all.filter(elsewhere).collect();
    assert!(elsewhere.is_empty(), "sources elsewhere: {elsewhere:?}");
}

#[tokio::test]
async fn a_description_is_served_as_it_is_printed() {
    let shop = Shop::open().await;
    let nobody = shop.nobody();
    for contract in CONTRACTS {
        let answer = nobody.get(&format!("/openapi/{contract}.json")).await;
        is(&answer, "application/json");
        let mut served = answer.json();
        assert_eq!(served["openapi"], "3.1.1", "{contract}");
        assert_eq!(served["info"]["title"], format!("Souk: the {contract} contract"));
        assert_eq!(served["servers"][0]["url"], shop.base(), "{contract}");
        // The shop is open, so the command cannot have opened the store.
        let printed = shop.run(&["openapi", contract], "").expect_success();
        let mut printed: Value = serde_json::from_str(&printed.stdout).expect("JSON");
        assert_eq!(printed["servers"][0]["url"], "http://127.0.0.1:8000", "{contract}");
        for document in [&mut served, &mut printed] {
            document["servers"][0]["url"] = Value::Null;
        }
        assert_eq!(served, printed, "{contract}");
    }
}

#[tokio::test]
async fn a_shop_with_a_public_address_and_a_currency_says_so() {
    let settings = [("SOUK_PUBLIC_URL", "https://shop.example"), ("SOUK_CURRENCY", "JPY")];
    let shop = Shop::open_with(&settings).await;
    for contract in CONTRACTS {
        let served = shop.nobody().get(&format!("/openapi/{contract}.json")).await.expect(200);
        assert_eq!(served["servers"][0]["url"], "https://shop.example", "{contract}");
        let printed = shop.run(&["openapi", contract], "").expect_success();
        let printed: Value = serde_json::from_str(&printed.stdout).expect("JSON");
        assert_eq!(served, printed, "{contract}");
    }
    let served = shop.nobody().get("/openapi/storefront.json").await.expect(200);
    let product = &served["paths"]["/api/v1/products/"]["post"]["requestBody"];
    let price = &product["content"]["application/json"]["schema"]["properties"]["price"];
    assert_eq!(price["pattern"], "^[0-9]{1,10}$", "no decimals in yen: {price}");
}

#[tokio::test]
async fn unknown_descriptions_are_not_found() {
    let shop = Shop::open().await;
    let nobody = shop.nobody();
    for path in [
        "/openapi/",
        "/openapi/unknown.json",
        "/openapi/storefront",
        "/openapi/storefront.yaml",
        "/openapi/STOREFRONT.json",
        "/docs/unknown.js",
        "/docs/swagger-ui.css.map",
        "/docs/..%2Fopenapi%2Fclassic.json",
        "/docs/%2e%2e/Cargo.toml",
    ] {
        nobody.get(path).await.says(404, json!({"detail": "Not found."}));
    }
    let refused = nobody.ask("POST", "/docs").send().await;
    refused.says(405, json!({"detail": "Method \"POST\" not allowed."}));
    assert_eq!(refused.header("Allow"), "GET, HEAD, OPTIONS");

    run_souk(&["openapi", "unknown"]).expect_refusal().naming("unknown");
    run_souk(&["openapi"]).expect_refusal().naming("contract");
}

/// A success with this content type, protected against sniffing.
#[track_caller]
fn is(answer: &Answer, content_type: &str) {
    assert_eq!(answer.status, 200, "{answer}");
    assert_eq!(answer.header("Content-Type"), content_type, "{answer}");
    assert_eq!(answer.header("X-Content-Type-Options"), "nosniff", "{answer}");
}

/// The text between quotation marks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('"').skip(1).step_by(2)
}
