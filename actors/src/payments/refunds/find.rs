//! Finds the refund that a command names.

use crate::Failure;
use crate::payments::Refund;
use crate::payments::stored::REFUNDS;
use crate::store::{Read, Unit};
use souk_domain::{Missing, PaymentId, Refusal};

pub(super) fn find_refund(unit: &Unit, id: PaymentId, number: u64) -> Result<Refund, Failure> {
    Ok(unit.get(REFUNDS, &(id, number))?.ok_or(Refusal::NotFound(Missing::Payment))?)
}
