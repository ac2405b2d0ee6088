//! Releasing the payments that an order no longer needs.

use super::Payments;
use super::release::release;
use super::stored::OF_ORDER;
use crate::Failure;
use crate::owner::Command;
use crate::store::{Direction, Read, Unit};
use souk_domain::{OrderId, PaymentId};
use std::ops::ControlFlow;

/// Releases the payments that an order no longer needs, all of them or all but one, as
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
            release(unit, id)?;
        }
        Ok(())
    }
}
