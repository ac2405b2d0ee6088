//! Customers for administrators in Souk's own API.

use super::conventions::walk;
use crate::support::{Person, Shop, id_of};
use serde_json::{Value, json};

const PATH: &str = "/souk/v1/admin/customers";

async fn emails(boss: &Person, filter: &str) -> Vec<String> {
    let found = walk(boss, &format!("{PATH}?{filter}"), 2).await;
    found.iter().map(|one| one["email"].as_str().expect("an address").to_owned()).collect()
}

#[tokio::test]
async fn customers_are_searched_and_sorted() {
    let shop = Shop::open().await;
    let boss = shop.admin().await;
    for name in ["cleo", "ann", "bob"] {
        shop.customer(name).await;
    }
    let (ann, bob) = ("ann@souk.example", "bob@souk.example");
    let (cleo, own) = ("cleo@souk.example", "boss@souk.example");

    assert_eq!(emails(&boss, "").await, [bob, ann, cleo, own]);
    assert_eq!(emails(&boss, "sort=created_at").await, [own, cleo, ann, bob]);
    assert_eq!(emails(&boss, "sort=email").await, [ann, bob, own, cleo]);
    assert_eq!(emails(&boss, "sort=-email").await, [cleo, own, bob, ann]);
    assert_eq!(emails(&boss, "q=BO&sort=email").await, [bob, own]);
    assert_eq!(emails(&boss, "q=doe+cleo").await, [cleo]);
    assert_eq!(emails(&boss, "q=nobody").await, [""; 0]);
}

#[tokio::test]
async fn a_customer_shows_addresses_and_orders() {
    let shop = Shop::open().await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "10.00", 100).await;
    let (ann, bob) = (shop.customer("ann").await, shop.customer("bob").await);
    let order = id_of(&ann.buy(lamp, 1).await);
    bob.buy(lamp, 1).await;
    let entry = json!({"name": "Ann", "line1": "1 Main St", "city": "Aarhus", "country": "DK"});
    ann.post("/souk/v1/store/me/addresses", entry).await.expect(201);

    let path = format!("{PATH}/{}", ann.id);
    let answer = boss.get(&path).await;
    let body = answer.expect(200);
    assert_eq!((&body["email"], &body["user_type"]), (&json!(ann.email), &json!("customer")));
    assert!(body.get("addresses").is_none() && !answer.text.contains("argon2"), "{answer}");
    assert_eq!(answer.header("ETag"), format!("\"v{}\"", body["version"]));
    let expanded = boss.get(&format!("{path}?expand=addresses")).await.expect(200);
    assert_eq!(expanded["addresses"][0]["city"], "Aarhus");
    let orders: Vec<Value> = walk(&boss, &format!("{path}/orders"), 5).await;
    assert_eq!(orders.iter().map(id_of).collect::<Vec<_>>(), [order]);
    assert_eq!(orders[0]["customer"]["id"], json!(ann.id));
    for absent in ["999999", "0", "x"] {
        boss.get(&format!("{PATH}/{absent}")).await.expect(404);
        boss.get(&format!("{PATH}/{absent}/orders")).await.expect(404);
    }
}
