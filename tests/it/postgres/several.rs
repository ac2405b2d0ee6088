//! Several processes of one shop under load, while some of them die or stand still.
//!
//! `SOUK_KILL_ROUNDS` sets the number of kills, `SOUK_KILL_SEED` repeats a run's choices (not its timing).

use std::time::Duration;

use super::storm::Storm;
use crate::faults::kill::from_environment;
use crate::faults::oversell::all_at_once;
use crate::support::{MailSink, Person, Postgres, Shops};
use futures_util::StreamExt;
use futures_util::stream;
use serde_json::json;

const PROCESSES: usize = 3;
const BUYERS: usize = 9;

#[tokio::test(flavor = "multi_thread")]
async fn three_processes_are_one_shop() {
    let (postgres, sink) = (Postgres::start(), MailSink::start());
    let store = postgres.database("shop").await;
    let mut shops = Shops::open_with(&store, PROCESSES, &[("SOUK_SMTP_URL", &sink.url())]).await;

    let storm = Storm::begin(&shops, 6, BUYERS).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    let calm = storm.end().await;

    calm.expect_everywhere(&shops).await;
    assert_eq!(calm.expect_mails(&sink).await, 0, "no mail is sent twice while nobody dies");
    shops.stop_and_check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_when_processes_are_killed_and_replaced() {
    let rounds = from_environment("SOUK_KILL_ROUNDS").unwrap_or(5);
    let seed = from_environment("SOUK_KILL_SEED").unwrap_or_else(|| fastrand::u64(..));
    eprintln!("{rounds} rounds, SOUK_KILL_SEED={seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let (postgres, sink) = (Postgres::start(), MailSink::start());
    let store = postgres.database("shop").await;
    let mut shops = Shops::open_with(&store, PROCESSES, &[("SOUK_SMTP_URL", &sink.url())]).await;

    // Few products, so that the processes write the same rows.
    let storm = Storm::begin(&shops, 3, BUYERS).await;
    for _ in 0..rounds {
        // Not a wait for an event: this test varies the moment of the kill.
        tokio::time::sleep(Duration::from_millis(random.u64(500..3_000))).await;
        let place = random.usize(..PROCESSES);
        shops.kill(place);
        tokio::time::sleep(Duration::from_millis(random.u64(..1_000))).await;
        shops.replace(place);
    }
    let calm = storm.end().await;

    calm.expect_everywhere(&shops).await;
    calm.expect_mails(&sink).await;
    shops.stop_and_check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_stood_still_past_its_leases_does_nothing_twice() {
    let (postgres, sink) = (Postgres::start(), MailSink::start());
    let store = postgres.database("shop").await;
    let mut shops = Shops::open_with(&store, PROCESSES, &[("SOUK_SMTP_URL", &sink.url())]).await;
    let storm = Storm::begin(&shops, 3, BUYERS).await;
    for place in 0..PROCESSES {
        shops.members[place].pause();
        // Leases last 10 s.
        tokio::time::sleep(Duration::from_secs(15)).await;
        shops.members[place].resume();
        // All do their share again before the next one stands still.
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    let calm = storm.end().await;

    calm.expect_everywhere(&shops).await;
    calm.expect_mails(&sink).await;
    shops.stop_and_check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn three_processes_sell_exactly_what_there_is() {
    const UNITS: i64 = 50;
    const BUYERS: usize = 150;
    let postgres = Postgres::start();
    let mut shops = Shops::open(&postgres.database("shop").await, PROCESSES).await;
    let boss = shops.members[0].admin().await;
    let laptop = boss.add_product("Laptop", "999.99", UNITS).await;
    let buyers: Vec<Person> = stream::iter(0..BUYERS)
        .map(|number| {
            let shop = &shops.members[number % PROCESSES];
            async move {
                let buyer = shop.customer(&format!("buyer{number}")).await;
                buyer.put_in_cart(laptop, 1).await.expect(201);
                buyer
            }
        })
        .buffer_unordered(8)
        .collect()
        .await;
    // Each of them checks out at a process that has not seen them yet.
    let elsewhere: Vec<Person> = buyers
        .iter()
        .enumerate()
        .map(|(number, buyer)| buyer.at(&shops.members[(number + 1) % PROCESSES]))
        .collect();

    let answers = all_at_once(elsewhere.iter().map(Person::ask_checkout)).await;

    for answer in answers.iter().filter(|answer| answer.status != 201) {
        answer.says(400, json!({"error": "Insufficient stock for Laptop"}));
    }
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count() as i64, UNITS);
    for boss in shops.bosses().await {
        assert_eq!(boss.stock_of(laptop).await, 0);
        assert_eq!(boss.report().await, (UNITS, 0.0, 0, UNITS));
    }
    for (buyer, answer) in elsewhere.iter().zip(&answers) {
        assert_eq!(buyer.orders().await.len(), usize::from(answer.status == 201));
    }
    shops.stop_and_check().await;
}
