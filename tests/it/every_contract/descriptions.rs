//! What the shop says of itself in OpenAPI is well formed, and true: schemathesis reads each
//! description and calls every operation with what fits it and what does not. No answer may be a
//! 5xx, have a status, a content type or a shape that is not described, or accept what is not,
//! but for the leniency that tests/schemathesis_leniency.py knows.

use crate::support::{Person, Shop, python, repository, run_souk};
use serde_json::json;
use std::io::Write;
use std::process::{Command, Stdio};

/// Calls per operation; more with SOUK_FUZZ_EXAMPLES.
const EXAMPLES: &str = "10";

const SERVICE_TOKEN: &str = "a-token-of-another-system-0123456789";

async fn open_stocked() -> (Shop, Person) {
    let services = format!("warehouse:{SERVICE_TOKEN}");
    let shop = Shop::open_with(&[("SOUK_SERVICE_TOKENS", &services)]).await;
    let admin = shop.admin().await;
    admin.post("/api/v1/categories/", json!({"name": "Things"})).await.expect(201);
    for number in 1..=3 {
        let product = json!({"name": format!("Thing {number}"), "price": "10.00",
            "stock_quantity": 1_000_000, "category_id": 1});
        admin.post("/api/v1/products/", product).await.expect(201);
    }
    (shop, admin)
}

/// Runs schemathesis against a contract's description with this token.
fn explore(shop: &Shop, contract: &str, token: &str, which: [&str; 2]) {
    let examples = std::env::var("SOUK_FUZZ_EXAMPLES");
    let mut command = Command::new(python());
    command
        .args(["-m", "schemathesis.cli", "--config-file"])
        .arg(repository().join("tests/schemathesis.toml"))
        .args(["run", &format!("{}/openapi/{contract}.json", shop.base())])
        .args(["--max-examples", examples.as_deref().unwrap_or(EXAMPLES)])
        .args(["--generation-deterministic", "--no-color", "--continue-on-failure"])
        .args(["--header", &format!("Authorization: Bearer {token}")])
        .env("SCHEMATHESIS_HOOKS", repository().join("tests/schemathesis_leniency.py"))
        .args(which)
        .current_dir(shop.data())
        .stdin(Stdio::null());
    let output = command.output().expect("schemathesis starts");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{contract}:\n{text}");
    assert!(text.contains("Tested:"), "{contract}: no operation was tested:\n{text}");
}

/// `farewells` end the caller's own session or account, so they are tried apart.
async fn holds_to_its_description(contract: &str, farewells: Option<&str>) {
    let (shop, admin) = open_stocked().await;
    let customer = shop.customer("ann").await;
    let most = ["--exclude-operation-id-regex", farewells.unwrap_or("^$")];
    explore(&shop, contract, &admin.access, most);
    explore(&shop, contract, &customer.access, most);
    if contract == "services" {
        explore(&shop, contract, SERVICE_TOKEN, most);
    }
    if let Some(farewells) = farewells {
        let farewells = ["--include-operation-id-regex", farewells];
        explore(&shop, contract, &customer.access, farewells);
    }
}

#[test]
fn every_description_is_well_formed() {
    for contract in ["classic", "minimal", "services", "storefront", "platform", "souk"] {
        let described = run_souk(&["openapi", contract]).expect_success().stdout;
        let mut judge = Command::new(python())
            .args(["-m", "openapi_spec_validator", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the validator starts");
        let mut input = judge.stdin.take().expect("a pipe");
        input.write_all(described.as_bytes()).expect("the validator reads");
        drop(input);
        let output = judge.wait_with_output().expect("the validator ends");
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{contract}: {text}");
    }
}

#[tokio::test]
async fn classic_holds_to_its_description() {
    holds_to_its_description("classic", None).await;
}

#[tokio::test]
async fn minimal_holds_to_its_description() {
    holds_to_its_description("minimal", Some("^logout$")).await;
}

#[tokio::test]
async fn services_holds_to_its_description() {
    holds_to_its_description("services", Some("^logout$")).await;
}

#[tokio::test]
async fn storefront_holds_to_its_description() {
    holds_to_its_description("storefront", None).await;
}

#[tokio::test]
async fn platform_holds_to_its_description() {
    holds_to_its_description("platform", Some("^(logout|deleteUser)$")).await;
}

#[tokio::test]
async fn souks_own_api_holds_to_its_description() {
    holds_to_its_description("souk", None).await;
}
