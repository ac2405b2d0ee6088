//! Service tokens: the setting, and the separation of idempotency keys.

use crate::support;
use crate::support::services::{SERVICE_SETTING, bad_token};
use crate::support::{Shop, id_of, run_souk_with};
use serde_json::json;

const UPDATE: &str = "/api/v1/order/update_order/";

#[test]
fn a_bad_setting_is_refused_by_name_and_without_its_tokens() {
    for setting in ["just-a-secret", "a:secret,", ":secret", "a:secret,a:other", "a:se cret"] {
        let refused = run_souk_with(
            &[("SOUK_SERVICE_TOKENS", setting)],
            &["serve", "--listen", "127.0.0.1:0", "--data", "data"],
        );
        let refused = refused.expect_refusal().naming("service_tokens");
        assert!(!refused.stderr.contains("secret"), "{refused:#?}");
    }
}

#[tokio::test]
async fn without_the_setting_no_service_may_call() {
    let shop = Shop::open().await;
    shop.service().post(UPDATE, json!({})).await.says(401, bad_token());
}

#[tokio::test]
async fn each_service_has_idempotency_keys_of_its_own() {
    let shop = Shop::open_with(&[SERVICE_SETTING]).await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "10.00", 5).await;
    let order = id_of(&shop.customer("ann").await.buy(lamp, 1).await);
    let (payments, mail) = (shop.service(), shop.nobody().bearing("another-service-token"));
    let body = json!({"order_id": order, "status": "processing"});
    let other = json!({"order_id": order, "status": "shipped"});
    let ask = |who: &support::Person, body: &serde_json::Value| {
        who.ask("POST", UPDATE).header("Idempotency-Key", "one").json(body)
    };

    assert!(!ask(&payments, &body).send().await.is_replay());
    assert!(ask(&payments, &body).send().await.is_replay());
    ask(&payments, &other).send().await.expect(422);
    let answer = ask(&mail, &other).send().await;
    answer.expect(200);
    assert!(!answer.is_replay());
    ask(&boss, &body).send().await.expect(409);
}
