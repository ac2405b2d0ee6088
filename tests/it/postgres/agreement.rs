//! What one process acknowledged holds at the others at once: sessions, carts, keys, accounts, events.

use std::collections::BTreeSet;

use crate::faults::oversell::all_at_once;
use crate::support::services::ADD_ITEM;
use crate::support::{Listening, Person, Postgres, Shops, id_of};
use serde_json::{Value, json};

const ROUNDS: usize = 10;

async fn two_processes() -> (Postgres, Shops) {
    let postgres = Postgres::start();
    let shops = Shops::open(&postgres.database("shop").await, 2).await;
    (postgres, shops)
}

#[tokio::test(flavor = "multi_thread")]
async fn one_key_at_two_processes_is_one_order_with_one_answer() {
    let (_postgres, mut shops) = two_processes().await;
    let lamp = shops.members[0].admin().await.add_product("Lamp", "10.00", 100).await;
    let ann = shops.everywhere(&shops.members[0].customer("ann").await);
    for round in 0..ROUNDS {
        ann[round % 2].put_in_cart(lamp, 1).await.expect(201);
        let key = format!("order-{round}");
        let keyed = |person: &Person| person.ask_checkout().header("Idempotency-Key", &key);

        let answers = all_at_once(ann.iter().map(keyed)).await;

        let mut bodies = BTreeSet::new();
        for answer in answers.iter().filter(|answer| answer.status != 409) {
            answer.expect(201);
            bodies.insert(answer.text.clone());
        }
        assert_eq!(bodies.len(), 1, "{bodies:#?}");
        let first_hand = answers.iter().filter(|it| it.status == 201 && !it.is_replay());
        assert_eq!(first_hand.count(), 1, "{answers:#?}");
        for person in &ann {
            let again = keyed(person).send().await;
            again.expect(201);
            assert!(again.is_replay() && bodies.contains(&again.text), "{again}");
            assert_eq!(person.orders().await.len(), round + 1);
        }
    }
    assert_eq!(ann[1].stock_of(lamp).await, 100 - ROUNDS as i64);
    shops.stop_and_check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_is_registered_once() {
    let (_postgres, mut shops) = two_processes().await;
    for round in 0..ROUNDS {
        let email = format!("ann{round}@souk.example");
        let ask = |number: usize| {
            let password = format!("password-of-{number}");
            let body = json!({"email": email, "password": password, "password_confirm": password});
            let nobody = shops.members[number].nobody();
            nobody.ask("POST", "/api/v1/auth/register/").json(&body)
        };

        let answers = all_at_once([ask(0), ask(1)].into_iter()).await;

        let won: Vec<bool> = answers.iter().map(|answer| answer.status == 201).collect();
        assert_eq!(won.iter().filter(|won| **won).count(), 1, "{answers:#?}");
        for (number, won) in won.into_iter().enumerate() {
            if !won {
                answers[number].blames(400, &["email"]);
            }
            for member in &shops.members {
                let password = format!("password-of-{number}");
                let answer = member.nobody().try_log_in(&email, &password).await;
                assert_eq!(answer.status == 200, won, "{answer}");
            }
        }
    }
    shops.stop_and_check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_everywhere_at_once() {
    let (_postgres, shops) = two_processes().await;
    shops.members[0].customer("ann").await;
    for round in 0..ROUNDS {
        let (here, there) = (round % 2, (round + 1) % 2);
        let ann = shops.members[here].nobody();
        let ann = ann.log_in("ann@souk.example", "ann-password-1").await;
        let ann = shops.everywhere(&ann);
        ann[there].get("/api/v1/cart/").await.expect(200);

        ann[here].ask("POST", "/api/v1/auth/logout").send().await.expect(200);

        ann[there].get("/api/v1/cart/").await.expect(401);
        let refresh = json!({"refresh": ann[there].refresh});
        shops.members[there].nobody().post("/api/v1/auth/refresh/", refresh).await.expect(401);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_with_a_session_that_ended_elsewhere() {
    let (_postgres, shops) = two_processes().await;
    let boss = shops.bosses().await;
    boss[0].add_product("Lamp", "10.00", 10).await;
    let query = "?types=product.created";
    let mut stream = Listening::open(&shops.members[1], &boss[1], query, None).await;
    stream.until(1).await;

    boss[0].ask("POST", "/api/v1/auth/logout").send().await.expect(200);

    stream.expect_end_at_once(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_put_in_a_cart_is_there_for_all_processes() {
    let (_postgres, mut shops) = two_processes().await;
    let boss = shops.bosses().await;
    let ann = shops.everywhere(&shops.members[0].customer("ann").await);
    for round in 0..ROUNDS {
        let (here, there) = (round % 2, (round + 1) % 2);
        let product = boss[here].add_product(&format!("Lamp {round}"), "10.00", 10).await;
        assert_eq!(boss[there].stock_of(product).await, 10);
        ann[here].put_in_cart(product, 2).await.expect(201);
        let cart = ann[there].cart().await;
        assert_eq!(cart["items"].as_array().map(Vec::len), Some(1), "{cart}");
        let order = id_of(&ann[there].checkout().await.expect(201));
        assert_eq!(ann[here].cart().await["items"], json!([]));
        assert_eq!(ann[here].order(order).await.expect(200)["status"], "pending");
        ann[here].pay(order).await;
        assert_eq!(ann[there].order(order).await.expect(200)["status"], "completed");
        assert_eq!(boss[here].stock_of(product).await, 8);
    }
    shops.stop_and_check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guests_cart_is_merged_by_a_log_in_at_another_process() {
    let (_postgres, mut shops) = two_processes().await;
    let boss = shops.members[0].admin().await;
    let lamp = boss.add_product("Lamp", "10.00", 10).await;
    let chair = boss.add_product("Chair", "10.00", 10).await;
    let ann = shops.everywhere(&shops.members[0].customer("ann").await);
    ann[0].put_in_cart(lamp, 1).await.expect(201);
    let mut guest = shops.members[0].guest();
    guest.put_in(lamp, 2).await;
    guest.put_in(chair, 3).await;
    let mut there = shops.members[1].guest();
    there.key.clone_from(&guest.key);
    assert_eq!(there.lines().await, [(lamp, 2), (chair, 3)]);

    let log_in = json!({"email": ann[0].email, "password": ann[0].password});
    there.send("POST", "/api/v1/auth/login/", log_in).await.expect(200);

    assert_eq!(guest.lines().await, [], "the guest's cart is gone");
    let cart = ann[0].cart().await;
    let units = |item: &Value| (item["product"]["id"].as_i64(), item["quantity"].as_i64());
    let lines: BTreeSet<_> = cart["items"].as_array().expect("items").iter().map(units).collect();
    let wanted = [(Some(lamp), Some(3)), (Some(chair), Some(3))];
    assert_eq!(lines, BTreeSet::from(wanted));
    shops.stop_and_check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn racing_guests_at_two_processes_fill_one_cart() {
    let (_postgres, mut shops) = two_processes().await;
    let lamp = shops.members[0].admin().await.add_product("Lamp", "10.00", 100).await;
    let mut guest = shops.members[0].guest();
    guest.put_in(lamp, 1).await;
    for round in 1..=ROUNDS {
        let body = json!({"product_id": lamp.to_string(), "quantity": 1});
        let asks = shops.members.iter().map(|member| {
            member.nobody().ask("POST", ADD_ITEM).header("X-Cart-Key", &guest.key).json(&body)
        });
        for answer in all_at_once(asks).await {
            answer.expect(200);
        }
        assert_eq!(guest.lines().await, [(lamp, 1 + 2 * round as i64)], "no unit is lost");
    }
    shops.stop_and_check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_of_events_continues_at_another_process() {
    let (_postgres, mut shops) = two_processes().await;
    let boss = shops.bosses().await;
    let lamp = boss[0].add_product("Lamp", "10.00", 1_000).await;
    let ann = shops.everywhere(&shops.members[0].customer("ann").await);
    // Somebody buys at both processes the whole time.
    let buying = ann.clone().into_iter().map(|ann| {
        tokio::spawn(async move {
            for _ in 0..40 {
                ann.order_directly(&[(lamp, 1)]).await.expect(201);
            }
        })
    });
    let buying: Vec<_> = buying.collect();

    let mut heard: Vec<(u64, i64)> = Vec::new();
    let mut at = 0;
    while heard.len() < 80 {
        let last = heard.last().map(|(id, _)| *id);
        let mut stream =
            Listening::open(&shops.members[at], &boss[at], "?types=order.placed", last).await;
        for (id, _, body) in stream.until(7.min(80 - heard.len())).await {
            heard.push((id, id_of(&body["data"]["order"])));
        }
        at = 1 - at;
    }
    for buyer in buying {
        buyer.await.expect("it bought");
    }

    assert!(heard.windows(2).all(|pair| pair[0].0 < pair[1].0), "in order: {heard:?}");
    let orders: BTreeSet<i64> = heard.iter().map(|(_, order)| *order).collect();
    assert_eq!((heard.len(), orders.len()), (80, 80), "none is missing, none comes twice");
    let shown: BTreeSet<i64> = ann[0].orders().await.iter().map(id_of).collect();
    assert_eq!(orders, shown);
    // An event is sent to those who already listen, wherever it happened.
    let last = heard.last().map(|(id, _)| *id);
    for (round, (here, there)) in [(0, 1), (1, 0)].into_iter().enumerate() {
        let mut stream =
            Listening::open(&shops.members[there], &boss[there], "?types=order.placed", last).await;
        stream.until(round).await;
        let order = ann[here].order_directly(&[(lamp, 1)]).await.expect(201);
        let events = stream.until(round + 1).await;
        assert_eq!(events[round].2["data"]["order"]["id"], order["id"]);
    }
    shops.stop_and_check().await;
}
