//! `GET /api/v1/events`: all retained events, then new ones while the client stays connected.

use crate::support;
use crate::support::{Listening, Person, Shop, events_in, id_of};
use serde_json::{Value, json};

async fn retained(boss: &Person, query: &str) -> Vec<(u64, String, Value)> {
    let answer = boss.get(&format!("/api/v1/events?follow=false{query}")).await;
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, "text/event-stream; charset=utf-8")
    );
    events_in(&answer.text)
}

#[tokio::test]
async fn a_stream_sends_retained_then_new_events_and_resumes() {
    let mut shop = Shop::open().await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "10.00", 10).await;
    let ann = shop.customer("ann").await;
    let first = id_of(&ann.buy(lamp, 1).await);

    let mut listening =
        Listening::open(&shop, &boss, "?types=order.*,payment.succeeded", None).await;
    let told = listening.until(1).await;
    assert_eq!(
        (told[0].1.as_str(), &told[0].2["data"]["order"]["id"]),
        ("order.placed", &json!(first))
    );
    ann.pay(first).await;
    let told = listening.until(3).await;
    let names: Vec<_> = told.iter().map(|(_, name, _)| name.as_str()).collect();
    assert!(names.contains(&"payment.succeeded") && names.contains(&"order.paid"), "{names:?}");

    // After a lost connection the client names the last id it got.
    boss.set_status(first, "shipped").await.expect(200);
    let last = told[2].0;
    let mut again = Listening::open(&shop, &boss, "?types=order.*", Some(last)).await;
    let resumed = again.until(1).await;
    assert_eq!(resumed[0].1, "order.shipped");
    assert!(resumed[0].0 > last);

    let all = retained(&boss, "").await;
    assert!(all.windows(2).all(|pair| pair[0].0 < pair[1].0), "in order");
    assert!(all.iter().any(|(_, name, _)| name == "user.registered"));
    assert!(!all.iter().any(|(_, _, body)| body["data"].get("to").is_some()), "no mails");
    assert_eq!(retained(&boss, "&types=order.shipped").await.len(), 1);

    // Closing the shop ends the streams and does not wait for their clients.
    shop.stop().await;
    listening.expect_end().await;
    again.expect_end().await;
    shop.check();
}

#[tokio::test]
async fn a_stream_ends_with_its_session() {
    let mut shop = Shop::open().await;
    let boss = shop.admin().await;
    let body = json!({"email": "ida@souk.example", "password": "password123",
        "password_confirm": "password123", "user_type": "admin"});
    let ida = id_of(&boss.post("/api/v1/auth/register/", body).await.expect(201)["data"]["user"]);
    let log_in = async || shop.nobody().log_in("ida@souk.example", "password123").await;
    let lamp = boss.add_product("Lamp", "10.00", 10).await;
    let listen = async |person: &Person| {
        let mut listening = Listening::open(&shop, person, "?types=product.created", None).await;
        listening.until(1).await;
        listening
    };
    let logged_out = log_in().await;
    let other = log_in().await;
    let staying = log_in().await;

    let stream = listen(&logged_out).await;
    logged_out.ask("POST", "/api/v1/auth/logout").send().await.expect(200);
    stream.expect_end_at_once(1).await;

    // A new password ends every session except the one that set it.
    let (stream, stays) = (listen(&other).await, listen(&staying).await);
    let body = json!({"old_password": "password123", "new_password": "password456",
        "new_password_confirm": "password456"});
    staying.post("/api/v1/auth/change-password/", body).await.expect(200);
    stream.expect_end_at_once(1).await;
    let mut stays = stays;
    boss.add_product("Vase", "10.00", 10).await;
    assert_eq!(stays.until(2).await.len(), 2);

    boss.delete(&format!("/api/v1/users/{ida}")).await.expect(204);
    stays.expect_end_at_once(2).await;
    assert_eq!(boss.stock_of(lamp).await, 10);
    shop.stop().await;
}

#[tokio::test]
async fn invalid_stream_requests_are_refused_and_streams_are_limited() {
    let mut shop = Shop::open().await;
    let boss = shop.admin().await;
    let ask = async |query: &str| boss.get(&format!("/api/v1/events{query}")).await;
    ask("?types=orders").await.blames(400, &["types"]);
    for (unknown, meant) in [
        ("order.payed", Some("order.paid")),
        ("orders.*", Some("order.*")),
        ("user.registred", Some("user.registered")),
        ("payment.celebrated", None),
        ("basket.*", None),
    ] {
        let refused = ask(&format!("?follow=false&types=order.placed,{unknown}")).await;
        refused.blames(400, &["types"]);
        assert!(refused.text.contains(unknown), "{refused}");
        assert!(meant.is_none_or(|meant| refused.text.contains(meant)), "{refused}");
    }
    let many = vec!["order.paid"; 51].join(",");
    ask(&format!("?follow=false&types={many}")).await.blames(400, &["types"]);
    ask("?last_event_id=x&follow=no").await.blames(400, &["last_event_id", "follow"]);
    let mut open = Vec::new();
    // One client's limit of the 64 in all.
    for _ in 0..48 {
        open.push(Listening::open(&shop, &boss, "", None).await);
    }
    let refused = ask("").await;
    assert_eq!((refused.status, refused.header("retry-after")), (503, "1"));
    drop(open);
    support::eventually("room for another listener", async || {
        (ask("?follow=false").await.status == 200).then_some(())
    })
    .await;
    shop.stop().await;
}
