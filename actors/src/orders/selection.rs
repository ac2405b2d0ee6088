//! Lists of orders with filters. Ids follow the time of placing, so a list is read from its newest
//! or oldest order on; one request looks at a bounded number of orders.

use super::Order;
use super::stored::{BY_CUSTOMER, ORDERS};
use crate::catalog::Between;
use crate::store::{Direction, Read, Snapshot, StoreError};
use crate::users::{self, User};
use souk_domain::{OrderId, OrderStatus, SearchTerms, SearchText, UnixMillis, UserId};
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::time::Duration;

/// Most orders that one request looks at. A list that found fewer than it wants continues later.
pub const LOOKED_AT_MAX: usize = 2_000;
/// How far the times of two orders may contradict the order of their ids, because a clock was set
/// or because several processes have clocks of their own.
const CLOCKS_DIFFER_BY: Duration = Duration::from_hours(24);

/// The orders that a list shows; every given filter must match.
#[derive(Clone, Debug, Default)]
pub struct OrderFilter {
    /// Only in this state.
    pub status: Option<OrderStatus>,
    /// Only paid ones, or only unpaid ones.
    pub is_paid: Option<bool>,
    /// When it was placed.
    pub created_at: Between<UnixMillis>,
    /// Only of this customer.
    pub customer: Option<UserId>,
    /// Words in its number, or in names and e-mail addresses of recipient and customer.
    pub search: Option<SearchTerms>,
}

/// A page of a list.
#[derive(Clone, Debug, Default)]
pub struct SelectedOrders {
    /// The orders, in the order of the list.
    pub orders: Vec<(OrderId, Order)>,
    /// The list continues behind this order; `None` at its end.
    pub next: Option<OrderId>,
}

/// The next orders of a list: newest first if `direction` is descending, at most `limit`, behind the
/// order `after`. At most [`LOOKED_AT_MAX`] orders are looked at, so there may be fewer although
/// the list goes on.
///
/// # Errors
/// [`StoreError`].
pub fn select(
    snapshot: &Snapshot,
    filter: &OrderFilter,
    direction: Direction,
    after: Option<OrderId>,
    limit: usize,
) -> Result<SelectedOrders, StoreError> {
    let mut search = Search {
        snapshot,
        filter,
        direction,
        limit,
        customers: HashMap::new(),
        looked_at: 0,
        last: None,
        found: SelectedOrders::default(),
        failure: None,
    };
    let first = OrderId::new(1).expect("1 is an id");
    let (mut from, mut to) = (first, None);
    match (direction, after) {
        (Direction::Ascending, Some(after)) => {
            from = OrderId::new(after.get() + 1).unwrap_or(after)
        }
        (Direction::Descending, Some(after)) => to = Some(after),
        (_, None) => {}
    }
    match filter.customer {
        None => {
            let (from, to) = narrowed(snapshot, filter, direction, (from, to))?;
            snapshot.visit(ORDERS, &from, to.as_ref(), direction, |id, order| {
                search.step(id, Ok(Some(order)))
            })?;
        }
        Some(customer) => {
            let end = match to {
                Some(to) => Some((customer, to)),
                None => UserId::new(customer.get() + 1).map(|next| (next, first)),
            };
            snapshot.visit(
                BY_CUSTOMER,
                &(customer, from),
                end.as_ref(),
                direction,
                |(_, id), ()| search.step(id, snapshot.get(ORDERS, &id)),
            )?;
        }
    }
    match search.failure {
        Some(error) => Err(error),
        None => Ok(search.found),
    }
}

/// A list that is being read.
struct Search<'a> {
    snapshot: &'a Snapshot,
    filter: &'a OrderFilter,
    direction: Direction,
    limit: usize,
    customers: HashMap<UserId, Option<User>>,
    looked_at: usize,
    last: Option<OrderId>,
    found: SelectedOrders,
    failure: Option<StoreError>,
}

impl Search<'_> {
    fn step(&mut self, id: OrderId, order: Result<Option<Order>, StoreError>) -> ControlFlow<()> {
        let looked = match order {
            Ok(Some(order)) => self.look(id, order),
            Ok(None) => Ok(ControlFlow::Continue(())),
            Err(error) => Err(error),
        };
        looked.unwrap_or_else(|error| {
            self.failure = Some(error);
            ControlFlow::Break(())
        })
    }

    fn look(&mut self, id: OrderId, order: Order) -> Result<ControlFlow<()>, StoreError> {
        if self.is_past(&order) {
            return Ok(ControlFlow::Break(()));
        }
        if self.looked_at == LOOKED_AT_MAX {
            self.found.next = self.last;
            return Ok(ControlFlow::Break(()));
        }
        self.looked_at += 1;
        if self.is_wanted(&order)? {
            if self.found.orders.len() == self.limit {
                self.found.next = self.last;
                return Ok(ControlFlow::Break(()));
            }
            self.found.orders.push((id, order));
        }
        self.last = Some(id);
        Ok(ControlFlow::Continue(()))
    }

    /// Whether this order and all that follow are outside the wanted time.
    fn is_past(&self, order: &Order) -> bool {
        let Between { least, most } = &self.filter.created_at;
        match self.direction {
            Direction::Descending => {
                least.is_some_and(|least| order.created_at < least.before(CLOCKS_DIFFER_BY))
            }
            Direction::Ascending => {
                most.is_some_and(|most| order.created_at > most.after(CLOCKS_DIFFER_BY))
            }
        }
    }

    fn is_wanted(&mut self, order: &Order) -> Result<bool, StoreError> {
        let OrderFilter { status, is_paid, created_at, customer: _, search } = self.filter;
        let is_wanted = status.is_none_or(|wanted| order.status == wanted)
            && is_paid.is_none_or(|wanted| order.is_paid == wanted)
            && created_at.holds(&order.created_at);
        match search {
            Some(terms) if is_wanted => self.has_words(order, terms),
            _ => Ok(is_wanted),
        }
    }

    fn has_words(&mut self, order: &Order, terms: &SearchTerms) -> Result<bool, StoreError> {
        let mut texts = vec![order.number.clone()];
        if let Some(recipient) = &order.recipient {
            texts.push(format!("{} {}", recipient.first_name, recipient.last_name));
            texts.push(recipient.email.clone());
        }
        if let Some(customer) = order.customer {
            if !self.customers.contains_key(&customer) {
                let user = users::user(self.snapshot, customer)?;
                self.customers.insert(customer, user);
            }
            if let Some(Some(user)) = self.customers.get(&customer) {
                texts.push(user.full_name());
                texts.push(user.email.to_string());
            }
        }
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        Ok(terms.are_in(&SearchText::of(&texts)))
    }
}

/// Skips the orders that are certainly newer (or older, if ascending) than the wanted time.
fn narrowed(
    snapshot: &Snapshot,
    filter: &OrderFilter,
    direction: Direction,
    (from, to): (OrderId, Option<OrderId>),
) -> Result<(OrderId, Option<OrderId>), StoreError> {
    let Between { least, most } = filter.created_at;
    Ok(match (direction, least, most) {
        (Direction::Descending, _, Some(most)) => {
            let newer = first_placed_after(snapshot, most.after(CLOCKS_DIFFER_BY))?;
            (from, [to, newer].into_iter().flatten().min())
        }
        (Direction::Ascending, Some(least), _) => {
            match first_placed_after(snapshot, least.before(CLOCKS_DIFFER_BY))? {
                Some(start) => (from.max(start), to),
                // All are older.
                None => (from, Some(from)),
            }
        }
        _ => (from, to),
    })
}

/// The first order that was placed after this time; `None` if all are older. A binary search by id.
fn first_placed_after(
    snapshot: &Snapshot,
    time: UnixMillis,
) -> Result<Option<OrderId>, StoreError> {
    let first = OrderId::new(1).expect("1 is an id");
    let last = snapshot.range(ORDERS, &first, None, Direction::Descending, 1)?;
    let Some((last, newest)) = last.first() else { return Ok(None) };
    if newest.created_at <= time {
        return Ok(None);
    }
    // Every order before `least` was placed in time, `most` was not.
    let (mut least, mut most) = (1, last.get());
    while least < most {
        let middle = least + (most - least) / 2;
        let id = OrderId::new(middle).expect("between two ids");
        let next = snapshot.range(ORDERS, &id, None, Direction::Ascending, 1)?;
        match next.first() {
            Some((id, order)) if order.created_at <= time => least = id.get() + 1,
            _ => most = middle,
        }
    }
    Ok(OrderId::new(least))
}

#[cfg(test)]
mod tests;
