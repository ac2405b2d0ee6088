//! What every change of an order has in common: the row, its indexes, the totals, the events.

use super::rows::{BY_EXPIRY, ORDERS, SUMMARY};
use super::{Order, Recipient, crm, forget, unpaid};
use crate::Failure;
use crate::outbox::{self, Cause, MailContent, OrderEvent, OrderMail, Outgoing};
use crate::store::{Read, Unit};
use souk_domain::{Money, OrderId, OrderStatus};

/// Whom to mail about an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// The e-mail address.
    pub email: String,
    /// How to address them; may be empty.
    pub name: String,
}

/// Writes a changed order with its indexes and totals, and tells what happened.
pub(super) fn put(
    unit: &Unit,
    id: OrderId,
    before: &Order,
    after: &mut Order,
    what: OrderEvent,
) -> Result<(), Failure> {
    after.version = before.version + 1;
    crm::note(unit, id, after, what)?;
    put_silently(unit, id, before, after)?;
    let previous_status = (before.status != after.status).then_some(before.status);
    tell(unit, id, after, what, previous_status)
}

/// Writes a change that is no news to other systems.
pub(super) fn put_silently(
    unit: &Unit,
    id: OrderId,
    before: &Order,
    after: &mut Order,
) -> Result<(), Failure> {
    after.updated_at = unit.now();
    forget::wipe_if_done(unit, id, after)?;
    unit.put(ORDERS, &id, after)?;
    if before.expires_at != after.expires_at {
        if let Some(expires_at) = before.expires_at {
            unit.delete(BY_EXPIRY, &(expires_at, id))?;
        }
        if let Some(expires_at) = after.expires_at {
            unit.put(BY_EXPIRY, &(expires_at, id), &())?;
        }
    }
    unpaid::relist(unit, id, Some(before), Some(after))?;
    count(unit, Some(before), Some(after))
}

/// Keeps the totals in step with an order that came, changed or went.
pub(super) fn count(
    unit: &Unit,
    before: Option<&Order>,
    after: Option<&Order>,
) -> Result<(), Failure> {
    let old = unit.get(SUMMARY, &0)?.unwrap_or_default();
    let mut new = old;
    if let Some(order) = before {
        new.subtract(order);
    }
    if let Some(order) = after {
        new.add(order);
    }
    if new != old {
        unit.put(SUMMARY, &0, &new)?;
    }
    Ok(())
}

pub(super) fn tell(
    unit: &Unit,
    id: OrderId,
    order: &Order,
    what: OrderEvent,
    previous_status: Option<OrderStatus>,
) -> Result<(), Failure> {
    let snapshot = order.snapshot(previous_status);
    outbox::append(unit, Outgoing::Order { order: id, version: order.version, what, snapshot })
}

pub(super) fn mail(
    unit: &Unit,
    id: OrderId,
    order: &Order,
    contact: Option<&Contact>,
    template: OrderMail,
    reason: &str,
) -> Result<(), Failure> {
    let about = About { template, reason, refunded: None };
    mail_about(unit, id, order, contact, &about)
}

/// What a mail says beside what the order says.
pub(super) struct About<'a> {
    pub(super) template: OrderMail,
    /// Why; perhaps empty.
    pub(super) reason: &'a str,
    /// What went back, where the mail is about that.
    pub(super) refunded: Option<Money>,
}

pub(super) fn mail_about(
    unit: &Unit,
    id: OrderId,
    order: &Order,
    contact: Option<&Contact>,
    about: &About<'_>,
) -> Result<(), Failure> {
    // An order with a recipient of its own is their business, whoever's account it is in.
    let recipient = order.recipient.as_ref();
    let own = recipient.and_then(Recipient::contact);
    let account = contact.map(|contact| contact.email.as_str());
    let Some(contact) = own.as_ref().or(contact) else { return Ok(()) };
    let street = &order.shipping_address;
    let shipping_address = match recipient {
        None => street.clone(),
        Some(recipient)
            if account.is_some_and(|own| own.eq_ignore_ascii_case(&recipient.email)) =>
        {
            recipient.full_address(street)
        }
        // Whoever placed the order may have given anybody's address: a stranger hears what was
        // bought and for which town, and nothing else that the buyer wrote.
        Some(recipient) => recipient.town(),
    };
    let content = MailContent::Order {
        template: about.template,
        order_number: order.number.clone(),
        customer_name: contact.name.clone(),
        shipping_address,
        lines: order.lines.clone(),
        total: order.total,
        reason: about.reason.to_owned(),
        refunded: about.refunded,
    };
    let cause = Cause::Order(id, order.version);
    outbox::append(unit, Outgoing::Mail { cause, to: contact.email.clone(), content })
}
