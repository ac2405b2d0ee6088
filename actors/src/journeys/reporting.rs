//! Reports from other systems about an order: that it was paid, and its state. A claim about money
//! only causes a question to the gateway (design law 8).

use super::ordering;
use super::paying::{self, News, Settled};
use crate::Failure;
use crate::orders::{self, Contact, UpdateOrder};
use crate::owner::Turn;
use souk_domain::{
    OrderId, OrderStatus, Role, StatusTransition, transition, transition_with_payment,
};

/// A report from another system.
#[derive(Clone, Debug)]
pub struct Report {
    /// The order concerned.
    pub order: OrderId,
    /// True if the report claims that it is paid.
    pub claims_payment: bool,
    /// The gateway's answer, if the gateway was asked.
    pub news: Option<News>,
    /// The requested state.
    pub status: Option<OrderStatus>,
    /// The mail recipient, if a mail is to be sent.
    pub contact: Option<Contact>,
}

/// The result of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reported {
    /// The report is booked.
    Done,
    /// The gateway does not confirm the payment. Its answer is booked, and the order's state is
    /// unchanged.
    NotPaid,
}

/// Books a report.
///
/// # Errors
/// Rejects a state that the order cannot reach; nothing is booked then.
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
    // All checks that can reject come before the first write.
    let moves = match status {
        None => false,
        Some(to) => {
            let transition = match becomes_paid || (claims_payment && is_paid) {
                true => transition_with_payment(order.status, to),
                false => transition(order.status, to, Role::Administrator),
            };
            transition? != StatusTransition::Stay
        }
    };
    if pays_nothing {
        paying::pay_nothing(turn, id, contact.clone()).await?;
    } else if let Some(news) = news {
        let settled = paying::settle(turn, news).await?;
        if becomes_paid && !matches!(settled, Settled::Paid(_)) {
            // The money was refunded before this report came.
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
