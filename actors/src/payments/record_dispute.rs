//! Disputes that customers open with their banks. A dispute does not change the order. The operator
//! responds at the gateway; the shop records and publishes the result.

use super::amounts::plus;
use super::find::find;
use super::ledger::{self, Movement};
use super::save::save_and_publish;
use super::{Account, Dispute, DisputeStatus, Payments};
use crate::Failure;
use crate::outbox::PaymentEvent;
use crate::owner::Command;
use crate::store::Unit;
use souk_domain::{Money, PaymentId};

/// Records the status of a dispute, and replies whether it changed. Publishes `payment.disputed`,
/// `payment.dispute_won` or `payment.dispute_lost`.
#[derive(Clone, Debug)]
pub struct RecordDispute {
    /// The payment.
    pub id: PaymentId,
    /// The dispute with its current status.
    pub dispute: Dispute,
}

impl Command for RecordDispute {
    type Owner = Payments;
    type Reply = bool;

    fn apply(self, unit: &Unit, _: &Payments) -> Result<bool, Failure> {
        let Self { id, dispute } = self;
        let mut payment = find(unit, id)?;
        let is_over_or_known = payment.dispute.as_ref().is_some_and(|known| {
            known.id == dispute.id
                && (known.status != DisputeStatus::Open || known.status == dispute.status)
        });
        if is_over_or_known {
            return Ok(false);
        }
        let what = match dispute.status {
            DisputeStatus::Open => PaymentEvent::Disputed,
            DisputeStatus::Won => PaymentEvent::DisputeWon,
            DisputeStatus::Lost => {
                // Money that was refunded, or is being refunded, cannot be lost too.
                let there = payment.left();
                let lost = dispute.amount.min(there).max(Money::ZERO);
                if lost != dispute.amount {
                    let (disputed, there) = (dispute.amount.minor_units(), there.minor_units());
                    tracing::error!(payment = %id, disputed, there, "a dispute took more than the payment has left");
                }
                payment.lost = plus(payment.lost, lost);
                let flow = (Account::Gateway, Account::Disputes, lost);
                ledger::append(unit, id, &payment, Movement::DisputeLost, flow)?;
                PaymentEvent::DisputeLost
            }
        };
        payment.dispute = Some(dispute);
        save_and_publish(unit, id, &mut payment, what)?;
        Ok(true)
    }
}
