//! A shop with every kind of caller, and fresh targets for requests.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

use super::table::Caller;
use crate::support::services::{Guest, SERVICE_SETTING, address_of};
use crate::support::{Ask, Person, Shop, id_of};

/// More than all requests of the table can buy.
const STOCK: i64 = 1_000_000;

pub(crate) struct World {
    pub(crate) shop: Shop,
    pub(crate) boss: Person,
    pub(crate) owner: Person,
    other: Person,
    guest: Guest,
    other_guest: Guest,
    pub(crate) lamp: i64,
    names: AtomicU64,
}

impl World {
    pub(crate) async fn open() -> Self {
        let shop =
            Shop::open_with(&[SERVICE_SETTING, ("SOUK_WEBHOOK_PRIVATE_ADDRESSES", "true")]).await;
        let boss = shop.admin().await;
        let (owner, other) = (shop.customer("owner").await, shop.customer("other").await);
        let lamp = boss.add_product("Lamp", "10.00", STOCK).await;
        let (mut guest, mut other_guest) = (shop.guest(), shop.guest());
        guest.put_in(lamp, 1).await;
        other_guest.put_in(lamp, 1).await;
        let names = AtomicU64::new(0);
        Self { shop, boss, owner, other, guest, other_guest, lamp, names }
    }

    /// A unique word.
    pub(crate) fn name(&self) -> String {
        format!("name{}", self.names.fetch_add(1, Ordering::Relaxed))
    }

    /// Callers with a token.
    pub(crate) fn person(&self, caller: Caller) -> Option<&Person> {
        match caller {
            Caller::Owner => Some(&self.owner),
            Caller::Other => Some(&self.other),
            Caller::Administrator => Some(&self.boss),
            _ => None,
        }
    }

    fn guest(&self, caller: Caller) -> Option<&Guest> {
        match caller {
            Caller::Guest => Some(&self.guest),
            Caller::OtherGuest => Some(&self.other_guest),
            _ => None,
        }
    }

    pub(crate) fn key(&self) -> &str {
        &self.guest.key
    }

    pub(crate) fn ask(&self, caller: Caller, method: &str, path: &str) -> Ask {
        let nobody = self.shop.nobody();
        match (self.person(caller), self.guest(caller)) {
            (Some(person), _) => person.ask(method, path),
            (_, Some(guest)) => guest.ask(method, path),
            _ if caller == Caller::BadToken => nobody.ask(method, path).bearer("a.b.c"),
            _ if caller == Caller::Service => self.shop.service().ask(method, path),
            _ => nobody.ask(method, path),
        }
    }

    /// The same person in a new session, which may be ended.
    pub(crate) async fn anew(&self, person: &Person) -> Person {
        self.shop.nobody().log_in(&person.email, &person.password).await
    }

    /// A customer that the test may delete.
    pub(crate) async fn spare(&self) -> Person {
        self.shop.customer(&self.name()).await
    }

    /// A lamp in the caller's own cart, if the caller has one.
    pub(crate) async fn fill_cart(&self, caller: Caller) {
        if let Some(person) = self.person(caller) {
            person.put_in_cart(self.lamp, 1).await.expect(201);
        }
        if let Some(guest) = self.guest(caller) {
            guest.clone().put_in(self.lamp, 1).await;
        }
    }

    /// A line of the owner's cart.
    pub(crate) async fn line(&self) -> i64 {
        id_of(&self.owner.put_in_cart(self.lamp, 1).await.expect(201))
    }

    /// A new order of the owner: two lamps.
    pub(crate) async fn order(&self) -> i64 {
        id_of(&self.owner.order_directly(&[(self.lamp, 2)]).await.expect(201))
    }

    /// The same for a guest.
    pub(crate) async fn order_for(&self, caller: Caller) -> i64 {
        if self.guest(caller).is_none() {
            return self.order().await;
        }
        self.fill_cart(Caller::Guest).await;
        self.guest.order("guest@souk.example").await
    }

    /// A payment of the owner's, initiated; its id.
    pub(crate) async fn payment(&self) -> i64 {
        let body = json!({"order": self.order().await, "amount": "20.00"});
        id_of(&self.owner.post("/api/payments/", body).await.expect(201))
    }

    /// The gateway's side of a new order: the intent and its secret.
    pub(crate) async fn intent(&self) -> Value {
        self.owner.create_payment(self.order().await).await.expect(200)
    }

    /// The gateway's page for a new order, by its session.
    pub(crate) async fn checkout(&self) -> String {
        let body = json!({"order_id": self.order().await});
        let path = "/api/v1/payments/create-checkout-session/";
        let page = self.owner.post(path, body).await.expect(200);
        let url = page["checkout_url"].as_str().expect("a URL");
        url.rsplit('/').next().expect("a session").to_owned()
    }

    pub(crate) async fn product(&self) -> i64 {
        let body = json!({"name": self.name(), "price": "1.00", "stock_quantity": 5});
        id_of(&self.boss.post("/api/v1/products/", body).await.expect(201))
    }

    pub(crate) async fn category(&self) -> i64 {
        self.boss.add_category(&self.name()).await
    }

    /// A webhook endpoint; the shop allows only a few.
    pub(crate) async fn webhook_endpoint(&self) -> i64 {
        let path = "/api/v1/webhook-endpoints/";
        let known = self.boss.get(path).await.expect(200);
        match known.as_array().and_then(|known| known.first()) {
            Some(endpoint) => id_of(endpoint),
            None => id_of(&self.boss.post(path, self.webhook_draft()).await.expect(201)),
        }
    }

    /// An endpoint that gets no event.
    pub(crate) fn webhook_draft(&self) -> Value {
        json!({"url": "http://127.0.0.1:9/", "events": ["payment.dispute_won"]})
    }

    /// A new account, in the fields of every contract.
    pub(crate) fn registration(&self) -> Value {
        let name = self.name();
        json!({"username": name, "email": format!("{name}@souk.example"), "password": "password123",
            "password_confirm": "password123", "confirm_password": "password123",
            "first_name": "New", "last_name": "Person"})
    }

    /// An address in the owner's book.
    pub(crate) async fn address_in_book(&self) -> i64 {
        let path = "/souk/v1/store/me/addresses";
        id_of(&self.owner.post(path, self.book_entry()).await.expect(201))
    }

    pub(crate) fn book_entry(&self) -> Value {
        json!({"name": "Ann", "line1": "1 Main St", "city": "Aarhus", "country": "DK"})
    }

    pub(crate) fn address(&self) -> Value {
        address_of("somebody@souk.example")
    }
}
