//! Beginning the payment of an order.

use super::stored::{BY_ORDER, OF_ORDER, OPEN, PAYMENTS, TO_CLOSE};
use super::{Account, Payment, PaymentFlow, Payments};
use crate::owner::Command;
use crate::store::Unit;
use crate::{Failure, ids};
use souk_domain::{Money, OrderId, PaymentId, PaymentStatus};

/// Begins the payment of an order, or returns the existing one. Marks an open payment to be closed
/// if it has another method or another amount.
#[derive(Clone, Debug)]
pub struct BeginPayment {
    /// The order to be paid.
    pub order: OrderId,
    /// What the order owes.
    pub amount: Money,
    /// The method of payment.
    pub flow: PaymentFlow,
}

impl Command for BeginPayment {
    type Owner = Payments;
    type Reply = (PaymentId, Payment);

    fn apply(self, unit: &Unit, _: &Payments) -> Result<(PaymentId, Payment), Failure> {
        let Self { order, amount, flow } = self;
        if let Some((id, payment)) = super::of_order(unit, order)? {
            if payment.fits(amount, &flow) {
                return Ok((id, payment));
            }
            if payment.status.is_open() {
                // An order has one open payment at a time.
                unit.put(TO_CLOSE, &id, &())?;
            }
        }
        let id = ids::next(unit, "payment", PaymentId::new)?;
        let payment = Payment {
            order,
            amount,
            status: PaymentStatus::RequiresPaymentMethod,
            flow,
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

impl Payment {
    /// True if it can still be paid, for this amount and by this method.
    #[must_use]
    pub fn fits(&self, amount: Money, flow: &PaymentFlow) -> bool {
        self.status.is_open() && self.amount == amount && self.flow.is_like(flow)
    }
}
