//! Money: an integer of minor units in the shop's one currency (contracts README, "Values").

use std::fmt;

/// The largest single amount the shop accepts, in minor units: 99,999,999.99 of a two-decimal
/// currency, 9,999,999,999 of one without decimals.
pub const MAX_AMOUNT_MINOR_UNITS: i64 = 9_999_999_999;

/// An amount of the shop's currency in minor units (cents of USD), never negative when parsed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money(i64);

/// Why a text is not an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Not a decimal number: letters, `NaN`, an infinity, nothing.
    #[error("A valid number is required.")]
    NotANumber,
    /// Less than zero.
    #[error("Ensure this value is greater than or equal to 0.")]
    Negative,
    /// More digits after the point than the currency has.
    #[error("Ensure that there are no more than {allowed} decimal places.")]
    TooManyDecimals {
        /// Decimals the currency has.
        allowed: u8,
    },
    /// Above [`MAX_AMOUNT_MINOR_UNITS`].
    #[error("Ensure this value is less than or equal to {}.", .currency.format(Money(MAX_AMOUNT_MINOR_UNITS)))]
    TooLarge {
        /// The currency whose decimals are used to print the largest amount.
        currency: Currency,
    },
}

impl Money {
    /// Zero.
    pub const ZERO: Self = Self(0);

    /// An amount in minor units.
    #[must_use]
    pub const fn from_minor_units(minor_units: i64) -> Self {
        Self(minor_units)
    }

    /// Minor units: cents of USD.
    #[must_use]
    pub const fn minor_units(self) -> i64 {
        self.0
    }

    /// The sum; `None` if it exceeds 64 bits.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// The amount times `quantity`; `None` if it exceeds 64 bits.
    #[must_use]
    pub fn checked_times(self, quantity: u32) -> Option<Self> {
        self.0.checked_mul(i64::from(quantity)).map(Self)
    }
}

/// The shop's currency: its ISO 4217 code and the number of decimals of its amounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Currency {
    code: [u8; 3],
    decimals: u8,
}

impl Currency {
    /// United States dollar, the default.
    pub const USD: Self = Self { code: *b"USD", decimals: 2 };

    /// The currency with an ISO 4217 code in capitals; `None` if the code is not three capital
    /// letters.
    ///
    /// Decimals follow ISO 4217. Three-decimal currencies are not supported, because the contracts'
    /// largest amount (99,999,999.99) has two decimals.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        const NO_DECIMALS: [&str; 15] = [
            "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND",
            "VUV", "XAF", "XPF",
        ];
        const THREE_DECIMALS: [&str; 7] = ["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"];
        let bytes: [u8; 3] = code.as_bytes().try_into().ok()?;
        if !bytes.iter().all(u8::is_ascii_uppercase) || THREE_DECIMALS.contains(&code) {
            return None;
        }
        let decimals = if NO_DECIMALS.contains(&code) { 0 } else { 2 };
        Some(Self { code: bytes, decimals })
    }

    /// The ISO 4217 code in capitals.
    #[must_use]
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.code).expect("a currency code is made of ASCII capitals")
    }

    /// Digits after the point.
    #[must_use]
    pub fn decimals(&self) -> u8 {
        self.decimals
    }

    /// Parses a decimal number: `19.99`, `20`, `+5.5`, `1e1`.
    ///
    /// # Errors
    /// [`MoneyError`] in the order not a number, negative, too many decimals, too large.
    pub fn parse(&self, text: &str) -> Result<Money, MoneyError> {
        let number = Decimal::parse(text).ok_or(MoneyError::NotANumber)?;
        if number.negative && !number.digits.is_empty() {
            return Err(MoneyError::Negative);
        }
        let minor = number
            .scaled(self.decimals)
            .ok_or(MoneyError::TooManyDecimals { allowed: self.decimals });
        match minor {
            Ok(Some(units)) if units <= MAX_AMOUNT_MINOR_UNITS => Ok(Money(units)),
            Ok(_) => Err(MoneyError::TooLarge { currency: *self }),
            Err(error) => Err(error),
        }
    }

    /// The amount as a decimal text with all of the currency's decimals: `19.99`.
    #[must_use]
    pub fn format(&self, money: Money) -> String {
        let scale = 10_u64.pow(u32::from(self.decimals));
        let sign = if money.0 < 0 { "-" } else { "" };
        let units = money.0.unsigned_abs();
        if self.decimals == 0 {
            return format!("{sign}{units}");
        }
        let width = usize::from(self.decimals);
        format!("{sign}{}.{:0width$}", units / scale, units % scale)
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// A decimal number as written, before it is converted to minor units, without binary floating
/// point.
pub(crate) struct Decimal {
    /// True with a minus sign, even before zero.
    pub(crate) negative: bool,
    /// Significant digits without leading or trailing zeros; empty for zero.
    pub(crate) digits: Vec<u8>,
    /// Power of ten of the last digit.
    exponent: i64,
}

impl Decimal {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        /// A longer number cannot be a price; the bound keeps parsing linear and small.
        const MAX_NUMBER_BYTES: usize = 64;
        if text.len() > MAX_NUMBER_BYTES {
            return None;
        }
        let (negative, rest) = match text.as_bytes().first()? {
            b'-' => (true, &text[1..]),
            b'+' => (false, &text[1..]),
            _ => (false, text),
        };
        let (mantissa, power) = match rest.find(['e', 'E']) {
            Some(at) => (&rest[..at], rest[at + 1..].parse::<i32>().ok()?),
            None => (rest, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let mut digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
        if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let mut exponent = i64::from(power) - i64::try_from(fraction.len()).ok()?;
        while digits.last() == Some(&b'0') {
            digits.pop();
            exponent += 1;
        }
        let leading_zeros = digits.iter().take_while(|digit| **digit == b'0').count();
        digits.drain(..leading_zeros);
        Some(Self { negative, digits, exponent })
    }

    /// The number times 10^decimals. `None` if digits would be lost; `Some(None)` if it exceeds 64
    /// bits.
    pub(crate) fn scaled(&self, decimals: u8) -> Option<Option<i64>> {
        if self.digits.is_empty() {
            return Some(Some(0));
        }
        let power = self.exponent + i64::from(decimals);
        let power = u32::try_from(power).ok()?;
        let text = std::str::from_utf8(&self.digits).expect("digits are ASCII");
        let scale = 10_i64.checked_pow(power);
        let value = text.parse::<i64>().ok();
        Some(value.zip(scale).and_then(|(value, scale)| value.checked_mul(scale)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_exactly() {
        let usd = Currency::USD;
        for (text, units) in [
            ("19.99", 1999),
            ("0", 0),
            ("-0", 0),
            ("5", 500),
            ("5.5", 550),
            ("5.500", 550),
            ("1e1", 1000),
            ("+1.10", 110),
            (".5", 50),
            ("99999999.99", 9_999_999_999),
        ] {
            assert_eq!(usd.parse(text), Ok(Money(units)), "{text}");
        }
    }

    #[test]
    fn malformed_amounts_have_named_errors() {
        let usd = Currency::USD;
        for text in ["", "NaN", "inf", "-", ".", "1.2.3", "12a", "1e", "0x10", "1e400e", " 1"] {
            assert_eq!(usd.parse(text), Err(MoneyError::NotANumber), "{text}");
        }
        assert_eq!(usd.parse("-0.01"), Err(MoneyError::Negative));
        assert_eq!(usd.parse("19.999"), Err(MoneyError::TooManyDecimals { allowed: 2 }));
        assert_eq!(usd.parse("1e-3"), Err(MoneyError::TooManyDecimals { allowed: 2 }));
        for text in ["100000000.00", "1e400", "1e18", "1e2147483647"] {
            assert_eq!(usd.parse(text), Err(MoneyError::TooLarge { currency: usd }), "{text}");
        }
    }

    #[test]
    fn the_largest_amount_is_named_with_the_currencys_decimals() {
        for (code, most, sentence) in [
            ("USD", "99999999.99", "Ensure this value is less than or equal to 99999999.99."),
            ("JPY", "9999999999", "Ensure this value is less than or equal to 9999999999."),
        ] {
            let currency = Currency::from_code(code).expect("a known code");
            assert_eq!(currency.parse(most), Ok(Money(MAX_AMOUNT_MINOR_UNITS)));
            let refused = currency.parse("10000000000").map_err(|error| error.to_string());
            assert_eq!(refused, Err(sentence.to_owned()));
        }
    }

    #[test]
    fn amounts_are_written_with_every_decimal() {
        assert_eq!(Currency::USD.format(Money(1999)), "19.99");
        assert_eq!(Currency::USD.format(Money(5)), "0.05");
        let yen = Currency::from_code("JPY").expect("a known code");
        assert_eq!(yen.format(Money(1999)), "1999");
        assert_eq!(yen.parse("1.5"), Err(MoneyError::TooManyDecimals { allowed: 0 }));
    }

    #[test]
    fn currencies_with_three_decimals_are_rejected() {
        assert_eq!(Currency::from_code("KWD"), None);
        assert_eq!(Currency::from_code("usd"), None);
        assert_eq!(Currency::from_code("EUR").map(|c| c.decimals()), Some(2));
    }
}
