//! Tests of the application on a real port, while its owners are killed under load (design law 6).

mod several_processes;

use super::{AppSettings, Reading};
use crate::adapters::{self, AdapterSettings, Workers};
use crate::edge;
use crate::logs::{Intake, LogLimits};
use crate::server;
use serde_json::{Value, json};
use souk_actors::check::check;
use souk_actors::store::StoreLimits;
use souk_actors::{Shop, ShopSettings};
use souk_domain::{Currency, EmailAddress, Password, Username};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tempfile::TempDir;
use tokio::net::TcpListener;

/// Rounds in which every owner is killed once.
const ROUNDS: usize = 3;
const CUSTOMERS: usize = 8;
const STOCK: u64 = 100_000;

struct OpenApp {
    _directory: TempDir,
    shop: Shop,
    base: String,
    client: reqwest::Client,
}

impl OpenApp {
    async fn start() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let settings = ShopSettings {
            currency: Currency::USD,
            order_time_to_live: Duration::from_secs(3_600),
            low_stock_threshold: 5,
            order_notices: souk_actors::orders::OrderNotices::Each,
            order_digest_every: Duration::from_secs(3_600),
            guest_unpaid_kept_for: Duration::from_secs(30 * 24 * 60 * 60),
            store: StoreLimits::default(),
        };
        let shop = Shop::open_or_make(directory.path(), settings).await.expect("a shop");
        Self::of(shop, directory).await
    }

    /// An application of this shop, with files of its own in `directory`.
    async fn of(shop: Shop, directory: TempDir) -> Self {
        let adapters = AdapterSettings {
            has_database: false,
            nats_url: None,
            outbox_max_rows: 1_000_000,
            smtp_url: None,
            mail_from: None,
            mail_texts: None,
            data_dir: directory.path().to_owned(),
            shop_name: "Souk".to_owned(),
            workers: Workers::ALL,
            logs: LogLimits { keep_for: Duration::from_secs(3_600), keep_bytes: 1 << 20 },
        };
        let adapters =
            adapters::start(adapters, (shop.outbox.clone(), &shop.leases), Intake::new().1)
                .await
                .expect("adapters");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let settings = AppSettings {
            address,
            jwt_secret: vec![7; 32],
            public_url: None,
            shop_name: "Souk".to_owned(),
            returns: crate::app::ReturnSettings::default(),
            throttles_guessing: false,
            guest_limits: crate::app::GuestLimits::default(),
            kept_limits: crate::app::KeptLimits::default(),
            services: crate::app::ServiceTokens::default(),
            webhook_secrets: Vec::new(),
            cancels_on_payment_failed: true,
            webhook_reach: crate::adapters::http::AddressPolicy::Public,
        };
        let reading = Reading::start().expect("threads");
        let (status, archive) = (adapters.status(), adapters.archive());
        let app =
            server::application(shop.clone(), settings, status, archive, reading).expect("routes");
        let base = format!("http://{address}");
        let answering = move |request| Arc::clone(&app).answer(request);
        let doors = (
            edge::Cors::default(),
            edge::AccessLog::new(false, |path, _| (path.to_owned(), "nobody")),
            edge::TrustedProxies::default(),
        );
        tokio::spawn(edge::serve(listener, doors, answering, std::future::pending()));
        Self { _directory: directory, shop, base, client: reqwest::Client::new() }
    }

    async fn send(&self, method: &str, path: &str, token: &str, body: &Value) -> (u16, Value) {
        let method = method.parse().expect("a method");
        let asking = self.client.request(method, format!("{}{path}", self.base)).bearer_auth(token);
        let answer = asking.json(body).send().await.expect("every request is answered");
        let status = answer.status().as_u16();
        assert_eq!(answer.headers().contains_key("retry-after"), status == 503);
        (status, answer.json().await.unwrap_or_default())
    }

    async fn log_in(&self, email: &str) -> String {
        let body = json!({"email": email, "password": "password123"});
        let (status, body) = self.send("POST", "/api/v1/auth/login/", "", &body).await;
        assert_eq!(status, 200, "{body}");
        body["data"]["access_token"].as_str().expect("a token").to_owned()
    }

    async fn register(&self, email: &str) -> String {
        let body = json!({"email": email, "password": "password123",
            "password_confirm": "password123"});
        let (status, body) = self.send("POST", "/api/v1/auth/register/", "", &body).await;
        assert_eq!(status, 201, "{body}");
        body["data"]["access_token"].as_str().expect("a token").to_owned()
    }

    async fn add_product(&self) -> u64 {
        let email = EmailAddress::parse("boss@example.com").expect("an address");
        let password = Password::choose("password123".to_owned()).expect("long enough");
        let name = Username::of_email(&email);
        crate::administrators::create(&self.shop, name, email, password)
            .await
            .expect("an administrator");
        let boss = self.log_in("boss@example.com").await;
        let body = json!({"name": "Lamp", "price": "10.00", "stock_quantity": STOCK});
        let (status, body) = self.send("POST", "/api/v1/products/", &boss, &body).await;
        assert_eq!(status, 201, "{body}");
        body["id"].as_u64().expect("an id")
    }

    async fn kill_each_owner(&self) {
        let owners = &self.shop.owners;
        let kills: [&dyn Fn(); 7] = [
            &|| owners.users.kill(),
            &|| owners.catalog.kill(),
            &|| owners.carts.kill(),
            &|| owners.orders.kill(),
            &|| owners.payments.kill(),
            &|| owners.sandbox.kill(),
            &|| owners.webhooks.kill(),
        ];
        for kill in kills {
            let seen = self.shop.store.stats().turns;
            kill();
            // Kills the next owner only after the shop has served turns again.
            while self.shop.store.stats().turns < seen + 20 {
                tokio::task::yield_now().await;
            }
        }
    }
}

/// Buys and pays until `stop`; counts the orders that were answered with success.
async fn shop_until(app: &OpenApp, token: &str, product: u64, stop: &AtomicBool) -> u64 {
    let mut placed = 0;
    let address = json!({"shipping_address": "1 Market Square"});
    while !stop.load(Ordering::Relaxed) {
        let line = json!({"product_id": product, "quantity": 1});
        let (status, body) = app.send("POST", "/api/v1/cart/", token, &line).await;
        assert!(matches!(status, 201 | 503), "{status} {body}");
        let (status, body) = app.send("POST", "/api/v1/cart/checkout/", token, &address).await;
        let cart_is_empty = status == 400 && body["error"] == "Cart is empty";
        assert!(matches!(status, 201 | 503) || cart_is_empty, "{status} {body}");
        if status != 201 {
            continue;
        }
        placed += 1;
        let id = body["id"].as_u64().expect("an id");
        for step in ["create-payment", "confirm-payment"] {
            let path = format!("/api/v1/orders/{id}/{step}/");
            let method = json!({"payment_method": "pm_card_visa"});
            let (status, body) = app.send("POST", &path, token, &method).await;
            let was_not_created = status == 400 && step == "confirm-payment";
            assert!(matches!(status, 200 | 503) || was_not_created, "{status} {body}");
        }
        let (status, body) =
            app.send("GET", &format!("/api/v1/orders/{id}/"), token, &json!({})).await;
        assert_eq!(status, 200, "{body}");
    }
    placed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_owners_die_customers_see_success_or_503_and_the_books_add_up() {
    let app = Arc::new(OpenApp::start().await);
    let product = app.add_product().await;
    let stop = Arc::new(AtomicBool::new(false));
    let placed = Arc::new(AtomicU64::new(0));
    let mut customers = Vec::new();
    for number in 0..CUSTOMERS {
        let token = app.register(&format!("customer{number}@example.com")).await;
        let (app, stop, placed) = (Arc::clone(&app), Arc::clone(&stop), Arc::clone(&placed));
        customers.push(tokio::spawn(async move {
            let mine = shop_until(&app, &token, product, &stop).await;
            placed.fetch_add(mine, Ordering::Relaxed);
        }));
    }

    for _ in 0..ROUNDS {
        app.kill_each_owner().await;
    }
    stop.store(true, Ordering::Relaxed);
    for customer in customers {
        customer.await.expect("no customer saw anything but success or 503");
    }

    app.shop.close().await;
    let findings = check(&app.shop.store.snapshot()).expect("a store that can be read");
    assert!(findings.is_sound(), "{findings}");
    let known = souk_actors::orders::summary(&*app.shop.store.snapshot()).expect("readable");
    assert!(
        known.orders >= placed.load(Ordering::Relaxed),
        "every order that was answered is kept"
    );
    assert!(!*app.shop.store.broken().borrow());
    assert!(!*app.shop.owners.escalated().borrow());
}
