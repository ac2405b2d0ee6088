//! Rules of a product: its price, its discount.

use crate::Money;
use crate::money::Decimal;
use std::fmt;

/// Units of one product the shop can hold: the largest stock any contract may set.
pub const MAX_STOCK: u64 = 2_147_483_647;

/// A discount in hundredths of a percent: 0 ..= 10,000.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Discount(u16);

impl Discount {
    /// No discount.
    pub const NONE: Self = Self(0);
    /// Digits after the point of a percentage.
    const DECIMALS: u8 = 2;

    /// So many hundredths of a percent; `None` above 10,000 (100 %).
    #[must_use]
    pub fn from_basis_points(basis_points: u16) -> Option<Self> {
        (basis_points <= 10_000).then_some(Self(basis_points))
    }

    /// Hundredths of a percent.
    #[must_use]
    pub fn basis_points(self) -> u16 {
        self.0
    }

    /// Reads a percentage written as a decimal number: `10`, `12.5`, `0.25`.
    ///
    /// # Errors
    /// [`DiscountError`] in the order not a number, negative, too many decimals, too large.
    pub fn parse(text: &str) -> Result<Self, DiscountError> {
        let number = Decimal::parse(text).ok_or(DiscountError::NotANumber)?;
        if number.negative && !number.digits.is_empty() {
            return Err(DiscountError::Negative);
        }
        let basis_points = number.scaled(Self::DECIMALS).ok_or(DiscountError::TooManyDecimals)?;
        basis_points
            .and_then(|points| u16::try_from(points).ok())
            .and_then(Self::from_basis_points)
            .ok_or(DiscountError::TooLarge)
    }
}

/// In percent with two decimals: `12.50`.
impl fmt::Display for Discount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

/// Why a text is no discount. The display text is what a Django REST Framework field would say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DiscountError {
    /// Not a decimal number at all.
    #[error("A valid number is required.")]
    NotANumber,
    /// Less than nothing.
    #[error("Ensure this value is greater than or equal to 0.")]
    Negative,
    /// More than two digits after the point.
    #[error("Ensure that there are no more than 2 decimal places.")]
    TooManyDecimals,
    /// More than everything.
    #[error("Ensure this value is less than or equal to 100.")]
    TooLarge,
}

/// A list price with a discount (services contract); the customer pays [`Pricing::sell_price`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pricing {
    /// The price before the discount.
    pub list_price: Money,
    /// What is taken off it.
    pub discount: Discount,
}

impl Pricing {
    /// What a contract that knows no discount sets: the customer price itself.
    #[must_use]
    pub fn flat(price: Money) -> Self {
        Self { list_price: price, discount: Discount::NONE }
    }

    /// What the customer pays, rounded half up to the minor unit (contracts README, "Values").
    #[must_use]
    pub fn sell_price(self) -> Money {
        let kept = i128::from(10_000 - self.discount.0);
        let exact = i128::from(self.list_price.minor_units()) * kept;
        let rounded = (exact + 5_000).div_euclid(10_000);
        Money::from_minor_units(i64::try_from(rounded).expect("never above the list price"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_customer_price_is_rounded_half_up() {
        let price = |list, basis_points| {
            Pricing {
                list_price: Money::from_minor_units(list),
                discount: Discount::from_basis_points(basis_points).expect("at most 100 %"),
            }
            .sell_price()
            .minor_units()
        };
        assert_eq!(price(1999, 0), 1999);
        assert_eq!(price(1999, 1000), 1799); // 17.991
        assert_eq!(price(5, 1000), 5); // 4.5 rounds up
        assert_eq!(price(1999, 10_000), 0);
        assert_eq!(price(9_999_999_999, 1), 9_998_999_999);
    }

    #[test]
    fn a_discount_is_a_percentage_with_two_decimals() {
        for (text, points, shown) in [
            ("0", 0, "0.00"),
            ("-0", 0, "0.00"),
            ("10", 1000, "10.00"),
            ("12.5", 1250, "12.50"),
            ("0.05", 5, "0.05"),
            ("100.00", 10_000, "100.00"),
        ] {
            let discount = Discount::parse(text).expect(text);
            assert_eq!((discount.basis_points(), discount.to_string().as_str()), (points, shown));
        }
        for (text, error) in [
            ("ten", DiscountError::NotANumber),
            ("NaN", DiscountError::NotANumber),
            ("", DiscountError::NotANumber),
            ("-0.01", DiscountError::Negative),
            ("0.001", DiscountError::TooManyDecimals),
            ("100.01", DiscountError::TooLarge),
            ("1e400", DiscountError::TooLarge),
        ] {
            assert_eq!(Discount::parse(text), Err(error), "{text}");
        }
    }
}
