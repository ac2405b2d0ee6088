//! The mails about an order.

use super::{Contact, Order, Recipient};
use crate::Failure;
use crate::outbox::{self, Cause, MailContent, OrderMail, Outgoing};
use crate::store::Unit;
use souk_domain::{Money, OrderId};

/// Mails the order's contact, if there is one.
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

/// The part of a mail that is not in the order.
pub(super) struct About<'a> {
    pub(super) template: OrderMail,
    /// The reason; may be empty.
    pub(super) reason: &'a str,
    /// The refunded amount, if the mail is about a refund.
    pub(super) refunded: Option<Money>,
}

/// Like [`mail`], with an optional refunded amount.
pub(super) fn mail_about(
    unit: &Unit,
    id: OrderId,
    order: &Order,
    contact: Option<&Contact>,
    about: &About<'_>,
) -> Result<(), Failure> {
    // If an order has a recipient of its own, the mails go there, even if a user placed it.
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
        // The buyer may have given a stranger's address. A mail to it shows only the products and
        // the town, and nothing else that the buyer wrote.
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
