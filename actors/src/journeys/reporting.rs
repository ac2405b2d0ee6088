//! Other systems report on an order: that it was paid, and how far it is. What they say about
//! money counts as a question to the gateway, and nothing more (design law 8).

use super::ordering;
use super::paying::{self, News, Settled};
use crate::Failure;
use crate::orders::{self, Contact, UpdateOrder};
use crate::owner::Turn;
use souk_domain::{OrderId, OrderStatus, Role, StatusStep, step, step_with_payment};

/// What was reported.
#[derive(Clone, Debug)]
pub struct Report {
    /// About which order.
    pub order: OrderId,
    /// True if the report claims that it is paid.
    pub claims_payment: bool,
    /// What the gateway answered, if it was asked.
    pub news: Option<News>,
    /// The wished state.
    pub status: Option<OrderStatus>,
    /// Whom to mail.
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
pub async fn report(turn: &Turn, report: Report) -> Result<Reported, Failure> {
    let Report { order: id, claims_payment, news, status, contact } = report;
    let order = orders::require_order(turn.unit(), id)?;
    let is_payable = order.status != OrderStatus::Cancelled;
    let pays_nothing = claims_payment && paying::costs_nothing(&order);
    let becomes_paid =
        pays_nothing || (is_payable && news.as_ref().is_some_and(|news| news.pays(&order)));
    let is_paid = order.is_paid || becomes_paid;
    if claims_payment && !is_paid {
        if let Some(news) = news {
            paying::settle(turn, news).await?;
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
        paying::pay_nothing(turn, id, contact.clone()).await?;
    } else if let Some(news) = news {
        let settled = paying::settle(turn, news).await?;
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
        ordering::update(turn, update).await?;
    }
    Ok(Reported::Done)
}
