//! Operation 32 of the storefront document: the report.

use crate::support::{Shop, id_of};
use serde_json::json;

const REPORT: &str = "/api/v1/reports/summary/";

#[tokio::test]
async fn the_report_counts_orders_and_adds_up_what_was_paid() {
    let mut shop = Shop::open().await;
    let boss = shop.admin().await;
    assert_eq!(boss.report().await, (0, 0.0, 0, 0));
    let lamp = boss.add_product("Lamp", "19.99", 50).await;
    let ann = shop.customer("ann").await;

    let first = id_of(&ann.buy(lamp, 3).await);
    let second = id_of(&ann.buy(lamp, 1).await);
    let cancelled = id_of(&ann.buy(lamp, 1).await);
    ann.buy(lamp, 1).await;
    let deleted = id_of(&ann.buy(lamp, 1).await);
    ann.pay(first).await;
    ann.pay(second).await;
    boss.set_status(cancelled, "cancelled").await.expect(200);
    ann.delete_order(deleted).await.expect(200);
    // What is paid stays paid when it is delivered.
    boss.set_status(second, "shipped").await.expect(200);

    let expected = (4, 79.96, 2, 1);
    assert_eq!(boss.report().await, expected);
    shop.restart().await;
    assert_eq!(boss.report().await, expected);
}

#[tokio::test]
async fn only_administrators_read_it() {
    let shop = Shop::open().await;
    let ann = shop.customer("ann").await;

    ann.get(REPORT).await.says(403, json!({"error": "Only admins can access reports"}));
}
