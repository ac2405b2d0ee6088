//! Limits on stored data refuse newcomers. They delete no stored answer, and known callers go on.

use crate::support;
use crate::support::services::{ADD_ITEM, Guest, address_of};
use crate::support::{Answer, Ask, Person, Shop};
use futures_util::future::join_all;
use serde_json::{Value, json};

const CREATE: &str = "/api/v1/order/create_order/";
const REGISTER: &str = "/api/v1/users/register/";
/// Concurrent requests.
const AT_ONCE: usize = 16;

fn keyed(ask: Ask, key: &str) -> Ask {
    ask.header("Idempotency-Key", key)
}

fn one_of(product: i64) -> Value {
    json!({"product_id": product.to_string(), "quantity": 1})
}

#[track_caller]
fn is_refused(answer: &Answer) {
    answer.expect(503);
    let seconds: u32 = answer.header("Retry-After").parse().expect("seconds");
    assert!(seconds > 0);
}

#[track_caller]
fn is_replay_of(answer: &Answer, first: &Answer) {
    assert!(answer.is_replay(), "{answer}");
    assert_eq!((answer.status, &answer.text), (first.status, &first.text));
}

/// A value of `/metrics`.
async fn metric(shop: &Shop, name: &str) -> u64 {
    let text = shop.nobody().get("/metrics").await.text;
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name} ")));
    line.unwrap_or_else(|| panic!("no {name}")).parse().expect("a number")
}

/// Sends requests with new keys until one is refused; returns how many were answered.
async fn fill(ask: impl Fn(String) -> Ask) -> usize {
    let mut answered = 0;
    for round in 0.. {
        let asks = (0..AT_ONCE).map(|n| ask(format!("fill {round} {n}")).send());
        let answers = join_all(asks).await;
        answered += answers.iter().filter(|answer| answer.status < 300).count();
        let refused: Vec<_> = answers.iter().filter(|answer| answer.status >= 300).collect();
        refused.iter().for_each(|answer| is_refused(answer));
        if !refused.is_empty() {
            break;
        }
    }
    answered
}

struct Keyed {
    shop: Shop,
    guest: Guest,
    lamp: i64,
}

impl Keyed {
    fn add(&self, key: &str) -> Ask {
        keyed(self.guest.ask("POST", ADD_ITEM), key).json(&one_of(self.lamp))
    }

    fn order(&self, key: &str) -> Ask {
        keyed(self.guest.ask("POST", CREATE), key).json(&address_of("gus@example.com"))
    }

    fn register(&self, name: &str, key: &str) -> Ask {
        let body = json!({"username": name, "email": format!("{name}@souk.example"),
            "password": "password123", "confirm_password": "password123"});
        keyed(self.shop.nobody().ask("POST", REGISTER), key).json(&body)
    }

    /// A request of every kind of anonymous caller, with a new key, that changes nothing.
    async fn expect_strangers_refused(&self) {
        let cart = self.guest.lines().await;
        is_refused(&self.add("new").send().await);
        is_refused(&self.order("new").send().await);
        is_refused(&self.register("eve", "new").send().await);
        let stranger = self.shop.nobody().ask("POST", ADD_ITEM);
        is_refused(&keyed(stranger, "new").json(&one_of(self.lamp)).send().await);
        assert_eq!(self.guest.lines().await, cart);
    }
}

#[tokio::test]
async fn new_keys_of_strangers_are_refused_where_their_answers_take_their_share() {
    let settings = [("SOUK_IDEMPOTENCY_MAX_MIB", "1"), ("SOUK_GUEST_MAX_UNITS", "100000")];
    let shop = Shop::open_with(&settings).await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "1.00", 100_000).await;
    let ann = shop.customer("ann").await;
    let mut guest = shop.guest();
    guest.put_in(lamp, 1).await;
    let mut all = Keyed { shop, guest, lamp };

    let registered = all.register("gus", "registered").send().await;
    let added = all.add("added").send().await;
    let ordered = all.order("ordered").send().await;
    let statuses = [registered.status, added.status, ordered.status];
    assert_eq!(statuses, [201, 200, 201], "{registered} {added} {ordered}");
    all.guest.put_in(lamp, 1).await;
    let answered = fill(|key| all.add(&key)).await;
    assert!((400..2_000).contains(&answered), "{answered} answers were kept in half a MiB");

    for _ in 0..2 {
        all.expect_strangers_refused().await;
        // Stored answers are still given again.
        is_replay_of(&all.register("gus", "registered").send().await, &registered);
        is_replay_of(&all.add("added").send().await, &added);
        is_replay_of(&all.order("ordered").send().await, &ordered);
        // Requests without a key still work.
        all.guest.put_in(lamp, 1).await;
        // Users have their own share.
        for (user, key) in [(&ann, "ann"), (&boss, "boss")] {
            let ask = || keyed(user.ask("POST", ADD_ITEM), key).json(&one_of(lamp)).send();
            let first = ask().await;
            first.expect(200);
            is_replay_of(&ask().await, &first);
        }
        let kept = metric(&all.shop, "souk_stored_answers_anonymous_bytes").await;
        let max = metric(&all.shop, "souk_stored_answers_anonymous_bytes_max").await;
        assert!(max == 1 << 19 && (max..max + (1 << 17)).contains(&kept), "{kept} of {max}");
        all.shop.stop().await;
        all.shop.check();
        all.shop.start();
    }
    let output = all.shop.output();
    let warnings = output.lines().filter(|line| line.contains("the bound is reached")).count();
    assert_eq!(warnings, 2, "one for each start that refused somebody");

    // A known user fills the rest, and then the storage is full for everybody.
    let big = json!({"name": "Book", "price": "1.00", "description": "long ".repeat(800)});
    let book = |key: &str| keyed(boss.ask("POST", "/api/v1/product/"), key).json(&big);
    fill(|key| book(&key)).await;
    is_refused(&book("new").send().await);
    is_refused(&keyed(ann.ask("POST", ADD_ITEM), "new").json(&one_of(lamp)).send().await);
    all.expect_strangers_refused().await;
    is_replay_of(&all.add("added").send().await, &added);

    all.shop.set("SOUK_IDEMPOTENCY_MAX_MIB", "4");
    all.shop.restart().await;
    for ask in [all.add("1"), all.order("2"), all.register("eve", "3"), book("4")] {
        let answer = ask.send().await;
        assert!(answer.status < 300 && !answer.is_replay(), "{answer}");
    }
    all.shop.stop().await;
    all.shop.check();
}

/// A new guest who adds an item to a cart, in each way that a guest without a cart can.
async fn newcomers(shop: &Shop, product: i64) -> Vec<Answer> {
    let given_out = shop.guest().get(support::services::GET_CART).await;
    let given_out = given_out.header("X-Cart-Key").to_owned();
    let keys = [String::new(), given_out, "0123456789abcdef".repeat(3)];
    let guests = keys.map(|key| Guest { person: shop.nobody(), key });
    let mut answers = Vec::new();
    for guest in guests {
        answers.push(guest.send("POST", ADD_ITEM, one_of(product)).await);
    }
    answers
}

#[tokio::test]
async fn a_new_guest_is_refused_where_as_many_carts_are_kept_as_may_be() {
    let mut shop = Shop::open_with(&[("SOUK_GUEST_MAX_CARTS", "3")]).await;
    let lamp = shop.admin().await.add_product("Lamp", "1.00", 1_000).await;
    let mut guests = [shop.guest(), shop.guest(), shop.guest()];
    for guest in &mut guests {
        guest.put_in(lamp, 1).await;
    }
    for times in 2..4 {
        newcomers(&shop, lamp).await.iter().for_each(is_refused);
        // Guests with a cart can still use it, and no cart was lost.
        for guest in &mut guests {
            guest.put_in(lamp, 1).await;
            assert_eq!(guest.lines().await, [(lamp, times)]);
        }
        assert_eq!(metric(&shop, "souk_guest_carts").await, 3);
        assert_eq!(metric(&shop, "souk_guest_carts_max").await, 3);
        let ann = shop.customer(&format!("ann{times}")).await;
        ann.post(ADD_ITEM, one_of(lamp)).await.expect(200);
        shop.restart().await;
    }
    // One cart is ordered, one is emptied: two new guests fit.
    guests[0].order("gus@example.com").await;
    let clear = json!({"product_id": lamp.to_string()});
    guests[1].send("DELETE", "/api/v1/cart/remove_item/", clear).await.expect(200);
    let statuses: Vec<_> = newcomers(&shop, lamp).await.iter().map(|it| it.status).collect();
    assert_eq!(statuses, [200, 200, 503]);
    assert_eq!(guests[2].lines().await, [(lamp, 3)]);
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn the_guests_of_one_client_begin_so_many_carts_in_an_hour() {
    let settings = [("SOUK_RATE_LIMIT", "on"), ("SOUK_GUEST_CARTS_PER_HOUR", "3")];
    let shop = Shop::open_with(&settings).await;
    let lamp = shop.admin().await.add_product("Lamp", "1.00", 1_000).await;
    let put = async |guest: &Guest, from: &str| {
        let ask = guest.ask("POST", ADD_ITEM).header("X-Forwarded-For", from);
        ask.json(&one_of(lamp)).send().await
    };
    let mut guest = shop.guest();
    guest.key = put(&guest, "192.0.2.1").await.header("X-Cart-Key").to_owned();
    for (from, taken) in [("192.0.2.1", 2), ("192.0.2.2", 3), ("2001:db8::1", 3)] {
        for n in 0..4 {
            let answer = put(&shop.guest(), from).await;
            assert_eq!(answer.status, if n < taken { 200 } else { 429 }, "{answer}");
        }
    }
    for _ in 0..5 {
        put(&guest, "192.0.2.1").await.expect(200);
    }
}

async fn guest_with_cart(shop: &Shop, product: i64) -> Guest {
    let mut guest = shop.guest();
    guest.put_in(product, 1).await;
    guest
}

async fn order(guest: &Guest) -> Answer {
    guest.send("POST", CREATE, address_of("gus@example.com")).await
}

async fn stock_of(boss: &Person, product: i64) -> i64 {
    let product = boss.get(&format!("/api/v1/products/{product}/")).await.expect(200);
    product["stock_quantity"].as_i64().expect("a count")
}

#[tokio::test]
async fn a_new_order_of_a_guest_is_refused_where_as_many_unpaid_are_kept_as_may_be() {
    let mut shop = Shop::open_with(&[("SOUK_GUEST_MAX_UNPAID_KEPT", "3")]).await;
    let mut boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "1.00", 100).await;
    let mut orders = Vec::new();
    for _ in 0..3 {
        let guest = guest_with_cart(&shop, lamp).await;
        let id = order(&guest).await.expect(201)["order_id"].as_i64().expect("an id");
        orders.push((guest, id));
    }
    boss.set_status(orders[0].1, "cancelled").await.expect(200);
    let waiting = guest_with_cart(&shop, lamp).await;
    for _ in 0..2 {
        assert_eq!(stock_of(&boss, lamp).await, 98);
        is_refused(&order(&waiting).await);
        assert_eq!(waiting.lines().await, [(lamp, 1)], "the cart waits with its guest");
        assert_eq!(stock_of(&boss, lamp).await, 98);
        // Existing orders are still shown, cancelled ones too, and users can order.
        for (guest, id) in &orders {
            let shown = format!("/api/v1/order/{id}/get_order_by_id/");
            guest.send("POST", &shown, json!({})).await.expect(200);
        }
        assert_eq!(metric(&shop, "souk_guest_unpaid_orders").await, 3);
        shop.restart().await;
        boss = shop.admin().await;
    }
    let ann = shop.customer("ann").await;
    ann.post(ADD_ITEM, one_of(lamp)).await.expect(200);
    ann.post(CREATE, address_of(&ann.email)).await.expect(201);

    // The shop processes one and deletes one: two new orders fit.
    boss.set_status(orders[1].1, "processing").await.expect(200);
    boss.delete_order(orders[0].1).await.expect(200);
    order(&waiting).await.expect(201);
    order(&guest_with_cart(&shop, lamp).await).await.expect(201);
    let last = guest_with_cart(&shop, lamp).await;
    is_refused(&order(&last).await);
    // One is paid.
    pay(&shop, &orders[2].0, orders[2].1).await;
    order(&last).await.expect(201);
    shop.stop().await;
    shop.check();
}

/// Pays at a page of the gateway.
async fn pay(shop: &Shop, guest: &Guest, order: i64) {
    let path = "/api/v1/payments/create-checkout-session/";
    let begun = guest.send("POST", path, json!({"order_id": order})).await.expect(200);
    let url = begun["checkout_url"].as_str().expect("a URL");
    let paid = shop.nobody().post(&format!("{url}/pay"), json!({})).await;
    assert_eq!(paid.status, 303, "{paid}");
    shop.nobody().get(paid.header("Location")).await.says(200, json!({"status": "success"}));
}
