//! The owner hears of new orders: in a mail for each, in one mail for those of an hour, or not at
//! all. An order that waits for the next digest is written down with the order itself, and is
//! crossed out in the commit that appends the digest, so each is mailed exactly once.

use super::rows::{ORDERS, TO_ANNOUNCE};
use super::{Contact, Order, Orders};
use crate::outbox::{self, Cause, ListedOrder, MailContent, NewOrder, Outgoing};
use crate::owner::Command;
use crate::store::{Direction, Read, StoreError, Unit};
use crate::{Failure, users};
use serde::Deserialize;
use souk_domain::{OrderId, UnixMillis};

/// Orders one digest lists; further ones wait for the next.
const ORDERS_PER_DIGEST_MAX: usize = 200;
/// Administrators that get a mail.
const ADMINISTRATORS_MAILED_MAX: usize = 20;

/// How the owner hears of new orders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OrderNotices {
    /// In a mail for each.
    #[default]
    Each,
    /// In one mail for those of an hour.
    Digest,
    /// Not at all.
    Off,
}

/// Mails the orders that wait for a digest to the owner, if the oldest of them was placed at
/// `placed_before` or earlier. Where the owner wants to hear nothing, they only stop waiting.
#[derive(Clone, Debug)]
pub struct AnnounceOrders {
    /// When the oldest must have been placed, at the latest.
    pub placed_before: UnixMillis,
}

impl Command for AnnounceOrders {
    type Owner = Orders;
    type Reply = ();

    fn apply(self, unit: &Unit, owner: &Orders) -> Result<(), Failure> {
        let waiting = waiting(unit)?;
        if !is_due(&waiting, self.placed_before) {
            return Ok(());
        }
        let placed: Vec<(OrderId, Order)> =
            waiting.iter().filter_map(|(id, order)| Some((*id, order.clone()?))).collect();
        if let Some((first, _)) = placed.first().filter(|_| owner.notices != OrderNotices::Off) {
            let content = MailContent::OrderDigest(placed.iter().map(listed).collect());
            for (administrator, user) in users::administrators(unit, ADMINISTRATORS_MAILED_MAX)? {
                let cause = Cause::OrderDigest(*first, administrator);
                let (to, content) = (user.email.to_string(), content.clone());
                outbox::append(unit, Outgoing::Mail { cause, to, content })?;
            }
        }
        for (id, _) in &waiting {
            unit.delete(TO_ANNOUNCE, id)?;
        }
        Ok(())
    }
}

/// Mails a new order to the owner, or writes down that the next digest must list it.
pub(super) fn note(
    unit: &Unit,
    id: OrderId,
    order: &Order,
    contact: Option<&Contact>,
    notices: OrderNotices,
) -> Result<(), Failure> {
    match notices {
        OrderNotices::Off => Ok(()),
        OrderNotices::Digest => Ok(unit.put(TO_ANNOUNCE, &id, &())?),
        OrderNotices::Each => {
            let content = MailContent::NewOrder(Box::new(new_order(order, contact)));
            for (administrator, user) in users::administrators(unit, ADMINISTRATORS_MAILED_MAX)? {
                let cause = Cause::NewOrder(id, administrator);
                let (to, content) = (user.email.to_string(), content.clone());
                outbox::append(unit, Outgoing::Mail { cause, to, content })?;
            }
            Ok(())
        }
    }
}

fn new_order(order: &Order, contact: Option<&Contact>) -> NewOrder {
    let own = order.recipient.as_ref();
    let contact = own.and_then(super::Recipient::contact).or_else(|| contact.cloned());
    let (email, customer_name) = contact.map(|it| (it.email, it.name)).unwrap_or_default();
    let text = |text: Option<&String>| text.cloned().unwrap_or_default();
    NewOrder {
        number: order.number.clone(),
        customer_name,
        email,
        phone_number: text(own.map(|own| &own.phone_number)),
        shipping_address: order.shipping_address.clone(),
        postcode: text(own.map(|own| &own.postcode)),
        city: text(own.map(|own| &own.city)),
        notes: text(own.map(|own| &own.notes)),
        lines: order.lines.clone(),
        total: order.total,
    }
}

fn listed((_, order): &(OrderId, Order)) -> ListedOrder {
    let own = order.recipient.as_ref();
    ListedOrder {
        number: order.number.clone(),
        customer_name: own
            .and_then(super::Recipient::contact)
            .map(|it| it.name)
            .unwrap_or_default(),
        city: own.map(|own| own.city.clone()).unwrap_or_default(),
        total: order.total,
        placed_at: order.created_at,
    }
}

/// Whether orders wait for a digest, the oldest of them since `placed_before` or earlier.
///
/// # Errors
/// [`StoreError`].
pub fn digest_is_due(read: &impl Read, placed_before: UnixMillis) -> Result<bool, StoreError> {
    Ok(is_due(&waiting(read)?, placed_before))
}

/// Orders that wait for a digest, oldest first; `None` in place of those that were deleted.
fn waiting(read: &impl Read) -> Result<Vec<(OrderId, Option<Order>)>, StoreError> {
    let first = OrderId::new(1).expect("1 is an id");
    let rows =
        read.range(TO_ANNOUNCE, &first, None, Direction::Ascending, ORDERS_PER_DIGEST_MAX)?;
    let with_order = |(id, ()): (OrderId, ())| Ok((id, read.get(ORDERS, &id)?));
    rows.into_iter().map(with_order).collect()
}

fn is_due(waiting: &[(OrderId, Option<Order>)], placed_before: UnixMillis) -> bool {
    let oldest = waiting.iter().find_map(|(_, order)| order.as_ref());
    !waiting.is_empty() && oldest.is_none_or(|order| order.created_at <= placed_before)
}
