//! One of the two services: its client and its data.

use std::collections::HashMap;
use std::process::Command;
use std::time::Duration;

use reqwest::{Client, Method};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::drafts::Draft;
use super::operations::{Caller, Operation, Target};
use crate::support::{self, Process, Shop};

const PASSWORD: &str = "a-good-password-1";

/// A service's answer.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Value,
}

/// A target of requests, and its owner.
#[derive(Clone, Default)]
struct Thing {
    id: i64,
    access: String,
    refresh: String,
}

pub(super) struct Side {
    client: Client,
    base: String,
    boss: Thing,
    customer: Thing,
    product: i64,
    category: i64,
    targets: HashMap<Target, Thing>,
    made: usize,
}

/// The running Python service.
pub(super) struct DrfService {
    _process: Process,
    _directory: TempDir,
}

impl DrfService {
    /// Starts it; returns it with its URL.
    pub(super) fn start() -> (Self, String) {
        let directory =
            tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a temporary directory");
        let mut command = Command::new(support::python());
        command
            .arg("-B")
            .arg(support::repository().join("tests/it/every_contract/as_drf/service.py"));
        let ready = "as_drf listens on ";
        let log = directory.path().join("as_drf.log");
        let (process, line) = Process::start("the DRF service", &mut command, &log, ready);
        let base = line.trim().rsplit(' ').next().expect("a URL").to_owned();
        (Self { _process: process, _directory: directory }, base)
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} {}", self.status, shortened(&self.body.to_string()))
    }
}

impl Side {
    /// A service with an administrator called boss and nothing else.
    pub(super) async fn of(base: String) -> Self {
        let redirects = reqwest::redirect::Policy::none();
        let client = Client::builder().redirect(redirects).timeout(Duration::from_secs(60)).build();
        let nothing = Thing::default;
        let mut side = Self {
            client: client.expect("an HTTP client can be made"),
            base,
            boss: nothing(),
            customer: nothing(),
            product: 0,
            category: 0,
            targets: HashMap::new(),
            made: 0,
        };
        let credentials = json!({"email": "boss@souk.example", "password": PASSWORD});
        let body = side.make("POST", "/api/v1/auth/login/", "", credentials).await;
        side.boss = session(&body);
        side.customer = side.new_user().await;
        // This user logs in again and again, so its older sessions end.
        let clerk = json!({"username": "clerk", "email": "clerk@souk.example", "password": PASSWORD,
            "confirm_password": PASSWORD});
        side.make("POST", "/api/v1/users/register/", "", clerk).await;
        side.stock_the_shelves().await;
        side
    }

    /// The products for lists. The last one is bought.
    async fn stock_the_shelves(&mut self) {
        for (name, description) in [("Furniture", "To sit on"), ("Light", "")] {
            let body = json!({"name": name, "description": description});
            self.category = self.by_boss("/api/v1/categories/", body).await;
        }
        let furniture = self.category - 1;
        for number in 1..=3 {
            let body = json!({"name": format!("Chair {number}"), "description": "One chair",
                "category_id": furniture, "price": format!("{number}0.50"), "stock_quantity": number});
            self.by_boss("/api/v1/products/", body).await;
        }
        for (name, discount, available) in
            [("Desk lamp", "10", true), ("Lamp of old", "50.5", false), ("Floor lamp", "0", true)]
        {
            let body = json!({"name": name, "price": "20.00", "discount": discount, "available": available,
                "category": self.category, "description": "Shines"});
            self.by_boss("/api/v1/product/", body).await;
        }
        self.product = self.new_product().await.id;
    }

    /// Sends a drafted request.
    pub(super) async fn answer(&mut self, operation: &Operation, draft: &Draft) -> Answer {
        let target = self.target(operation.target).await;
        let bearer = match operation.caller {
            Caller::Nobody => String::new(),
            Caller::Boss => format!("Bearer {}", self.boss.access),
            Caller::Customer => format!("Bearer {}", self.customer.access),
            Caller::Target => format!("Bearer {}", target.access),
        };
        let authorization =
            draft.stranger.as_ref().map_or(bearer, |stranger| self.filled(stranger, &target));
        let body = draft.body.as_ref().map(|body| self.filled(body, &target));
        let path = self.filled(&draft.path, &target);
        self.send(operation.method, &path, &authorization, &draft.content_type, body).await
    }

    /// Makes a new target of this kind for the next request.
    pub(super) fn forget(&mut self, target: Target) {
        self.targets.remove(&target);
    }

    /// Evens out the stock after an order that only one of the services accepted.
    pub(super) async fn sell_something_else(&mut self) {
        self.product = self.new_product().await.id;
        self.forget(Target::CartLine);
        self.forget(Target::Order);
    }

    fn filled(&self, text: &str, target: &Thing) -> String {
        let session = if target.access.is_empty() { &self.customer } else { target };
        text.replace("$target", &target.id.to_string())
            .replace("$product", &self.product.to_string())
            .replace("$category", &self.category.to_string())
            .replace("$user", &self.customer.id.to_string())
            .replace("$access", &session.access)
            .replace("$refresh", &session.refresh)
    }

    async fn send(
        &self,
        method: &str,
        path: &str,
        authorization: &str,
        content_type: &str,
        body: Option<String>,
    ) -> Answer {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        if !authorization.is_empty() {
            request = request.header("Authorization", authorization);
        }
        if let Some(body) = body {
            request = request.body(body);
            if !content_type.is_empty() {
                request = request.header("Content-Type", content_type);
            }
        }
        let response = request.send().await.unwrap_or_else(|error| panic!("{path}: {error:?}"));
        let status = response.status().as_u16();
        let text = response.text().await.unwrap_or_default().replace(&self.base, "http://HOST");
        let body = serde_json::from_str(&text).unwrap_or_else(|_| Value::from(shortened(&text)));
        Answer { status, body }
    }

    // ---- targets of requests

    async fn target(&mut self, target: Target) -> Thing {
        if let Some(thing) = self.targets.get(&target) {
            return thing.clone();
        }
        let thing = match target {
            Target::Nothing => return Thing::default(),
            Target::User => self.new_user().await,
            Target::Product => self.new_product().await,
            Target::Category => {
                let body = json!({"name": "Garden", "description": "Outside"});
                Thing { id: self.by_boss("/api/v1/categories/", body).await, ..Thing::default() }
            }
            Target::CartLine => {
                let user = self.new_user().await;
                let item = json!({"product_id": self.product, "quantity": 1});
                let line = self.make("POST", "/api/v1/cart/", &user.access, item).await;
                Thing { id: id_of(&line), ..user }
            }
            Target::Order => {
                let items = json!([{"product_id": self.product, "quantity": 1}]);
                let body = json!({"shipping_address": "1 Main St", "items": items});
                let token = self.customer.access.clone();
                let order = self.make("POST", "/api/v1/orders/", &token, body).await;
                Thing { id: id_of(&order), ..Thing::default() }
            }
        };
        self.targets.insert(target, thing.clone());
        thing
    }

    async fn new_user(&mut self) -> Thing {
        self.made += 1;
        let email = format!("made{}@souk.example", self.made);
        let body = json!({"email": email, "password": PASSWORD, "password_confirm": PASSWORD});
        session(&self.make("POST", "/api/v1/auth/register/", "", body).await)
    }

    async fn new_product(&mut self) -> Thing {
        let body = json!({"name": "Mug", "description": "One mug", "category_id": self.category,
            "price": "10.00", "stock_quantity": 500_000});
        Thing { id: self.by_boss("/api/v1/products/", body).await, ..Thing::default() }
    }

    async fn by_boss(&self, path: &str, body: Value) -> i64 {
        id_of(&self.make("POST", path, &self.boss.access, body).await)
    }

    /// A request that must succeed.
    async fn make(&self, method: &str, path: &str, token: &str, body: Value) -> Value {
        let authorization = match token {
            "" => String::new(),
            token => format!("Bearer {token}"),
        };
        let body = Some(body.to_string());
        let answer = self.send(method, path, &authorization, "application/json", body).await;
        assert!(answer.status < 300, "{path}: {} {}", answer.status, answer.body);
        answer.body
    }
}

/// A shop and its client.
pub(super) async fn souk() -> (Shop, Side) {
    let shop = Shop::open().await;
    let side = Side::of(shop.base()).await;
    (shop, side)
}

fn session(body: &Value) -> Thing {
    let text = |name: &str| body["data"][name].as_str().expect("a token").to_owned();
    Thing {
        id: id_of(&body["data"]["user"]),
        access: text("access_token"),
        refresh: text("refresh_token"),
    }
}

fn id_of(body: &Value) -> i64 {
    body["id"].as_i64().unwrap_or_else(|| panic!("no id in {body}"))
}

fn shortened(text: &str) -> String {
    text.chars().take(600).collect()
}
