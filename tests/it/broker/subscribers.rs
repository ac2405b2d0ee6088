//! Runs the Python programs of docs/subscribers.md unchanged, while the shop, the broker and the subscriber are killed.
//! What they learnt from the stream equals what the API shows.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::support::{Broker, Person, Process, Shop, eventually, id_of, python, repository};
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, PullConsumer, pull};
use futures_util::StreamExt;
use serde_json::Value;

/// The program of the page whose first line names this file.
fn program(name: &str) -> String {
    let page = std::fs::read_to_string(repository().join("docs/subscribers.md")).expect("there");
    let begin = format!("```python\n# {name}:");
    let at = page.find(&begin).unwrap_or_else(|| panic!("{name} is on the page"));
    let text = &page[at + "```python\n".len()..];
    text[..text.find("\n```").expect("the program ends")].to_owned()
}

fn run(program: &str, broker: &Broker, directory: &Path, log: &str) -> Process {
    let url = broker.url_of("subscriber");
    let password = url.split([':', '@']).nth(2).expect("a password");
    let address = url.replace(&format!("subscriber:{password}@"), "");
    let mut command = Command::new(python());
    command
        .args(["-X", "faulthandler", "-c", &format!("print('ready', flush=True)\n{program}")])
        .env("NATS_URL", address)
        .env("NATS_SUBSCRIBER_PASSWORD", password)
        .env("ORDERS", directory.join("orders.json"))
        .current_dir(directory);
    Process::start("the subscriber", &mut command, &directory.join(log), "ready").0
}

/// An order in terms that both sides know: status, whether paid, total in cents, lines.
type Known = BTreeMap<i64, (String, String, BTreeMap<i64, i64>)>;

/// What the subscriber has stored.
fn learnt(directory: &Path) -> Known {
    let text = std::fs::read_to_string(directory.join("orders.json")).unwrap_or_default();
    let orders: BTreeMap<String, Value> = serde_json::from_str(&text).unwrap_or_default();
    let living = orders.values().filter(|order| order["deleted"] == false);
    let known = living.map(|order| {
        let order = &order["order"];
        let cents = order["total"]["amount"].as_i64().expect("an amount");
        let total = format!("{}.{:02}", cents / 100, cents % 100);
        let lines = order["lines"].as_array().expect("lines").iter().map(|line| {
            let number = |name: &str| line[name].as_i64().expect("a number");
            (number("product_id"), number("quantity"))
        });
        let status = order["status"].as_str().expect("a status").to_owned();
        (id_of(order), (status, total, lines.collect()))
    });
    known.collect()
}

/// What the API shows.
async fn told_by_the_api(boss: &Person) -> Known {
    let orders = boss.orders().await;
    let known = orders.iter().map(|order| {
        let lines = order["items"].as_array().expect("items").iter().map(|item| {
            let product = item["product"]["id"].as_i64().expect("an id");
            (product, item["quantity"].as_i64().expect("a number"))
        });
        let text = |name: &str| order[name].as_str().expect("a text").to_owned();
        (id_of(order), (text("status"), text("total_amount"), lines.collect()))
    });
    known.collect()
}

async fn trade(ann: &Person, boss: &Person, lamp: i64, chair: i64) {
    let paid = id_of(&ann.buy(lamp, 2).await);
    ann.pay(paid).await;
    boss.set_status(paid, "shipped").await.expect(200);
    let changed = id_of(&ann.order_directly(&[(lamp, 1), (chair, 3)]).await.expect(201));
    let path = format!("/api/orders/{changed}/add_product/");
    ann.post(&path, serde_json::json!({"product_id": chair})).await.expect(200);
    let cancelled = id_of(&ann.buy(chair, 1).await);
    boss.set_status(cancelled, "cancelled").await.expect(200);
    let deleted = id_of(&ann.buy(lamp, 1).await);
    ann.delete_order(deleted).await.expect(200);
}

async fn the_subscriber_knows_what_the_api_says(boss: &Person, directory: &Path) {
    let expected = told_by_the_api(boss).await;
    assert!(!expected.is_empty());
    eventually(&format!("the subscriber to know {expected:#?}"), async || {
        (learnt(directory) == expected).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_subscriber_written_from_the_page_knows_every_order_after_everything_was_killed() {
    let mut broker = Broker::start();
    let mut shop = Shop::open_with(&[("SOUK_NATS_URL", &broker.url())]).await;
    let mut boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "10.00", 1_000).await;
    let chair = boss.add_product("Chair", "19.99", 1_000).await;
    let mut ann = shop.customer("ann").await;
    // Before any subscriber runs: a new subscriber gets everything that is retained.
    trade(&ann, &boss, lamp, chair).await;
    let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
    let orders = program("orders.py");
    let subscriber = run(&orders, &broker, directory.path(), "orders.log");
    the_subscriber_knows_what_the_api_says(&boss, directory.path()).await;

    trade(&ann, &boss, lamp, chair).await;
    shop.kill();
    shop.start();
    (boss, ann) = (shop.admin().await, shop.nobody().log_in(&ann.email, &ann.password).await);
    trade(&ann, &boss, lamp, chair).await;
    broker.kill();
    trade(&ann, &boss, lamp, chair).await;
    subscriber.kill();
    broker.restart();
    trade(&ann, &boss, lamp, chair).await;
    let subscriber = run(&orders, &broker, directory.path(), "orders.log");
    trade(&ann, &boss, lamp, chair).await;
    the_subscriber_knows_what_the_api_says(&boss, directory.path()).await;

    // The broker's disk is lost, with the consumer on it.
    broker.kill();
    broker.wipe();
    broker.restart();
    trade(&ann, &boss, lamp, chair).await;
    the_subscriber_knows_what_the_api_says(&boss, directory.path()).await;
    subscriber.kill();
}

#[tokio::test]
async fn the_tail_program_of_the_page_prints_everything_once_and_in_order() {
    let mut broker = Broker::start();
    let shop = Shop::open_with(&[("SOUK_NATS_URL", &broker.url())]).await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "10.00", 1_000).await;
    let chair = boss.add_product("Chair", "19.99", 1_000).await;
    let ann = shop.customer("ann").await;
    trade(&ann, &boss, lamp, chair).await;
    let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
    let tail = run(&program("tail.py"), &broker, directory.path(), "tail.log");
    trade(&ann, &boss, lamp, chair).await;
    let told = |output: &str| -> Vec<String> {
        let lines = output.lines().filter_map(|line| line.split_once(" souk."));
        lines.map(|(id, _)| id.to_owned()).collect()
    };
    let on_the_stream = async |broker: &Broker| -> Vec<String> {
        broker.events().await.into_iter().map(|event| event.message_id).collect()
    };

    eventually("the tail has told of everything", async || {
        let ids = on_the_stream(&broker).await;
        (!ids.is_empty() && told(&tail.output()) == ids).then_some(())
    })
    .await;
    broker.kill();
    broker.restart();
    trade(&ann, &boss, lamp, chair).await;

    eventually("the tail goes on", async || {
        let ids = on_the_stream(&broker).await;
        (told(&tail.output()) == ids).then_some(())
    })
    .await;
}

/// The consumer of orders.py, with this redelivery time for unacknowledged messages.
async fn consumer_of_orders(broker: &Broker, ack_wait: Duration) -> PullConsumer {
    let context = async_nats::jetstream::new(broker.client_of("souk").await);
    let config = pull::Config {
        durable_name: Some("orders".to_owned()),
        filter_subject: "souk.event.v1.order.>".to_owned(),
        deliver_policy: DeliverPolicy::All,
        ack_policy: AckPolicy::Explicit,
        ack_wait,
        ..Default::default()
    };
    context.create_consumer_on_stream(config, "SOUK_EVENTS").await.expect("made")
}

#[tokio::test]
async fn a_restarted_subscriber_waits_for_messages_in_flight_at_its_crash() {
    // Redelivered: one message, several of one order, or messages of two orders.
    for under_way in [1, 2, 3] {
        let broker = Broker::start();
        let shop = Shop::open_with(&[("SOUK_NATS_URL", &broker.url())]).await;
        let boss = shop.admin().await;
        let lamp = boss.add_product("Lamp", "10.00", 1_000).await;
        let ann = shop.customer("ann").await;
        let orders = [id_of(&ann.buy(lamp, 1).await), id_of(&ann.buy(lamp, 2).await)];
        let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
        eventually("the events are published", async || {
            (broker.events().await.iter().filter(|it| it.subject.ends_with("placed")).count() == 2)
                .then_some(())
        })
        .await;
        let consumer = consumer_of_orders(&broker, Duration::from_secs(4)).await;
        let subscriber = run(&program("orders.py"), &broker, directory.path(), "orders.log");
        the_subscriber_knows_what_the_api_says(&boss, directory.path()).await;
        subscriber.kill();

        let events = broker.events().await.len();
        for status in ["processing", "completed", "shipped"] {
            for order in orders {
                boss.set_status(order, status).await.expect(200);
            }
        }
        eventually("they are published too", async || {
            (broker.events().await.len() >= events + 6).then_some(())
        })
        .await;
        // The subscriber had received this when it crashed, and had stored nothing of it.
        let taken = consumer.fetch().max_messages(under_way).messages().await.expect("asked");
        let taken: Vec<_> = taken.collect().await;
        assert_eq!(taken.len(), under_way);
        drop(taken);

        let subscriber = run(&program("orders.py"), &broker, directory.path(), "orders.log");
        the_subscriber_knows_what_the_api_says(&boss, directory.path()).await;
        assert!(!subscriber.output().contains("ask the shop"), "{}", subscriber.output());
        subscriber.kill();
    }
}

#[tokio::test]
async fn a_subscriber_follows_a_shop_that_was_restored_from_a_copy() {
    let broker = Broker::start();
    let mut shop = Shop::open_with(&[("SOUK_NATS_URL", &broker.url())]).await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "10.00", 1_000).await;
    let ann = shop.customer("ann").await;
    let known = id_of(&ann.buy(lamp, 1).await);
    ann.pay(known).await;
    let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
    let subscriber = run(&program("orders.py"), &broker, directory.path(), "orders.log");
    the_subscriber_knows_what_the_api_says(&boss, directory.path()).await;
    let copy = shop.directory().join("copy");
    let copy = copy.to_str().expect("ASCII").to_owned();
    shop.run(&["backup", &copy], "").expect_success();
    // The copy lacks two versions of one order, and another order.
    boss.set_status(known, "shipped").await.expect(200);
    boss.set_status(known, "delivered").await.expect(200);
    let undone = id_of(&ann.buy(lamp, 3).await);
    ann.pay(undone).await;
    the_subscriber_knows_what_the_api_says(&boss, directory.path()).await;

    shop.stop().await;
    shop.run(&["restore", &copy, "--force"], "").expect_success();
    shop.start();
    let boss = shop.admin().await;
    boss.set_status(known, "shipped").await.expect(200);
    let bob = shop.customer("bob").await;
    assert_eq!(id_of(&bob.buy(lamp, 5).await), undone, "the number lives again");

    the_subscriber_knows_what_the_api_says(&boss, directory.path()).await;
    assert!(!subscriber.output().contains("ask the shop"), "{}", subscriber.output());
    subscriber.kill();
}
