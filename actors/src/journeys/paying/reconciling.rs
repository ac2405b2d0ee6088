//! `souk payments reconcile`: compares our books with the gateway's.

use super::{Settled, ask_about, close, make_refund, settle};
use crate::Failure;
use crate::payments::{self, Payment};
use crate::shop::Shop;
use souk_domain::PaymentId;
use std::fmt;

/// Payments per batch.
const BATCH: usize = 200;

/// The counts of a reconciliation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reconciled {
    /// Payments and refunds that were compared with the gateway.
    pub asked: u64,
    /// Differences that were found and booked.
    pub settled: u64,
    /// Differences that could not be booked.
    pub unsettled: u64,
}

/// One difference between our books and the gateway's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The payment concerned.
    pub payment: PaymentId,
    /// What our books say.
    pub here: String,
    /// What the gateway says.
    pub there: String,
    /// What the reconciliation did about it.
    pub done: String,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { payment, here, there, done } = self;
        write!(f, "payment {payment}: {here} here, {there} there: {done}")
    }
}

/// Compares every open payment and every due refund with the gateway, books the differences, and
/// passes each one to `on_line`.
///
/// # Errors
/// [`Failure`] of the store. Payments the gateway cannot answer about are reported and counted.
pub async fn reconcile(shop: &Shop, mut on_line: impl FnMut(Line)) -> Result<Reconciled, Failure> {
    let mut done = Reconciled::default();
    let mut first = PaymentId::new(1).expect("1 is an id");
    loop {
        let open = payments::open(&*shop.store.snapshot(), first, BATCH)?;
        let Some((last, _)) = open.last() else { break };
        let next = PaymentId::new(last.get().saturating_add(1));
        for (id, payment) in open {
            compare(shop, id, &payment, &mut done, &mut on_line).await;
        }
        match next {
            Some(next) => first = next,
            None => break,
        }
    }
    for (id, payment) in payments::to_close(&*shop.store.snapshot(), usize::MAX)? {
        let here = format!("{}, to be closed", payment.status.word());
        let closed = close(shop, id, &payment).await.map(|()| "closed".to_owned());
        report(&mut done, &mut on_line, (id, here, "open".to_owned()), closed);
    }
    for (id, number, refund) in payments::refunds_due(&*shop.store.snapshot(), usize::MAX)? {
        let amount = shop.settings.currency.format(refund.amount);
        let here = format!("refund {number} of {amount} due");
        let made = make_refund(shop, id, number).await.and_then(|refund| match refund.state {
            payments::RefundState::Made => Ok("made".to_owned()),
            payments::RefundState::Due | payments::RefundState::Failed => {
                let why = format!("refund {number} is {}", refund.state.word());
                Err(Failure::GatewayUnavailable { why })
            }
        });
        report(&mut done, &mut on_line, (id, here, "not booked".to_owned()), made);
    }
    Ok(done)
}

async fn compare(
    shop: &Shop,
    id: PaymentId,
    payment: &Payment,
    done: &mut Reconciled,
    on_line: &mut impl FnMut(Line),
) {
    if payment.intent.is_none() && payment.checkout.is_none() {
        // Never sent to the gateway, or no client ever got the means to pay it.
        return;
    }
    let here = payment.status.word().to_owned();
    let news = match ask_about(shop, id, payment).await {
        Ok(news) => news,
        Err(failure) => {
            return report(done, on_line, (id, here, "unknown".to_owned()), Err(failure));
        }
    };
    done.asked += 1;
    let is_in_doubt = payment.attempts > 0;
    if news.outcome.status == payment.status && !is_in_doubt {
        return;
    }
    let is_same = news.outcome.status == payment.status;
    let there = news.outcome.status.word().to_owned();
    let settled = shop.turn(move |turn| async move { settle(&turn, news).await });
    match settled.await {
        Ok(_) if is_same => {}
        settled => report(done, on_line, (id, here, there), settled.map(|settled| word(&settled))),
    }
}

fn word(settled: &Settled) -> String {
    match settled {
        Settled::Paid(view) => format!("booked, {} is paid", view.order.number),
        Settled::TooLate | Settled::Superseded => "booked, the money goes back".to_owned(),
        Settled::Canceled => "booked as canceled".to_owned(),
        Settled::MethodMissing { .. }
        | Settled::ActionRequired { .. }
        | Settled::Declined { .. } => "booked".to_owned(),
    }
}

fn report(
    reconciled: &mut Reconciled,
    on_line: &mut impl FnMut(Line),
    (payment, here, there): (PaymentId, String, String),
    result: Result<String, Failure>,
) {
    let done = match result {
        Ok(done) => {
            reconciled.settled += 1;
            done
        }
        Err(failure) => {
            reconciled.unsettled += 1;
            format!("not settled: {failure}")
        }
    };
    on_line(Line { payment, here, there, done });
}
