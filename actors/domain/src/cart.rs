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
