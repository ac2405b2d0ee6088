//! What the shop does by itself: orders expire, owed money goes back, old rows are deleted.
//!
//! All of it is written down before it is due (an order's expiry, a refund, a row's age), so a
//! restart forgets nothing.

use crate::journeys::paying::Settled;
use crate::journeys::{accounts, ordering, paying};
use crate::orders::Order;
use crate::shop::Shop;
use crate::{Failure, carts, clock, idempotency, orders, payments, users};
use souk_domain::OrderId;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// How often it looks.
const ROUND: Duration = Duration::from_secs(1);
/// How often it deletes old rows.
const PRUNING: Duration = Duration::from_secs(60);
/// Orders expired, or refunds made, in one round.
const MAX_PER_ROUND: usize = 200;

/// Keeps house until `stop` turns true. Outbox rows are deleted by whoever carries them out.
pub async fn keep(shop: Shop, mut stop: watch::Receiver<bool>) {
    let mut pruned_at = Instant::now();
    while !*stop.borrow_and_update() {
        report("expiring orders", expire_orders(&shop).await);
        report("closing payments", close_payments(&shop).await);
        report("giving money back", give_money_back(&shop).await);
        report("forgetting closed accounts", forget_customers(&shop).await);
        if pruned_at.elapsed() >= PRUNING {
            pruned_at = Instant::now();
            report("pruning", prune(&shop).await);
        }
        // Either the time or the stop ends the wait.
        let _ = tokio::time::timeout(ROUND, stop.changed()).await;
    }
}

fn report(what: &str, result: Result<(), Failure>) {
    if let Err(failure) = result {
        tracing::warn!(what, %failure, "housekeeping will try again");
    }
}

async fn expire_orders(shop: &Shop) -> Result<(), Failure> {
    let now = clock::now();
    let snapshot = shop.store.snapshot();
    for id in orders::due(&snapshot, now, MAX_PER_ROUND)? {
        let Some(order) = orders::order(&*snapshot, id)? else { continue };
        if is_paid_after_all(shop, id, &order).await? {
            continue;
        }
        let contact = ordering::contact(&snapshot, order.customer)?;
        let owners = Arc::clone(&shop.owners);
        shop.store
            .transact(move |unit| {
                let (owners, contact) = (Arc::clone(&owners), contact.clone());
                async move { ordering::expire(&owners, &unit, id, now, contact).await }
            })
            .await?;
    }
    Ok(())
}

/// Nobody may have told us of a payment: the browser was closed, or we were killed meanwhile.
async fn is_paid_after_all(shop: &Shop, id: OrderId, order: &Order) -> Result<bool, Failure> {
    if order.payment.is_none() {
        return Ok(false);
    }
    let news = paying::ask_gateway(shop, id, order, None).await?;
    if !news.is_success() {
        return Ok(false);
    }
    let owners = Arc::clone(&shop.owners);
    let settled = shop.store.transact(move |unit| {
        let (owners, news) = (Arc::clone(&owners), news.clone());
        async move { paying::settle(&owners, &unit, news).await }
    });
    Ok(matches!(settled.await?, Settled::Paid(_)))
}

async fn close_payments(shop: &Shop) -> Result<(), Failure> {
    for (id, payment) in payments::to_close(&*shop.store.snapshot(), MAX_PER_ROUND)? {
        // One that the gateway will not close must not keep the others open.
        report("closing a payment", paying::close(shop, id, &payment).await);
    }
    Ok(())
}

async fn forget_customers(shop: &Shop) -> Result<(), Failure> {
    for customer in orders::to_forget(&*shop.store.snapshot(), MAX_PER_ROUND)? {
        let owners = Arc::clone(&shop.owners);
        shop.store
            .transact(move |unit| {
                let owners = Arc::clone(&owners);
                async move { accounts::forget_in_orders(&owners, &unit, customer).await }
            })
            .await?;
    }
    Ok(())
}

async fn give_money_back(shop: &Shop) -> Result<(), Failure> {
    for (id, payment) in payments::refunds_due(&*shop.store.snapshot(), MAX_PER_ROUND)? {
        // One refund the gateway will not make must not keep the others from their money.
        report("giving money back", paying::refund(shop, id, &payment).await);
    }
    Ok(())
}

async fn prune(shop: &Shop) -> Result<(), Failure> {
    while idempotency::prune(&shop.store).await? {}
    while users::prune_ended_sessions(&shop.store).await? {}
    while carts::prune_guest_carts(&shop.store).await? {}
    Ok(())
}
