//! Booking the money of a payment as earned.

use crate::Failure;
use crate::owner::Command;
use crate::payments::Payments;
use crate::payments::find::find;
use crate::payments::ledger::{self, Account, Movement};
use crate::payments::stored::PAYMENTS;
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
