//! What the shop does by itself: orders expire, owed money goes back, old rows are deleted.
//!
//! All of it is written down before it is due (an order's expiry, a refund, a row's age), so a
//! restart forgets nothing.

use crate::journeys::paying::{News, Settled};
use crate::journeys::{accounts, ordering, paying};
use crate::orders::{Order, OrderNotices};
use crate::shop::Shop;
use crate::{Failure, carts, clock, idempotency, orders, payments, put_back, users};
use souk_domain::{OrderId, PaymentId, Refusal, UnixMillis};
use std::collections::HashMap;
use std::hash::Hash;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// How often it looks.
const ROUND: Duration = Duration::from_secs(1);
/// How often it deletes old rows.
const PRUNING: Duration = Duration::from_secs(60);
/// Orders expired, or refunds made, in one round.
const MAX_PER_ROUND: usize = 200;
/// Guests' unpaid orders deleted in one turn.
const MAX_DELETED_PER_TURN: usize = 50;

/// How long the gateway may take to answer before it is asked about a payment again.
const DOUBT_AFTER: Duration = Duration::from_secs(60);
/// How long it waits before it asks a gateway again that would not or could not; doubled each time
/// up to the longest.
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);
/// The longest of these waits.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// What the gateway is asked for, again and again, until it is done.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Chore {
    Expire(OrderId),
    Ask(PaymentId),
    Close(PaymentId),
    Refund(PaymentId, u64),
}

/// When each chore that failed may be tried again. Forgotten with the process, which then tries
/// everything at once.
#[derive(Default)]
struct Pauses(HashMap<Chore, (Instant, Duration)>);

impl Pauses {
    fn is_due(&self, chore: Chore) -> bool {
        self.0.get(&chore).is_none_or(|(next, _)| *next <= Instant::now())
    }

    /// One that fails must not keep the others waiting.
    fn note(&mut self, what: &str, chore: Chore, result: Result<(), Failure>) {
        if result.is_ok() {
            self.0.remove(&chore);
        } else {
            let pause = self.0.get(&chore).map_or(SHORTEST_PAUSE, |(_, pause)| *pause * 2);
            let pause = pause.min(LONGEST_PAUSE);
            self.0.insert(chore, (Instant::now() + pause, pause));
        }
        report(what, result);
    }
}

/// Keeps house until `stop` turns true. Outbox rows are deleted by whoever carries them out.
pub async fn keep(shop: Shop, mut stop: watch::Receiver<bool>) {
    let mut pruned_at = Instant::now();
    let mut pauses = Pauses::default();
    // Whatever is in doubt at the start was left by a process that is no more.
    let mut doubt_after = Duration::ZERO;
    while !*stop.borrow_and_update() {
        report("expiring orders", expire_orders(&shop, &mut pauses).await);
        report("asking the gateway", ask_about_doubts(&shop, doubt_after, &mut pauses).await);
        report("closing payments", close_payments(&shop, &mut pauses).await);
        report("giving money back", give_money_back(&shop, &mut pauses).await);
        doubt_after = DOUBT_AFTER;
        report("forgetting closed accounts", forget_customers(&shop).await);
        report("wiping recipients", wipe_recipients(&shop, clock::now()).await);
        report("mailing new orders", announce_orders(&shop).await);
        let (store, outbox) = (shop.store.clone(), shop.outbox.clone());
        // It waits for the disk; what it could not write, it writes the next time.
        let _ = tokio::task::spawn_blocking(move || put_back::note_rows(&store, &outbox)).await;
        if pruned_at.elapsed() >= PRUNING {
            pruned_at = Instant::now();
            report("pruning", prune(&shop).await);
        }
        // Either the time or the stop ends the wait.
        let _ = tokio::time::timeout(ROUND, stop.changed()).await;
    }
}

/// Asks the gateway about everything that a process which is no more left in doubt.
pub async fn recover(shop: &Shop) {
    let asked = ask_about_doubts(shop, Duration::ZERO, &mut Pauses::default()).await;
    report("asking the gateway", asked);
}

/// Everything that can be done at once, as at a start.
#[cfg(test)]
pub(crate) async fn catch_up(shop: &Shop) {
    let mut pauses = Pauses::default();
    recover(shop).await;
    report("closing payments", close_payments(shop, &mut pauses).await);
    report("giving money back", give_money_back(shop, &mut pauses).await);
}

fn report(what: &str, result: Result<(), Failure>) {
    if let Err(failure) = result {
        tracing::warn!(what, %failure, "housekeeping will try again");
    }
}

async fn expire_orders(shop: &Shop, pauses: &mut Pauses) -> Result<(), Failure> {
    for id in orders::due(&shop.store.snapshot(), clock::now(), MAX_PER_ROUND)? {
        let chore = Chore::Expire(id);
        if pauses.is_due(chore) {
            pauses.note("expiring an order", chore, expire_order(shop, id).await);
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

/// Nobody may have told us of a payment: the browser was closed, or we were killed meanwhile.
async fn is_paid_after_all(shop: &Shop, id: OrderId, order: &Order) -> Result<bool, Failure> {
    if order.payment.is_none() {
        return Ok(false);
    }
    let news = match paying::ask_gateway(shop, id, order, None).await {
        Err(Failure::Refused(refusal @ (Refusal::NotFound(_) | Refusal::PaymentNotStarted))) => {
            tracing::warn!(order = %id, %refusal, "the gateway knows of no payment of it");
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

/// The gateway was told to charge, and nobody has booked its answer.
async fn ask_about_doubts(
    shop: &Shop,
    after: Duration,
    pauses: &mut Pauses,
) -> Result<(), Failure> {
    let before = clock::now().before(after);
    for (id, payment, doubt) in payments::in_doubt(&*shop.store.snapshot(), MAX_PER_ROUND)? {
        let chore = Chore::Ask(id);
        if doubt.since > before || !pauses.is_due(chore) {
            continue;
        }
        let asked = match paying::ask_about(shop, id, &payment).await {
            Ok(news) => settle(shop, news).await.map(drop),
            Err(failure) => Err(failure),
        };
        pauses.note("asking about a payment", chore, asked);
    }
    Ok(())
}

async fn close_payments(shop: &Shop, pauses: &mut Pauses) -> Result<(), Failure> {
    for (id, payment) in payments::to_close(&*shop.store.snapshot(), MAX_PER_ROUND)? {
        let chore = Chore::Close(id);
        if pauses.is_due(chore) {
            pauses.note("closing a payment", chore, paying::close(shop, id, &payment).await);
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

/// Recipients of closed accounts whose goods never arrived, as far as the shop was told.
pub(crate) async fn wipe_recipients(shop: &Shop, now: UnixMillis) -> Result<(), Failure> {
    for id in orders::recipients_due(&shop.store.snapshot(), now, MAX_PER_ROUND)? {
        shop.turn(move |turn| async move { turn.ask(orders::WipeRecipient { id }).await }).await?;
    }
    Ok(())
}

/// Mails the digest of new orders when it is time. Orders that wait although digests were switched
/// off meanwhile wait no longer.
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
        let chore = Chore::Refund(id, number);
        if pauses.is_due(chore) {
            let made = paying::make_refund(shop, id, number).await.map(drop);
            pauses.note("giving money back", chore, made);
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

/// Deletes guests' orders that ended unpaid as long ago as the operator says; true if more may be
/// left.
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
