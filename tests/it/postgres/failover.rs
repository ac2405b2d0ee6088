//! A standby takes over. If it has everything, the shop goes on; if it was behind, no process goes on as if nothing
//! was lost.

use std::time::Duration;

use super::storm::Storm;
use crate::support::{CuttableProxy, MailSink, Postgres, Shops};

const PROCESSES: usize = 3;
const BUYERS: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_that_was_waited_for_takes_over_and_nothing_is_lost() {
    let (mut postgres, sink) = (Postgres::start(), MailSink::start());
    let store = postgres.database("shop").await;
    let standby = postgres.standby("second").await;
    postgres.wait_for_standby("second").await;
    let proxy = CuttableProxy::to(postgres.address()).await;
    let settings = [("SOUK_SMTP_URL", sink.url())];
    let settings = settings.each_ref().map(|(name, value)| (*name, value.as_str()));
    let mut shops = Shops::open_with(&proxy.url(&store), PROCESSES, &settings).await;
    let storm = Storm::begin(&shops, 3, BUYERS).await;
    tokio::time::sleep(Duration::from_secs(3)).await;

    postgres.kill().await;
    standby.promote().await;
    proxy.lead_to(standby.address());
    tokio::time::sleep(Duration::from_secs(3)).await;
    let calm = storm.end().await;

    calm.expect_everywhere(&shops).await;
    calm.expect_mails(&sink).await;
    shops.stop_and_check().await;
}

/// The old primary stands still while the standby takes over, and comes back. Nothing that it answers counts.
#[tokio::test(flavor = "multi_thread")]
async fn a_primary_that_comes_back_after_its_standby_took_over_changes_nothing() {
    let postgres = Postgres::start();
    let store = postgres.database("shop").await;
    let standby = postgres.standby("second").await;
    postgres.wait_for_standby("second").await;
    let proxy = CuttableProxy::to(postgres.address()).await;
    let mut shops = Shops::open(&proxy.url(&store), PROCESSES).await;
    let storm = Storm::begin(&shops, 3, BUYERS).await;
    tokio::time::sleep(Duration::from_secs(2)).await;

    postgres.pause();
    standby.promote().await;
    proxy.lead_to(standby.address());
    tokio::time::sleep(Duration::from_secs(2)).await;
    postgres.resume();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let calm = storm.end().await;

    calm.expect_everywhere(&shops).await;
    shops.stop_and_check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_process_stops_when_the_standby_lost_what_was_acknowledged() {
    let mut postgres = Postgres::start();
    let store = postgres.database("shop").await;
    let proxy = CuttableProxy::to(postgres.address()).await;
    let through = proxy.url(&store);
    let mut shops = Shops::open(&through, 2).await;
    let boss = shops.members[0].admin().await;
    let lamp = boss.add_product("Lamp", "10.00", 10).await;
    let mut standby = postgres.standby("second").await;
    standby.stop().await;
    // It does not reach the standby.
    shops.members[0].customer("ann").await.buy(lamp, 1).await;
    postgres.kill().await;
    standby.restart();
    standby.promote().await;
    proxy.lead_to(standby.address());

    for shop in &mut shops.members {
        let code = shop.ended().await;
        assert!(code.is_some_and(|code| code != 0), "it says that something is wrong: {code:?}");
        assert!(shop.output().contains("lost"), "{}", shop.output());
    }
    // Started again by whoever decided to go on with what the standby has.
    for shop in &mut shops.members {
        shop.start();
    }
    for boss in shops.bosses().await {
        assert_eq!(boss.stock_of(lamp).await, 10);
        assert_eq!(boss.report().await.0, 0);
    }
    let ann = shops.members[1].customer("ann").await;
    ann.pay(crate::support::id_of(&ann.buy(lamp, 1).await)).await;
    assert_eq!(ann.at(&shops.members[0]).orders().await.len(), 1);
    shops.stop_and_check().await;
}
