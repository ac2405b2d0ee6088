//! Money that goes back: decided in a turn, made at the gateway between turns, booked in another.
//!
//! What undoes a refund that the gateway will not make is its failure: the amount counts as left
//! again, and an operator sees it.

use super::begin::{find, put_and_tell};
use super::ledger::{self, Account, Movement};
use super::rows::{OF_ORDER, PAYMENTS, REFUNDS, REFUNDS_DUE, TO_CLOSE};
use super::{Payment, Payments, Refund, RefundState, RefundedBy};
use crate::outbox::PaymentEvent;
use crate::owner::Command;
use crate::store::{Direction, Read, Unit};
use crate::{Failure, ids};
use souk_domain::{Missing, Money, OrderId, PaymentId, PaymentStatus, Refusal};
use std::ops::ControlFlow;

/// Decides that money of a payment goes back. Refuses more than is left of what was taken, and a
/// payment of an order that cost nothing.
#[derive(Clone, Debug)]
pub struct RequestRefund {
    /// The payment.
    pub id: PaymentId,
    /// How much goes back; `None` for all that is left.
    pub amount: Option<Money>,
    /// Why; perhaps empty.
    pub reason: String,
    /// Who decides.
    pub by: RefundedBy,
}

impl Command for RequestRefund {
    type Owner = Payments;
    type Reply = (u64, Refund);

    fn apply(self, unit: &Unit, _: &Payments) -> Result<(u64, Refund), Failure> {
        let Self { id, amount, reason, by } = self;
        let mut payment = find(unit, id)?;
        if payment.has_money() && payment.amount == Money::ZERO && payment.received == Money::ZERO {
            return Err(Refusal::NothingToRefund.into());
        }
        let amount = amount.unwrap_or(payment.left());
        if amount <= Money::ZERO || amount > payment.left() {
            return Err(Refusal::RefundTooLarge.into());
        }
        add(unit, id, &mut payment, amount, &reason, by)
    }
}

/// Releases a payment that its order needs no more: money that was taken goes back, and what is
/// open is to be closed at the gateway. Housekeeping sees to both.
#[derive(Clone, Debug)]
pub struct ReleasePayment {
    /// The payment.
    pub id: PaymentId,
}

impl Command for ReleasePayment {
    type Owner = Payments;
    type Reply = ();

    fn apply(self, unit: &Unit, _: &Payments) -> Result<(), Failure> {
        let_go(unit, self.id)
    }
}

/// Releases the payments that an order needs no more, all of them or all but one, as
/// [`ReleasePayment`] does.
#[derive(Clone, Debug)]
pub struct ReleasePaymentsOfOrder {
    /// The order.
    pub order: OrderId,
    /// The payment that paid the order, if one did.
    pub except: Option<PaymentId>,
}

impl Command for ReleasePaymentsOfOrder {
    type Owner = Payments;
    type Reply = ();

    fn apply(self, unit: &Unit, _: &Payments) -> Result<(), Failure> {
        let Self { order, except } = self;
        let mut others = Vec::new();
        unit.visit_under(OF_ORDER, &order, Direction::Ascending, |id: PaymentId, ()| {
            others.extend((Some(id) != except).then_some(id));
            ControlFlow::Continue(())
        })?;
        for id in others {
            let_go(unit, id)?;
        }
        Ok(())
    }
}

/// Books that the gateway has made a refund, in the ledger too. Publishes `payment.refunded`.
/// Replies `None`, and changes nothing, if that is no news.
#[derive(Clone, Debug)]
pub struct RecordRefund {
    /// The payment.
    pub id: PaymentId,
    /// The refund's number in its payment.
    pub number: u64,
    /// What the gateway calls it, if it said so.
    pub gateway_id: Option<String>,
}

/// What a refund that was made means for the order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MadeRefund {
    /// How much went back.
    pub amount: Money,
    /// How much of that the order has not counted before, with a refund that failed in the end.
    pub counted: Money,
    /// True if nothing is left of what was paid.
    pub is_full: bool,
    /// Why; perhaps empty.
    pub reason: String,
}

impl Command for RecordRefund {
    type Owner = Payments;
    type Reply = Option<MadeRefund>;

    fn apply(self, unit: &Unit, _: &Payments) -> Result<Option<MadeRefund>, Failure> {
        let Self { id, number, gateway_id } = self;
        let mut payment = find(unit, id)?;
        let mut refund = find_refund(unit, id, number)?;
        if refund.state != RefundState::Due {
            return Ok(None);
        }
        unit.delete(REFUNDS_DUE, &(id, number))?;
        refund.state = RefundState::Made;
        refund.gateway_id = gateway_id;
        refund.updated_at = unit.now();
        unit.put(REFUNDS, &(id, number), &refund)?;
        let amount = refund.amount;
        payment.refunding = minus(payment.refunding, amount);
        payment.refunded = plus(payment.refunded, amount);
        // What a failed refund left owing is paid back first.
        let owed = amount.min(payment.owed_back);
        let rest = minus(amount, owed);
        payment.owed_back = minus(payment.owed_back, owed);
        let against = match payment.counts_as {
            Account::Sales => Account::Refunds,
            other => other,
        };
        let flow = (Account::Gateway, Account::Receivable, owed);
        ledger::append(unit, id, &payment, Movement::Refunded, flow)?;
        let flow = (Account::Gateway, against, rest);
        ledger::append(unit, id, &payment, Movement::Refunded, flow)?;
        let is_full = payment.refunded >= payment.received;
        if is_full {
            payment.status = PaymentStatus::Refunded;
        }
        put_and_tell(unit, id, &mut payment, PaymentEvent::Refunded)?;
        Ok(Some(MadeRefund { amount, counted: rest, is_full, reason: refund.reason }))
    }
}

/// Notes that the gateway will not make a refund: the amount counts as left again. Does nothing if
/// that is no news.
#[derive(Clone, Debug)]
pub struct RecordRefusedRefund {
    /// The payment.
    pub id: PaymentId,
    /// The refund's number in its payment.
    pub number: u64,
}

impl Command for RecordRefusedRefund {
    type Owner = Payments;
    type Reply = ();

    fn apply(self, unit: &Unit, _: &Payments) -> Result<(), Failure> {
        let Self { id, number } = self;
        let mut payment = find(unit, id)?;
        let mut refund = find_refund(unit, id, number)?;
        if refund.state != RefundState::Due {
            return Ok(());
        }
        unit.delete(REFUNDS_DUE, &(id, number))?;
        refund.state = RefundState::Failed;
        refund.updated_at = unit.now();
        unit.put(REFUNDS, &(id, number), &refund)?;
        payment.refunding = minus(payment.refunding, refund.amount);
        unit.put(PAYMENTS, &id, &payment)?;
        Ok(())
    }
}

/// Books that a refund that was made came back to the shop: the customer is owed it still.
/// Publishes `payment.refund_failed`. Replies false and changes nothing if the shop did not make
/// this refund, or if its failure is already recorded.
#[derive(Clone, Debug)]
pub struct RecordFailedRefund {
    /// The payment.
    pub id: PaymentId,
    /// What the gateway calls the refund.
    pub gateway_id: String,
}

impl Command for RecordFailedRefund {
    type Owner = Payments;
    type Reply = bool;

    fn apply(self, unit: &Unit, _: &Payments) -> Result<bool, Failure> {
        let Self { id, gateway_id } = self;
        let mut payment = find(unit, id)?;
        let mut found = None;
        unit.visit_under(REFUNDS, &id, Direction::Ascending, |number: u64, refund| {
            let is_it = refund.state == RefundState::Made
                && refund.gateway_id.as_ref() == Some(&gateway_id);
            if is_it {
                found = Some((number, refund));
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        })?;
        let Some((number, mut refund)) = found else { return Ok(false) };
        refund.state = RefundState::Failed;
        refund.updated_at = unit.now();
        unit.put(REFUNDS, &(id, number), &refund)?;
        payment.refunded = minus(payment.refunded, refund.amount);
        payment.owed_back = plus(payment.owed_back, refund.amount);
        payment.status = PaymentStatus::Succeeded;
        let flow = (Account::Receivable, Account::Gateway, refund.amount);
        ledger::append(unit, id, &payment, Movement::RefundFailed, flow)?;
        put_and_tell(unit, id, &mut payment, PaymentEvent::RefundFailed)?;
        Ok(true)
    }
}

/// Notes that `amount` goes back, which the sender has checked to be left.
pub(super) fn add(
    unit: &Unit,
    id: PaymentId,
    payment: &mut Payment,
    amount: Money,
    reason: &str,
    by: RefundedBy,
) -> Result<(u64, Refund), Failure> {
    let number = ids::next(unit, "refund", Some)?;
    let refund = Refund {
        amount,
        reason: reason.to_owned(),
        by,
        state: RefundState::Due,
        gateway_id: None,
        created_at: unit.now(),
        updated_at: unit.now(),
    };
    unit.put(REFUNDS, &(id, number), &refund)?;
    unit.put(REFUNDS_DUE, &(id, number), &())?;
    payment.refunding = plus(payment.refunding, amount);
    payment.updated_at = unit.now();
    unit.put(PAYMENTS, &id, payment)?;
    Ok((number, refund))
}

/// Lets what was taken go back, and an open payment be closed.
pub(super) fn let_go(unit: &Unit, id: PaymentId) -> Result<(), Failure> {
    let mut payment = find(unit, id)?;
    let left = payment.left();
    // What cost nothing goes back too: the order is paid no more.
    let is_free = payment.received == Money::ZERO && payment.status == PaymentStatus::Succeeded;
    if left > Money::ZERO || (is_free && !has_refund(unit, id)?) {
        add(unit, id, &mut payment, left, "", RefundedBy::Shop)?;
    } else if payment.status.is_open() {
        unit.put(TO_CLOSE, &id, &())?;
    }
    Ok(())
}

fn has_refund(unit: &Unit, id: PaymentId) -> Result<bool, Failure> {
    let mut is_there = false;
    unit.visit_under(REFUNDS, &id, Direction::Ascending, |_: u64, _| {
        is_there = true;
        ControlFlow::Break(())
    })?;
    Ok(is_there)
}

fn find_refund(unit: &Unit, id: PaymentId, number: u64) -> Result<Refund, Failure> {
    Ok(unit.get(REFUNDS, &(id, number))?.ok_or(Refusal::NotFound(Missing::Payment))?)
}

pub(super) fn plus(amount: Money, more: Money) -> Money {
    Money::from_minor_units(amount.minor_units().saturating_add(more.minor_units()))
}

pub(super) fn minus(amount: Money, less: Money) -> Money {
    Money::from_minor_units(amount.minor_units().saturating_sub(less.minor_units()))
}
