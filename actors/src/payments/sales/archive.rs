//! Archiving the sale of a deleted order.

use crate::Failure;
use crate::owner::Command;
use crate::payments::Payments;
use crate::payments::amounts::minus;
use crate::payments::find::find;
use crate::payments::ledger::{self, Account, Movement};
use crate::payments::stored::PAYMENTS;
use crate::store::Unit;
use souk_domain::PaymentId;

/// Removes a payment from the sales, because its order was deleted in this turn. The money is
/// refunded, or kept because the goods were shipped.
#[derive(Clone, Debug)]
pub struct ArchiveSale {
    /// The payment.
    pub id: PaymentId,
    /// True if the shop keeps the money, because the goods were shipped.
    pub is_kept: bool,
}

impl Command for ArchiveSale {
    type Owner = Payments;
    type Reply = ();

    fn apply(self, unit: &Unit, _: &Payments) -> Result<(), Failure> {
        let Self { id, is_kept } = self;
        let mut payment = find(unit, id)?;
        if payment.counts_as != Account::Sales {
            return Ok(());
        }
        let still_sold = minus(minus(payment.received, payment.refunded), payment.owed_back);
        payment.counts_as = if is_kept { Account::Archived } else { Account::Receivable };
        let flow = (payment.counts_as, Account::Sales, still_sold);
        ledger::append(unit, id, &payment, Movement::Deleted, flow)?;
        unit.put(PAYMENTS, &id, &payment)?;
        Ok(())
    }
}
