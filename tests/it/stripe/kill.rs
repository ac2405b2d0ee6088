//! Kills the shop with `kill -9` between Stripe's work and our books, at every step of a payment. After the restart
//! everybody continues, and Stripe's books, the orders and `souk check` agree.
//!
//! `SOUK_STRIPE_KILL_ROUNDS` sets the number of kills; with fewer kills than steps, the last steps are skipped.

use crate::support;
use crate::support::{Broker, Person, Shop, StripeStandIn, expect_to_agree, id_of};
use serde_json::json;

const STOCK: i64 = 100_000;
const PAGE: &str = "/api/v1/payments/create-checkout-session/";

/// The action of the shop that the kill interrupts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    MakeIntent,
    Charge,
    ChargeByMinimal,
    OpenPage,
    LeaveIntentForPage,
    LeavePageForIntent,
    CloseIntent,
    ClosePage,
    GiveBack,
}

const STEPS: [Step; 9] = [
    Step::MakeIntent,
    Step::Charge,
    Step::ChargeByMinimal,
    Step::OpenPage,
    Step::LeaveIntentForPage,
    Step::LeavePageForIntent,
    Step::CloseIntent,
    Step::ClosePage,
    Step::GiveBack,
];

/// The moment of the kill: before Stripe has begun (the request is there), or when Stripe is done.
const MOMENTS: [&str; 2] = ["delay", "delay_after"];

impl Step {
    /// The call to Stripe that is interrupted.
    fn call(self) -> &'static str {
        match self {
            Self::MakeIntent => "POST /v1/payment_intents$",
            Self::Charge | Self::ChargeByMinimal => "confirm$",
            Self::OpenPage => "POST /v1/checkout/sessions$",
            Self::LeaveIntentForPage | Self::CloseIntent => "cancel$",
            Self::LeavePageForIntent | Self::ClosePage => "expire$",
            Self::GiveBack => "POST /v1/refunds$",
        }
    }

    /// The end of its path.
    fn path_end(self) -> &'static str {
        self.call().trim_start_matches("POST ").trim_end_matches('$')
    }

    /// The customer's goal.
    fn is_called_off(self) -> bool {
        matches!(self, Self::CloseIntent | Self::ClosePage | Self::GiveBack)
    }

    /// The preparation.
    async fn prepare(self, ann: &Person, order: i64) {
        match self {
            Self::MakeIntent | Self::OpenPage | Self::ChargeByMinimal => {}
            Self::Charge | Self::LeaveIntentForPage | Self::CloseIntent => {
                ann.create_payment(order).await.expect(200);
            }
            Self::LeavePageForIntent | Self::ClosePage => {
                ann.post(PAGE, json!({"order_id": order})).await.expect(200);
            }
            Self::GiveBack => {
                ann.pay(order).await;
            }
        }
    }

    /// Triggers the call; its answer, if any, does not matter.
    async fn take(self, ann: &Person, boss: &Person, order: i64) {
        let path = |what: &str| format!("/api/v1/orders/{order}/{what}/");
        let card = json!({"payment_method": "pm_card_visa"});
        let asking = match self {
            Self::MakeIntent | Self::LeavePageForIntent => {
                ann.ask("POST", &path("create-payment")).json(&json!({}))
            }
            Self::Charge => ann.ask("POST", &path("confirm-payment")).json(&card),
            Self::ChargeByMinimal => {
                let body = json!({"order_id": order, "payment_method": "pm_card_visa"});
                ann.ask("POST", "/api/payments/").json(&body)
            }
            Self::OpenPage | Self::LeaveIntentForPage => {
                ann.ask("POST", PAGE).json(&json!({"order_id": order}))
            }
            Self::CloseIntent | Self::ClosePage | Self::GiveBack => {
                let body = json!({"status": "cancelled"});
                boss.ask("PATCH", &format!("/api/v1/orders/{order}/")).json(&body)
            }
        };
        let _ = asking.attempt().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_between_any_two_steps_everything_adds_up() {
    let table: Vec<(Step, &str)> =
        STEPS.iter().flat_map(|step| MOMENTS.iter().map(|moment| (*step, *moment))).collect();
    let rounds = from_environment("SOUK_STRIPE_KILL_ROUNDS").unwrap_or(table.len());
    let (stripe, broker) = (StripeStandIn::start(), Broker::start());
    let mut shop = stripe.open_shop(&[("SOUK_NATS_URL", &broker.url())]).await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "19.99", STOCK).await;
    let (mut orders, mut kept) = (Vec::new(), 0);
    for (round, (step, moment)) in table.iter().cycle().take(rounds).enumerate() {
        let boss = shop.admin().await;
        let ann = shop.customer(&format!("ann{round}")).await;
        let order = id_of(&ann.buy(lamp, 1).await);
        step.prepare(&ann, order).await;
        kill_at(*step, moment, &stripe, &mut shop, (&ann, &boss, order)).await;

        shop.start();
        stripe.no_faults().await;
        stripe.tell(&shop).await;
        finish(*step, &ann, &boss, order).await;
        stripe.expect_every_webhook_heard().await;
        let status = expect_to_agree(&boss, &stripe, &[order]).await;
        let wanted = if step.is_called_off() { "cancelled" } else { "completed" };
        assert_eq!(status, [wanted], "killed at {step:?}, {moment}");
        kept += i64::from(!step.is_called_off());
        orders.push((order, wanted));
    }

    let boss = shop.admin().await;
    let all: Vec<i64> = orders.iter().map(|(order, _)| *order).collect();
    expect_to_agree(&boss, &stripe, &all).await;
    assert_eq!(boss.stock_of(lamp).await, STOCK - kept);
    for (order, wanted) in orders.iter().filter(|(_, wanted)| *wanted == "completed") {
        let events = broker.expect_history(*order, &["placed", "paid"]).await;
        assert_eq!(events.len(), 2, "order {order} is {wanted}");
    }
    shop.stop().await;
    shop.check();
}

/// Kills the shop while the step's call is at Stripe.
async fn kill_at(
    step: Step,
    moment: &str,
    stripe: &StripeStandIn,
    shop: &mut Shop,
    (ann, boss, order): (&Person, &Person, i64),
) {
    let before = stripe.calls_so_far().await;
    stripe
        .fault_with(json!({"on": step.call(), "kind": moment, "times": 100, "seconds": 0.7}))
        .await;
    let (ann, boss) = (ann.clone(), boss.clone());
    let taking = tokio::spawn(async move { step.take(&ann, &boss, order).await });
    support::eventually("the call at Stripe", async || {
        let is_cut_off = |call: &serde_json::Value| {
            let path = call["path"].as_str().unwrap_or_default();
            let is_begun = moment == "delay" || !call["status"].is_null();
            call["method"] == "POST" && path.ends_with(step.path_end()) && is_begun
        };
        stripe.calls_since(before).await.iter().any(is_cut_off).then_some(())
    })
    .await;
    shop.kill();
    taking.await.expect("no answer, or any");
}

/// Continues as a customer or an administrator without an answer would.
async fn finish(step: Step, ann: &Person, boss: &Person, order: i64) {
    support::eventually("the end of what was begun", async || {
        if step.is_called_off() {
            boss.set_status(order, "cancelled").await;
            let shown = boss.order(order).await.expect(200);
            return (shown["status"] == "cancelled").then_some(());
        }
        ann.create_payment(order).await;
        ann.confirm_payment(order, "pm_card_visa").await;
        let shown = ann.order(order).await.expect(200);
        (shown["status"] == "completed").then_some(())
    })
    .await;
}

fn from_environment(name: &str) -> Option<usize> {
    std::env::var(name)
        .ok()
        .map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is a number, not {text:?}")))
}
