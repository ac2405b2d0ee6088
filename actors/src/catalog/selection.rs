//! What lists of products can be filtered by.

use souk_domain::{CategoryId, Money, SearchTerms};

/// The products that a list shows.
#[derive(Clone, Debug, Default)]
pub struct ProductFilter {
    /// Words that the name or description must contain.
    pub search: Option<SearchTerms>,
    /// Only of this category.
    pub category: Option<CategoryId>,
    /// True to include products that the shop has hidden.
    pub with_hidden: bool,
}

/// The products that a list shows; every given filter must match.
#[derive(Clone, Debug, Default)]
pub struct ProductSelection {
    /// Words that the name must contain.
    pub name: Option<SearchTerms>,
    /// What the customer pays.
    pub sell_price: Between<Money>,
    /// The discount on the list price, in hundredths of a percent. Not limited to valid discounts.
    pub discount: Between<i64>,
    /// True for offered products, false for hidden ones.
    pub available: Option<bool>,
    /// Only of this category.
    pub category: Option<CategoryId>,
}

/// An inclusive range; `None` leaves an end open.
#[derive(Clone, Copy, Debug)]
pub struct Between<T> {
    /// The smallest value.
    pub least: Option<T>,
    /// The largest value.
    pub most: Option<T>,
}

impl<T> Default for Between<T> {
    fn default() -> Self {
        Self { least: None, most: None }
    }
}

impl<T: PartialOrd> Between<T> {
    pub(crate) fn holds(&self, value: &T) -> bool {
        self.least.as_ref().is_none_or(|least| value >= least)
            && self.most.as_ref().is_none_or(|most| value <= most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_of_a_range_belong_to_it() {
        let between = |least, most| Between { least, most };
        for (range, inside, outside) in [
            (between(None, None), vec![0, 9], vec![]),
            (between(Some(3), None), vec![3, 9], vec![2]),
            (between(None, Some(3)), vec![0, 3], vec![4]),
            (between(Some(3), Some(3)), vec![3], vec![2, 4]),
            (between(Some(4), Some(3)), vec![], vec![3, 4]),
        ] {
            assert!(inside.iter().all(|value| range.holds(value)), "{range:?}");
            assert!(!outside.iter().any(|value| range.holds(value)), "{range:?}");
        }
    }
}
