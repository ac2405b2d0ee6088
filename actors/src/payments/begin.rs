//! How a payment begins, and how it becomes known to the gateway.

use super::rows::{
    BY_CHECKOUT, BY_INTENT, BY_ORDER, Doubt, IN_DOUBT, OF_ORDER, OPEN, PAYMENTS, TO_CLOSE,
};
use super::{Account, Intent, Payment, Payments, Way};
use crate::outbox::{self, Outgoing, PaymentEvent};
use crate::owner::Command;
use crate::store::{Read, Unit};
use crate::{Failure, ids};
use souk_domain::{Missing, Money, OrderId, PaymentId, PaymentStatus, Refusal};

/// Begins the payment of an order, or finds the one that was begun. An open one that cannot be paid
/// in this way, or for this amount, is to be closed.
#[derive(Clone, Debug)]
pub struct BeginPayment {
    /// The order to be paid.
    pub order: OrderId,
    /// What the order owes.
    pub amount: Money,
    /// How it is to be paid.
    pub way: Way,
}

impl Command for BeginPayment {
    type Owner = Payments;
    type Reply = (PaymentId, Payment);

    fn apply(self, unit: &Unit, _: &Payments) -> Result<(PaymentId, Payment), Failure> {
        let Self { order, amount, way } = self;
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
}

/// Notes the gateway's intent. Publishes `payment.created` if it is news.
#[derive(Clone, Debug)]
pub struct RecordIntent {
    /// The payment.
    pub id: PaymentId,
    /// The intent.
    pub intent: Intent,
}

impl Command for RecordIntent {
    type Owner = Payments;
    type Reply = Payment;

    fn apply(self, unit: &Unit, _: &Payments) -> Result<Payment, Failure> {
        let Self { id, intent } = self;
        let mut payment = find(unit, id)?;
        if payment.intent.as_ref() == Some(&intent) {
            return Ok(payment);
        }
        unit.put(BY_INTENT, &intent.id, &id)?;
        payment.intent = Some(intent);
        put_and_tell(unit, id, &mut payment, PaymentEvent::Created)?;
        Ok(payment)
    }
}

/// Notes the gateway's checkout. Publishes `payment.created` if it is news.
#[derive(Clone, Debug)]
pub struct RecordCheckout {
    /// The payment.
    pub id: PaymentId,
    /// The gateway's id of the checkout.
    pub checkout: String,
}

impl Command for RecordCheckout {
    type Owner = Payments;
    type Reply = Payment;

    fn apply(self, unit: &Unit, _: &Payments) -> Result<Payment, Failure> {
        let Self { id, checkout } = self;
        let mut payment = find(unit, id)?;
        if payment.checkout.as_ref() == Some(&checkout) {
            return Ok(payment);
        }
        unit.put(BY_CHECKOUT, &checkout, &id)?;
        payment.checkout = Some(checkout);
        put_and_tell(unit, id, &mut payment, PaymentEvent::Created)?;
        Ok(payment)
    }
}

/// Notes that the shop will now ask the gateway to charge. Replies the number of this attempt. Until
/// the gateway's answer is booked, the payment is in doubt: after a restart, the shop asks the
/// gateway what happened.
#[derive(Clone, Debug)]
pub struct BeginAttempt {
    /// The payment.
    pub id: PaymentId,
}

impl Command for BeginAttempt {
    type Owner = Payments;
    type Reply = u32;

    fn apply(self, unit: &Unit, _: &Payments) -> Result<u32, Failure> {
        let Self { id } = self;
        let mut payment = find(unit, id)?;
        payment.attempts = payment.attempts.saturating_add(1);
        unit.put(PAYMENTS, &id, &payment)?;
        let doubt = Doubt { attempt: payment.attempts, since: unit.now() };
        unit.put(IN_DOUBT, &id, &doubt)?;
        Ok(payment.attempts)
    }
}

/// Puts an open payment in doubt, because something was said of it that cannot be booked: the
/// gateway is to be asked. Does nothing if it is in doubt already, or not open.
#[derive(Clone, Debug)]
pub struct DoubtPayment {
    /// The payment.
    pub id: PaymentId,
}

impl Command for DoubtPayment {
    type Owner = Payments;
    type Reply = ();

    fn apply(self, unit: &Unit, _: &Payments) -> Result<(), Failure> {
        let Self { id } = self;
        let payment = find(unit, id)?;
        if payment.status.is_open() && unit.get(IN_DOUBT, &id)?.is_none() {
            let doubt = Doubt { attempt: payment.attempts, since: unit.now() };
            unit.put(IN_DOUBT, &id, &doubt)?;
        }
        Ok(())
    }
}

/// Gives up an open payment because another way of paying is wanted: housekeeping closes it at the
/// gateway. One that is paid by now is left alone.
#[derive(Clone, Debug)]
pub struct GiveUpPayment {
    /// The payment.
    pub id: PaymentId,
}

impl Command for GiveUpPayment {
    type Owner = Payments;
    type Reply = ();

    fn apply(self, unit: &Unit, _: &Payments) -> Result<(), Failure> {
        // Since the sender looked, the money may have come.
        if find(unit, self.id)?.status.is_open() {
            unit.put(TO_CLOSE, &self.id, &())?;
        }
        Ok(())
    }
}

/// Notes that the classic contract initiated a payment: `finalize` may pay it without a card.
#[derive(Clone, Debug)]
pub struct PayAtFinalize {
    /// The payment.
    pub id: PaymentId,
}

impl Command for PayAtFinalize {
    type Owner = Payments;
    type Reply = ();

    fn apply(self, unit: &Unit, _: &Payments) -> Result<(), Failure> {
        let mut payment = find(unit, self.id)?;
        payment.pays_at_finalize = true;
        unit.put(PAYMENTS, &self.id, &payment)?;
        Ok(())
    }
}

impl Payment {
    /// True if it can still be paid, for this amount, in this way.
    #[must_use]
    pub fn fits(&self, amount: Money, way: &Way) -> bool {
        self.status.is_open() && self.amount == amount && self.way.is_like(way)
    }
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

/// The payment as it stands in this turn, and how it stands to its order.
///
/// # Errors
/// [`Refusal::NotFound`]; [`Failure`] of the store.
pub fn require_payment(unit: &Unit, id: PaymentId) -> Result<ShownPayment, Failure> {
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
