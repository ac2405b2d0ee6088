//! Orders for administrators in Souk's own API.

use super::conventions::{faults, pairs, walk};
use crate::support::{Person, Shop, id_of};
use serde_json::{Value, json};

const PATH: &str = "/souk/v1/admin/orders";

fn ids(orders: &[Value]) -> Vec<i64> {
    orders.iter().map(id_of).collect()
}

async fn found(boss: &Person, filter: &str) -> Vec<i64> {
    ids(&walk(boss, &format!("{PATH}?{filter}"), 2).await)
}

#[tokio::test]
async fn orders_are_listed_with_filters_page_after_page() {
    let shop = Shop::open().await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "10.00", 100).await;
    let (ann, bob) = (shop.customer("ann").await, shop.customer("bob").await);
    let mut orders = Vec::new();
    for person in [&ann, &bob, &ann, &bob, &ann] {
        orders.push(id_of(&person.buy(lamp, 1).await));
    }
    ann.pay(orders[0]).await;
    boss.set_status(orders[1], "cancelled").await.expect(200);
    let newest_first: Vec<i64> = orders.iter().rev().copied().collect();

    assert_eq!(found(&boss, "").await, newest_first);
    assert_eq!(found(&boss, "sort=created_at").await, orders);
    assert_eq!(found(&boss, "sort=-created_at").await, newest_first);
    assert_eq!(found(&boss, "paid=true").await, [orders[0]]);
    assert_eq!(found(&boss, "state=cancelled").await, [orders[1]]);
    assert_eq!(found(&boss, "state=pending&paid=false").await, [orders[4], orders[3], orders[2]]);
    let of_bob = format!("customer={}", bob.id);
    assert_eq!(found(&boss, &of_bob).await, [orders[3], orders[1]]);
    assert_eq!(found(&boss, &format!("{of_bob}&sort=created_at")).await, [orders[1], orders[3]]);
    assert_eq!(found(&boss, "q=BOB@souk.example").await, [orders[3], orders[1]]);
    assert_eq!(found(&boss, &format!("q=ORD-{:010}", orders[2])).await, [orders[2]]);
    assert_eq!(found(&boss, "q=nobody").await, [0; 0]);

    let third = boss.get(&format!("{PATH}/{}", orders[2])).await.expect(200);
    let time = third["placed_at"].as_str().expect("a time");
    for (filter, expected) in [
        (format!("created_at={time}"), vec![orders[2]]),
        (format!("created_at[gte]={time}"), vec![orders[4], orders[3], orders[2]]),
        (format!("created_at[lte]={time}&sort=created_at"), vec![orders[0], orders[1], orders[2]]),
        ("created_at[gte]=2100-01-01T00:00:00Z".to_owned(), vec![]),
        ("created_at[lte]=2000-01-01T00:00:00Z".to_owned(), vec![]),
        ("created_at[gte]=2100-01-01T00:00:00Z&sort=created_at".to_owned(), vec![]),
    ] {
        assert_eq!(found(&boss, &filter).await, expected, "{filter}");
    }
    let wrong = boss.get(&format!("{PATH}?state=lost&customer=0&created_at=now")).await;
    assert_eq!(
        faults(&wrong),
        pairs(&[
            ("created_at", "invalid"),
            ("customer", "out_of_range"),
            ("state", "not_a_choice")
        ])
    );
}

#[tokio::test]
async fn a_cursor_stays_valid_while_orders_are_placed_and_deleted() {
    let shop = Shop::open().await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "10.00", 100).await;
    let ann = shop.customer("ann").await;
    let mut orders = Vec::new();
    for _ in 0..4 {
        orders.push(id_of(&ann.buy(lamp, 1).await));
    }
    let page = boss.get(&format!("{PATH}?limit=2")).await.expect(200);
    let cursor = page["next"].as_str().expect("a cursor");

    ann.buy(lamp, 1).await;
    // The last one that the page showed.
    boss.delete_order(orders[2]).await.expect(200);

    let rest = boss.get(&format!("{PATH}?limit=2&after={cursor}")).await.expect(200);
    assert_eq!(ids(rest["data"].as_array().expect("a list")), [orders[1], orders[0]]);
    assert_eq!(rest["next"], Value::Null);
}

#[tokio::test]
async fn an_order_shows_recipient_payments_and_refunds() {
    let shop = Shop::open().await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "10.00", 10).await;
    let ann = shop.customer("ann").await;
    let order = id_of(&ann.buy(lamp, 2).await);
    let path = format!("{PATH}/{order}");
    let unpaid = boss.get(&path).await;
    assert_eq!(unpaid.expect(200)["payments"], json!([]));
    ann.pay(order).await;
    let refund = json!({"amount": "5.00", "reason": "A scratch"});
    boss.post(&format!("/api/v1/orders/{order}/refunds/"), refund).await.expect(201);

    let answer = boss.get(&path).await;
    let body = answer.expect(200);

    assert_eq!(body["shipping_address"]["street"], "123 Main St, City, State, ZIP");
    assert_eq!(body["recipient"]["email"], "ann@souk.example");
    assert_eq!((&body["total"], &body["currency"]), (&json!(2000), &json!("USD")));
    let payment = &body["payments"][0];
    assert_eq!((&payment["amount"], &payment["received"]), (&json!(2000), &json!(2000)));
    assert_eq!(payment["flow"], "intent");
    let refund = &body["refunds"][0];
    assert_eq!((&refund["amount"], &refund["reason"]), (&json!(500), &json!("A scratch")));
    assert_eq!(
        (&refund["decided_by"], &refund["payment_id"]),
        (&json!("administrator"), &payment["id"])
    );
    let version = body["version"].as_u64().expect("a number");
    assert!(answer.header("ETag").starts_with(&format!("\"v{version}.")), "{answer}");
    assert_ne!(answer.header("ETag"), unpaid.header("ETag"));
}
