//! Rules of a cart: how many lines, how much of each.

use crate::{ProductId, Refusal};
use serde::{Deserialize, Serialize};

/// Lines a cart or an order may have.
pub const MAX_CART_LINES: usize = 100;
/// Units of one product a line may have.
pub const MAX_LINE_QUANTITY: u32 = 1_000_000;

/// How many units: 1 ..= [`MAX_LINE_QUANTITY`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Quantity(u32);

impl Quantity {
    /// One unit.
    pub const ONE: Self = Self(1);

    /// So many units; `None` outside 1 ..= [`MAX_LINE_QUANTITY`].
    #[must_use]
    pub fn new(units: u32) -> Option<Self> {
        (1..=MAX_LINE_QUANTITY).contains(&units).then_some(Self(units))
    }

    /// The number of units, at least 1.
    #[must_use]
    pub fn get(self) -> u32 {
        self.0
    }

    /// The sum; `None` past [`MAX_LINE_QUANTITY`].
    #[must_use]
    pub fn plus(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).and_then(Self::new)
    }

    /// So many units more or fewer; `None` outside 1 ..= [`MAX_LINE_QUANTITY`].
    #[must_use]
    pub fn changed_by(self, units: i64) -> Option<Self> {
        i64::from(self.0)
            .checked_add(units)
            .and_then(|sum| u32::try_from(sum).ok())
            .and_then(Self::new)
    }
}

/// How many units of a product a cart holds after a guest's cart was added to it.
///
/// The quantities add up to what can be sold; the units a cart had before are never taken out of
/// it, and where nothing can be sold the guest's wish stays, so that checkout can name it.
#[must_use]
pub fn merged_quantity(own: Option<Quantity>, guest: Quantity, sellable: u64) -> Quantity {
    let sellable = u32::try_from(sellable).unwrap_or(u32::MAX).min(MAX_LINE_QUANTITY);
    let sum = own.map_or(0, Quantity::get).saturating_add(guest.get());
    let kept = own.unwrap_or(if sellable == 0 { guest } else { Quantity::ONE });
    Quantity(sum.min(sellable).max(kept.get()))
}

/// Lines of a wish to buy, each product once, in the order they were first named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CartLines(Vec<(ProductId, Quantity)>);

impl CartLines {
    /// Adds up repeated products; keeps the order of first mention.
    ///
    /// # Errors
    /// [`Refusal::CartEmpty`] without a line, [`Refusal::TooManyLines`] past [`MAX_CART_LINES`],
    /// [`Refusal::QuantityTooLarge`] if a product adds up past [`MAX_LINE_QUANTITY`].
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
    fn merged_quantities_add_up_to_what_can_be_sold() {
        let merged = |own, guest, sellable| {
            merged_quantity(Quantity::new(own), units(guest), sellable).get()
        };
        assert_eq!(merged(2, 3, 10), 5);
        assert_eq!(merged(0, 3, 10), 3);
        assert_eq!(merged(2, 3, 4), 4, "no more than there is");
        assert_eq!(merged(0, 3, 2), 2);
        assert_eq!(merged(5, 3, 4), 5, "nothing is taken out");
        assert_eq!(merged(0, 3, 0), 3, "checkout names what is sold out");
        assert_eq!(merged(2, 3, 0), 2);
        let most = MAX_LINE_QUANTITY;
        assert_eq!(merged(most, most, u64::MAX), most);
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
