//! Taking a person out of their orders (contracts README, "Users": orders stay, without them).
//!
//! A paid order that has not arrived keeps who gets it and where, because somebody must still
//! carry it there: until it is delivered or cancelled, at most [`KEPT_FOR`].

use super::rows::{BY_CUSTOMER, KEPT_RECIPIENTS, ORDERS, RECIPIENTS_DUE, TO_FORGET};
use super::{Order, Orders, Recipient, write};
use crate::Failure;
use crate::check::Findings;
use crate::owner::Command;
use crate::store::{Direction, Read, Row, Snapshot, StoreError, Unit};
use crate::users::User;
use serde::{Deserialize, Serialize};
use souk_domain::{OrderId, OrderStatus, UnixMillis, UserId};
use std::ops::ControlFlow;
use std::time::Duration;

/// Orders one turn goes through; whoever has more is forgotten by housekeeping, turn by turn.
const MAX_ORDERS_PER_TURN: usize = 200;
/// How long the recipient of a paid order is kept after the account was closed.
pub const KEPT_FOR: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// What the orders of a closed account that are on their way still need to know of the person.
/// No e-mail address, no user name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leaver {
    first_name: String,
    last_name: String,
    phone_number: String,
    address: String,
    city: String,
    postcode: String,
}

impl Leaver {
    /// Whoever closes this account.
    #[must_use]
    pub fn of(user: &User) -> Self {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        Self {
            first_name: user.first_name.clone(),
            last_name: user.last_name.clone(),
            phone_number: text(&user.phone_number),
            address: text(&user.address),
            city: text(&user.city),
            postcode: text(&user.postcode),
        }
    }
}

impl Row for Leaver {
    const VERSION: u8 = 2;

    /// Version 1 was written when nothing of the person was kept.
    fn read(version: u8, bytes: &[u8]) -> Option<Self> {
        match version {
            1 => bytes.is_empty().then(Self::default),
            2 => {
                let (row, rest) = postcard::take_from_bytes(bytes).ok()?;
                rest.is_empty().then_some(row)
            }
            _ => None,
        }
    }
}

/// Takes a person out of their orders: no customer, no addresses, except where a paid order must
/// still be delivered. Of many orders some are left for a later turn; until then
/// [`super::to_forget`] names the person. Publishes nothing: other systems hear of the closed
/// account.
#[derive(Clone, Debug)]
pub struct ForgetCustomer {
    /// The person who closes their account.
    pub customer: UserId,
    /// What their deliveries need, in the turn that closes the account; `None` in later turns,
    /// which find what the first one kept.
    pub leaver: Option<Leaver>,
}

impl Command for ForgetCustomer {
    type Owner = Orders;
    type Reply = ();

    fn apply(self, unit: &Unit, _: &Orders) -> Result<(), Failure> {
        let Self { customer, leaver } = self;
        let leaver = match leaver {
            Some(leaver) => leaver,
            None => unit.get(TO_FORGET, &customer)?.unwrap_or_default(),
        };
        let rows = unit.under(BY_CUSTOMER, &customer, Direction::Ascending, MAX_ORDERS_PER_TURN)?;
        for (id, ()) in &rows {
            let contradiction =
                StoreError::Contradiction { what: "a customer's order is not there" };
            let before = unit.get(ORDERS, id)?.ok_or(contradiction)?;
            let mut after = before.clone();
            after.customer = None;
            if is_on_its_way(&before) {
                keep_for_delivery(unit, *id, &mut after, &leaver)?;
            } else {
                wipe(&mut after);
            }
            write::put_silently(unit, *id, &before, &mut after)?;
            unit.delete(BY_CUSTOMER, &(customer, *id))?;
        }
        if rows.len() == MAX_ORDERS_PER_TURN {
            unit.put(TO_FORGET, &customer, &leaver)?;
        } else {
            unit.delete(TO_FORGET, &customer)?;
        }
        Ok(())
    }
}

/// Wipes the recipient that the order of a closed account kept for its delivery, because it was
/// kept for as long as it may be. Does nothing if the order is gone or keeps none.
#[derive(Clone, Debug)]
pub struct WipeRecipient {
    /// The order.
    pub id: OrderId,
}

impl Command for WipeRecipient {
    type Owner = Orders;
    type Reply = ();

    fn apply(self, unit: &Unit, _: &Orders) -> Result<(), Failure> {
        let Self { id } = self;
        let Some(before) = unit.get(ORDERS, &id)? else { return Ok(()) };
        if unlist(unit, id)? {
            let mut after = before.clone();
            wipe(&mut after);
            write::put_silently(unit, id, &before, &mut after)?;
        }
        Ok(())
    }
}

/// Whether somebody must still bring the goods to whoever paid for them.
fn is_on_its_way(order: &Order) -> bool {
    let has_ended = matches!(order.status, OrderStatus::Delivered | OrderStatus::Cancelled);
    order.is_paid && !has_ended
}

/// Leaves name, address and phone number, and notes when they go at the latest.
fn keep_for_delivery(
    unit: &Unit,
    id: OrderId,
    order: &mut Order,
    leaver: &Leaver,
) -> Result<(), StoreError> {
    let has_address = !order.shipping_address.is_empty();
    let part = |text: &String| if has_address { String::new() } else { text.clone() };
    let recipient = order.recipient.take().unwrap_or_else(|| Recipient {
        first_name: leaver.first_name.clone(),
        last_name: leaver.last_name.clone(),
        phone_number: leaver.phone_number.clone(),
        email: String::new(),
        // An order without an address of its own goes to the customer's.
        city: part(&leaver.city),
        postcode: part(&leaver.postcode),
        notes: String::new(),
    });
    if !has_address {
        order.shipping_address.clone_from(&leaver.address);
    }
    order.recipient = Some(Recipient { email: String::new(), notes: String::new(), ..recipient });
    order.billing_address.clear();
    let due = unit.now().after(KEPT_FOR);
    unit.put(KEPT_RECIPIENTS, &id, &due)?;
    unit.put(RECIPIENTS_DUE, &(due, id), &())
}

fn wipe(order: &mut Order) {
    order.recipient = None;
    order.shipping_address.clear();
    order.billing_address.clear();
}

/// Wipes what was kept of the recipient once the order has arrived, was cancelled or is no longer
/// paid. Comes before every write of an order.
pub(super) fn wipe_if_done(unit: &Unit, id: OrderId, order: &mut Order) -> Result<(), StoreError> {
    if !order.is_nobodys() || is_on_its_way(order) {
        return Ok(());
    }
    if unlist(unit, id)? {
        wipe(order);
    }
    Ok(())
}

/// Takes an order off the list of those that keep a recipient; true if it was on it.
pub(super) fn unlist(unit: &Unit, id: OrderId) -> Result<bool, StoreError> {
    let Some(due) = unit.get(KEPT_RECIPIENTS, &id)? else { return Ok(false) };
    unit.delete(RECIPIENTS_DUE, &(due, id))?;
    unit.delete(KEPT_RECIPIENTS, &id)
}

/// Orders of closed accounts whose recipient must be wiped at `now`, at most `limit`.
///
/// # Errors
/// [`StoreError`].
pub fn recipients_due(
    snapshot: &Snapshot,
    now: UnixMillis,
    limit: usize,
) -> Result<Vec<OrderId>, StoreError> {
    let first = OrderId::new(1).expect("1 is an id");
    let (from, to) = ((UnixMillis::new(0), first), (now, first));
    let rows = snapshot.range(RECIPIENTS_DUE, &from, Some(&to), Direction::Ascending, limit)?;
    Ok(rows.into_iter().map(|((_, id), ())| id).collect())
}

/// Only orders that are on their way keep the recipient of a closed account, and never their
/// e-mail address; each of them is on the list of what is to be wiped.
pub(super) fn check(snapshot: &Snapshot, findings: &mut Findings) -> Result<(), StoreError> {
    let first = OrderId::new(1).expect("1 is an id");
    let mut keeping = Vec::new();
    snapshot.visit(ORDERS, &first, None, Direction::Ascending, |id, order| {
        if order.is_nobodys()
            && let Some(recipient) = &order.recipient
        {
            keeping.push((id, is_on_its_way(&order), recipient.email.is_empty()));
        }
        ControlFlow::Continue(())
    })?;
    for (id, is_on_its_way, has_no_email) in &keeping {
        findings.require(*is_on_its_way && *has_no_email, || {
            format!("order {id} keeps more of a closed account than its delivery needs")
        });
        let due = snapshot.get(KEPT_RECIPIENTS, id)?;
        let is_due = match due {
            Some(due) => snapshot.get(RECIPIENTS_DUE, &(due, *id))?.is_some(),
            None => false,
        };
        findings.require(is_due, || format!("the recipient of order {id} will not be wiped"));
    }
    let count = u64::try_from(keeping.len()).unwrap_or(u64::MAX);
    let agrees =
        snapshot.count(KEPT_RECIPIENTS)? == count && snapshot.count(RECIPIENTS_DUE)? == count;
    findings.require(agrees, || "stray entries of recipients that are to be wiped".into());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_of_version_1_is_read() {
        assert_eq!(Leaver::read(1, &[]), Some(Leaver::default()));
        assert_eq!(Leaver::read(1, &[0]), None);
        let leaver = Leaver { first_name: "Ann".to_owned(), ..Leaver::default() };
        let bytes = postcard::to_stdvec(&leaver).expect("written");
        assert_eq!(Leaver::read(2, &bytes), Some(leaver));
        assert_eq!(Leaver::read(3, &bytes), None);
    }
}
