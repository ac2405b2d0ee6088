//! Buyers who use every contract at every process at once, and send each change again under its key until they know
//! how it ended. So each of them knows exactly what the shop must show afterwards.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::faults::kill::all_orders;
use crate::support::Speaker::{Classic, Minimal, Platform, Services, Storefront};
use crate::support::services::{address_of, lines_of};
use crate::support::{
    Answer, Ask, MailSink, PATIENCE, Person, Shops, Speaker, events_in, eventually, id_of,
};

pub(crate) const PRICE: &str = "20.00";
const PASSWORD: &str = "a-buyers-password-1";
/// After a failure that the shop promises to get over.
const PAUSE: Duration = Duration::from_millis(50);

/// The buyers, while they buy.
pub(crate) struct Storm {
    over: Arc<AtomicBool>,
    buyers: Vec<tokio::task::JoinHandle<Buyer>>,
    products: Vec<i64>,
}

/// What the shop must show after the storm.
pub(crate) struct Calm {
    pub(crate) buyers: Vec<Buyer>,
    products: Vec<i64>,
}

pub(crate) struct Buyer {
    name: String,
    /// This person at every process.
    places: Vec<Person>,
    products: Vec<i64>,
    random: fastrand::Rng,
    keys: u64,
    pub(crate) sales: BTreeMap<i64, Sale>,
    /// The orders of all buyers.
    ordered: Arc<AtomicUsize>,
}

/// An acknowledged order.
#[derive(Clone, Debug)]
pub(crate) struct Sale {
    product: i64,
    units: i64,
    is_paid: bool,
}

const RECEIVED: i64 = 100_000;

impl Storm {
    /// Opens `products` products, and this many buyers begin. Returns once they have ordered something.
    pub(crate) async fn begin(shops: &Shops, products: usize, buyers: usize) -> Self {
        let boss = shops.members[0].admin().await;
        let mut ids = Vec::new();
        for number in 0..products {
            ids.push(boss.add_product(&format!("Product {number}"), PRICE, RECEIVED).await);
        }
        let over = Arc::new(AtomicBool::new(false));
        let ordered = Arc::new(AtomicUsize::new(0));
        let nobody = shops.everywhere(&shops.members[0].nobody());
        let buyers = (0..buyers).map(|number| {
            let buyer = Buyer {
                name: format!("buyer{number}"),
                places: nobody.clone(),
                products: ids.clone(),
                random: fastrand::Rng::new(),
                keys: 0,
                sales: BTreeMap::new(),
                ordered: Arc::clone(&ordered),
            };
            tokio::spawn(buyer.buy_until(Arc::clone(&over)))
        });
        let buyers: Vec<_> = buyers.collect();
        eventually("the first orders", async || {
            let ordered = ordered.load(Ordering::SeqCst);
            // One that ended has failed; the end of the storm tells why.
            let is_failed = buyers.iter().any(tokio::task::JoinHandle::is_finished);
            (ordered >= buyers.len() || is_failed).then_some(())
        })
        .await;
        Self { over, buyers, products: ids }
    }

    /// Every buyer finishes what they began.
    pub(crate) async fn end(self) -> Calm {
        self.over.store(true, Ordering::SeqCst);
        let mut buyers = Vec::new();
        for buyer in self.buyers {
            buyers.push(buyer.await.expect("a buyer saw only answers that are possible"));
        }
        let calm = Calm { buyers, products: self.products };
        assert!(calm.sales().count() > 0, "no storm without wind");
        calm
    }
}

impl Buyer {
    async fn buy_until(mut self, over: Arc<AtomicBool>) -> Self {
        self.register().await;
        while !over.load(Ordering::SeqCst) {
            let contract = Speaker::ALL[self.random.usize(..Speaker::ALL.len())];
            let order = self.order_through(contract).await;
            if self.random.u8(..3) > 0 {
                self.pay(order).await;
            }
            if self.random.u8(..8) == 0 {
                self.log_in().await;
            }
        }
        self
    }

    async fn register(&mut self) {
        let body = json!({"email": self.email(), "password": PASSWORD, "password_confirm": PASSWORD,
            "user_type": "customer", "first_name": "John", "last_name": "Doe"});
        let ask = |me: &Person| me.ask("POST", "/api/v1/auth/register/").json(&body);
        let registered = self.insist(ask).await.expect(201);
        let id = id_of(&registered["data"]["user"]);
        let email = self.email();
        self.places = self.places.iter().map(|place| place.called(id, &email, PASSWORD)).collect();
        self.log_in().await;
    }

    /// A new session at one process, which is used at all of them at once.
    async fn log_in(&mut self) {
        let body = json!({"email": self.email(), "password": PASSWORD});
        let ask = |me: &Person| me.bearing("").ask("POST", "/api/v1/auth/login/").json(&body);
        let answer = self.insist(ask).await.expect(200);
        let token = answer["data"]["access_token"].as_str().expect("a token");
        self.places = self.places.iter().map(|place| place.bearing(token)).collect();
    }

    /// Orders one or two units of one product; the order's id.
    async fn order_through(&mut self, contract: Speaker) -> i64 {
        let product = self.products[self.random.usize(..self.products.len())];
        let units = self.random.i64(1..=2);
        match contract {
            Minimal => self.put_in_cart("/api/cart/add/", json!(product), units).await,
            Services => {
                self.put_in_cart("/api/v1/cart/add_item/", json!(product.to_string()), units).await;
            }
            Storefront => self.put_in_cart("/api/v1/cart/", json!(product), units).await,
            Classic | Platform => {}
        }
        let (path, body, id) = match contract {
            Classic => {
                let mentions = vec![product; usize::try_from(units).expect("a few")];
                ("/api/orders/", json!({"products": mentions}), "id")
            }
            Minimal => {
                let cart = self.insist(|me| me.ask("GET", "/api/cart/")).await;
                ("/api/orders/", json!({"cart_id": id_of(&cart.expect(200))}), "order_id")
            }
            Services => ("/api/v1/order/create_order/", address_of(&self.email()), "order_id"),
            Storefront => {
                ("/api/v1/cart/checkout/", json!({"shipping_address": "123 Main St"}), "id")
            }
            Platform => {
                let items = json!([{"product_id": product, "quantity": units}]);
                let total = 20 * units;
                let body =
                    json!({"user_id": self.places[0].id, "items": items, "total_price": total});
                ("/api/v1/orders", body, "order_id")
            }
        };
        let placed = self.insist(|me| me.ask("POST", path).json(&body)).await.expect(201);
        let order = placed[id].as_i64().expect("an id");
        let sale = Sale { product, units, is_paid: false };
        let earlier = self.sales.insert(order, sale);
        assert!(earlier.is_none(), "{}: the id {order} was given twice", self.name);
        self.ordered.fetch_add(1, Ordering::SeqCst);
        order
    }

    async fn put_in_cart(&mut self, path: &str, product: Value, units: i64) {
        let body = json!({"product_id": product, "quantity": units});
        let answer = self.insist(|me| me.ask("POST", path).json(&body)).await;
        assert!([200, 201].contains(&answer.status), "{answer}");
        // At once, and at whichever process is asked.
        let cart = self.insist(|me| me.ask("GET", "/api/v1/cart/get_cart/")).await.expect(200);
        let seen: i64 = lines_of(&cart).iter().map(|(_, units)| units).sum();
        assert_eq!(seen, units, "{}: the cart was empty before: {cart}", self.name);
    }

    async fn pay(&mut self, order: i64) {
        let path = format!("/api/v1/orders/{order}/create-payment/");
        self.insist(|me| me.ask("POST", &path).json(&json!({}))).await.expect(200);
        let path = format!("/api/v1/orders/{order}/confirm-payment/");
        let body = json!({"payment_method": "pm_card_visa"});
        let paid = self.insist(|me| me.ask("POST", &path).json(&body)).await.expect(200);
        assert_eq!(paid["order"]["status"], "completed", "{paid}");
        self.sales.get_mut(&order).expect("a known order").is_paid = true;
    }

    /// Sends a request under one key, to one process after another, until the answer is final.
    async fn insist(&mut self, ask: impl Fn(&Person) -> Ask) -> Answer {
        self.keys += 1;
        let key = format!("{}-{}", self.name, self.keys);
        let deadline = Instant::now() + PATIENCE;
        loop {
            let place = &self.places[self.random.usize(..self.places.len())];
            let attempt = ask(place).header("Idempotency-Key", &key).attempt().await;
            let failure = match attempt {
                // The request under the same key still runs, or the shop is overloaded or has no database.
                Ok(answer) if [409, 503].contains(&answer.status) => {
                    let waits = !answer.header("Retry-After").is_empty();
                    assert!(answer.status == 409 || waits, "{answer}");
                    answer.to_string()
                }
                Ok(answer) => return answer,
                Err(failure) => failure,
            };
            assert!(Instant::now() < deadline, "{} insisted in vain: {failure}", self.name);
            tokio::time::sleep(PAUSE).await;
        }
    }

    fn email(&self) -> String {
        format!("{}@souk.example", self.name)
    }
}

impl Calm {
    pub(crate) fn sales(&self) -> impl Iterator<Item = (i64, &Sale)> {
        self.buyers.iter().flat_map(|buyer| buyer.sales.iter().map(|(order, sale)| (*order, sale)))
    }

    /// Every process shows every acknowledged order once, and no other; the stock adds up, and so do the events.
    pub(crate) async fn expect_everywhere(&self, shops: &Shops) {
        let mut streams = Vec::new();
        for boss in shops.bosses().await {
            self.expect_orders(&boss).await;
            self.expect_stock(&boss).await;
            streams.push(self.expect_events(&boss).await);
        }
        assert!(
            streams.windows(2).all(|pair| pair[0] == pair[1]),
            "all processes send the same events"
        );
    }

    async fn expect_orders(&self, boss: &Person) {
        let shown = all_orders(boss).await;
        let shown: BTreeMap<i64, &Value> =
            shown.iter().map(|order| (id_of(order), order)).collect();
        let known: BTreeMap<i64, &Sale> = self.sales().collect();
        assert_eq!(known.len(), self.sales().count(), "an id was given to two buyers");
        assert_eq!(
            shown.keys().collect::<BTreeSet<_>>(),
            known.keys().collect::<BTreeSet<_>>(),
            "the shop has the orders that were acknowledged and no others"
        );
        for (order, sale) in known {
            let shown = shown[&order];
            let status = if sale.is_paid { "completed" } else { "pending" };
            let line = &shown["items"][0];
            assert_eq!(
                (&shown["status"], &line["product"]["id"], &line["quantity"]),
                (&json!(status), &json!(sale.product), &json!(sale.units)),
                "{shown}"
            );
        }
    }

    async fn expect_stock(&self, boss: &Person) {
        for product in &self.products {
            let sold = self.sales().filter(|(_, sale)| sale.product == *product);
            let sold: i64 = sold.map(|(_, sale)| sale.units).sum();
            assert_eq!(boss.stock_of(*product).await, RECEIVED - sold, "product {product}");
        }
        let (orders, paid) =
            (self.sales().count(), self.sales().filter(|(_, sale)| sale.is_paid).count());
        let (reported, _, reported_paid, _) = boss.report().await;
        assert_eq!((reported, reported_paid), (orders as i64, paid as i64));
    }

    /// Every order was placed once and paid at most once, in versions without a gap. Returns the ids in order.
    async fn expect_events(&self, boss: &Person) -> Vec<u64> {
        let answer = boss.get("/api/v1/events?follow=false").await;
        assert_eq!(answer.status, 200, "{answer}");
        let events = events_in(&answer.text);
        let ids: Vec<u64> = events.iter().map(|event| event.0).collect();
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]), "in order, and none twice");
        let mut stories: BTreeMap<i64, Vec<(u64, String)>> = BTreeMap::new();
        for (_, name, body) in events.iter().filter(|event| event.1.starts_with("order.")) {
            let order = id_of(&body["data"]["order"]);
            let version = body["data"]["version"].as_u64().expect("a version");
            stories.entry(order).or_default().push((version, name.clone()));
        }
        for (order, sale) in self.sales() {
            let names =
                if sale.is_paid { &["order.placed", "order.paid"][..] } else { &["order.placed"] };
            let wanted = (1..).zip(names.iter().map(|name| (*name).to_owned()));
            let story = stories.remove(&order).unwrap_or_default();
            assert_eq!(story, wanted.collect::<Vec<_>>(), "the events of order {order}");
        }
        assert!(stories.is_empty(), "events of orders that never were: {stories:?}");
        ids
    }

    /// Every buyer got every mail. A mail that was sent again is the same message.
    pub(crate) async fn expect_mails(&self, sink: &MailSink) -> usize {
        let mut wanted = BTreeMap::new();
        for buyer in &self.buyers {
            let mut want = |template: &str, count: usize| {
                wanted.insert((template.to_owned(), buyer.email()), count);
            };
            want("welcome", 1);
            want("order_placed", buyer.sales.len());
            want("order_paid", buyer.sales.values().filter(|sale| sale.is_paid).count());
        }
        wanted.retain(|_, count| *count > 0);
        // By template and recipient, the ids of the messages.
        let messages = || {
            let mut messages: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
            for mail in sink.mails() {
                let key = (mail.template(), mail.to.concat());
                messages.entry(key).or_default().insert(mail.header("Message-ID"));
            }
            messages.retain(|key, _| wanted.contains_key(key));
            messages
        };
        let enough = |messages: &BTreeMap<_, BTreeSet<_>>| {
            wanted
                .iter()
                .all(|(key, count)| messages.get(key).is_some_and(|ids| ids.len() >= *count))
        };
        // A storm leaves thousands of mails, so they may take long as long as they keep coming.
        let messages = loop {
            // Counted first: the last mail may come between the two.
            let mails = sink.mails().len();
            let messages = messages();
            if enough(&messages) {
                break messages;
            }
            eventually("another mail", async || (sink.mails().len() > mails).then_some(())).await;
        };
        let counts: BTreeMap<_, _> =
            messages.iter().map(|(key, ids)| (key.clone(), ids.len())).collect();
        assert_eq!(counts, wanted, "one message per event and recipient");
        // Those that were sent again.
        let mails = sink.mails();
        let distinct: BTreeSet<String> =
            mails.iter().map(|mail| mail.header("Message-ID")).collect();
        mails.len() - distinct.len()
    }
}
