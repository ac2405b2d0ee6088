//! The life of a payment: begun, known to the gateway, settled, perhaps refunded.

use super::rows::{BY_INTENT, BY_ORDER, PAYMENTS, REFUNDS_DUE, TO_CLOSE};
use super::{Intent, Payment};
use crate::outbox::{self, Outgoing, PaymentEvent};
use crate::store::{Read, Unit};
use crate::{Failure, ids};
use souk_domain::{Missing, Money, OrderId, PaymentId, PaymentStatus, Refusal};

pub(super) fn begin(
    unit: &Unit,
    order: OrderId,
    amount: Money,
) -> Result<(PaymentId, Payment), Failure> {
    if let Some((id, payment)) = super::of_order(unit, order)?
        && payment.status.is_open()
        && payment.amount == amount
    {
        return Ok((id, payment));
    }
    let id = ids::next(unit, "payment", PaymentId::new)?;
    let payment = Payment {
        order,
        amount,
        status: PaymentStatus::RequiresPaymentMethod,
        intent: None,
        pays_at_finalize: false,
        created_at: unit.now(),
        updated_at: unit.now(),
        version: 0,
    };
    unit.put(PAYMENTS, &id, &payment)?;
    unit.put(BY_ORDER, &order, &id)?;
    Ok((id, payment))
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

pub(super) fn record_outcome(
    unit: &Unit,
    id: PaymentId,
    status: PaymentStatus,
    was_declined: bool,
) -> Result<Payment, Failure> {
    let mut payment = find(unit, id)?;
    // What comes late does not open a payment again; but money that came is money that came.
    let is_settled = match payment.status {
        PaymentStatus::Succeeded | PaymentStatus::Refunded => true,
        PaymentStatus::Canceled => status != PaymentStatus::Succeeded,
        _ => false,
    };
    if is_settled || (payment.status == status && !was_declined) {
        return Ok(payment);
    }
    payment.status = status;
    if !status.is_open() {
        unit.delete(TO_CLOSE, &id)?;
    }
    let what = match status {
        PaymentStatus::Succeeded => PaymentEvent::Succeeded,
        PaymentStatus::Canceled => PaymentEvent::Canceled,
        PaymentStatus::Refunded => PaymentEvent::Refunded,
        PaymentStatus::RequiresPaymentMethod
        | PaymentStatus::RequiresAction
        | PaymentStatus::Processing => {
            if !was_declined {
                payment.updated_at = unit.now();
                unit.put(PAYMENTS, &id, &payment)?;
                return Ok(payment);
            }
            PaymentEvent::Failed
        }
    };
    put_and_tell(unit, id, &mut payment, what)?;
    Ok(payment)
}

pub(super) fn let_go(unit: &Unit, id: PaymentId) -> Result<(), Failure> {
    let payment = find(unit, id)?;
    if payment.status == PaymentStatus::Succeeded {
        unit.put(REFUNDS_DUE, &id, &())?;
    } else if payment.status.is_open() {
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

/// The payment, and whether it is the current one of its order.
pub(super) fn show(unit: &Unit, id: PaymentId) -> Result<(Payment, bool), Failure> {
    let payment = find(unit, id)?;
    let is_current = unit.get(BY_ORDER, &payment.order)? == Some(id);
    Ok((payment, is_current))
}

pub(super) fn record_refund(unit: &Unit, id: PaymentId) -> Result<bool, Failure> {
    let mut payment = find(unit, id)?;
    unit.delete(REFUNDS_DUE, &id)?;
    if payment.status == PaymentStatus::Refunded {
        return Ok(false);
    }
    payment.status = PaymentStatus::Refunded;
    put_and_tell(unit, id, &mut payment, PaymentEvent::Refunded)?;
    Ok(true)
}

fn find(unit: &Unit, id: PaymentId) -> Result<Payment, Failure> {
    Ok(unit.get(PAYMENTS, &id)?.ok_or(Refusal::NotFound(Missing::Payment))?)
}

fn put_and_tell(
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
