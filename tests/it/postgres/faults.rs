//! The database goes away, ends connections, stops answering; the network cuts them at any octet. Nothing acknowledged
//! is lost, nothing happens twice, and while the database is away nobody is shown an old state.

use std::time::Duration;

use super::storm::Storm;
use crate::support::{
    Answer, CuttableProxy, MailSink, Person, Postgres, SHARED_SECRET, Shop, Shops, Way, eventually,
    psql,
};
use serde_json::json;

const PROCESSES: usize = 3;
const BUYERS: usize = 8;

/// Requests that the shop cannot answer without its rows.
async fn ask_for_everything(person: &Person) -> Vec<Answer> {
    let mut answers = Vec::new();
    for path in ["/api/v1/products/", "/api/v1/cart/", "/api/v1/orders/", "/api/v1/auth/profile/"] {
        answers.push(person.get(path).await);
    }
    answers.push(person.put_in_cart(1, 1).await);
    let body = json!({"email": "new@souk.example", "password": "a-password-1", "password_confirm": "a-password-1"});
    answers.push(person.bearing("").post("/api/v1/auth/register/", body).await);
    answers
}

/// Every request is refused for now, and the probes say why.
async fn expect_away(shop: &Shop, person: &Person) {
    for answer in ask_for_everything(person).await {
        assert_eq!(answer.status, 503, "{answer}");
        assert!(!answer.header("Retry-After").is_empty(), "{answer}");
    }
    eventually("the shop to say that it is not ready", async || {
        let ready = shop.nobody().get("/readyz").await;
        (ready.status == 503 && ready.text.contains("database")).then_some(())
    })
    .await;
    // A restart would not help.
    assert_eq!(shop.nobody().get("/healthz").await.status, 200);
}

async fn expect_back(shop: &Shop, person: &Person) {
    eventually("the shop to be back", async || {
        let ready = shop.nobody().get("/readyz").await;
        let products = person.get("/api/v1/products/").await;
        (ready.status == 200 && products.status == 200).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_database_every_request_is_refused_until_it_is_back() {
    let mut postgres = Postgres::start();
    let mut shops = Shops::open(&postgres.database("shop").await, 2).await;
    let boss = shops.members[0].admin().await;
    let lamp = boss.add_product("Lamp", "10.00", 10).await;
    let ann = shops.everywhere(&shops.members[0].customer("ann").await);
    for round in 0..2 {
        match round {
            0 => postgres.stop().await,
            _ => postgres.kill().await,
        }
        for (shop, ann) in shops.members.iter().zip(&ann) {
            expect_away(shop, ann).await;
        }
        postgres.restart();
        for (shop, ann) in shops.members.iter().zip(&ann) {
            expect_back(shop, ann).await;
        }
        ann[0].buy(lamp, 1).await;
        assert_eq!(ann[1].orders().await.len(), round + 1);
    }
    // A process that starts while the database is away says so, and ends.
    postgres.kill().await;
    let late = shops.members[0].successor();
    let refused = late.run(&["serve", "--listen", "127.0.0.1:0"], "").expect_refusal();
    assert!(!refused.stderr.contains(crate::support::DATABASE_PASSWORD), "{refused:#?}");
    postgres.restart();
    expect_back(&shops.members[0], &ann[0]).await;
    expect_back(&shops.members[1], &ann[1]).await;
    shops.stop_and_check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_when_the_database_is_killed() {
    let (mut postgres, sink) = (Postgres::start(), MailSink::start());
    let store = postgres.database("shop").await;
    let mut shops = Shops::open_with(&store, PROCESSES, &[("SOUK_SMTP_URL", &sink.url())]).await;
    let storm = Storm::begin(&shops, 3, BUYERS).await;
    for round in 0..4 {
        tokio::time::sleep(Duration::from_millis(fastrand::u64(500..2_500))).await;
        postgres.kill().await;
        // Sometimes longer than the processes try one connection, sometimes not.
        tokio::time::sleep(Duration::from_millis(round * 700)).await;
        postgres.restart();
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let calm = storm.end().await;

    calm.expect_everywhere(&shops).await;
    calm.expect_mails(&sink).await;
    shops.stop_and_check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ended_connections_are_made_again() {
    let (postgres, sink) = (Postgres::start(), MailSink::start());
    let store = postgres.database("shop").await;
    let mut shops = Shops::open_with(&store, PROCESSES, &[("SOUK_SMTP_URL", &sink.url())]).await;
    let storm = Storm::begin(&shops, 3, BUYERS).await;
    let mut ended = 0;
    for _ in 0..40 {
        tokio::time::sleep(Duration::from_millis(fastrand::u64(20..400))).await;
        ended += postgres.end_connections().await;
    }
    let calm = storm.end().await;

    assert!(ended > 40, "only {ended} connections were ended");
    calm.expect_everywhere(&shops).await;
    calm.expect_mails(&sink).await;
    shops.stop_and_check().await;
}

/// A commit whose answer is lost happened, or it can never happen any more: its buyer sees one of both, never both.
#[tokio::test(flavor = "multi_thread")]
async fn a_connection_may_be_cut_at_any_octet_of_a_commit() {
    let postgres = Postgres::start();
    let store = postgres.database("shop").await;
    let proxy = CuttableProxy::to(postgres.address()).await;
    let mut shops = Shops::open(&proxy.url(&store), PROCESSES).await;
    let storm = Storm::begin(&shops, 3, BUYERS).await;
    let mut cuts = 0;
    while cuts < 100 {
        let way = if fastrand::bool() { Way::ToServer } else { Way::ToClient };
        // Some thousand octets are a few commits in one direction, and many in the other.
        proxy.cut_after(fastrand::u64(..20_000), way);
        eventually("a cut", async || proxy.has_cut(way).then_some(())).await;
        cuts += 1;
        tokio::time::sleep(Duration::from_millis(fastrand::u64(..200))).await;
    }
    let calm = storm.end().await;

    calm.expect_everywhere(&shops).await;
    shops.stop_and_check().await;
    expect_log_without_gap(&store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_that_forwards_nothing_is_noticed() {
    let postgres = Postgres::start();
    let store = postgres.database("shop").await;
    let proxy = CuttableProxy::to(postgres.address()).await;
    let mut shops = Shops::open(&store, 1).await;
    let mut lost = Shop::closed_with(&[("SOUK_STORE", &proxy.url(&store)), SHARED_SECRET]);
    lost.start();
    shops.members.push(lost);
    let boss = shops.bosses().await;
    let lamp = boss[0].add_product("Lamp", "10.00", 10).await;
    let ann = shops.everywhere(&shops.members[0].customer("ann").await);
    ann[1].put_in_cart(lamp, 1).await.expect(201);

    proxy.stall();
    // Requests wait for the database for a while; nobody gets an old state.
    expect_away(&shops.members[1], &ann[1]).await;
    // The other process is held up only until the database releases a lock of the lost one.
    eventually("a purchase at the other process", async || {
        (ann[0].put_in_cart(lamp, 1).await.status == 201).then_some(())
    })
    .await;
    eventually("an order at the other process", async || {
        (ann[0].checkout().await.status == 201).then_some(())
    })
    .await;

    proxy.cut();
    proxy.mend();
    expect_back(&shops.members[1], &ann[1]).await;
    assert_eq!(ann[1].orders().await.len(), 1);
    assert_eq!(ann[1].cart().await["items"], json!([]));
    shops.stop_and_check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_stands_still_holds_nobody_up() {
    let postgres = Postgres::start();
    let store = postgres.database("shop").await;
    let mut shops = Shops::open(&store, 2).await;
    let lamp = shops.members[0].admin().await.add_product("Lamp", "10.00", 10_000).await;
    let ann = shops.everywhere(&shops.members[0].customer("ann").await);
    let ben = shops.everywhere(&shops.members[0].customer("ben").await);
    for round in 0..5_i64 {
        // Under load, so that it may stop within a commit.
        let busy = ann[1].clone();
        let buying = tokio::spawn(async move {
            loop {
                let answer = busy.order_directly(&[(lamp, 1)]).await;
                assert!([201, 503].contains(&answer.status), "{answer}");
            }
        });
        tokio::time::sleep(Duration::from_millis(fastrand::u64(100..500))).await;
        shops.members[1].pause();
        // A lock that the other one holds is released by the database.
        eventually("an order", async || {
            (ben[0].order_directly(&[(lamp, 1)]).await.status == 201).then_some(())
        })
        .await;
        shops.members[1].resume();
        buying.abort();
        assert!(buying.await.is_err_and(|ended| ended.is_cancelled()));
        eventually("the process to go on", async || {
            (ben[1].order_directly(&[(lamp, 1)]).await.status == 201).then_some(())
        })
        .await;
        assert_eq!(ben[0].orders().await.len() as i64, 2 * (round + 1));
    }
    shops.stop_and_check().await;
    expect_log_without_gap(&store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_stands_still_loses_nothing() {
    let postgres = Postgres::start();
    let mut shops = Shops::open(&postgres.database("shop").await, PROCESSES).await;
    let storm = Storm::begin(&shops, 3, BUYERS).await;
    for seconds in [1, 12] {
        tokio::time::sleep(Duration::from_secs(1)).await;
        postgres.pause();
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        postgres.resume();
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let calm = storm.end().await;

    calm.expect_everywhere(&shops).await;
    shops.stop_and_check().await;
}

/// Committed epochs are numbered without a gap; those that were given up have negative numbers.
pub(super) async fn expect_log_without_gap(store: &str) {
    let log = "SELECT count(*), max(no) - min(no) + 1, max(no) = (SELECT last FROM souk_epoch)
        FROM souk_epochs WHERE no > 0";
    let log = psql(store, log).await.remove(0);
    assert_eq!((&log[0], log[2].as_str()), (&log[1], "t"), "{log:?}");
}
