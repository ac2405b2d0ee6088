//! The saga of a payment with a fault at each of its calls: either the gateway is not reached, or
//! it acts and its answer is lost. A killed process looks like the second case.

use super::{ann, lamp, open, place, require_sound};
use crate::gateway::{
    Answering, Attempt, Charge, CheckoutPages, Gateway, GatewayCheckout, GatewayError,
    GatewayIntent, GatewayRefund, RefundRequest,
};
use crate::journeys::{ordering, paying};
use crate::sandbox::SandboxGateway;
use crate::shop::Shop;
use crate::{Failure, housekeeping, orders, payments};
use souk_domain::{Money, OrderId, OrderStatus};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What goes wrong with one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    NotReached,
    AnswerLost,
}

/// The sandbox behind a connection that breaks at one call.
struct Unreliable {
    sandbox: SandboxGateway,
    calls: AtomicUsize,
    breaks_at: usize,
    fault: Fault,
}

impl Unreliable {
    fn through<'a, T: Send + 'a>(&'a self, work: Answering<'a, T>) -> Answering<'a, T> {
        let breaks = self.calls.fetch_add(1, Ordering::SeqCst) == self.breaks_at;
        Box::pin(async move {
            if breaks && self.fault == Fault::NotReached {
                return Err(GatewayError::Unavailable { why: "as the test wants".to_owned() });
            }
            let answer = work.await;
            match breaks {
                true => Err(GatewayError::OutcomeUnknown { why: "as the test wants".to_owned() }),
                false => answer,
            }
        })
    }
}

impl Gateway for Unreliable {
    fn name(&self) -> &'static str {
        "unreliable"
    }

    fn is_sandbox(&self) -> bool {
        true
    }

    fn pays_without_card(&self) -> Option<&'static str> {
        None
    }

    fn create_intent<'a>(&'a self, key: &'a str, charge: Charge) -> Answering<'a, GatewayIntent> {
        self.through(self.sandbox.create_intent(key, charge))
    }

    fn confirm<'a>(
        &'a self,
        key: &'a str,
        intent: &'a str,
        payment_method: &'a str,
    ) -> Answering<'a, Attempt> {
        self.through(self.sandbox.confirm(key, intent, payment_method))
    }

    fn retrieve<'a>(&'a self, intent: &'a str) -> Answering<'a, GatewayIntent> {
        self.through(self.sandbox.retrieve(intent))
    }

    fn cancel<'a>(&'a self, key: &'a str, intent: &'a str) -> Answering<'a, GatewayIntent> {
        self.through(self.sandbox.cancel(key, intent))
    }

    fn refund<'a>(&'a self, key: &'a str, request: RefundRequest) -> Answering<'a, GatewayRefund> {
        self.through(self.sandbox.refund(key, request))
    }

    fn refunds<'a>(&'a self, intent: &'a str) -> Answering<'a, Vec<GatewayRefund>> {
        self.through(self.sandbox.refunds(intent))
    }

    fn open_checkout<'a>(
        &'a self,
        key: &'a str,
        charge: Charge,
        pages: CheckoutPages,
    ) -> Answering<'a, GatewayCheckout> {
        self.through(self.sandbox.open_checkout(key, charge, pages))
    }

    fn checkout<'a>(&'a self, id: &'a str) -> Answering<'a, GatewayCheckout> {
        self.through(self.sandbox.checkout(id))
    }

    fn expire_checkout<'a>(&'a self, key: &'a str, id: &'a str) -> Answering<'a, GatewayCheckout> {
        self.through(self.sandbox.expire_checkout(key, id))
    }
}

/// Starts a payment and charges a card. A broken call ends it there, as a kill would.
async fn pay(shop: &Shop, id: OrderId) -> Result<(), Failure> {
    let order = paying::start(shop, id).await?;
    let card = Some("pm_card_visa".to_owned());
    let charging = paying::charge(shop, id, &order, card).await?;
    shop.turn(move |turn| async move { paying::settle_charge(&turn, charging).await.map(drop) })
        .await
}

async fn call_off(shop: &Shop, id: OrderId) {
    let cancel =
        shop.turn(move |turn| async move { ordering::cancel(&turn, id, "", None).await.map(drop) });
    cancel.await.expect("cancelled");
}

/// The money the gateway took for an order and has not refunded.
async fn at_the_gateway(shop: &Shop, order: OrderId) -> i64 {
    let entries = payments::entries_of(&shop.store.snapshot(), order, 100).expect("read");
    let postings = entries.iter().flat_map(|entry| entry.postings);
    let at_gateway = postings.filter(|posting| posting.account == payments::Account::Gateway);
    let booked: i64 = at_gateway.map(|posting| posting.amount).sum();
    let Some((_, payment)) = payments::of_order(&*shop.store.snapshot(), order).expect("read")
    else {
        return 0;
    };
    let Some(intent) = payment.intent else { return 0 };
    let sandbox = shop.sandbox.as_ref().expect("the sandbox");
    let there = sandbox.retrieve(&intent.id).await.expect("known there");
    let held = there.amount_received.minor_units() - there.amount_refunded.minor_units();
    assert_eq!(booked, held, "our books and the gateway's");
    held
}

#[tokio::test]
async fn a_payment_with_any_broken_call_resumes_and_charges_once() {
    for fault in [Fault::NotReached, Fault::AnswerLost] {
        // The calls are create, confirm, cancel or refund; with one more, no call breaks.
        for breaks_at in 0..4 {
            let (_directory, reliable) = open().await;
            let sandbox = reliable.sandbox.clone().expect("the sandbox");
            let line = Unreliable { sandbox, calls: AtomicUsize::new(0), breaks_at, fault };
            let broken = reliable.clone().with_gateway(Arc::new(line));
            let (ann, lamp) = (ann(&reliable).await, lamp(&reliable).await);
            let id = place(&reliable, ann, lamp).await.expect("placed");

            let paid = pay(&broken, id).await;
            // The process has ended; the next one starts.
            housekeeping::catch_up(&reliable).await;
            let snapshot = reliable.store.snapshot();
            let order = orders::order(&*snapshot, id).expect("read").expect("there");
            drop(snapshot);
            if !order.is_paid {
                assert!(paid.is_err(), "{fault:?} at {breaks_at}");
                pay(&reliable, id).await.expect("paid after all");
            }
            assert_eq!(at_the_gateway(&reliable, id).await, 1000, "{fault:?} at {breaks_at}");
            require_sound(&reliable);

            call_off(&reliable, id).await;
            housekeeping::catch_up(&broken).await;
            housekeeping::catch_up(&reliable).await;

            assert_eq!(at_the_gateway(&reliable, id).await, 0, "{fault:?} at {breaks_at}");
            let order = orders::order(&*reliable.store.snapshot(), id).expect("read");
            let order = order.expect("there");
            assert_eq!((order.status, order.is_paid), (OrderStatus::Cancelled, false));
            let revenue = payments::revenue(&*reliable.store.snapshot()).expect("read");
            assert_eq!(revenue, Money::ZERO);
            require_sound(&reliable);
        }
    }
}
