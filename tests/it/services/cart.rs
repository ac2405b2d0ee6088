//! Carts of the services document (API2), of users and of guests.

use crate::support::services::{
    self, ADD_ITEM, GET_CART, SERVICE_SETTING, bad_token, forbidden, lines_of, no_token, not_found,
};
use crate::support::{Answer, Person, Shop, shapes};
use serde_json::{Value, json};

const REMOVE_ITEM: &str = "/api/v1/cart/remove_item/";
const CLEAR_CART: &str = "/api/v1/cart/clear_cart/";
const UPDATE_QUANTITY: &str = "/api/v1/cart/update_quantity/";
const GET_USER_CART: &str = "/api/v1/cart/get_user_cart/";
const CLEAR_USER_CART: &str = "/api/v1/cart/clear_user_cart/";

fn key_of(answer: &Answer) -> String {
    let key = answer.header("X-Cart-Key").to_owned();
    assert!(key.len() >= 32, "at least 128 bits in hexadecimal: {key:?}");
    let cookie = answer.header("Set-Cookie");
    assert!(cookie.starts_with(&format!("cart_key={key}; ")), "{cookie}");
    for attribute in ["; Path=/", "; HttpOnly", "; SameSite=Lax"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    key
}

async fn add(person: &Person, product: Value, quantity: Value) -> Answer {
    person.post(ADD_ITEM, json!({"product_id": product, "quantity": quantity})).await
}

async fn user_lines(person: &Person) -> Vec<(i64, i64)> {
    lines_of(&person.get(GET_CART).await.expect(200))
}

#[tokio::test]
async fn get_cart() {
    let shop = Shop::open().await;
    let lamp = shop.admin().await.add_discounted("Lamp", "19.99", "10", 5).await;
    let (ann, mut guest) = (shop.customer("ann").await, shop.guest());

    let fresh = guest.get(GET_CART).await;
    let body = fresh.expect(200);
    assert_eq!(
        body,
        json!({"cart_details": [], "total_price": "0.00", "cart_key": key_of(&fresh)})
    );
    // The key of an empty cart can be used to fill it.
    guest.key = key_of(&fresh);
    guest.put_in(lamp, 2).await;
    assert_eq!(guest.key, key_of(&fresh));
    add(&ann, json!(lamp), json!(2)).await.expect(200);

    for answer in [guest.get(GET_CART).await, ann.get(GET_CART).await] {
        let cart = answer.expect(200);
        shapes::expect(&cart, &services::cart());
        assert_eq!(cart["cart_key"], key_of(&answer));
        let line = json!({"product_id": lamp.to_string(), "name": "Lamp", "price": "19.99",
            "discount": "10.00", "quantity": 2, "image": null, "price_after_discount": "17.99",
            "price_per_item": "17.99"});
        assert_eq!(
            (&cart["cart_details"], &cart["total_price"]),
            (&json!([line]), &json!("35.98"))
        );
    }
    let storefront = ann.cart().await;
    assert_eq!(storefront["total_amount"], "35.98", "one cart, the same in every contract");
    let again = ann.get(GET_CART).await.expect(200)["cart_key"].clone();
    assert_eq!(ann.get(GET_CART).await.expect(200)["cart_key"], again);
    ann.bearing("a.b.c").get(GET_CART).await.says(401, bad_token());
}

#[tokio::test]
async fn add_item_to_cart() {
    let shop = Shop::open().await;
    let boss = shop.admin().await;
    let lamp = boss.add_discounted("Lamp", "19.99", "10", 5).await;
    let (ann, nobody) = (shop.customer("ann").await, shop.nobody());
    let added = json!({"message": "Item added to cart", "product_id": lamp.to_string(), "quantity": 2,
        "name": "Lamp", "price": "19.99", "discount": "10.00"});

    add(&ann, json!(lamp), json!(2)).await.says(200, added.clone());
    add(&ann, json!(lamp.to_string()), json!("2")).await.says(200, added.clone());
    assert_eq!(user_lines(&ann).await, [(lamp, 4)]);
    let short = json!({"quantity": ["Insufficient stock for Lamp"]});
    add(&ann, json!(lamp), json!(2)).await.says(400, short.clone());
    assert_eq!(user_lines(&ann).await, [(lamp, 4)], "a refusal changes nothing");

    let first = add(&nobody, json!(lamp), json!(2)).await;
    first.says(200, added);
    key_of(&first);
    add(&nobody, json!(lamp), json!(6)).await.says(400, short);
    let unknown = json!({"product_id": ["Product not found or inactive"]});
    add(&nobody, json!(999), json!(1)).await.says(400, unknown.clone());

    nobody.post(ADD_ITEM, json!({})).await.blames(400, &["product_id", "quantity"]);
    for product in [json!(0), json!(-1), json!("abc"), json!(1.5), json!(null), json!([])] {
        add(&nobody, product, json!(1)).await.blames(400, &["product_id"]);
    }
    for quantity in [json!(0), json!(-1), json!(1.5), json!("two"), json!(null), json!(1_u64 << 63)]
    {
        add(&nobody, json!(lamp), quantity).await.blames(400, &["quantity"]);
    }

    let off = json!({"name": "Lamp", "price": "1.00", "available": false});
    boss.put(&format!("/api/v1/product/{lamp}/"), off).await.expect(200);
    add(&ann, json!(lamp), json!(1)).await.says(400, unknown);
}

#[tokio::test]
async fn remove_item_from_cart() {
    let shop = Shop::open().await;
    let boss = shop.admin().await;
    let (lamp, chair) =
        (boss.add_product("Lamp", "1.00", 5).await, boss.add_product("Chair", "2.00", 5).await);
    let mut guest = shop.guest();
    guest.put_in(lamp, 1).await;
    guest.put_in(chair, 2).await;

    let body = || json!({"product_id": lamp.to_string()});
    let removed = guest.send("DELETE", REMOVE_ITEM, body()).await;
    removed.says(200, json!({"message": "Item removed from cart", "product_id": lamp.to_string()}));
    assert_eq!(guest.lines().await, [(chair, 2)]);
    let missing = json!({"detail": "Item not found in cart."});
    guest.send("DELETE", REMOVE_ITEM, body()).await.says(404, missing.clone());
    shop.guest().send("DELETE", REMOVE_ITEM, body()).await.says(404, missing);
    guest.send("DELETE", REMOVE_ITEM, json!({})).await.blames(400, &["product_id"]);
    // Removing the last item removes the cart; its key stays valid.
    guest.send("DELETE", REMOVE_ITEM, json!({"product_id": chair})).await.expect(200);
    assert_eq!(guest.lines().await, []);
    let key = guest.key.clone();
    guest.put_in(lamp, 3).await;
    assert_eq!((guest.lines().await, guest.key), (vec![(lamp, 3)], key));
}

#[tokio::test]
async fn clear_cart() {
    let mut shop = Shop::open().await;
    let lamp = shop.admin().await.add_product("Lamp", "1.00", 5).await;
    let (ann, mut guest) = (shop.customer("ann").await, shop.guest());
    guest.put_in(lamp, 1).await;
    add(&ann, json!(lamp), json!(2)).await.expect(200);
    for _ in 0..2 {
        let cleared = guest.send("DELETE", CLEAR_CART, json!({})).await;
        cleared.says(200, json!({"message": "Cart cleared"}));
        assert_eq!(guest.lines().await, []);
    }
    assert_eq!(user_lines(&ann).await, [(lamp, 2)]);
    ann.delete(CLEAR_CART).await.says(200, json!({"message": "Cart cleared"}));
    assert_eq!(ann.cart().await["items"], json!([]));
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn update_item_quantity() {
    let shop = Shop::open().await;
    let lamp = shop.admin().await.add_product("Lamp", "1.00", 5).await;
    let (ann, mut guest) = (shop.customer("ann").await, shop.guest());
    guest.put_in(lamp, 1).await;
    add(&ann, json!(lamp), json!(1)).await.expect(200);
    let product = || lamp.to_string();

    for (change, quantity) in [
        (json!({"quantity": 3}), 3),
        (json!({"quantity": "4"}), 4),
        (json!({"change": 1}), 5),
        (json!({"change": -3}), 2),
        (json!({"change": "+1", "quantity": null}), 3),
    ] {
        let mut body = change;
        body["product_id"] = json!(product());
        let updated = json!({"message": "Quantity updated successfully.", "product_id": product(),
            "new_quantity": quantity});
        guest.send("PATCH", UPDATE_QUANTITY, body.clone()).await.says(200, updated.clone());
        ann.patch(UPDATE_QUANTITY, body).await.says(200, updated);
    }
    let change = async |mut body: Value| {
        body["product_id"] = json!(product());
        guest.send("PATCH", UPDATE_QUANTITY, body).await
    };
    let either = json!({"non_field_errors": ["Give either quantity or change."]});
    change(json!({})).await.says(400, either.clone());
    change(json!({"quantity": 1, "change": 1})).await.says(400, either);
    let least = "Ensure this value is greater than or equal to 1.";
    for body in [json!({"quantity": 0}), json!({"quantity": -1})] {
        change(body).await.says(400, json!({"quantity": [least]}));
    }
    let too_few = "Quantity must be at least 1.";
    for body in [json!({"change": -3}), json!({"change": -1_000_000})] {
        change(body).await.says(400, json!({"change": [too_few]}));
    }
    for body in [json!({"change": 1.5}), json!({"change": "x"}), json!({"change": 1_000_000})] {
        change(body).await.blames(400, &["change"]);
    }
    let short = json!({"quantity": ["Insufficient stock for Lamp"]});
    change(json!({"quantity": 6})).await.says(400, short.clone());
    change(json!({"change": 3})).await.says(400, short);
    assert_eq!(guest.lines().await, [(lamp, 3)], "a refusal changes nothing");
    let elsewhere = json!({"product_id": "999", "quantity": 1});
    let missing = json!({"detail": "Item not found in cart."});
    guest.send("PATCH", UPDATE_QUANTITY, elsewhere).await.says(404, missing);
}

#[tokio::test]
async fn get_user_cart_only_for_another_service() {
    let shop = Shop::open_with(&[SERVICE_SETTING]).await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "10.00", 5).await;
    let (ann, mut guest, service) = (shop.customer("ann").await, shop.guest(), shop.service());
    guest.put_in(lamp, 2).await;
    add(&ann, json!(lamp), json!(1)).await.expect(200);
    let key = ann.get(GET_CART).await.expect(200)["cart_key"].as_str().expect("text").to_owned();

    let of = |key: &str| format!("{GET_USER_CART}?cart_key={key}");
    let shown = service.get(&of(&guest.key)).await.expect(200);
    let shape = json!({"cart_details": [services::cart_line()], "total_price": "money"});
    shapes::expect(&shown, &shape);
    assert_eq!((lines_of(&shown), &shown["total_price"]), (vec![(lamp, 2)], &json!("20.00")));
    assert_eq!(lines_of(&service.get(&of(&key)).await.expect(200)), [(lamp, 1)]);
    let fresh = shop.guest().get(GET_CART).await.header("X-Cart-Key").to_owned();
    let empty = json!({"cart_details": [], "total_price": "0.00"});
    service.get(&of(&fresh)).await.says(200, empty);
    service.get(&of("0123456789abcdef")).await.says(404, not_found());
    service.get(GET_USER_CART).await.blames(400, &["cart_key"]);

    shop.nobody().get(&of(&guest.key)).await.says(401, no_token());
    ann.get(&of(&key)).await.says(403, forbidden());
    boss.get(&of(&key)).await.says(403, forbidden());
    shop.nobody().bearing("a-long-service-tokem").get(&of(&key)).await.says(401, bad_token());
    // A service has no cart.
    service.get(GET_CART).await.says(403, forbidden());
}

#[tokio::test]
async fn clear_user_cart_only_for_another_service() {
    let shop = Shop::open_with(&[SERVICE_SETTING]).await;
    let lamp = shop.admin().await.add_product("Lamp", "10.00", 5).await;
    let (ann, mut guest, service) = (shop.customer("ann").await, shop.guest(), shop.service());
    guest.put_in(lamp, 2).await;
    add(&ann, json!(lamp), json!(1)).await.expect(200);
    let key = ann.get(GET_CART).await.expect(200)["cart_key"].as_str().expect("text").to_owned();
    let clear = async |who: &Person, key: &str| {
        who.ask("DELETE", CLEAR_USER_CART).json(&json!({"cart_key": key})).send().await
    };

    clear(&shop.nobody(), &guest.key).await.says(401, no_token());
    clear(&ann, &key).await.says(403, forbidden());
    clear(&service, "unknown").await.says(404, not_found());
    service.delete(CLEAR_USER_CART).await.blames(400, &["cart_key"]);
    for key in [&guest.key, &key] {
        let cleared = json!({"message": format!("Cart {key} cleared")});
        clear(&service, key).await.says(200, cleared);
    }
    assert_eq!((guest.lines().await, user_lines(&ann).await), (vec![], vec![]));
}

#[tokio::test]
async fn a_guest_key_is_presented_in_four_ways() {
    let shop = Shop::open().await;
    let lamp = shop.admin().await.add_product("Lamp", "10.00", 5).await;
    let mut guest = shop.guest();
    guest.put_in(lamp, 1).await;
    let (nobody, key) = (shop.nobody(), guest.key.clone());

    let cookie = format!("theme=dark; cart_key={key}");
    let by_cookie = nobody.ask("GET", GET_CART).header("Cookie", &cookie).send().await;
    let by_header = nobody.ask("GET", GET_CART).header("X-Cart-Key", &key).send().await;
    let by_query = nobody.get(&format!("{GET_CART}?cart_key={key}")).await;
    for answer in [by_cookie, by_header, by_query] {
        assert_eq!(lines_of(&answer.expect(200)), [(lamp, 1)]);
    }
    let body = json!({"product_id": lamp, "quantity": 1, "cart_key": key});
    assert_eq!(key_of(&nobody.post(ADD_ITEM, body).await), key);
    assert_eq!(guest.lines().await, [(lamp, 2)]);
}

#[tokio::test]
async fn a_foreign_or_useless_key_is_a_new_empty_cart_and_no_hint() {
    let shop = Shop::open().await;
    let lamp = shop.admin().await.add_product("Lamp", "10.00", 5).await;
    let ann = shop.customer("ann").await;
    add(&ann, json!(lamp), json!(1)).await.expect(200);
    let users_key = ann.get(GET_CART).await.header("X-Cart-Key").to_owned();
    let long = "f".repeat(5_000);
    for key in ["", "abc", "0123456789abcdef0123456789abcdef0123456789abcdef", &users_key, &long] {
        let mut guest = shop.guest();
        guest.key = key.to_owned();
        let answer = guest.get(GET_CART).await;
        assert_eq!(answer.expect(200)["cart_details"], json!([]));
        assert_ne!(key_of(&answer), key);
        guest.put_in(lamp, 2).await;
        assert_ne!(guest.key, key, "nobody begins a cart under a key of their own making");
    }
    assert_eq!(user_lines(&ann).await, [(lamp, 1)]);
    let answer = shop.nobody().get(&format!("{GET_CART}?cart_key=%00%FF")).await;
    assert_eq!(answer.expect(200)["cart_details"], json!([]));
}

#[tokio::test]
async fn a_guests_cart_outlives_the_process_and_a_retried_request_adds_once() {
    let mut shop = Shop::open().await;
    let lamp = shop.admin().await.add_product("Lamp", "10.00", 5).await;
    let mut guest = shop.guest();
    let body = json!({"product_id": lamp, "quantity": 2});
    let first = guest.ask("POST", ADD_ITEM).header("Idempotency-Key", "one").json(&body);
    let first = first.send().await;
    // A caller who presents no key yet is given no existing cart, but a new one.
    let again = guest.ask("POST", ADD_ITEM).header("Idempotency-Key", "one").json(&body);
    let again = again.send().await;
    assert!(!again.is_replay());
    assert_ne!(key_of(&first), key_of(&again));
    guest.key = key_of(&first);

    // A caller with a key who lost the answer gets it again.
    let ask = || guest.ask("POST", ADD_ITEM).header("Idempotency-Key", "one").json(&body);
    let (more, again) = (ask().send().await, ask().send().await);
    assert_eq!((more.is_replay(), again.is_replay()), (false, true));
    assert_eq!((key_of(&more), key_of(&again)), (guest.key.clone(), guest.key.clone()));

    shop.kill();
    shop.start();
    assert!(ask().send().await.is_replay());
    assert_eq!(guest.lines().await, [(lamp, 4)]);
    shop.stop().await;
    shop.check();
}
