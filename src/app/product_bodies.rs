//! Products as the contracts write them, kept so that each is written once and not for every answer.
//!
//! A kept body is used only while nothing in it has changed: the product, its stock, its category
//! ([`catalog::is_unchanged`]). So it has the same octets as a newly written one.

use super::{App, failure_answer};
use crate::edge::{Answer, standard};
use bytes::Bytes;
use serde::Serialize;
use souk_actors::catalog::{self, ProductView};
use souk_actors::store::Snapshot;
use souk_domain::{CategoryId, Currency, ProductId};
use std::any::TypeId;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Most kept bodies, and the octets they may take: as much as the store's page cache by default, and
/// 1 KiB for each, which most bodies are shorter than. Beyond it, others make room.
const BODIES_MAX: usize = 16 * 1024;
const BYTES_MAX: usize = 16 << 20;

/// How a contract writes a product.
pub(crate) trait ProductShape: Serialize + 'static {
    /// The body of a product.
    fn of(view: &ProductView, currency: Currency) -> Self;
}

/// A product as a contract writes it.
#[derive(Clone)]
pub(crate) struct WrittenProduct {
    /// The JSON.
    pub(crate) json: Bytes,
    /// Counts the events about the product.
    pub(crate) version: u64,
    /// Whether everybody may see the product.
    pub(crate) is_for_sale: bool,
}

/// The kept bodies. Each has one slot; a new body replaces the one that was there.
pub(super) struct ProductBodies {
    slots: Box<[Mutex<Option<Kept>>]>,
    bytes: AtomicUsize,
    /// The next slot to clear when octets run out.
    hand: AtomicUsize,
}

struct Kept {
    shape: TypeId,
    product: ProductId,
    category: Option<CategoryId>,
    /// The number of the snapshot it was written from.
    snapshot: u64,
    written: WrittenProduct,
}

impl Default for ProductBodies {
    fn default() -> Self {
        Self {
            slots: (0..BODIES_MAX).map(|_| Mutex::new(None)).collect(),
            bytes: AtomicUsize::new(0),
            hand: AtomicUsize::new(0),
        }
    }
}

impl ProductBodies {
    fn find(
        &self,
        shape: TypeId,
        product: ProductId,
        is_unchanged: impl FnOnce(Option<CategoryId>, u64) -> bool,
    ) -> Option<WrittenProduct> {
        let (category, snapshot, written) = {
            let slot = self.slot(shape, product);
            let kept =
                slot.as_ref().filter(|kept| kept.shape == shape && kept.product == product)?;
            (kept.category, kept.snapshot, kept.written.clone())
        };
        is_unchanged(category, snapshot).then_some(written)
    }

    fn keep(&self, kept: Kept) {
        let length = kept.written.json.len();
        if length > BYTES_MAX / BODIES_MAX * 16 {
            return;
        }
        // Before it can be found and forgotten.
        self.bytes.fetch_add(length, Ordering::Relaxed);
        let replaced = self.slot(kept.shape, kept.product).replace(kept);
        self.forget(replaced);
        while self.bytes.load(Ordering::Relaxed) > BYTES_MAX {
            let next = self.hand.fetch_add(1, Ordering::Relaxed) % BODIES_MAX;
            let cleared = lock(&self.slots[next]).take();
            self.forget(cleared);
        }
    }

    fn forget(&self, kept: Option<Kept>) {
        let length = kept.map_or(0, |kept| kept.written.json.len());
        self.bytes.fetch_sub(length, Ordering::Relaxed);
    }

    fn slot(&self, shape: TypeId, product: ProductId) -> MutexGuard<'_, Option<Kept>> {
        let mut hasher = DefaultHasher::new();
        (shape, product).hash(&mut hasher);
        let number = hasher.finish() % u64::try_from(BODIES_MAX).expect("few slots");
        lock(&self.slots[usize::try_from(number).expect("few slots")])
    }
}

fn lock(slot: &Mutex<Option<Kept>>) -> MutexGuard<'_, Option<Kept>> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

impl App {
    /// The JSON of a product in the form of the contract of `Shape`, with the data of this snapshot.
    /// `None` if the product does not exist.
    ///
    /// # Errors
    /// 503 if the store fails.
    pub(crate) fn written_product<Shape: ProductShape>(
        &self,
        snapshot: &Snapshot,
        id: ProductId,
    ) -> Result<Option<WrittenProduct>, Answer> {
        let shape = TypeId::of::<Shape>();
        let is_unchanged =
            |category, earlier| catalog::is_unchanged(snapshot, id, category, earlier);
        if let Some(written) = self.product_bodies.find(shape, id, is_unchanged) {
            return Ok(Some(written));
        }
        let view = catalog::product(snapshot, id).map_err(|error| failure_answer(&error.into()))?;
        let Some(view) = view else { return Ok(None) };
        let json = serde_json::to_vec(&Shape::of(&view, self.shop.settings.currency));
        let json = json.map_err(|error| {
            tracing::error!(%error, "a product could not be written as JSON");
            standard::internal_error()
        })?;
        // Without the spare room of a vector, because it may be kept.
        let json = json.into_boxed_slice().into();
        let (version, is_for_sale) = (view.version, view.is_for_sale());
        let written = WrittenProduct { json, version, is_for_sale };
        self.product_bodies.keep(Kept {
            shape,
            product: id,
            category: view.product.category,
            snapshot: snapshot.number(),
            written: written.clone(),
        });
        Ok(Some(written))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(shape: TypeId, product: u64, octets: usize) -> Kept {
        Kept {
            shape,
            product: ProductId::new(product).expect("an id"),
            category: None,
            snapshot: 3,
            written: WrittenProduct {
                json: vec![b'x'; octets].into(),
                version: 1,
                is_for_sale: true,
            },
        }
    }

    #[test]
    fn a_body_is_found_under_its_shape_and_product_while_it_is_unchanged() {
        let bodies = ProductBodies::default();
        let (one, other) = (TypeId::of::<u8>(), TypeId::of::<u16>());
        bodies.keep(kept(one, 7, 10));
        let id = ProductId::new(7).expect("an id");
        let found = bodies.find(one, id, |category, snapshot| (category, snapshot) == (None, 3));
        assert_eq!(found.expect("kept").json.len(), 10);
        assert!(bodies.find(one, id, |_, _| false).is_none());
        assert!(bodies.find(other, id, |_, _| true).is_none());
        bodies.keep(kept(one, 7, 20));
        assert_eq!(bodies.bytes.load(Ordering::Relaxed), 20, "it replaced the first");
    }

    #[test]
    fn bodies_take_no_more_than_their_octets() {
        let bodies = ProductBodies::default();
        for product in 1..=3 * 2_048 {
            bodies.keep(kept(TypeId::of::<u8>(), product, 16 << 10));
            assert!(bodies.bytes.load(Ordering::Relaxed) <= BYTES_MAX);
        }
        bodies.keep(kept(TypeId::of::<u8>(), 1, 1 << 20));
        let held = bodies.slots.iter().filter_map(|slot| lock(slot).as_ref().map(length));
        assert_eq!(held.sum::<usize>(), bodies.bytes.load(Ordering::Relaxed));
    }

    fn length(kept: &Kept) -> usize {
        kept.written.json.len()
    }
}
