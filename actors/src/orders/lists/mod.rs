//! Pages of long lists of orders, newest first, without a walk over the orders before the page.
//!
//! For the lists that are read, every 64th id is kept in memory ([`Fences`]), so a page anywhere in a
//! list reads at most 63 rows more than it shows. A short list is walked and leaves nothing behind.

mod fences;
#[cfg(test)]
mod tests;

use super::stored::{BY_CUSTOMER, ORDERS};
use crate::store::{Direction, Kept, Key, Read, Snapshot, StoreError, Touched};
use fences::{Fences, SPACING};
use souk_domain::{OrderId, UserId};
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Lists up to this length are walked.
const SHORT: usize = 4 * SPACING;
/// Most lists whose fences are kept.
const LISTS_MAX: usize = 64;
/// Customers that share a slot share their changes, which is harmless.
const CHANGE_SLOTS: u64 = 1024;

/// A list of orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Whose {
    Everybody,
    Customer(UserId),
}

/// The fences of the long lists that were read lately.
pub(crate) struct OrderLists(Arc<Mutex<Lists>>);

struct Lists {
    kept: HashMap<Whose, List>,
    uses: u64,
    /// The number of the snapshot with which a customer's list last changed, by slot. Changes before
    /// the first snapshot are unknown.
    changed: Box<[u64]>,
    /// The number of the snapshot with which an order was last deleted.
    deleted: u64,
}

#[derive(Clone)]
struct List {
    fences: Arc<Fences>,
    /// The number of the snapshot whose list this is.
    snapshot: u64,
    last_use: u64,
}

impl Kept for OrderLists {
    const SLOT: usize = 1;
    const TABLES: &'static [&'static str] = &[ORDERS.name(), BY_CUSTOMER.name()];

    fn build(snapshot: &Snapshot) -> Result<Self, StoreError> {
        let since = snapshot.number();
        Ok(Self(Arc::new(Mutex::new(Lists {
            kept: HashMap::new(),
            uses: 0,
            changed: (0..CHANGE_SLOTS).map(|_| since).collect(),
            deleted: since,
        }))))
    }

    fn advance(&self, snapshot: &Snapshot, touched: &Touched) -> Result<Self, StoreError> {
        let (orders, of_customers) = (touched.written(ORDERS)?, touched.written(BY_CUSTOMER)?);
        let mut lists = self.lists();
        if orders.iter().any(|(_, is_deleted)| *is_deleted) {
            lists.deleted = snapshot.number();
            lists.kept.remove(&Whose::Everybody);
        }
        for ((customer, order), is_deleted) in of_customers {
            lists.changed[slot(customer)] = snapshot.number();
            let whose = Whose::Customer(customer);
            // An order at the end is found when the list is read.
            let follows = |list: &List| list.fences.last().is_none_or(|last| order > last);
            if is_deleted || !lists.kept.get(&whose).is_none_or(follows) {
                lists.kept.remove(&whose);
            }
        }
        Ok(Self(Arc::clone(&self.0)))
    }
}

fn slot(customer: UserId) -> usize {
    usize::try_from(customer.get() % CHANGE_SLOTS).expect("few slots")
}

impl OrderLists {
    fn lists(&self) -> MutexGuard<'_, Lists> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A page of a customer's orders, newest first: the number of all, and the ids on the page.
    pub(super) fn page_of_customer(
        &self,
        snapshot: &Snapshot,
        customer: UserId,
        offset: u64,
        limit: usize,
    ) -> Result<(u64, Vec<OrderId>), StoreError> {
        let whose = Whose::Customer(customer);
        let fences = match self.known(snapshot, whose)? {
            Some(fences) => fences,
            None => {
                let newest = newest(snapshot, whose, None, SHORT + 1)?;
                if newest.len() <= SHORT {
                    let skipped = usize::try_from(offset).unwrap_or(usize::MAX);
                    let page = newest.iter().skip(skipped).take(limit).copied().collect();
                    return Ok((count_of(&newest), page));
                }
                self.keep(snapshot, whose, Fences::default())?
            }
        };
        page(snapshot, whose, &fences, offset, limit)
    }

    /// A page of all orders, newest first: the number of all, and the ids on the page.
    pub(super) fn page_of_all(
        &self,
        snapshot: &Snapshot,
        offset: u64,
        limit: usize,
    ) -> Result<(u64, Vec<OrderId>), StoreError> {
        let (whose, count) = (Whose::Everybody, snapshot.count(ORDERS)?);
        if offset >= count || limit == 0 {
            return Ok((count, Vec::new()));
        }
        let skipped = usize::try_from(offset).unwrap_or(usize::MAX);
        if skipped <= SHORT {
            let newest = newest(snapshot, whose, None, skipped + limit)?;
            return Ok((count, newest[skipped..].to_vec()));
        }
        let known = self.known(snapshot, whose)?.filter(|fences| fences.count() == count);
        let fences = match known {
            Some(fences) => fences,
            None => self.keep(snapshot, whose, Fences::default())?,
        };
        page(snapshot, whose, &fences, offset, limit)
    }

    /// The fences of a list as of this snapshot, if they are kept.
    fn known(&self, snapshot: &Snapshot, whose: Whose) -> Result<Option<Arc<Fences>>, StoreError> {
        let now = snapshot.number();
        let list = {
            let mut lists = self.lists();
            lists.uses += 1;
            let last_use = lists.uses;
            let (deleted, changed) = (lists.deleted, lists.changed_at(whose));
            let Some(list) = lists.kept.get_mut(&whose) else { return Ok(None) };
            list.last_use = last_use;
            // A list from after this snapshot may have orders that it has not.
            if list.snapshot > now || (whose == Whose::Everybody && list.snapshot < deleted) {
                return Ok(None);
            }
            if list.snapshot == now || changed.is_some_and(|changed| changed <= list.snapshot) {
                return Ok(Some(Arc::clone(&list.fences)));
            }
            list.clone()
        };
        self.keep(snapshot, whose, Fences::clone(&list.fences)).map(Some)
    }

    /// Completes fences with the orders that follow the last one, and keeps them.
    fn keep(
        &self,
        snapshot: &Snapshot,
        whose: Whose,
        mut fences: Fences,
    ) -> Result<Arc<Fences>, StoreError> {
        let from = fences.last().and_then(|last| OrderId::new(last.get() + 1));
        let range = (key(whose, from.unwrap_or_else(first)), end(whose));
        walk(snapshot, whose, range, Direction::Ascending, |order| {
            fences.push(order);
            ControlFlow::Continue(())
        })?;
        let fences = Arc::new(fences);
        let mut lists = self.lists();
        let number = snapshot.number();
        let is_newest = match whose {
            Whose::Everybody => lists.deleted <= number,
            Whose::Customer(customer) => lists.changed[slot(customer)] <= number,
        };
        if is_newest {
            let last_use = lists.uses;
            let list = List { fences: Arc::clone(&fences), snapshot: number, last_use };
            lists.kept.insert(whose, list);
            lists.make_room();
        }
        Ok(fences)
    }
}

impl Lists {
    /// The number of the snapshot with which a list last changed, if that is noted.
    fn changed_at(&self, whose: Whose) -> Option<u64> {
        match whose {
            Whose::Everybody => None,
            Whose::Customer(customer) => Some(self.changed[slot(customer)]),
        }
    }

    fn make_room(&mut self) {
        while self.kept.len() > LISTS_MAX {
            let oldest = self.kept.iter().min_by_key(|(_, list)| list.last_use);
            let Some(oldest) = oldest.map(|(whose, _)| *whose) else { return };
            self.kept.remove(&oldest);
        }
    }
}

fn first() -> OrderId {
    OrderId::new(1).expect("1 is an id")
}

fn count_of(ids: &[OrderId]) -> u64 {
    u64::try_from(ids.len()).expect("few ids")
}

/// A page of a list whose fences these are.
fn page(
    snapshot: &Snapshot,
    whose: Whose,
    fences: &Fences,
    offset: u64,
    limit: usize,
) -> Result<(u64, Vec<OrderId>), StoreError> {
    let Some((before, skipped)) = fences.find(offset).filter(|_| limit > 0) else {
        return Ok((fences.count(), Vec::new()));
    };
    let newest = newest(snapshot, whose, before, skipped + limit)?;
    Ok((fences.count(), newest.into_iter().skip(skipped).collect()))
}

/// Up to `limit` orders of a list, newest first, of those before the order `before`.
fn newest(
    snapshot: &Snapshot,
    whose: Whose,
    before: Option<OrderId>,
    limit: usize,
) -> Result<Vec<OrderId>, StoreError> {
    let mut ids = Vec::new();
    let end = before.map_or_else(|| end(whose), |before| Some(key(whose, before)));
    walk(snapshot, whose, (key(whose, first()), end), Direction::Descending, |order| {
        ids.push(order);
        if ids.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    Ok(ids)
}

/// The key of an order in a list.
fn key(whose: Whose, order: OrderId) -> Vec<u8> {
    match whose {
        Whose::Everybody => order.bytes(),
        Whose::Customer(customer) => (customer, order).bytes(),
    }
}

/// The first key after a list; `None` if nothing follows it.
fn end(whose: Whose) -> Option<Vec<u8>> {
    match whose {
        Whose::Everybody => None,
        Whose::Customer(customer) => {
            UserId::new(customer.get() + 1).map(|next| (next, first()).bytes())
        }
    }
}

/// Walks the keys of a list; the rows of orders are long.
fn walk(
    snapshot: &Snapshot,
    whose: Whose,
    range: (Vec<u8>, Option<Vec<u8>>),
    direction: Direction,
    mut look: impl FnMut(OrderId) -> ControlFlow<()>,
) -> Result<(), StoreError> {
    let table = match whose {
        Whose::Everybody => ORDERS.id(),
        Whose::Customer(_) => BY_CUSTOMER.id(),
    };
    let mut is_readable = true;
    snapshot.walk(table, range, direction, &mut |key, _| {
        let order = match whose {
            Whose::Everybody => OrderId::decode(key),
            Whose::Customer(_) => <(UserId, OrderId)>::decode(key).map(|(_, order)| order),
        };
        is_readable &= order.is_some();
        order.map_or(ControlFlow::Break(()), &mut look)
    })?;
    match is_readable {
        true => Ok(()),
        false => Err(StoreError::Corrupt { table: table.name(), version: 0 }),
    }
}
