//! The test environment itself: what the other tests rely on when they crash PostgreSQL and cut its connections.

use std::time::Duration;

use crate::support::{CuttableProxy, Postgres, Way, connect, eventually, psql};

const COUNT: &str = "SELECT count(*) FROM seen";

async fn count(url: &str) -> String {
    psql(url, COUNT).await.remove(0).remove(0)
}

async fn with_table(postgres: &Postgres) -> String {
    let url = postgres.database("shop").await;
    psql(&url, "CREATE TABLE seen (n int)").await;
    url
}

#[tokio::test]
async fn a_cluster_keeps_what_it_committed_when_it_is_killed() {
    let mut postgres = Postgres::start();
    let url = with_table(&postgres).await;
    for number in 1..=3 {
        let client = connect(&url).await;
        client.execute("INSERT INTO seen VALUES (1)", &[]).await.expect("a row");
        postgres.kill().await;
        assert!(client.simple_query(COUNT).await.is_err());
        postgres.restart();
        assert_eq!(count(&url).await, number.to_string());
    }
    postgres.stop().await;
    postgres.restart();
    assert_eq!(count(&url).await, "3");

    let client = connect(&url).await;
    assert_eq!(postgres.end_connections().await, 1);
    assert!(client.simple_query(COUNT).await.is_err());
}

#[tokio::test]
async fn a_paused_cluster_answers_after_the_pause() {
    let postgres = Postgres::start();
    let url = with_table(&postgres).await;
    let client = connect(&url).await;
    postgres.pause();
    let mut counted = std::pin::pin!(client.simple_query(COUNT));
    let soon = Duration::from_millis(300);
    assert!(tokio::time::timeout(soon, &mut counted).await.is_err(), "nobody answers");
    postgres.resume();
    counted.await.expect("an answer");
}

#[tokio::test]
async fn a_standby_that_is_waited_for_has_everything_when_it_is_promoted() {
    let mut postgres = Postgres::start();
    let url = with_table(&postgres).await;
    let standby = postgres.standby("second").await;
    postgres.wait_for_standby("second").await;
    for number in 1..=20 {
        psql(&url, "INSERT INTO seen VALUES (1)").await;
        assert_eq!(count(&standby.url_of("shop")).await, number.to_string());
    }
    postgres.kill().await;
    standby.promote().await;
    psql(&standby.url_of("shop"), "INSERT INTO seen VALUES (1)").await;
    assert_eq!(count(&standby.url_of("shop")).await, "21");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_forwards_stalls_refuses_and_cuts() {
    let postgres = Postgres::start();
    let url = with_table(&postgres).await;
    let proxy = CuttableProxy::to(postgres.address()).await;
    let through = proxy.url(&url);
    assert_eq!(count(&through).await, "0");

    let client = connect(&through).await;
    proxy.stall();
    let mut counted = std::pin::pin!(client.simple_query(COUNT));
    let soon = Duration::from_millis(300);
    assert!(tokio::time::timeout(soon, &mut counted).await.is_err(), "nothing is forwarded");
    proxy.mend();
    counted.await.expect("an answer");

    proxy.cut();
    assert!(client.simple_query(COUNT).await.is_err());
    let client = connect(&through).await;
    proxy.refuse();
    assert!(client.simple_query(COUNT).await.is_err());
    assert!(tokio_postgres::connect(&through, tokio_postgres::NoTls).await.is_err());
    proxy.mend();

    // A statement that is cut on its way there has no effect; cut on its way back, it has.
    for (way, rows) in [(Way::ToServer, "0"), (Way::ToClient, "1")] {
        let client = connect(&through).await;
        client.simple_query(COUNT).await.expect("an answer");
        proxy.cut_after(5, way);
        assert!(client.simple_query("INSERT INTO seen VALUES (1)").await.is_err());
        assert!(proxy.has_cut(way));
        eventually("the row", async || (count(&through).await == rows).then_some(())).await;
    }
}
