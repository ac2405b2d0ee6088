//! Merging a guest's cart at log-in or registration, in every contract.

use crate::support::services::{ADD_ITEM, GET_CART, Guest, lines_of};
use crate::support::{Answer, Person, Shop};
use serde_json::{Value, json};

const LOGIN: &str = "/api/v1/users/login/";
const STOREFRONT_LOGIN: &str = "/api/v1/auth/login/";

async fn lines(shop: &Shop, access: &Value) -> Vec<(i64, i64)> {
    let person = shop.nobody().bearing(access.as_str().expect("a token"));
    lines_of(&person.get(GET_CART).await.expect(200))
}

async fn log_in(guest: &Guest, who: &Person) -> Answer {
    let body = json!({"username": who.email, "password": who.password});
    guest.send("POST", LOGIN, body).await
}

/// A shop with lamps and chairs, five of each, and a guest who wants three lamps and two chairs.
async fn shop_with_a_guest() -> (Shop, i64, i64, Guest) {
    let shop = Shop::open().await;
    let boss = shop.admin().await;
    let (lamp, chair) =
        (boss.add_product("Lamp", "1.00", 5).await, boss.add_product("Chair", "2.00", 5).await);
    let mut guest = shop.guest();
    guest.put_in(lamp, 3).await;
    guest.put_in(chair, 2).await;
    (shop, lamp, chair, guest)
}

#[tokio::test]
async fn logging_in_makes_the_guests_cart_part_of_the_users() {
    let (mut shop, lamp, chair, guest) = shop_with_a_guest().await;
    let ann = shop.customer("ann").await;
    let has = json!({"product_id": lamp, "quantity": 1});
    ann.post(ADD_ITEM, has).await.expect(200);

    let wrong = json!({"username": ann.email, "password": "not-her-password"});
    guest.send("POST", LOGIN, wrong).await.expect(401);
    assert_eq!(guest.lines().await, [(lamp, 3), (chair, 2)], "a wrong password takes nothing");
    let session = log_in(&guest, &ann).await.expect(200);

    assert_eq!(lines(&shop, &session["access"]).await, [(lamp, 4), (chair, 2)]);
    assert_eq!(guest.lines().await, [], "the guest's cart is gone");
    let again = log_in(&guest, &ann).await.expect(200);
    assert_eq!(lines(&shop, &again["access"]).await, [(lamp, 4), (chair, 2)]);
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn registering_takes_the_guests_cart_along() {
    let (shop, lamp, chair, guest) = shop_with_a_guest().await;
    let registered = shop.nobody().register_as("gus", &guest.key).await.expect(201);
    assert_eq!(lines(&shop, &registered["user"]["access"]).await, [(lamp, 3), (chair, 2)]);
    assert_eq!(guest.lines().await, []);
}

#[tokio::test]
async fn the_storefront_merges_as_well() {
    let (shop, lamp, chair, guest) = shop_with_a_guest().await;
    let body = json!({"email": "gus@souk.example", "password": "password123",
        "password_confirm": "password123"});
    let cookie = format!("cart_key={}", guest.key);
    let register = shop.nobody().ask("POST", "/api/v1/auth/register/").header("Cookie", &cookie);
    let registered = register.json(&body).send().await.expect(201);
    let access = &registered["data"]["access_token"];
    assert_eq!(lines(&shop, access).await, [(lamp, 3), (chair, 2)]);

    let mut other = shop.guest();
    other.put_in(chair, 1).await;
    let login = json!({"email": "gus@souk.example", "password": "password123"});
    let session = other.send("POST", STOREFRONT_LOGIN, login).await.expect(200);
    assert_eq!(lines(&shop, &session["data"]["access_token"]).await, [(lamp, 3), (chair, 3)]);
    assert_eq!(other.lines().await, []);
}

#[tokio::test]
async fn stock_caps_the_sum_and_never_costs_a_log_in() {
    let (mut shop, lamp, chair, guest) = shop_with_a_guest().await;
    let (boss, ann) = (shop.admin().await, shop.customer("ann").await);
    ann.post(ADD_ITEM, json!({"product_id": lamp, "quantity": 4})).await.expect(200);
    // Meanwhile the chairs sell out.
    boss.patch(&format!("/api/v1/products/{chair}/"), json!({"stock_quantity": 0}))
        .await
        .expect(200);

    let session = log_in(&guest, &ann).await.expect(200);

    assert_eq!(lines(&shop, &session["access"]).await, [(lamp, 5), (chair, 2)]);
    assert_eq!(guest.lines().await, [(lamp, 2)], "what the stock does not have stays");
    let ann = shop.nobody().bearing(session["access"].as_str().expect("a token"));
    let short = ann.post("/api/v1/cart/checkout/", json!({"shipping_address": "1 Main St"})).await;
    short.says(400, json!({"error": "Insufficient stock for Chair"}));
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn a_full_cart_and_a_deleted_product_do_not_cost_a_log_in_either() {
    let shop = Shop::open().await;
    let boss = shop.admin().await;
    let category = boss.add_category("Things").await;
    let ann = shop.customer("ann").await;
    for number in 0..100 {
        let product = boss.add_product_in(category, &format!("Thing {number}"), "1.00", 5).await;
        ann.post(ADD_ITEM, json!({"product_id": product, "quantity": 1})).await.expect(200);
    }
    let (gone, more) = (
        boss.add_product_in(category, "Gone", "1.00", 5).await,
        boss.add_product_in(category, "More", "1.00", 5).await,
    );
    let mut guest = shop.guest();
    guest.put_in(gone, 1).await;
    guest.put_in(more, 1).await;
    assert_eq!(boss.delete(&format!("/api/v1/product/{gone}/")).await.status, 204);

    let session = log_in(&guest, &ann).await.expect(200);

    assert_eq!(lines(&shop, &session["access"]).await.len(), 100);
    let kept = guest.lines().await;
    assert!(kept.contains(&(more, 1)), "what does not fit stays where it was: {kept:?}");
}

/// Bodies of log-ins and registrations as each contract takes them.
fn ways_in() -> Vec<(&'static str, serde_json::Value)> {
    let (email, password) = ("ann@souk.example", "password123");
    vec![
        ("/api/token/", json!({"username": "ann", "password": password})),
        ("/api/login/", json!({"username": "ann", "password": password})),
        (LOGIN, json!({"username": "ann", "password": password})),
        (STOREFRONT_LOGIN, json!({"email": email, "password": password})),
        ("/api/v1/auth/login", json!({"email": email, "password": password})),
    ]
}

#[tokio::test]
async fn lines_that_do_not_fit_stay_in_the_guests_cart() {
    let mut shop = Shop::open().await;
    let boss = shop.admin().await;
    let (lamp, chair, table) = (
        boss.add_product("Lamp", "1.00", 3).await,
        boss.add_product("Chair", "1.00", 9).await,
        boss.add_product("Table", "1.00", 2).await,
    );
    let registered = shop.nobody().register_as("ann", "").await.expect(201);
    let ann = shop.nobody().bearing(registered["user"]["access"].as_str().expect("a token"));
    for (round, (path, body)) in (1..).zip(ways_in()) {
        ann.delete("/api/v1/cart/clear_cart/").await.expect(200);
        ann.post(ADD_ITEM, json!({"product_id": lamp, "quantity": 2})).await.expect(200);
        let mut guest = shop.guest();
        guest.put_in(lamp, 3).await;
        guest.put_in(chair, 1).await;
        guest.put_in(table, 2).await;
        for attempt in 1..=2 {
            let answer = guest.send("POST", path, body.clone()).await;
            assert!(answer.status == 200 || answer.status == 201, "{round}: {answer}");
            let mine = lines_of(&ann.get(GET_CART).await.expect(200));
            assert_eq!(mine, [(lamp, 3), (chair, 1), (table, 2)], "{path}, attempt {attempt}");
            assert_eq!(guest.lines().await, [(lamp, 2)], "{path}, attempt {attempt}");
        }
    }
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn two_full_carts_lose_no_line_and_a_browser_keeps_the_key_of_the_rest() {
    let mut shop = Shop::open().await;
    let boss = shop.admin().await;
    let category = boss.add_category("Things").await;
    let ann = shop.customer("ann").await;
    let mut guest = shop.guest();
    for number in 0..130 {
        let product = boss.add_product_in(category, &format!("Thing {number}"), "1.00", 5).await;
        match number < 65 {
            true => {
                ann.post(ADD_ITEM, json!({"product_id": product, "quantity": 1})).await.expect(200);
            }
            false => guest.put_in(product, 1).await,
        }
    }

    let session = log_in(&guest, &ann).await.expect(200);

    assert_eq!(lines(&shop, &session["access"]).await.len(), 100);
    assert_eq!(guest.lines().await.len(), 30);
    let cookie = format!("cart_key={}", guest.key);
    let browser = shop.nobody().bearing(session["access"].as_str().expect("a token"));
    let cart = browser.ask("GET", GET_CART).header("Cookie", &cookie).send().await;
    assert_eq!(lines_of(&cart.expect(200)).len(), 100);
    assert_eq!(cart.header("Set-Cookie"), "", "the cookie still holds what did not fit");
    // There is room again: the next log-in moves the rest.
    browser.delete("/api/v1/cart/clear_cart/").await.expect(200);
    let again = log_in(&guest, &ann).await.expect(200);
    assert_eq!(lines(&shop, &again["access"]).await.len(), 30);
    assert_eq!(guest.lines().await, []);
    let cart = browser.ask("GET", GET_CART).header("Cookie", &cookie).send().await;
    assert!(!cart.header("Set-Cookie").is_empty(), "nothing is left there");
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn racing_log_ins_merge_once() {
    let (mut shop, lamp, chair, guest) = shop_with_a_guest().await;
    let (ann, ben) = (shop.customer("ann").await, shop.customer("ben").await);
    let racers = [&ann, &ben, &ann, &ben, &ann, &ben];

    let logins = racers.map(|who| log_in(&guest, who));
    let answers = futures_util::future::join_all(logins).await;

    let mut winners = 0;
    for (answer, who) in answers.iter().zip(racers).take(2) {
        let lines = lines(&shop, &answer.expect(200)["access"]).await;
        assert!(lines.is_empty() || lines == [(lamp, 3), (chair, 2)], "{}: {lines:?}", who.email);
        winners += usize::from(!lines.is_empty());
    }
    assert_eq!(winners, 1, "one of them got it, once");
    assert_eq!(guest.lines().await, []);
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn a_users_key_or_an_unknown_one_merges_nothing() {
    let (shop, lamp, _, _) = shop_with_a_guest().await;
    let (ann, ben) = (shop.customer("ann").await, shop.customer("ben").await);
    ann.post(ADD_ITEM, json!({"product_id": lamp, "quantity": 1})).await.expect(200);
    let anns_key = ann.get(GET_CART).await.header("X-Cart-Key").to_owned();
    for key in [anns_key.as_str(), "abc", "0123456789abcdef0123456789abcdef0123456789abcdef"] {
        let thief = Guest { person: shop.nobody(), key: key.to_owned() };
        let session = log_in(&thief, &ben).await.expect(200);
        assert_eq!(lines(&shop, &session["access"]).await, []);
    }
    assert_eq!(lines_of(&ann.get(GET_CART).await.expect(200)), [(lamp, 1)]);
}
