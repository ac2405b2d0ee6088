//! The parts of Stripe that the tests need: a stand-in that speaks its wire protocol on loopback, and localstripe, an
//! independent implementation.

use std::process::Command;

use reqwest::{Client, Method};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::person::Person;
use super::process::Process;
use super::shop::Shop;
use super::{environment, eventually};

/// The secret key of the stand-in's one account.
pub(crate) const STRIPE_KEY: &str = "sk_test_stand_in";
/// The secret that signs its webhooks.
pub(crate) const STRIPE_WEBHOOK_SECRET: &str = "whsec_stand_in";
const WEBHOOK_PATH: &str = "/api/v1/webhooks/stripe/";

pub(crate) struct StripeStandIn {
    base: String,
    client: Client,
    _directory: TempDir,
    _process: Process,
}

/// The state of the stand-in, as its own JSON.
#[derive(Clone, Debug)]
pub(crate) struct StripeBooks(pub Value);

impl StripeStandIn {
    pub(crate) fn start() -> Self {
        let directory =
            tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a temporary directory");
        let mut command = Command::new(environment::python());
        command
            .arg(environment::repository().join("tests/stripe_stand_in.py"))
            .args(["--key", STRIPE_KEY]);
        let log = directory.path().join("stripe.log");
        let ready = "stripe stand-in on port ";
        let (process, line) = Process::start("the Stripe stand-in", &mut command, &log, ready);
        let port = line.trim().rsplit(' ').next().expect("a port number");
        let base = format!("http://127.0.0.1:{port}");
        Self { base, client: Client::new(), _directory: directory, _process: process }
    }

    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// The settings of a shop that uses it.
    pub(crate) fn settings(&self) -> Vec<(&str, &str)> {
        vec![
            ("SOUK_STRIPE_SECRET_KEY", STRIPE_KEY),
            ("SOUK_STRIPE_WEBHOOK_SECRET", STRIPE_WEBHOOK_SECRET),
            ("SOUK_STRIPE_API_BASE", &self.base),
            ("SOUK_STRIPE_TIMEOUT_SECONDS", "2"),
        ]
    }

    /// A new shop that uses it and receives its webhooks.
    pub(crate) async fn open_shop(&self, more: &[(&str, &str)]) -> Shop {
        let settings = [self.settings(), more.to_vec()].concat();
        let shop = Shop::open_with(&settings).await;
        self.tell(&shop).await;
        shop
    }

    /// From now on it sends webhooks to this shop.
    pub(crate) async fn tell(&self, shop: &Shop) {
        let url = format!("{}{WEBHOOK_PATH}", shop.base());
        self.webhooks(json!({"url": url, "secret": STRIPE_WEBHOOK_SECRET})).await;
    }

    /// Options for sending webhooks: `copies`, `shuffles`, `holding`, `secret`, `url`.
    pub(crate) async fn webhooks(&self, settings: Value) {
        self.control(Method::POST, "webhooks", settings).await;
    }

    /// Waits until every webhook so far is acknowledged.
    pub(crate) async fn expect_every_webhook_heard(&self) {
        eventually("every webhook to be heard", async || {
            (self.waiting().await["webhooks"] == 0).then_some(())
        })
        .await;
    }

    /// The next `times` calls that match `on` (over `METHOD PATH`) fail in this way.
    pub(crate) async fn fault(&self, on: &str, kind: &str, times: u32) {
        self.fault_with(json!({"on": on, "kind": kind, "times": times})).await;
    }

    pub(crate) async fn fault_with(&self, fault: Value) {
        self.control(Method::POST, "faults", fault).await;
    }

    /// From now on the clock in its answers is ahead or behind by this much.
    pub(crate) async fn clock_ahead(&self, seconds: i64) {
        self.control(Method::POST, "clock", json!({"seconds_ahead": seconds})).await;
    }

    pub(crate) async fn no_faults(&self) {
        self.control(Method::DELETE, "faults", json!({})).await;
    }

    /// The customer confirms in the browser; the intent, or the error.
    pub(crate) async fn confirm_in_browser(&self, intent: &str, method: &str) -> Value {
        let body = json!({"payment_method": method});
        self.control(Method::POST, &format!("payment_intents/{intent}/confirm"), body).await
    }

    /// The customer accepts or rejects the bank's confirmation.
    pub(crate) async fn authenticate(&self, intent: &str, succeeds: bool) -> Value {
        let body = json!({"succeeds": succeeds});
        self.control(Method::POST, &format!("payment_intents/{intent}/authenticate"), body).await
    }

    /// The customer pays on the page of a checkout session.
    pub(crate) async fn pay_page(&self, url: &str, method: &str) -> Value {
        let session = url.rsplit('/').next().expect("a session");
        let body = json!({"payment_method": method});
        self.control(Method::POST, &format!("checkout/sessions/{session}/pay"), body).await
    }

    /// The operator refunds, or a customer disputes a payment, directly at Stripe.
    pub(crate) async fn at_stripe(&self, intent: &str, what: &str, body: Value) -> Value {
        self.control(Method::POST, &format!("payment_intents/{intent}/{what}"), body).await
    }

    pub(crate) async fn books(&self) -> StripeBooks {
        StripeBooks(self.control(Method::GET, "books", Value::Null).await)
    }

    /// Only the calls about one order.
    pub(crate) async fn books_of(&self, order: i64) -> StripeBooks {
        StripeBooks(self.control(Method::GET, &format!("orders/{order}"), Value::Null).await)
    }

    /// The calls after the `first` ones.
    pub(crate) async fn calls_since(&self, first: u64) -> Vec<Value> {
        let body = self.control(Method::GET, &format!("calls_since/{first}"), Value::Null).await;
        body["calls"].as_array().expect("a list").clone()
    }

    /// How many calls there were.
    pub(crate) async fn calls_so_far(&self) -> u64 {
        self.waiting().await["calls"].as_u64().expect("a count")
    }

    async fn waiting(&self) -> Value {
        self.control(Method::GET, "waiting", Value::Null).await
    }

    async fn control(&self, method: Method, path: &str, body: Value) -> Value {
        let url = format!("{}/_control/{path}", self.base);
        let mut asking = self.client.request(method, url);
        if !body.is_null() {
            asking = asking.json(&body);
        }
        let answer = asking.send().await.expect("the stand-in answers");
        let text = answer.text().await.expect("a body");
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }
}

impl StripeBooks {
    fn list(&self, name: &str) -> &[Value] {
        self.0[name].as_array().unwrap_or_else(|| panic!("no {name}"))
    }

    pub(crate) fn intents(&self) -> &[Value] {
        self.list("intents")
    }

    pub(crate) fn charges(&self) -> &[Value] {
        self.list("charges")
    }

    pub(crate) fn refunds(&self) -> &[Value] {
        self.list("refunds")
    }

    pub(crate) fn sessions(&self) -> &[Value] {
        self.list("sessions")
    }

    pub(crate) fn calls(&self) -> &[Value] {
        self.list("calls")
    }

    /// The charges of an order, found by the metadata that the shop set.
    pub(crate) fn charges_of(&self, order: i64) -> Vec<&Value> {
        let order = order.to_string();
        self.charges().iter().filter(|charge| charge["metadata"]["souk_order"] == order).collect()
    }

    /// The money that Stripe holds for an order, in minor units: received less refunded.
    pub(crate) fn held_for(&self, order: i64) -> i64 {
        let amount = |charge: &Value, name: &str| charge[name].as_i64().expect("an amount");
        self.charges_of(order)
            .into_iter()
            .map(|charge| amount(charge, "amount") - amount(charge, "amount_refunded"))
            .sum()
    }
}

/// `localstripe` from PyPI: an independent, incomplete server of Stripe's API.
pub(crate) struct LocalStripe {
    base: String,
    _directory: TempDir,
    _process: Process,
}

impl LocalStripe {
    pub(crate) async fn start() -> Self {
        let directory =
            tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a temporary directory");
        // It does not support port 0, so use a port that was free a moment ago.
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .expect("a free port")
            .port();
        let mut command = Command::new(environment::python());
        // It stores its data in the working directory.
        command.current_dir(directory.path()).args(["-m", "localstripe", "--from-scratch"]);
        command.args(["--port", &port.to_string()]);
        let log = directory.path().join("localstripe.log");
        let ready = "Running on http";
        let (process, _) = Process::start("localstripe", &mut command, &log, ready);
        let base = format!("http://127.0.0.1:{port}");
        Self { base, _directory: directory, _process: process }
    }

    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// From now on it sends its webhooks there.
    pub(crate) async fn hook(&self, url: &str, secret: &str) {
        let asking = Client::new().post(format!("{}/_config/webhooks/souk", self.base));
        let answer = asking.json(&json!({"url": url, "secret": secret})).send().await;
        assert!(answer.expect("localstripe answers").status().is_success());
    }

    /// A request to it, as any Stripe client would send it.
    pub(crate) async fn post(&self, path: &str, form: &str) -> Value {
        let asking = Client::new().post(format!("{}/v1/{path}", self.base));
        let asking = asking.header("Authorization", format!("Bearer {STRIPE_KEY}"));
        let asking = asking.header("Content-Type", "application/x-www-form-urlencoded");
        let answer = asking.body(form.to_owned()).send().await.expect("localstripe answers");
        let text = answer.text().await.expect("a body");
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }
}

/// Every order is paid if and only if Stripe holds its price, and Stripe was never asked to take it twice. Waits for
/// pending refunds and messages; returns the state of each order, in their order.
pub(crate) async fn expect_to_agree(
    boss: &Person,
    stripe: &StripeStandIn,
    orders: &[i64],
) -> Vec<String> {
    let mut statuses = Vec::new();
    for order in orders {
        let what = format!("order {order} and Stripe to agree");
        let last = std::cell::RefCell::new(String::new());
        let status = eventually(&what, async || {
            let (shown, books) =
                (boss.order(*order).await.expect(200), stripe.books_of(*order).await);
            let charges = books.charges_of(*order).len();
            let held = books.held_for(*order);
            let status = shown["status"].as_str().expect("a status").to_owned();
            *last.borrow_mut() = format!("{status}, {charges} charges, {held} held: {books:#?}");
            assert!(charges <= 1, "order {order} is charged {charges} times: {books:#?}");
            let price = cents_of(&shown["total_amount"]);
            let agrees = match status.as_str() {
                "completed" => held == price,
                _ => held == 0,
            };
            agrees.then_some(status)
        });
        let giving_up = tokio::time::timeout(super::PATIENCE / 2, status).await;
        statuses.push(giving_up.unwrap_or_else(|_| panic!("{what}: {}", last.borrow())));
    }
    statuses
}

/// 1999 for `"19.99"`.
fn cents_of(price: &Value) -> i64 {
    let text = price.as_str().expect("a decimal string");
    text.replace('.', "").parse().expect("two decimals")
}
