//! Decimal numbers as Python's `Decimal` reads them, and the limits on their digits.

use souk_domain::text::{decimal_digit, stripped};
use souk_domain::{Currency, MAX_AMOUNT_MINOR_UNITS};
use std::fmt;

/// A decimal number: its digits, and a power of ten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Decimal {
    is_negative: bool,
    /// ASCII digits. Only zero itself starts with a zero.
    digits: String,
    /// The power of ten of the last digit.
    exponent: i64,
}

impl Decimal {
    /// Reads `19.99`, `.5`, `1e1`, `1_000` and digits of any script. `None` for anything else, also
    /// for infinities.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        /// Python's largest exponent.
        const EXPONENT_MAX: i64 = 999_999_999_999_999_999;
        let mut plain = String::with_capacity(text.len());
        for character in stripped(text).chars().filter(|character| *character != '_') {
            match decimal_digit(character) {
                Some(digit) => plain.push(char::from(b'0' + digit)),
                None => plain.push(character),
            }
        }
        let (is_negative, rest) = signed(&plain);
        let (mantissa, power) = rest.split_once(['e', 'E']).unwrap_or((rest, "0"));
        let power: i64 = power.parse().ok()?;
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = format!("{whole}{fraction}");
        if digits.is_empty() || !digits.bytes().all(|octet| octet.is_ascii_digit()) {
            return None;
        }
        let exponent = power.checked_sub(i64::try_from(fraction.len()).ok()?)?;
        if !(-EXPONENT_MAX..=EXPONENT_MAX).contains(&exponent) {
            return None;
        }
        let significant = digits.trim_start_matches('0');
        let digits = if significant.is_empty() { "0" } else { significant }.to_owned();
        Some(Self { is_negative, digits, exponent })
    }

    /// Rounds down to a whole number of units with `decimals` places, within 64 bits.
    pub(crate) fn floor(&self, decimals: u8) -> i64 {
        let (units, has_rest) = self.units(decimals);
        if self.is_negative { (-units).saturating_sub(i64::from(has_rest)) } else { units }
    }

    /// Rounds up to a whole number of units with `decimals` places, within 64 bits.
    pub(crate) fn ceiling(&self, decimals: u8) -> i64 {
        let (units, has_rest) = self.units(decimals);
        if self.is_negative { -units } else { units.saturating_add(i64::from(has_rest)) }
    }

    /// The whole units without the sign, and whether there is a remainder.
    fn units(&self, decimals: u8) -> (i64, bool) {
        /// Numbers with more digits do not fit into 64 bits.
        const DIGITS_MAX: usize = 20;
        let is_zero = self.digits == "0";
        let shift = self.exponent.saturating_add(i64::from(decimals));
        let Ok(zeros) = usize::try_from(shift) else {
            let behind = usize::try_from(shift.unsigned_abs()).unwrap_or(usize::MAX);
            let (units, rest) = self.digits.split_at(self.digits.len().saturating_sub(behind));
            let has_rest = rest.bytes().any(|digit| digit != b'0');
            let units = if units.is_empty() { 0 } else { units.parse().unwrap_or(i64::MAX) };
            return (units, has_rest);
        };
        if is_zero {
            return (0, false);
        }
        let units = format!("{}{}", self.digits, "0".repeat(zeros.min(DIGITS_MAX)));
        (units.parse().unwrap_or(i64::MAX), false)
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.is_negative { "-" } else { "" };
        // The exponent of zero has no meaning.
        let exponent = if self.digits == "0" { 0 } else { self.exponent };
        write!(f, "{sign}{}e{exponent}", self.digits)
    }
}

fn signed(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

/// How many digits a number may have.
#[derive(Clone, Copy, Debug)]
pub(super) struct Digits {
    /// In total.
    pub(super) total: u8,
    /// After the decimal point.
    pub(super) decimals: u8,
}

impl Digits {
    /// The limits for amounts in a currency.
    pub(super) fn of_money(currency: Currency) -> Self {
        /// Amounts are counted in minor units, so the largest one has the same digits in every
        /// currency.
        const TOTAL: u32 = MAX_AMOUNT_MINOR_UNITS.ilog10() + 1;
        let total = u8::try_from(TOTAL).expect("64 bits have at most 20 digits");
        Self { total, decimals: currency.decimals() }
    }

    /// Before the decimal point.
    pub(super) fn whole(self) -> u8 {
        self.total - self.decimals
    }

    /// The error of Django REST Framework for a number with too many digits. The checks have its
    /// order.
    pub(super) fn fault_of(self, number: &Decimal) -> Option<String> {
        let digits = i64::try_from(number.digits.len()).unwrap_or(i64::MAX);
        let places = number.exponent.saturating_neg().max(0);
        let total = match number.exponent {
            0.. => digits.saturating_add(number.exponent),
            _ => digits.max(places),
        };
        let whole = total - places;
        let whole_max = self.whole();
        let (total_max, places_max) = (self.total, self.decimals);
        let ensure = |rest: String| Some(format!("Ensure that there are no more than {rest}"));
        if total > i64::from(total_max) {
            return ensure(format!("{total_max} digits in total."));
        }
        if places > i64::from(places_max) {
            return ensure(format!("{places_max} decimal places."));
        }
        if whole > i64::from(whole_max) {
            return ensure(format!("{whole_max} digits before the decimal point."));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Decimal {
        Decimal::parse(text).unwrap_or_else(|| panic!("{text} is a number"))
    }

    #[test]
    fn numbers_are_read_as_python_reads_them() {
        for (text, shown) in [
            ("19.99", "1999e-2"),
            (" -0012.50 ", "-1250e-2"),
            ("+.5", "5e-1"),
            ("5.", "5e0"),
            ("1E+3", "1e3"),
            ("0.000", "0e0"),
            ("_1__0_", "10e0"),
            ("１٢", "12e0"),
        ] {
            assert_eq!(parsed(text).to_string(), shown, "{text}");
        }
        for text in [
            "",
            ".",
            "-",
            "e5",
            "1e",
            "1e5.0",
            "--1",
            "1 0",
            "0x1",
            "NaN",
            "Infinity",
            "1e99999999999999999999",
            "1e-99999999999999999999",
            "½",
        ] {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_first_exceeded_limit_is_reported() {
        let digits = Digits { total: 10, decimals: 2 };
        let total = Some("Ensure that there are no more than 10 digits in total.");
        let places = Some("Ensure that there are no more than 2 decimal places.");
        let whole = Some("Ensure that there are no more than 8 digits before the decimal point.");
        for (text, fault) in [
            ("99999999.99", None),
            ("0e5", None),
            ("19.990", places),
            ("0.000", places),
            ("-0.001", places),
            ("1e7", None),
            ("1e8", whole),
            ("-100000000", whole),
            ("1e10", total),
            ("12345678901", total),
            ("0.3333333333333333", total),
            ("1e-400", total),
            ("100000000.000", total),
            ("1e999999999999999999", total),
        ] {
            assert_eq!(digits.fault_of(&parsed(text)).as_deref(), fault, "{text}");
        }
    }

    #[test]
    fn a_number_lies_between_whole_units() {
        for (text, floor, ceiling) in [
            ("33.33", 3333, 3333),
            ("33.333", 3333, 3334),
            ("-33.333", -3334, -3333),
            ("0.001", 0, 1),
            ("-1", -100, -100),
            ("1e9", 100_000_000_000, 100_000_000_000),
            ("0e400", 0, 0),
            ("1e-400", 0, 1),
            ("1e400", i64::MAX, i64::MAX),
            ("-1e400", -i64::MAX, -i64::MAX),
            ("99999999999999999999.5", i64::MAX, i64::MAX),
        ] {
            assert_eq!(
                (parsed(text).floor(2), parsed(text).ceiling(2)),
                (floor, ceiling),
                "{text}"
            );
        }
    }
}
