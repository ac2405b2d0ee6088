//! What a list admits: the filters of all contracts in one form.

use crate::catalog::{Between, ProductFilter, ProductSelection};
use souk_domain::{CategoryId, Money, SearchTerms};

/// Which products a list shows, made of a [`ProductFilter`] or a [`ProductSelection`].
#[derive(Clone, Debug, Default)]
pub struct ListFilter {
    pub(super) words: Option<Words>,
    pub(super) sell_price: Between<Money>,
    /// In hundredths of a percent.
    pub(super) discount: Between<i64>,
    pub(super) available: Option<bool>,
    pub(super) category: Option<CategoryId>,
}

/// The words of a search.
#[derive(Clone, Debug)]
pub(super) struct Words {
    pub(super) terms: SearchTerms,
    /// True to search the names alone.
    pub(super) only_names: bool,
}

impl Words {
    /// Whether a text has all words; its name has `name_length` octets.
    pub(super) fn are_in(&self, text: &str, name_length: usize) -> bool {
        self.terms.are_in(if self.only_names { &text[..name_length] } else { text })
    }
}

impl From<&ProductFilter> for ListFilter {
    fn from(filter: &ProductFilter) -> Self {
        let words = filter.search.clone().map(|terms| Words { terms, only_names: false });
        Self {
            words,
            available: (!filter.with_hidden).then_some(true),
            category: filter.category,
            ..Self::default()
        }
    }
}

impl From<&ProductSelection> for ListFilter {
    fn from(selection: &ProductSelection) -> Self {
        let ProductSelection { name, sell_price, discount, available, category } = selection;
        let words = name.clone().map(|terms| Words { terms, only_names: true });
        Self {
            words,
            sell_price: *sell_price,
            discount: *discount,
            available: *available,
            category: *category,
        }
    }
}

impl ListFilter {
    /// The same, but only products that cost as much.
    #[must_use]
    pub fn with_sell_price(self, sell_price: Between<Money>) -> Self {
        Self { sell_price, ..self }
    }

    /// True if no product is listed that cannot be bought.
    #[must_use]
    pub fn admits_only_available(&self) -> bool {
        self.available == Some(true)
    }

    /// Octets that only equal filters share.
    pub(super) fn key(&self) -> Box<[u8]> {
        let mut key = Vec::with_capacity(64);
        let mut add = |number: Option<i64>| {
            key.push(u8::from(number.is_some()));
            key.extend_from_slice(&number.unwrap_or(0).to_be_bytes());
        };
        add(self.sell_price.least.map(Money::minor_units));
        add(self.sell_price.most.map(Money::minor_units));
        add(self.discount.least);
        add(self.discount.most);
        add(self.available.map(i64::from));
        add(self.category.map(|category| category.get().cast_signed()));
        add(self.words.as_ref().map(|words| i64::from(words.only_names)));
        for term in self.words.iter().flat_map(|words| words.terms.terms()) {
            key.extend_from_slice(term);
            // No term contains it.
            key.push(0);
        }
        key.into()
    }
}
