//! How a payment begins, and how it becomes known to the gateway.

use super::rows::{
    BY_CHECKOUT, BY_INTENT, BY_ORDER, Doubt, IN_DOUBT, OF_ORDER, OPEN, PAYMENTS, TO_CLOSE,
};
use super::{Account, Intent, Payment, Way};
use crate::outbox::{self, Outgoing, PaymentEvent};
use crate::store::{Read, Unit};
use crate::{Failure, ids};
use souk_domain::{Missing, Money, OrderId, PaymentId, PaymentStatus, Refusal};

pub(super) fn begin(
    unit: &Unit,
    order: OrderId,
    amount: Money,
    way: Way,
) -> Result<(PaymentId, Payment), Failure> {
    if let Some((id, payment)) = super::of_order(unit, order)? {
        if payment.fits(amount, &way) {
            return Ok((id, payment));
        }
        if payment.status.is_open() {
            // One way to pay an order at a time.
            unit.put(TO_CLOSE, &id, &())?;
        }
    }
    let id = ids::next(unit, "payment", PaymentId::new)?;
    let payment = Payment {
        order,
        amount,
        status: PaymentStatus::RequiresPaymentMethod,
        way,
        intent: None,
        checkout: None,
        pays_at_finalize: false,
        received: Money::ZERO,
        refunded: Money::ZERO,
        refunding: Money::ZERO,
        lost: Money::ZERO,
        counts_as: Account::Receivable,
        owed_back: Money::ZERO,
        attempts: 0,
        last_declined_charge: None,
        dispute: None,
        created_at: unit.now(),
        updated_at: unit.now(),
        version: 0,
    };
    unit.put(PAYMENTS, &id, &payment)?;
    unit.put(BY_ORDER, &order, &id)?;
    unit.put(OF_ORDER, &(order, id), &())?;
    unit.put(OPEN, &id, &())?;
    Ok((id, payment))
}

impl Payment {
    /// True if it can still be paid, for this amount, in this way.
    #[must_use]
    pub fn fits(&self, amount: Money, way: &Way) -> bool {
        self.status.is_open() && self.amount == amount && self.way.is_like(way)
    }
}

pub(super) fn record_intent(
    unit: &Unit,
    id: PaymentId,
    intent: Intent,
) -> Result<Payment, Failure> {
    let mut payment = find(unit, id)?;
    if payment.intent.as_ref() == Some(&intent) {
        return Ok(payment);
    }
    unit.put(BY_INTENT, &intent.id, &id)?;
    payment.intent = Some(intent);
    put_and_tell(unit, id, &mut payment, PaymentEvent::Created)?;
    Ok(payment)
}

pub(super) fn record_checkout(
    unit: &Unit,
    id: PaymentId,
    checkout: String,
) -> Result<Payment, Failure> {
    let mut payment = find(unit, id)?;
    if payment.checkout.as_ref() == Some(&checkout) {
        return Ok(payment);
    }
    unit.put(BY_CHECKOUT, &checkout, &id)?;
    payment.checkout = Some(checkout);
    put_and_tell(unit, id, &mut payment, PaymentEvent::Created)?;
    Ok(payment)
}

pub(super) fn begin_attempt(unit: &Unit, id: PaymentId) -> Result<u32, Failure> {
    let mut payment = find(unit, id)?;
    payment.attempts = payment.attempts.saturating_add(1);
    unit.put(PAYMENTS, &id, &payment)?;
    let doubt = Doubt { attempt: payment.attempts, since: unit.now() };
    unit.put(IN_DOUBT, &id, &doubt)?;
    Ok(payment.attempts)
}

pub(super) fn doubt(unit: &Unit, id: PaymentId) -> Result<(), Failure> {
    let payment = find(unit, id)?;
    if payment.status.is_open() && unit.get(IN_DOUBT, &id)?.is_none() {
        let doubt = Doubt { attempt: payment.attempts, since: unit.now() };
        unit.put(IN_DOUBT, &id, &doubt)?;
    }
    Ok(())
}

pub(super) fn give_up(unit: &Unit, id: PaymentId) -> Result<(), Failure> {
    // Since the sender looked, the money may have come.
    if find(unit, id)?.status.is_open() {
        unit.put(TO_CLOSE, &id, &())?;
    }
    Ok(())
}

pub(super) fn pay_at_finalize(unit: &Unit, id: PaymentId) -> Result<(), Failure> {
    let mut payment = find(unit, id)?;
    payment.pays_at_finalize = true;
    unit.put(PAYMENTS, &id, &payment)?;
    Ok(())
}

/// A payment as it stands in a turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownPayment {
    /// The payment.
    pub payment: Payment,
    /// True if it is the current one of its order.
    pub is_current: bool,
    /// True if the shop itself gives it up.
    pub is_closing: bool,
}

pub(super) fn show(unit: &Unit, id: PaymentId) -> Result<ShownPayment, Failure> {
    let payment = find(unit, id)?;
    let is_current = unit.get(BY_ORDER, &payment.order)? == Some(id);
    let is_closing = unit.get(TO_CLOSE, &id)?.is_some();
    Ok(ShownPayment { payment, is_current, is_closing })
}

pub(super) fn find(unit: &Unit, id: PaymentId) -> Result<Payment, Failure> {
    Ok(unit.get(PAYMENTS, &id)?.ok_or(Refusal::NotFound(Missing::Payment))?)
}

pub(super) fn put_and_tell(
    unit: &Unit,
    id: PaymentId,
    payment: &mut Payment,
    what: PaymentEvent,
) -> Result<(), Failure> {
    payment.version += 1;
    payment.updated_at = unit.now();
    unit.put(PAYMENTS, &id, payment)?;
    let (version, snapshot) = (payment.version, payment.snapshot());
    outbox::append(unit, Outgoing::Payment { payment: id, version, what, snapshot })
}
