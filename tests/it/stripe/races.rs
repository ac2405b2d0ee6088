//! Concurrent actions on one payment: a confirming browser, a confirming contract, Stripe's events, the success page,
//! a cancelling customer or administrator. In every order of events, money and stock add up.
//!
//! `SOUK_RACE_ROUNDS` sets the number of rounds, `SOUK_RACE_SEED` repeats a run's choices (not its timing).

use crate::support;
use std::time::Duration;

use crate::support::{Answer, Broker, Person, Shop, StripeStandIn, expect_to_agree, id_of};
use serde_json::{Value, json};

/// Concurrent rounds.
const LANES: u64 = 4;
const STOCK: i64 = 100_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    ConfirmHere,
    ConfirmInBrowser,
    AskOnly,
    PayByMinimal,
    Finalize,
    CreateAgain,
    OpenPage,
    PayPage,
    SuccessPage,
    CallOff,
}

const STEPS: [Step; 10] = [
    Step::ConfirmHere,
    Step::ConfirmInBrowser,
    Step::AskOnly,
    Step::PayByMinimal,
    Step::Finalize,
    Step::CreateAgain,
    Step::OpenPage,
    Step::PayPage,
    Step::SuccessPage,
    Step::CallOff,
];

/// One order, and what each side needs to act on its payment.
struct Race<'a> {
    stripe: &'a StripeStandIn,
    ann: &'a Person,
    boss: &'a Person,
    order: i64,
    intent: String,
}

impl Race<'_> {
    async fn take(&self, step: Step, pause: Duration) {
        // Not a wait for an event: this test varies the order of the steps.
        tokio::time::sleep(pause).await;
        let order = self.order;
        let answer = match step {
            Step::ConfirmHere => self.ann.confirm_payment(order, "pm_card_visa").await,
            Step::AskOnly => {
                self.ann.post(&format!("/api/v1/orders/{order}/confirm-payment/"), json!({})).await
            }
            Step::PayByMinimal => {
                let body = json!({"order_id": order, "payment_method": "pm_card_visa"});
                self.ann.post("/api/payments/", body).await
            }
            Step::Finalize => {
                let body = json!({"order": order, "amount": "19.99"});
                let payment = self.ann.post("/api/payments/", body).await;
                possible(step, &payment);
                let Some(id) = payment.json()["id"].as_i64() else { return };
                self.ann.post(&format!("/api/payments/{id}/finalize/"), json!({})).await
            }
            Step::CreateAgain => self.ann.create_payment(order).await,
            Step::OpenPage => self.open_page().await,
            Step::CallOff => {
                self.ann.post(&format!("/api/orders/{order}/cancel/"), json!({})).await
            }
            Step::ConfirmInBrowser => {
                self.stripe.confirm_in_browser(&self.intent, "pm_card_visa").await;
                return;
            }
            Step::PayPage => {
                let page = self.open_page().await;
                possible(step, &page);
                if let Some(url) = page.json()["checkout_url"].as_str() {
                    self.stripe.pay_page(url, "pm_card_visa").await;
                }
                return;
            }
            Step::SuccessPage => {
                let page = self.open_page().await;
                possible(step, &page);
                let url = page.json()["checkout_url"].as_str().unwrap_or_default().to_owned();
                let Some(session) = url.rsplit('/').next().filter(|id| !id.is_empty()) else {
                    return;
                };
                let success = format!("/api/v1/payments/success/?session_id={session}");
                self.boss.get(&success).await
            }
        };
        possible(step, &answer);
    }

    async fn open_page(&self) -> Answer {
        let path = "/api/v1/payments/create-checkout-session/";
        self.ann.post(path, json!({"order_id": self.order})).await
    }
}

#[track_caller]
fn possible(step: Step, answer: &Answer) {
    let possible = [200, 201, 400, 403, 404, 409].contains(&answer.status);
    assert!(possible, "{step:?} was answered: {answer}");
}

/// Runs one race to its end; returns the order.
async fn race(stripe: &StripeStandIn, shop: &Shop, boss: &Person, product: i64, seed: u64) -> i64 {
    let mut random = fastrand::Rng::with_seed(seed);
    let ann = shop.customer(&format!("ann{seed}")).await;
    let order = id_of(&ann.buy(product, 1).await);
    let payment = ann.create_payment(order).await.expect(200);
    let intent = payment["payment_intent_id"].as_str().expect("an intent").to_owned();
    let race = Race { stripe, ann: &ann, boss, order, intent };
    let mut steps = STEPS.to_vec();
    random.shuffle(&mut steps);
    steps.truncate(random.usize(2..=STEPS.len()));
    let running = steps.into_iter().map(|step| {
        let pause = Duration::from_millis(random.u64(0..40));
        race.take(step, pause)
    });
    futures_util::future::join_all(running.collect::<Vec<_>>()).await;
    order
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_actions_on_a_payment_add_up() {
    let rounds = from_environment("SOUK_RACE_ROUNDS").unwrap_or(24);
    let seed = from_environment("SOUK_RACE_SEED").unwrap_or_else(|| fastrand::u64(..1 << 40));
    eprintln!("{rounds} rounds, SOUK_RACE_SEED={seed}");
    let (stripe, broker) = (StripeStandIn::start(), Broker::start());
    let mut shop = stripe.open_shop(&[("SOUK_NATS_URL", &broker.url())]).await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "19.99", STOCK).await;
    stripe.webhooks(json!({"copies": 2, "shuffles": true})).await;

    let mut orders = Vec::new();
    for first in (0..rounds).step_by(usize::try_from(LANES).expect("few lanes")) {
        let boss = shop.admin().await;
        let lanes = (first..rounds.min(first + LANES))
            .map(|round| race(&stripe, &shop, &boss, lamp, seed + round));
        let raced = futures_util::future::join_all(lanes.collect::<Vec<_>>()).await;
        stripe.expect_every_webhook_heard().await;
        expect_to_agree(&boss, &stripe, &raced).await;
        orders.extend(raced);
    }

    let boss = shop.admin().await;
    let statuses = expect_to_agree(&boss, &stripe, &orders).await;
    let count = |wanted: &str| statuses.iter().filter(|status| *status == wanted).count();
    let (paid, off) = (count("completed"), count("cancelled"));
    eprintln!("{paid} paid, {off} called off, {} open", statuses.len() - paid - off);
    expect_one_story_each(&broker, &orders, &statuses).await;
    let held = i64::try_from(statuses.len() - off).expect("few orders");
    assert_eq!(boss.stock_of(lamp).await, STOCK - held);
    shop.stop().await;
    shop.check();
    let output = shop.output();
    assert!(!output.contains(support::STRIPE_KEY), "the key is in the log");
}

/// Expects `paid` at most once per order, and exactly once if it is paid.
async fn expect_one_story_each(broker: &Broker, orders: &[i64], statuses: &[String]) {
    let wanted = statuses.iter().filter(|status| *status == "completed").count();
    let events = support::eventually("every payment on the stream", async || {
        let events = broker.events().await;
        let paid: Vec<Value> = events
            .iter()
            .filter(|event| event.what() == "paid" && event.order().is_some())
            .map(|event| json!(event.order()))
            .collect();
        (paid.len() >= wanted).then_some(paid)
    })
    .await;
    for (order, status) in orders.iter().zip(statuses) {
        let paid = events.iter().filter(|paid| **paid == json!(order)).count();
        match status.as_str() {
            "completed" => assert_eq!(paid, 1, "order {order}"),
            _ => assert!(paid <= 1, "order {order} was paid {paid} times"),
        }
    }
}

fn from_environment(name: &str) -> Option<u64> {
    std::env::var(name)
        .ok()
        .map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is a number, not {text:?}")))
}
