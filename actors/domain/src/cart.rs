//! Rules of a cart: the bounds of its lines and quantities, and merging.

use crate::{ProductId, Refusal};

/// Most lines of a cart or an order.
pub const MAX_CART_LINES: usize = 100;
/// Most units of one line.
pub const MAX_LINE_QUANTITY: u32 = 1_000_000;

/// A number of units: 1 ..= [`MAX_LINE_QUANTITY`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quantity(u32);

impl Quantity {
    /// One unit.
    pub const ONE: Self = Self(1);

    /// `units` as a quantity; `None` outside 1 ..= [`MAX_LINE_QUANTITY`].
    #[must_use]
    pub fn new(units: u32) -> Option<Self> {
        (1..=MAX_LINE_QUANTITY).contains(&units).then_some(Self(units))
    }

    /// The number of units, at least 1.
    #[must_use]
    pub fn get(self) -> u32 {
        self.0
    }

    /// The sum; `None` above [`MAX_LINE_QUANTITY`].
    #[must_use]
    pub fn plus(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).and_then(Self::new)
    }

    /// The quantity changed by `units`; `None` outside 1 ..= [`MAX_LINE_QUANTITY`].
    #[must_use]
    pub fn changed_by(self, units: i64) -> Option<Self> {
        i64::from(self.0)
            .checked_add(units)
            .and_then(|sum| u32::try_from(sum).ok())
            .and_then(Self::new)
    }
}

/// The result of merging a guest's line into a user's: together, the carts have as many units as
/// before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MergedQuantity {
    /// The units in the user's cart.
    pub own: Quantity,
    /// The units left in the guest's cart; `None` if all were moved.
    pub left: Option<Quantity>,
}

/// Merges a guest's line into a user's line of the same product, if there is one.
///
/// Moves units up to what can be sold, and never removes units that the user had before. If nothing
/// can be sold, the guest's line moves completely, so that checkout can report it.
#[must_use]
pub fn merge_quantities(own: Option<Quantity>, guest: Quantity, sellable: u64) -> MergedQuantity {
    let sellable = u32::try_from(sellable).unwrap_or(u32::MAX).min(MAX_LINE_QUANTITY);
    let before = own.map_or(0, Quantity::get);
    let sum = before.saturating_add(guest.get());
    let least = own.unwrap_or(if sellable == 0 { guest } else { Quantity::ONE });
    let after = Quantity(sum.min(sellable).max(least.get()));
    MergedQuantity { own: after, left: Quantity::new(sum - after.get()) }
}

/// The lines to buy, each product once, in the order in which they were first named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CartLines(Vec<(ProductId, Quantity)>);

impl CartLines {
    /// Adds up repeated products; keeps the order in which they were first named.
    ///
    /// # Errors
    /// [`Refusal::CartEmpty`] without a line, [`Refusal::TooManyLines`] above [`MAX_CART_LINES`],
    /// [`Refusal::QuantityTooLarge`] if a product adds up to more than [`MAX_LINE_QUANTITY`].
    pub fn collect(
        wishes: impl IntoIterator<Item = (ProductId, Quantity)>,
    ) -> Result<Self, Refusal> {
        let mut lines: Vec<(ProductId, Quantity)> = Vec::new();
        for (product, quantity) in wishes {
            if let Some(line) = lines.iter_mut().find(|line| line.0 == product) {
                line.1 = line.1.plus(quantity).ok_or(Refusal::QuantityTooLarge { product })?;
            } else if lines.len() == MAX_CART_LINES {
                return Err(Refusal::TooManyLines);
            } else {
                lines.push((product, quantity));
            }
        }
        if lines.is_empty() {
            return Err(Refusal::CartEmpty);
        }
        Ok(Self(lines))
    }

    /// The lines, at least one.
    #[must_use]
    pub fn as_slice(&self) -> &[(ProductId, Quantity)] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn product(number: u64) -> ProductId {
        ProductId::new(number).expect("positive")
    }

    fn units(number: u32) -> Quantity {
        Quantity::new(number).expect("in range")
    }

    #[test]
    fn repeated_products_add_up_in_order_of_first_mention() {
        let lines = CartLines::collect([
            (product(2), units(1)),
            (product(1), units(1)),
            (product(2), units(2)),
        ])
        .expect("a good cart");
        assert_eq!(lines.as_slice(), [(product(2), units(3)), (product(1), units(1))]);
    }

    #[test]
    fn a_quantity_changes_within_its_bounds() {
        let changed = |from, by| units(from).changed_by(by).map(Quantity::get);
        assert_eq!(changed(3, 2), Some(5));
        assert_eq!(changed(3, -2), Some(1));
        assert_eq!(changed(3, -3), None);
        assert_eq!(changed(3, i64::MIN), None);
        assert_eq!(changed(3, i64::MAX), None);
        assert_eq!(changed(1, i64::from(MAX_LINE_QUANTITY)), None);
    }

    #[test]
    fn merged_quantities_are_limited_by_the_stock_and_the_rest_is_left() {
        let most = MAX_LINE_QUANTITY;
        for (own, guest, sellable, after, left) in [
            (2, 3, 10, 5, 0),
            (0, 3, 10, 3, 0),
            (2, 3, 4, 4, 1),
            (0, 3, 2, 2, 1),
            (5, 3, 4, 5, 3),
            (0, 3, 0, 3, 0),
            (2, 3, 0, 2, 3),
            (most, most, u64::MAX, most, most),
            (1, most, u64::MAX, most, 1),
        ] {
            let merged = merge_quantities(Quantity::new(own), units(guest), sellable);
            let found = (merged.own.get(), merged.left.map_or(0, Quantity::get));
            assert_eq!(found, (after, left), "{own} and {guest} of {sellable}");
            assert_eq!(found.0 + found.1, own + guest, "no unit is lost");
        }
    }

    #[test]
    fn a_cart_has_bounds() {
        assert_eq!(CartLines::collect([]), Err(Refusal::CartEmpty));
        let many = (1..=101).map(|n| (product(n), units(1)));
        assert_eq!(CartLines::collect(many), Err(Refusal::TooManyLines));
        let heavy = [(product(1), units(MAX_LINE_QUANTITY)), (product(1), units(1))];
        assert_eq!(
            CartLines::collect(heavy),
            Err(Refusal::QuantityTooLarge { product: product(1) })
        );
    }
}
