//! How a payment begins, and how it becomes known to the gateway.

use super::Payments;
use super::rows::{
    BY_CHECKOUT, BY_INTENT, BY_ORDER, Doubt, IN_DOUBT, OF_ORDER, OPEN, PAYMENTS, TO_CLOSE,
};
use super::{Account, Intent, Payment, Way};
use crate::outbox::{self, Outgoing, PaymentEvent};
use crate::owner::Command;
use crate::store::{Read, Unit};
use crate::{Failure, ids};
use souk_domain::{Missing, Money, OrderId, PaymentId, PaymentStatus, Refusal};

/// Begin the payment of an order, or find the one that was begun. One that cannot be paid in
/// this way, or for this amount, is to be closed.
#[derive(Clone, Debug)]
pub struct BeginPayment {
    /// What is to be paid.
    pub order: OrderId,
    /// What it owes.
    pub amount: Money,
    /// How.
    pub way: Way,
}

impl Command for BeginPayment {
    type Owner = Payments;
    type Reply = (PaymentId, Payment);

    fn apply(self, unit: &Unit, _: &Payments) -> Result<(PaymentId, Payment), Failure> {
        let Self { order, amount, way } = self;
        begin(unit, order, amount, way)
    }
}

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

/// Note the gateway's intent. Tells `payment.created` the first time.
#[derive(Clone, Debug)]
pub struct RecordIntent {
    /// Which.
    pub id: PaymentId,
    /// What the gateway calls it.
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

/// Note the gateway's checkout. Tells `payment.created` the first time.
#[derive(Clone, Debug)]
pub struct RecordCheckout {
    /// Which.
    pub id: PaymentId,
    /// What the gateway calls it.
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

/// Note that the gateway is about to be told to charge. Until its answer is booked, the
/// payment is in doubt, and the gateway is asked after a restart.
#[derive(Clone, Debug)]
pub struct BeginAttempt {
    /// Which.
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

/// Something was said of an open payment that cannot be booked: the gateway is to be asked.
#[derive(Clone, Debug)]
pub struct DoubtPayment {
    /// Which.
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

/// Another way of paying is wanted: a payment that is still open must be closed at the gateway.
/// One that is paid by now is left alone. Housekeeping sees to it.
#[derive(Clone, Debug)]
pub struct GiveUpPayment {
    /// Which.
    pub id: PaymentId,
}

impl Command for GiveUpPayment {
    type Owner = Payments;
    type Reply = ();

    fn apply(self, unit: &Unit, _: &Payments) -> Result<(), Failure> {
        let Self { id } = self;
        // Since the sender looked, the money may have come.
        if find(unit, id)?.status.is_open() {
            unit.put(TO_CLOSE, &id, &())?;
        }
        Ok(())
    }
}

/// The classic contract initiated it: `finalize` may pay without a card.
#[derive(Clone, Debug)]
pub struct PayAtFinalize {
    /// Which.
    pub id: PaymentId,
}

impl Command for PayAtFinalize {
    type Owner = Payments;
    type Reply = ();

    fn apply(self, unit: &Unit, _: &Payments) -> Result<(), Failure> {
        let Self { id } = self;
        let mut payment = find(unit, id)?;
        payment.pays_at_finalize = true;
        unit.put(PAYMENTS, &id, &payment)?;
        Ok(())
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
