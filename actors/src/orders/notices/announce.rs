//! The digest of new orders for the shop's owner.

use super::{ADMINISTRATORS_MAILED_MAX, OrderNotices};
use crate::orders::stored::{ORDERS, TO_ANNOUNCE};
use crate::orders::{Order, Orders, Recipient};
use crate::outbox::{self, Cause, ListedOrder, MailContent, Outgoing};
use crate::owner::Command;
use crate::store::{Direction, Read, StoreError, Unit};
use crate::{Failure, users};
use souk_domain::{OrderId, UnixMillis};

/// Most orders in one digest; further ones wait for the next.
const ORDERS_PER_DIGEST_MAX: usize = 200;

/// Mails the orders that wait for a digest to the shop's owner, if the oldest of them was placed at
/// `placed_before` or earlier. If digests are switched off, the orders are only removed from the
/// list.
#[derive(Clone, Debug)]
pub struct AnnounceOrders {
    /// The latest time at which the oldest order was placed.
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

fn listed((_, order): &(OrderId, Order)) -> ListedOrder {
    let own = order.recipient.as_ref();
    ListedOrder {
        number: order.number.clone(),
        customer_name: own.and_then(Recipient::contact).map(|it| it.name).unwrap_or_default(),
        city: own.map(|own| own.city.clone()).unwrap_or_default(),
        total: order.total,
        placed_at: order.created_at,
    }
}

/// True if the oldest order that waits for a digest was placed at `placed_before` or earlier.
///
/// # Errors
/// [`StoreError`].
pub fn digest_is_due(read: &impl Read, placed_before: UnixMillis) -> Result<bool, StoreError> {
    Ok(is_due(&waiting(read)?, placed_before))
}

/// Orders that wait for a digest, oldest first; `None` in place of deleted ones.
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
