//! What an order's life means for the money that paid it.

use super::Payments;
use super::begin::find;
use super::ledger::{self, Account, Movement};
use super::refunds::minus;
use super::rows::PAYMENTS;
use crate::Failure;
use crate::owner::Command;
use crate::store::Unit;
use souk_domain::PaymentId;

/// Books the money of a payment as earned, because it has paid its order in this turn.
#[derive(Clone, Debug)]
pub struct BookSale {
    /// The payment.
    pub id: PaymentId,
}

impl Command for BookSale {
    type Owner = Payments;
    type Reply = ();

    fn apply(self, unit: &Unit, _: &Payments) -> Result<(), Failure> {
        let Self { id } = self;
        let mut payment = find(unit, id)?;
        if payment.counts_as == Account::Receivable {
            let flow = (Account::Sales, Account::Receivable, payment.received);
            ledger::append(unit, id, &payment, Movement::Sold, flow)?;
            payment.counts_as = Account::Sales;
            unit.put(PAYMENTS, &id, &payment)?;
        }
        Ok(())
    }
}

/// Takes a payment out of the sales, because its order was deleted in this turn. The money goes
/// back to the customer, or is kept because the goods have left.
#[derive(Clone, Debug)]
pub struct ArchiveSale {
    /// The payment.
    pub id: PaymentId,
    /// True if the shop keeps the money, because the goods have left.
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
