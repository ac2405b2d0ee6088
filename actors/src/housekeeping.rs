//! Background work: expires orders, makes due refunds, deletes old rows.
//!
//! All of it is recorded before it is due (an order's expiry, a refund, a row's age), so a restart
//! loses nothing. Where several processes share the store, one of them does it, under a lease.

use crate::journeys::paying::{News, Settled};
use crate::journeys::{accounts, ordering, paying};
use crate::leases::{Lease, LeasedWork};
use crate::orders::{Order, OrderNotices};
use crate::shop::Shop;
use crate::{Failure, carts, clock, idempotency, orders, payments, put_back, users};
use souk_domain::{OrderId, PaymentId, Refusal, UnixMillis};
use std::collections::HashMap;
use std::convert::Infallible;
use std::hash::Hash;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// How often due work is done.
const ROUND: Duration = Duration::from_secs(1);
/// How often old rows are deleted.
const PRUNING: Duration = Duration::from_secs(60);
/// Most orders expired, or refunds made, in one round.
const MAX_PER_ROUND: usize = 200;
/// Most unpaid guest orders deleted in one turn.
const MAX_DELETED_PER_TURN: usize = 50;

/// How old a payment's doubt must be before the gateway is asked again.
const DOUBT_AFTER: Duration = Duration::from_secs(60);
/// The first pause after a failed call to the gateway; doubled after each further failure, up to
/// [`LONGEST_PAUSE`].
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause after failed calls.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// Work at the gateway that is retried until it succeeds.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum GatewayTask {
    Expire(OrderId),
    Ask(PaymentId),
    Close(PaymentId),
    Refund(PaymentId, u64),
}

/// When each failed task may be retried. Not stored: a new process retries everything at once.
#[derive(Default)]
struct Pauses(HashMap<GatewayTask, (Instant, Duration)>);

impl Pauses {
    fn is_due(&self, task: GatewayTask) -> bool {
        self.0.get(&task).is_none_or(|(next, _)| *next <= Instant::now())
    }

    /// Records the result of a task, so that a failing one is paused and does not delay the
    /// others.
    fn record(&mut self, what: &str, task: GatewayTask, result: Result<(), Failure>) {
        if result.is_ok() {
            self.0.remove(&task);
        } else {
            let pause = self.0.get(&task).map_or(SHORTEST_PAUSE, |(_, pause)| *pause * 2);
            let pause = pause.min(LONGEST_PAUSE);
            self.0.insert(task, (Instant::now() + pause, pause));
        }
        report(what, result);
    }
}

/// Runs housekeeping until `stop` turns true. The readers of the outbox delete its rows.
pub async fn keep(shop: Shop, stop: watch::Receiver<bool>) {
    let session = |lease: Lease| {
        let (shop, stop) = (shop.under(&lease), stop.clone());
        async move {
            keep_under(&lease, shop, stop).await;
            Ok::<_, Infallible>(())
        }
    };
    // It ends only when it is stopped.
    let _ = shop.leases.run_while_held(LeasedWork::Housekeeping, stop.clone(), session).await;
}

async fn keep_under(lease: &Lease, shop: Shop, mut stop: watch::Receiver<bool>) {
    let mut pruned_at = Instant::now();
    let mut pauses = Pauses::default();
    let mut doubt_after = match lease.is_shared() {
        // Other processes may be waiting for the gateway's answer.
        true => DOUBT_AFTER,
        // Every doubt at the start comes from an earlier process, so it is resolved at once.
        false => Duration::ZERO,
    };
    while !*stop.borrow_and_update() {
        report("expiring orders", expire_orders(&shop, &mut pauses).await);
        report("asking the gateway", ask_about_doubts(&shop, doubt_after, &mut pauses).await);
        report("closing payments", close_payments(&shop, &mut pauses).await);
        report("making a refund", give_money_back(&shop, &mut pauses).await);
        doubt_after = DOUBT_AFTER;
        report("forgetting closed accounts", forget_customers(&shop).await);
        report("wiping recipients", wipe_recipients(&shop, clock::now()).await);
        report("mailing new orders", announce_orders(&shop).await);
        let store = shop.store.clone();
        // Runs on a blocking thread because it waits for the disk. A failed write is repeated next
        // time.
        let _ = tokio::task::spawn_blocking(move || put_back::record_rows(&store)).await;
        if pruned_at.elapsed() >= PRUNING {
            pruned_at = Instant::now();
            report("pruning", prune(&shop).await);
        }
        // Either the time or the stop ends the wait.
        let _ = tokio::time::timeout(ROUND, stop.changed()).await;
    }
}

/// Resolves the payments that an earlier process left in doubt. Where other processes may be waiting
/// for the gateway's answers, this is left to [`keep`].
pub async fn recover(shop: &Shop) {
    if shop.leases.are_shared() {
        return;
    }
    let asked = ask_about_doubts(shop, Duration::ZERO, &mut Pauses::default()).await;
    report("asking the gateway", asked);
}

/// Does everything that is due, as at a start.
#[cfg(test)]
pub(crate) async fn catch_up(shop: &Shop) {
    let mut pauses = Pauses::default();
    recover(shop).await;
    report("closing payments", close_payments(shop, &mut pauses).await);
    report("making a refund", give_money_back(shop, &mut pauses).await);
}

fn report(what: &str, result: Result<(), Failure>) {
    match result {
        Ok(()) => {}
        Err(failure @ Failure::LeaseLost { .. }) => {
            tracing::debug!(what, %failure, "housekeeping goes on in another process");
        }
        Err(failure) => tracing::warn!(what, %failure, "housekeeping failed and will retry"),
    }
}

async fn expire_orders(shop: &Shop, pauses: &mut Pauses) -> Result<(), Failure> {
    for id in orders::due(&shop.store.snapshot(), clock::now(), MAX_PER_ROUND)? {
        let task = GatewayTask::Expire(id);
        if pauses.is_due(task) {
            pauses.record("expiring an order", task, expire_order(shop, id).await);
        }
    }
    Ok(())
}

async fn expire_order(shop: &Shop, id: OrderId) -> Result<(), Failure> {
    let (now, snapshot) = (clock::now(), shop.store.snapshot());
    let Some(order) = orders::order(&*snapshot, id)? else { return Ok(()) };
    if is_paid_after_all(shop, id, &order).await? {
        return Ok(());
    }
    let contact = ordering::contact(&snapshot, order.customer)?;
    drop(snapshot);
    shop.turn(move |turn| async move { ordering::expire(&turn, id, now, contact).await }).await
}

/// The shop may have missed a payment: the browser was closed, or the process was killed.
async fn is_paid_after_all(shop: &Shop, id: OrderId, order: &Order) -> Result<bool, Failure> {
    if order.payment.is_none() {
        return Ok(false);
    }
    let news = match paying::ask_gateway(shop, id, order, None).await {
        Err(Failure::Refused(refusal @ (Refusal::NotFound(_) | Refusal::PaymentNotStarted))) => {
            tracing::warn!(order = %id, %refusal, "the gateway does not know an expiring order's payment");
            return Ok(false);
        }
        news => news?,
    };
    if !news.is_success() {
        return Ok(false);
    }
    Ok(matches!(settle(shop, news).await?, Settled::Paid(_)))
}

async fn settle(shop: &Shop, news: News) -> Result<Settled, Failure> {
    shop.turn(move |turn| async move { paying::settle(&turn, news).await }).await
}

/// Resolves payments whose charge was sent to the gateway and whose answer was never booked.
async fn ask_about_doubts(
    shop: &Shop,
    after: Duration,
    pauses: &mut Pauses,
) -> Result<(), Failure> {
    let before = clock::now().before(after);
    for (id, payment, doubt) in payments::in_doubt(&*shop.store.snapshot(), MAX_PER_ROUND)? {
        let task = GatewayTask::Ask(id);
        if doubt.since > before || !pauses.is_due(task) {
            continue;
        }
        let asked = match paying::ask_about(shop, id, &payment).await {
            Ok(news) => settle(shop, news).await.map(drop),
            Err(failure) => Err(failure),
        };
        pauses.record("resolving a payment in doubt", task, asked);
    }
    Ok(())
}

async fn close_payments(shop: &Shop, pauses: &mut Pauses) -> Result<(), Failure> {
    for (id, payment) in payments::to_close(&*shop.store.snapshot(), MAX_PER_ROUND)? {
        let task = GatewayTask::Close(id);
        if pauses.is_due(task) {
            pauses.record("closing a payment", task, paying::close(shop, id, &payment).await);
        }
    }
    Ok(())
}

async fn forget_customers(shop: &Shop) -> Result<(), Failure> {
    for customer in orders::to_forget(&*shop.store.snapshot(), MAX_PER_ROUND)? {
        shop.turn(
            move |turn| async move { accounts::forget_in_orders(&turn, customer, None).await },
        )
        .await?;
    }
    Ok(())
}

/// Wipes recipients of closed accounts whose orders were never marked as delivered.
pub(crate) async fn wipe_recipients(shop: &Shop, now: UnixMillis) -> Result<(), Failure> {
    for id in orders::recipients_due(&shop.store.snapshot(), now, MAX_PER_ROUND)? {
        shop.turn(move |turn| async move { turn.ask(orders::WipeRecipient { id }).await }).await?;
    }
    Ok(())
}

/// Mails the digest of new orders when it is due. If digests were switched off meanwhile, only
/// removes the waiting orders.
async fn announce_orders(shop: &Shop) -> Result<(), Failure> {
    let placed_before = match shop.settings.order_notices {
        OrderNotices::Digest => clock::now().before(shop.settings.order_digest_every),
        OrderNotices::Each | OrderNotices::Off => clock::now(),
    };
    if !orders::digest_is_due(&*shop.store.snapshot(), placed_before)? {
        return Ok(());
    }
    shop.turn(move |turn| async move { turn.ask(orders::AnnounceOrders { placed_before }).await })
        .await
}

async fn give_money_back(shop: &Shop, pauses: &mut Pauses) -> Result<(), Failure> {
    for (id, number, _) in payments::refunds_due(&*shop.store.snapshot(), MAX_PER_ROUND)? {
        let task = GatewayTask::Refund(id, number);
        if pauses.is_due(task) {
            let made = paying::make_refund(shop, id, number).await.map(drop);
            pauses.record("making a refund", task, made);
        }
    }
    Ok(())
}

async fn prune(shop: &Shop) -> Result<(), Failure> {
    while idempotency::prune(&shop.store).await? {}
    while users::prune_ended_sessions(&shop.store).await? {}
    while carts::prune_guest_carts(&shop.store).await? {}
    while payments::prune_gateway_messages(&shop.store).await? {}
    while delete_unpaid(shop, clock::now()).await? {}
    Ok(())
}

/// Deletes guests' orders that ended unpaid longer ago than the operator's setting. Returns true if
/// more may be left.
pub(crate) async fn delete_unpaid(shop: &Shop, now: UnixMillis) -> Result<bool, Failure> {
    let before = now.before(shop.settings.guest_unpaid_kept_for);
    let due = orders::unpaid_due(&shop.store.snapshot(), before, MAX_DELETED_PER_TURN)?;
    if due.is_empty() {
        return Ok(false);
    }
    let may_have_more = due.len() == MAX_DELETED_PER_TURN;
    shop.turn(move |turn| async move { ordering::delete_unpaid(&turn, due, before).await }).await?;
    Ok(may_have_more)
}
