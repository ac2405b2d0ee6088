//! Books the gateway's reports about a payment: once, whatever their source and however often they
//! come.

use super::amounts::{minus, plus};
use super::doubt::DoubtPayment;
use super::find::find;
use super::ledger::{self, Movement};
use super::save::save_and_publish;
use super::stored::{BY_INTENT, IN_DOUBT, OPEN, PAYMENTS, TO_CLOSE};
use super::{Account, Intent, Payment, Payments, RefundedBy, refunds};
use crate::Failure;
use crate::gateway::{self, Decline};
use crate::outbox::PaymentEvent;
use crate::owner::Command;
use crate::store::{Read, Unit};
use souk_domain::{Claim, Misfit, Money, PaymentId, PaymentStatus, judge};

/// Books what the gateway reports about a payment, in the ledger too. Publishes
/// `payment.succeeded`, `payment.failed` or `payment.canceled`, once per change. A report that
/// contradicts the books is not booked: it raises the alarm and puts the payment in doubt.
#[derive(Clone, Debug)]
pub struct RecordOutcome {
    /// The payment.
    pub id: PaymentId,
    /// The gateway's report.
    pub outcome: Outcome,
}

/// The gateway's report about a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The intent, if there is one.
    pub intent: Option<Intent>,
    /// The payment's status.
    pub status: PaymentStatus,
    /// The amount taken; may be zero.
    pub received: Money,
    /// The total refunded, as far as the gateway reported it.
    pub refunded: Money,
    /// Why an attempt to charge was declined, if one was.
    pub decline: Option<Decline>,
    /// The attempt of ours that this answers, if any.
    pub attempt: Option<u32>,
    /// The same report unchecked, to be checked against the books in the turn that books it. Its
    /// currency is already checked.
    pub claim: Claim,
}

impl Command for RecordOutcome {
    type Owner = Payments;
    type Reply = Payment;

    fn apply(self, unit: &Unit, payments: &Payments) -> Result<Payment, Failure> {
        let Self { id, outcome } = self;
        let mut payment = find(unit, id)?;
        // It was checked before the turn; the books may have changed since.
        if let Err(misfit) = fits(unit, id, &payment, &outcome)? {
            gateway::alarm(format_args!("payment {id}"), misfit);
            DoubtPayment { id }.apply(unit, payments)?;
            return Ok(payment);
        }
        record_late_intent(unit, id, &mut payment, &outcome)?;
        match outcome.status {
            PaymentStatus::Succeeded | PaymentStatus::Refunded => {
                if !payment.has_money() {
                    take(unit, id, &mut payment, outcome.received)?;
                }
                book_refunds_made_elsewhere(unit, id, &mut payment, outcome.refunded)?;
            }
            // A late report does not reopen a payment, but its money is still booked.
            _ if !payment.status.is_open() => {}
            PaymentStatus::Canceled => {
                payment.status = PaymentStatus::Canceled;
                save_and_publish(unit, id, &mut payment, PaymentEvent::Canceled)?;
            }
            status @ (PaymentStatus::RequiresPaymentMethod
            | PaymentStatus::RequiresAction
            | PaymentStatus::Processing) => stay_open(unit, id, &mut payment, status, &outcome)?,
        }
        let is_answered = outcome.attempt == Some(payment.attempts);
        if !payment.status.is_open() {
            unit.delete(TO_CLOSE, &id)?;
            unit.delete(OPEN, &id)?;
        }
        if (is_answered || !payment.status.is_open()) && unit.get(IN_DOUBT, &id)?.is_some() {
            unit.delete(IN_DOUBT, &id)?;
        }
        Ok(payment)
    }
}

fn fits(
    unit: &Unit,
    id: PaymentId,
    payment: &Payment,
    outcome: &Outcome,
) -> Result<Result<(), Misfit>, Failure> {
    if let Err(misfit) = judge(&payment.books(id, None), &outcome.claim) {
        return Ok(Err(misfit));
    }
    let Some(intent) = &outcome.intent else { return Ok(Ok(())) };
    let holder = unit.get(BY_INTENT, &intent.id)?;
    let is_free = holder.is_none_or(|holder| holder == id);
    Ok(if is_free { Ok(()) } else { Err(Misfit::AnotherPayment) })
}

/// A checkout creates its intent late.
fn record_late_intent(
    unit: &Unit,
    id: PaymentId,
    payment: &mut Payment,
    outcome: &Outcome,
) -> Result<(), Failure> {
    if payment.intent.is_none()
        && let Some(Intent { id: intent, .. }) = &outcome.intent
    {
        unit.put(BY_INTENT, intent, &id)?;
        payment.intent.clone_from(&outcome.intent);
        unit.put(PAYMENTS, &id, payment)?;
    }
    Ok(())
}

fn take(unit: &Unit, id: PaymentId, payment: &mut Payment, received: Money) -> Result<(), Failure> {
    payment.status = PaymentStatus::Succeeded;
    payment.received = received;
    let flow = (Account::Receivable, Account::Gateway, received);
    ledger::append(unit, id, payment, Movement::Charged, flow)?;
    save_and_publish(unit, id, payment, PaymentEvent::Succeeded)
}

/// Books refunds that were made directly at the gateway.
fn book_refunds_made_elsewhere(
    unit: &Unit,
    id: PaymentId,
    payment: &mut Payment,
    refunded: Money,
) -> Result<(), Failure> {
    let known = plus(payment.refunded, payment.refunding);
    let unknown = minus(refunded, known).max(Money::ZERO);
    if unknown == Money::ZERO {
        return Ok(());
    }
    refunds::add(unit, id, payment, unknown, "", RefundedBy::Gateway)?;
    Ok(())
}

fn stay_open(
    unit: &Unit,
    id: PaymentId,
    payment: &mut Payment,
    status: PaymentStatus,
    outcome: &Outcome,
) -> Result<(), Failure> {
    let is_new_decline = outcome.decline.as_ref().is_some_and(|decline| {
        decline.charge.is_none() || decline.charge != payment.last_declined_charge
    });
    if payment.status == status && !is_new_decline {
        return Ok(());
    }
    payment.status = status;
    if let Some(decline) = outcome.decline.as_ref().filter(|_| is_new_decline) {
        payment.last_declined_charge.clone_from(&decline.charge);
        return save_and_publish(unit, id, payment, PaymentEvent::Failed);
    }
    payment.updated_at = unit.now();
    Ok(unit.put(PAYMENTS, &id, payment)?)
}
