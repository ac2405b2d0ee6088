//! Every 64th order of a list: where to begin to read a page.

use souk_domain::OrderId;

/// The distance between two fences.
pub(super) const SPACING: usize = 64;

/// Every 64th order of a list, oldest first, and how many orders the list has.
#[derive(Clone, Debug, Default)]
pub(super) struct Fences {
    /// The orders that have a multiple of [`SPACING`] older ones.
    orders: Vec<OrderId>,
    count: usize,
    last: Option<OrderId>,
}

impl Fences {
    /// Adds an order that is newer than all.
    pub(super) fn push(&mut self, order: OrderId) {
        if self.count.is_multiple_of(SPACING) {
            self.orders.push(order);
        }
        self.count += 1;
        self.last = Some(order);
    }

    pub(super) fn count(&self) -> u64 {
        u64::try_from(self.count).expect("a list in memory")
    }

    /// The newest order.
    pub(super) fn last(&self) -> Option<OrderId> {
        self.last
    }

    /// Where to find the order with `offset` newer ones: read backwards from before this order, or
    /// from the end, and skip so many. `None` if there is no such order.
    pub(super) fn find(&self, offset: u64) -> Option<(Option<OrderId>, usize)> {
        let newer = usize::try_from(offset).ok().filter(|newer| *newer < self.count)?;
        let older = self.count - 1 - newer;
        let fence = older / SPACING + 1;
        let before = self.orders.get(fence).copied();
        let end = if before.is_some() { fence * SPACING } else { self.count };
        Some((before, end - 1 - older))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_order_is_found_within_the_distance_of_two_fences() {
        for count in [0_usize, 1, 63, 64, 65, 128, 200] {
            let ids: Vec<OrderId> =
                (1..=count as u64).filter_map(|number| OrderId::new(number * 3)).collect();
            let mut fences = Fences::default();
            ids.iter().for_each(|id| fences.push(*id));
            assert_eq!((fences.count(), fences.last()), (count as u64, ids.last().copied()));
            for offset in 0..count {
                let (before, skipped) = fences.find(offset as u64).expect("an order");
                assert!(skipped < SPACING);
                let is_before = |id: &&OrderId| before.is_none_or(|before| **id < before);
                let found = ids.iter().rev().filter(is_before).nth(skipped);
                assert_eq!(found, Some(&ids[count - 1 - offset]), "{offset} of {count}");
            }
            assert_eq!(fences.find(count as u64), None);
            assert_eq!(fences.find(u64::MAX), None);
        }
    }
}
