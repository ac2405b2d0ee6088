//! Notifies the shop's owner of a new order: by a mail of its own, or in the next digest.

use super::{ADMINISTRATORS_MAILED_MAX, OrderNotices};
use crate::orders::stored::TO_ANNOUNCE;
use crate::orders::{Contact, Order, Recipient};
use crate::outbox::{self, Cause, MailContent, NewOrder, Outgoing};
use crate::store::Unit;
use crate::{Failure, users};
use souk_domain::OrderId;

/// Mails a new order to the shop's owner, or lists it for the next digest.
pub(in crate::orders) fn announce_or_list(
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
    let contact = own.and_then(Recipient::contact).or_else(|| contact.cloned());
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
