//! Up to 256 products that follow each other by id, in columns.

use super::bits::{Bits, POSITIONS};
use super::filter::{ListFilter, Words};
use super::sorted::{ListPosition, ProductSort, SortKey};
use crate::catalog::Product;
use crate::catalog::stored::{PRODUCTS, SEARCH_TEXTS};
use crate::store::{Direction, Read, Snapshot, StoreError};
use souk_domain::{CategoryId, Money, ProductId, SearchText};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Below this many candidates, each of their texts is searched by itself.
const FEW_CANDIDATES: usize = 24;

/// Products in order of id. It never changes: another chunk replaces it.
pub(super) struct Chunk {
    /// No other chunk of the process has this number.
    serial: u64,
    ids: Vec<ProductId>,
    categories: Vec<Option<CategoryId>>,
    sell_prices: Vec<Money>,
    discounts: Vec<i64>,
    available: Bits,
    /// `None` where memory for texts ran out: searches read them from the store.
    texts: Option<Texts>,
}

/// The texts of a chunk's products, in the form that a search compares.
#[derive(Default)]
struct Texts {
    /// Each is followed by [`SearchText::BETWEEN_FIELDS`], so that no term matches across two.
    all: String,
    spans: Vec<Span>,
}

/// Where a text is in [`Texts::all`].
#[derive(Clone, Copy)]
struct Span {
    start: usize,
    name_end: usize,
    end: usize,
}

/// Reads the products from `from` (included) to `to` (excluded) into chunks. `room` is how many
/// octets of texts may still be kept in memory.
///
/// # Errors
/// [`StoreError`].
pub(super) fn read_chunks(
    snapshot: &Snapshot,
    from: ProductId,
    to: Option<ProductId>,
    room: &mut usize,
) -> Result<Vec<Arc<Chunk>>, StoreError> {
    let mut chunks = Vec::new();
    let mut chunk = Chunk::empty();
    snapshot.visit(PRODUCTS, &from, to.as_ref(), Direction::Ascending, |id, product| {
        chunk.push(id, &product);
        if chunk.ids.len() == POSITIONS {
            chunks.push(std::mem::replace(&mut chunk, Chunk::empty()));
        }
        ControlFlow::Continue(())
    })?;
    if !chunk.ids.is_empty() {
        chunks.push(chunk);
    }
    for chunk in &mut chunks {
        chunk.read_texts(snapshot, room)?;
    }
    Ok(chunks.into_iter().map(Arc::new).collect())
}

impl Chunk {
    fn empty() -> Self {
        static NEXT_SERIAL: AtomicU64 = AtomicU64::new(0);
        Self {
            serial: NEXT_SERIAL.fetch_add(1, Ordering::Relaxed),
            ids: Vec::new(),
            categories: Vec::new(),
            sell_prices: Vec::new(),
            discounts: Vec::new(),
            available: Bits::default(),
            texts: None,
        }
    }

    fn push(&mut self, id: ProductId, product: &Product) {
        if product.available {
            self.available.set(self.ids.len());
        }
        self.ids.push(id);
        self.categories.push(product.category);
        self.sell_prices.push(product.pricing.sell_price());
        self.discounts.push(i64::from(product.pricing.discount.basis_points()));
    }

    fn read_texts(&mut self, snapshot: &Snapshot, room: &mut usize) -> Result<(), StoreError> {
        let mut texts = Texts::default();
        self.visit_texts(snapshot, |_, text| {
            texts.push(text);
            texts.all.len() <= *room
        })?;
        if texts.spans.len() == self.ids.len() && texts.all.len() <= *room {
            *room -= texts.all.len();
            texts.all.shrink_to_fit();
            self.texts = Some(texts);
        }
        Ok(())
    }

    /// Passes the text of each position to `look`, until it returns false.
    fn visit_texts(
        &self,
        snapshot: &Snapshot,
        mut look: impl FnMut(usize, &str) -> bool,
    ) -> Result<(), StoreError> {
        let (first, last) = (self.first(), self.ids.last());
        snapshot.visit(SEARCH_TEXTS, &first, None, Direction::Ascending, |id, text| {
            let goes_on = match self.ids.binary_search(&id) {
                Ok(position) => look(position, &text),
                Err(_) => true,
            };
            match goes_on && Some(&id) < last {
                true => ControlFlow::Continue(()),
                false => ControlFlow::Break(()),
            }
        })
    }

    /// Octets of texts that it keeps in memory.
    pub(super) fn text_bytes(&self) -> usize {
        self.texts.as_ref().map_or(0, |texts| texts.all.len())
    }

    pub(super) fn serial(&self) -> u64 {
        self.serial
    }

    pub(super) fn first(&self) -> ProductId {
        self.ids[0]
    }

    pub(super) fn id(&self, position: usize) -> ProductId {
        self.ids[position]
    }

    /// Adds the places of these products in a sorted list. `snapshot` has these products.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(super) fn places(
        &self,
        by: ProductSort,
        wanted: Bits,
        snapshot: &Snapshot,
        places: &mut Vec<ListPosition>,
    ) -> Result<(), StoreError> {
        let titled = |position: usize, text: &str| {
            let title = SortKey::Text(text[..name_length(text)].into());
            ListPosition::new(title, self.ids[position])
        };
        match (by, &self.texts) {
            (ProductSort::CreatedAt, _) => {
                let place = |position: usize| ListPosition::new(SortKey::ById, self.ids[position]);
                places.extend(wanted.positions().map(place));
            }
            (ProductSort::Price, _) => places.extend(wanted.positions().map(|position| {
                let price = self.sell_prices[position].minor_units();
                ListPosition::new(SortKey::Number(price), self.ids[position])
            })),
            (ProductSort::Title, Some(texts)) => {
                places.extend(wanted.positions().map(|position| {
                    let Span { start, end, .. } = texts.spans[position];
                    titled(position, &texts.all[start..end])
                }));
            }
            (ProductSort::Title, None) => self.visit_texts(snapshot, |position, text| {
                if wanted.has(position) {
                    places.push(titled(position, text));
                }
                true
            })?,
        }
        Ok(())
    }

    /// The positions of the products that a filter admits. `snapshot` has these products.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(super) fn admitted(
        &self,
        filter: &ListFilter,
        snapshot: &Snapshot,
    ) -> Result<Bits, StoreError> {
        let admitted = Bits::of(self.ids.len(), |position| {
            filter.available.is_none_or(|wanted| wanted == self.available.has(position))
                && filter.category.is_none_or(|wanted| self.categories[position] == Some(wanted))
                && filter.sell_price.holds(&self.sell_prices[position])
                && filter.discount.holds(&self.discounts[position])
        });
        match (&filter.words, &self.texts) {
            (None, _) => Ok(admitted),
            (Some(_), _) if admitted.is_empty() => Ok(admitted),
            (Some(words), Some(texts)) => Ok(texts.with_words(words, admitted)),
            (Some(words), None) => {
                let mut found = Bits::default();
                self.visit_texts(snapshot, |position, text| {
                    if admitted.has(position) && words.are_in(text, name_length(text)) {
                        found.set(position);
                    }
                    true
                })?;
                Ok(found)
            }
        }
    }
}

fn name_length(text: &str) -> usize {
    text.find(SearchText::BETWEEN_FIELDS).unwrap_or(text.len())
}

impl Texts {
    fn push(&mut self, text: &str) {
        let start = self.all.len();
        self.all.push_str(text);
        let name_end = start + name_length(text);
        self.spans.push(Span { start, name_end, end: self.all.len() });
        self.all.push(SearchText::BETWEEN_FIELDS);
    }

    /// Of these positions, those whose texts have all words.
    fn with_words(&self, words: &Words, candidates: Bits) -> Bits {
        let has_words =
            |span: &Span| words.are_in(&self.all[span.start..span.end], span.name_end - span.start);
        if candidates.count() < FEW_CANDIDATES {
            let found = |position| candidates.has(position) && has_words(&self.spans[position]);
            return Bits::of(self.spans.len(), found);
        }
        // Looks for the longest word in all texts at once, and for the others where it is found.
        let longest = words.terms.longest();
        let mut found = Bits::default();
        let (mut from, mut position) = (0, 0);
        while let Some(place) = longest.find(&self.all.as_bytes()[from..]) {
            let is_before = |span: &&Span| span.end < from + place.end;
            position += self.spans[position..].iter().take_while(is_before).count();
            let Some(span) = self.spans.get(position) else { break };
            if candidates.has(position) && has_words(span) {
                found.set(position);
            }
            from = span.end + 1;
            position += 1;
        }
        found
    }
}
