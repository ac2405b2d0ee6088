//! When products and categories last changed.

use souk_domain::{CategoryId, ProductId};
use std::sync::atomic::{AtomicU64, Ordering};

/// Slots, a power of two. Ids that share a slot share their changes, which is harmless.
const PRODUCT_SLOTS: usize = 1 << 14;
const CATEGORY_SLOTS: usize = 1 << 8;

/// The snapshot with which each product and category last changed, by snapshot number
/// ([`crate::store::Snapshot::number`]).
///
/// All snapshots share one, and it is written before the snapshot with the change is published. So
/// whoever holds a snapshot sees all changes up to it, and perhaps later ones, which only make
/// something look stale that is not.
pub(super) struct LastChanges {
    /// Earlier changes are unknown.
    known_since: u64,
    products: Box<[AtomicU64]>,
    categories: Box<[AtomicU64]>,
}

impl LastChanges {
    pub(super) fn since(snapshot: u64) -> Self {
        let slots = |count| (0..count).map(|_| AtomicU64::new(0)).collect();
        Self {
            known_since: snapshot,
            products: slots(PRODUCT_SLOTS),
            categories: slots(CATEGORY_SLOTS),
        }
    }

    pub(super) fn product_changed(&self, id: ProductId, snapshot: u64) {
        slot(&self.products, id.get()).fetch_max(snapshot, Ordering::Release);
    }

    pub(super) fn category_changed(&self, id: CategoryId, snapshot: u64) {
        slot(&self.categories, id.get()).fetch_max(snapshot, Ordering::Release);
    }

    /// Whether what `earlier` said about a product of this category holds in `now` too.
    pub(super) fn is_unchanged(
        &self,
        (id, category): (ProductId, Option<CategoryId>),
        earlier: u64,
        now: u64,
    ) -> bool {
        let last = |slots, id| slot(slots, id).load(Ordering::Acquire);
        let of_category = category.map_or(0, |category| last(&self.categories, category.get()));
        let changed = last(&self.products, id.get()).max(of_category).max(self.known_since);
        changed <= earlier && earlier <= now
    }
}

fn slot(slots: &[AtomicU64], id: u64) -> &AtomicU64 {
    let mask = u64::try_from(slots.len() - 1).expect("few slots");
    &slots[usize::try_from(id & mask).expect("few slots")]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_said_since_the_last_change_and_up_to_now_holds() {
        let product = |id| ProductId::new(id).expect("an id");
        let category = CategoryId::new(7).expect("an id");
        let changes = LastChanges::since(3);
        let holds =
            |id, earlier, now| changes.is_unchanged((product(id), Some(category)), earlier, now);
        assert!(holds(1, 3, 3) && holds(1, 4, 9), "nothing changed since");
        assert!(!holds(1, 2, 3), "changes before the first snapshot are unknown");
        assert!(!holds(1, 5, 4), "a reader does not see what comes later");
        changes.product_changed(product(1), 6);
        assert!(!holds(1, 5, 6) && holds(1, 6, 6) && holds(2, 5, 6));
        assert!(!holds(1, 5, 5), "an old snapshot cannot tell, so it looks again");
        changes.category_changed(category, 8);
        assert!(!holds(2, 7, 8) && holds(2, 8, 8));
        assert!(changes.is_unchanged((product(2), None), 7, 8), "a product without a category");
    }
}
