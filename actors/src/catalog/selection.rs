//! Product lists by price and discount: the filters of the services contract.

use super::product::Product;
use super::stored::{BY_CATEGORY, PRODUCTS};
use crate::store::{Direction, Read, Snapshot, StoreError};
use souk_domain::text::comparable;
use souk_domain::{CategoryId, Money, ProductId, SearchTerms};
use std::ops::ControlFlow;

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
    fn holds(&self, value: &T) -> bool {
        self.least.as_ref().is_none_or(|least| value >= least)
            && self.most.as_ref().is_none_or(|most| value <= most)
    }
}

impl ProductSelection {
    /// Checks every filter except the category, which has an index.
    fn admits(&self, product: &Product) -> bool {
        self.available.is_none_or(|available| available == product.available)
            && self.sell_price.holds(&product.pricing.sell_price())
            && self.discount.holds(&i64::from(product.pricing.discount.basis_points()))
            && self.name.as_ref().is_none_or(|words| words.are_in(&comparable(&product.name)))
    }
}

/// A page of the selected products in order of id: the number of all matches, and the ids on the
/// page.
///
/// # Errors
/// [`StoreError`].
pub fn selected_ids(
    read: &Snapshot,
    selection: &ProductSelection,
    offset: u64,
    limit: usize,
) -> Result<(u64, Vec<ProductId>), StoreError> {
    let mut count = 0_u64;
    let mut chosen = Vec::new();
    let mut look = |id: ProductId, product: &Product| {
        if selection.admits(product) {
            if count >= offset && chosen.len() < limit {
                chosen.push(id);
            }
            count += 1;
        }
    };
    match selection.category {
        None => {
            let first = ProductId::new(1).expect("1 is an id");
            read.visit(PRODUCTS, &first, None, Direction::Ascending, |id, product| {
                look(id, &product);
                ControlFlow::Continue(())
            })?;
        }
        Some(category) => {
            let mut failure = None;
            read.visit_under(BY_CATEGORY, &category, Direction::Ascending, |id, ()| {
                match read.get(PRODUCTS, &id) {
                    Ok(product) => product.into_iter().for_each(|product| look(id, &product)),
                    Err(error) => {
                        failure = Some(error);
                        return ControlFlow::Break(());
                    }
                }
                ControlFlow::Continue(())
            })?;
            failure.map_or(Ok(()), Err)?;
        }
    }
    Ok((count, chosen))
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
