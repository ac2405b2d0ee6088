//! Other systems report on an order: that it was paid, and how far it is. What they say about
//! money counts as a question to the gateway, and nothing more (design law 8).

use super::ordering;
use super::paying::{self, News, Settled};
use crate::Failure;
use crate::orders::{Contact, OrdersMessage, UpdateOrder};
use crate::store::Unit;
use crate::supervision::Owners;
use souk_domain::{OrderId, OrderStatus, Role, StatusStep, step, step_with_payment};

/// What was reported.
#[derive(Clone, Debug)]
pub struct Report {
    /// About which order.
    pub order: OrderId,
    /// True if it is said to be paid.
    pub claims_payment: bool,
    /// What the gateway said when it was asked, if it was.
    pub news: Option<News>,
    /// The wished state.
    pub status: Option<OrderStatus>,
    /// Whom to tell.
    pub contact: Option<Contact>,
}

/// What came of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reported {
    /// It is booked.
    Done,
    /// The gateway does not say that the order is paid; what it does say is booked, and the state
    /// is left.
    NotPaid,
}

/// Books a report.
///
/// # Errors
/// Refuses a state the order cannot get to; nothing is booked then.
pub async fn report(owners: &Owners, unit: &Unit, report: Report) -> Result<Reported, Failure> {
    let Report { order: id, claims_payment, news, status, contact } = report;
    let show = |reply_to| OrdersMessage::Show { unit: unit.clone(), id, reply_to };
    let order = owners.orders.ask(show).await?;
    let is_payable = order.status != OrderStatus::Cancelled;
    let pays_nothing = claims_payment && paying::costs_nothing(&order);
    let becomes_paid =
        pays_nothing || (is_payable && news.as_ref().is_some_and(|news| news.pays(&order)));
    let is_paid = order.is_paid || becomes_paid;
    if claims_payment && !is_paid {
        if let Some(news) = news {
            paying::settle(owners, unit, news).await?;
        }
        return Ok(Reported::NotPaid);
    }
    // Everything that can be refused comes before the first write.
    let moves = match status {
        None => false,
        Some(to) => {
            let step = match becomes_paid || (claims_payment && is_paid) {
                true => step_with_payment(order.status, to),
                false => step(order.status, to, Role::Administrator),
            };
            step? != StatusStep::Stay
        }
    };
    if pays_nothing {
        paying::pay_nothing(owners, unit, id, contact.clone()).await?;
    } else if let Some(news) = news {
        let settled = paying::settle(owners, unit, news).await?;
        if becomes_paid && !matches!(settled, Settled::Paid(_)) {
            // The money went back before this report came.
            return Ok(Reported::NotPaid);
        }
    }
    if moves {
        let update = UpdateOrder {
            id,
            customer: order.customer,
            by: Role::Administrator,
            status,
            shipping_address: None,
            billing_address: None,
            contact,
        };
        ordering::update(owners, unit, update).await?;
    }
    Ok(Reported::Done)
}
