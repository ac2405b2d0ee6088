//! What an order's life means for the money that paid it.

use super::begin::find;
use super::ledger::{self, Account, Movement};
use super::refunds::minus;
use super::rows::PAYMENTS;
use crate::Failure;
use crate::store::Unit;
use souk_domain::PaymentId;

/// An order was paid by it just now: the shop has earned it.
pub(super) fn book(unit: &Unit, id: PaymentId) -> Result<(), Failure> {
    let mut payment = find(unit, id)?;
    if payment.counts_as == Account::Receivable {
        let flow = (Account::Sales, Account::Receivable, payment.received);
        ledger::append(unit, id, &payment, Movement::Sold, flow)?;
        payment.counts_as = Account::Sales;
        unit.put(PAYMENTS, &id, &payment)?;
    }
    Ok(())
}

/// Its order was deleted: the sale is shown no more. Its money goes back to the customer, or is
/// kept because the goods have left.
pub(super) fn archive(unit: &Unit, id: PaymentId, is_kept: bool) -> Result<(), Failure> {
    let mut payment = find(unit, id)?;
    if payment.counts_as != Account::Sales {
        return Ok(());
    }
    let still_sold = minus(payment.received, payment.refunded);
    let still_sold = minus(still_sold, payment.owed_back);
    payment.counts_as = if is_kept { Account::Archived } else { Account::Receivable };
    let flow = (payment.counts_as, Account::Sales, still_sold);
    ledger::append(unit, id, &payment, Movement::Deleted, flow)?;
    unit.put(PAYMENTS, &id, &payment)?;
    Ok(())
}
