//! The caller's own profile, orders and address book in Souk's own API.

use super::conventions::{faults, pairs, walk};
use crate::support::{Person, Shop, id_of, shapes};
use serde_json::{Value, json};

const ME: &str = "/souk/v1/store/me";
const BOOK: &str = "/souk/v1/store/me/addresses";

fn entry() -> Value {
    json!({"name": "Ann Doe", "line1": "1 Main Street", "city": "Aarhus", "postcode": "8000",
        "country": "DK"})
}

async fn add(by: &Person, change: Value) -> Value {
    let mut body = entry();
    for (name, value) in change.as_object().expect("an object") {
        body[name] = value.clone();
    }
    by.post(BOOK, body).await.expect(201)
}

#[tokio::test]
async fn a_profile_is_changed_by_a_merge_patch() {
    let shop = Shop::open().await;
    let (ann, _bob) = (shop.customer("ann").await, shop.customer("bob").await);
    let answer = ann.get(ME).await;
    let body = answer.expect(200);
    let shape = json!({"id": "id", "version": "id", "email": "text", "first_name": "text",
        "last_name": "text", "phone": "text?", "created_at": "time"});
    shapes::expect(&body, &shape);
    let tag = answer.header("ETag").to_owned();
    assert_eq!(tag, format!("\"v{}\"", body["version"]));

    let patch = |body: Value| {
        let text = body.to_string();
        ann.ask("PATCH", ME).raw("application/merge-patch+json", text)
    };
    let change = json!({"first_name": "Anne", "phone": "+45 12"});
    let changed = patch(change).header("If-Match", &tag).send().await;
    assert_eq!(changed.expect(200)["first_name"], "Anne");
    assert_eq!(
        (&changed.json()["phone"], &changed.json()["last_name"]),
        (&json!("+45 12"), &json!("Doe"))
    );
    assert_ne!(changed.header("ETag"), tag);
    let stale = patch(json!({"first_name": "X"})).header("If-Match", &tag).send().await;
    assert_eq!(stale.expect(412)["code"], "stale");
    let cleared = patch(json!({"phone": null})).send().await.expect(200);
    assert_eq!((&cleared["phone"], &cleared["first_name"]), (&Value::Null, &json!("Anne")));

    let wrong = json!({"email": "bob@souk.example", "first_name": null, "phone": "1".repeat(41)});
    assert_eq!(
        faults(&patch(wrong).send().await),
        pairs(&[("/email", "taken"), ("/first_name", "null"), ("/phone", "too_long")])
    );
    let moved = patch(json!({"email": "anne@souk.example"})).send().await.expect(200);
    assert_eq!(moved["email"], "anne@souk.example");
    shop.nobody().log_in("anne@souk.example", &ann.password).await;
}

#[tokio::test]
async fn an_address_book_is_kept() {
    let mut shop = Shop::open().await;
    let (ann, bob) = (shop.customer("ann").await, shop.customer("bob").await);
    let first = add(&ann, json!({})).await;
    shapes::expect(
        &first,
        &json!({"id": "id", "version": "id", "name": "text", "company": "text", "line1": "text",
            "line2": "text", "city": "text", "region": "text", "postcode": "text",
            "country": "text", "phone": "text", "is_default": "bool", "created_at": "time",
            "updated_at": "time"}),
    );
    assert_eq!(first["is_default"], true, "the first one is");
    let second = add(&ann, json!({"company": "Souk", "is_default": true})).await;
    let third = add(&ann, json!({"country": "DE"})).await;

    let book = walk(&ann, BOOK, 2).await;
    let defaults: Vec<_> = book.iter().map(|one| one["is_default"].as_bool()).collect();
    assert_eq!(defaults, [Some(false), Some(true), Some(false)]);
    assert_eq!((id_of(&book[2]), &book[2]["country"]), (id_of(&third), &json!("DE")));
    assert!(walk(&bob, BOOK, 2).await.is_empty());

    let path = format!("{BOOK}/{}", second["id"]);
    for somebody in [&bob, &shop.admin().await] {
        somebody.get(&path).await.expect(404);
        somebody.patch(&path, json!({"city": "X"})).await.expect(404);
        somebody.delete(&path).await.expect(404);
    }
    let patch = json!({"company": null, "city": "Berlin", "country": "DE"});
    let changed = ann.ask("PATCH", &path).header("If-Match", "\"v1\"").json(&patch).send().await;
    let body = changed.expect(200);
    assert_eq!((&body["company"], &body["city"]), (&json!(""), &json!("Berlin")));
    assert_eq!((changed.header("ETag"), &body["line1"]), ("\"v2\"", &json!("1 Main Street")));
    let stale = ann.ask("PATCH", &path).header("If-Match", "\"v1\"").json(&patch).send().await;
    assert_eq!(stale.expect(412)["code"], "stale");
    ann.delete(&path).await.expect(204);
    ann.get(&path).await.expect(404);
    ann.delete(&path).await.expect(404);

    ann.delete(&format!("/api/v1/users/{}", ann.id)).await.expect(204);
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn every_wrong_field_of_an_address_is_named() {
    let shop = Shop::open().await;
    let ann = shop.customer("ann").await;

    let wrong = json!({"name": " ", "line1": "x".repeat(201), "country": "XX", "phone": null});
    assert_eq!(
        faults(&ann.post(BOOK, wrong).await),
        pairs(&[
            ("/city", "required"),
            ("/country", "invalid"),
            ("/line1", "too_long"),
            ("/name", "blank"),
            ("/phone", "null"),
        ])
    );
    for country in ["de", "UK", "Germany", ""] {
        let mut body = entry();
        body["country"] = json!(country);
        let found = faults(&ann.post(BOOK, body).await);
        assert_eq!(found[0].0, "/country", "{country}");
    }
}

#[tokio::test]
async fn a_book_has_room_for_fifty_addresses() {
    let mut shop = Shop::open().await;
    let ann = shop.customer("ann").await;
    for _ in 0..50 {
        add(&ann, json!({})).await;
    }
    assert_eq!(ann.post(BOOK, entry()).await.expect(409)["code"], "conflict");
    assert_eq!(walk(&ann, BOOK, 20).await.len(), 50);
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn the_same_key_adds_one_address() {
    let shop = Shop::open().await;
    let ann = shop.customer("ann").await;
    let ask = || ann.ask("POST", BOOK).header("Idempotency-Key", "one").json(&entry()).send();
    let first = ask().await;
    let again = ask().await;

    assert!(again.is_replay(), "{again}");
    again.says(201, first.expect(201));
    assert_eq!(again.header("ETag"), "\"v1\"");
    assert_eq!(walk(&ann, BOOK, 20).await.len(), 1);
}

#[tokio::test]
async fn own_orders_are_listed_and_nobody_elses() {
    let shop = Shop::open().await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "10.00", 100).await;
    let (ann, bob) = (shop.customer("ann").await, shop.customer("bob").await);
    let orders = [id_of(&ann.buy(lamp, 1).await), id_of(&ann.buy(lamp, 2).await)];
    let of_bob = id_of(&bob.buy(lamp, 1).await);
    ann.pay(orders[0]).await;

    let path = format!("{ME}/orders");
    let mine = walk(&ann, &path, 1).await;
    assert_eq!(mine.iter().map(id_of).collect::<Vec<_>>(), [orders[1], orders[0]]);
    let paid = walk(&ann, &format!("{path}?paid=true"), 5).await;
    assert_eq!(paid.iter().map(id_of).collect::<Vec<_>>(), [orders[0]]);
    let one = ann.get(&format!("{path}/{}", orders[1])).await.expect(200);
    assert_eq!(one, mine[0]);
    ann.get(&format!("{path}/{of_bob}")).await.expect(404);
    let other = ann.get(&format!("{path}?customer={}", bob.id)).await;
    assert_eq!(faults(&other), pairs(&[("customer", "unknown_parameter")]));
}
