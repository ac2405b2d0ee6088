//! Rules for numbers, money and booleans. Numbers are checked as decimal text; no binary float
//! decides a price or a quantity.

use super::decimals::{Decimal, Digits};
use super::errors::Problem;
use super::json::Json;
use super::python::{number, str_of};
use super::rule::{Rule, or_null, rule};
use super::schemas;
use crate::edge::limits;
use schemars::Schema;
use souk_domain::text::{decimal_digit, stripped};
use souk_domain::{Currency, Discount, MAX_LINE_QUANTITY, Money, Quantity};
use std::borrow::Cow;
use std::fmt::Display;
use std::ops::RangeInclusive;

const NOT_AN_INTEGER: &str = "A valid integer is required.";
const NOT_A_NUMBER: &str = "A valid number is required.";
const NOT_A_BOOLEAN: &str = "Must be a valid boolean.";
const TOO_LONG: &str = "String value too large.";

/// Digits of a discount in percent: the largest is 100.00.
const DISCOUNT_DIGITS: Digits = Digits { total: 5, decimals: 2 };

/// Most units in a line of a cart or an order.
const UNITS: RangeInclusive<i64> = 1..=MAX_LINE_QUANTITY as i64;

/// A whole number in this range. `5`, `"5"` and `5.0` are the same.
pub(crate) fn integer(range: RangeInclusive<i64>) -> Integer {
    Integer { range, below: None }
}

/// A rule for whole numbers, made by [`integer`].
#[derive(Clone, Debug)]
pub(crate) struct Integer {
    range: RangeInclusive<i64>,
    below: Option<&'static str>,
}

impl Integer {
    /// Uses another error for numbers that are too small.
    pub(crate) fn below(mut self, sentence: &'static str) -> Self {
        self.below = Some(sentence);
        self
    }
}

impl Rule for Integer {
    type Value = i64;

    fn read(&self, json: Json<'_>) -> Result<i64, Problem> {
        let number = whole_number(&json)?;
        let (least, most) = (*self.range.start(), *self.range.end());
        if number < i128::from(least) {
            let standard = || format!("Ensure this value is greater than or equal to {least}.");
            return Err(self.below.map_or_else(|| standard().into(), Into::into));
        }
        i64::try_from(number)
            .ok()
            .filter(|number| *number <= most)
            .ok_or_else(|| at_most(most).into())
    }

    fn schema(&self) -> Schema {
        schemas::integer(&self.range)
    }
}

/// The error of Django REST Framework for a number above `most`.
pub(crate) fn at_most(most: impl Display) -> String {
    format!("Ensure this value is less than or equal to {most}.")
}

/// A quantity of a product.
pub(crate) fn quantity() -> impl Rule<Value = Quantity> {
    units(integer(UNITS))
}

/// A quantity, with another error for less than one.
pub(crate) fn quantity_or(too_few: &'static str) -> impl Rule<Value = Quantity> {
    units(integer(UNITS).below(too_few))
}

fn units(number: Integer) -> impl Rule<Value = Quantity> {
    number.then(|units| u32::try_from(units).ok().and_then(Quantity::new).ok_or(NOT_AN_INTEGER))
}

/// An amount of money, as a string or a number.
pub(crate) fn money(currency: Currency) -> impl Rule<Value = Money> {
    let digits = Digits::of_money(currency);
    rule(
        move || schemas::money(currency),
        move |json| {
            let amount = decimal(&json, digits)?.to_string();
            currency.parse(&amount).map_err(|error| error.to_string().into())
        },
    )
}

/// The same for contracts whose document writes amounts as numbers.
pub(crate) fn money_number(currency: Currency) -> impl Rule<Value = Money> {
    money(currency).shown(move |_| schemas::money_number(currency))
}

/// A discount in percent, as a string or a number.
pub(crate) fn discount() -> impl Rule<Value = Discount> {
    rule(schemas::discount, |json| {
        let percent = decimal(&json, DISCOUNT_DIGITS)?.to_string();
        Discount::parse(&percent).map_err(|error| error.to_string().into())
    })
}

/// A decimal number with limited digits. A string is read as it was written. A JSON number is read
/// without the rounding errors of a float.
fn decimal(json: &Json<'_>, digits: Digits) -> Result<Decimal, Problem> {
    let mended = match json {
        Json::Number(text) => without_rounding_error(text, digits.decimals),
        _ => None,
    };
    let text = mended.map_or_else(|| str_of(json), Cow::Owned);
    let text = stripped(&text);
    if text.chars().count() > limits::NUMBER_CHARACTERS_MAX {
        return Err(TOO_LONG.into());
    }
    let number = Decimal::parse(text).ok_or(NOT_A_NUMBER)?;
    digits.fault_of(&number).map_or(Ok(number), |sentence| Err(sentence.into()))
}

/// Corrects a JSON number that differs from a whole number of units of `decimals` places by less
/// than a millionth of a unit: 0.1 × 3 is read as 0.30, not as 0.30000000000000004 (contracts
/// README, "Values"). `None` if there is nothing to correct; the caller then checks the number as
/// written.
fn without_rounding_error(number: &str, decimals: u8) -> Option<String> {
    /// The digits after the unit that decide whether the number is close to a whole one.
    const NEAR_DIGITS: usize = 6;
    /// A number below this power of ten counts as zero, however many digits it has.
    const LEAST_POWER: i64 = -2 * 1_000;
    if number.len() > limits::NUMBER_CHARACTERS_MAX {
        return None;
    }
    let (sign, rest) = number.strip_prefix('-').map_or(("", number), |rest| ("-", rest));
    let (mantissa, power) = rest.split_once(['e', 'E']).unwrap_or((rest, "0"));
    let power = power.strip_prefix('+').unwrap_or(power);
    let farthest = if power.starts_with('-') { i64::MIN } else { i64::MAX };
    let power: i64 = power.parse().unwrap_or(farthest).max(LEAST_POWER);
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mut digits = format!("{whole}{fraction}");
    // The position of the decimal point if the number is counted in units.
    let mut point = i64::try_from(whole.len()).ok()? + i64::from(decimals);
    point = point.checked_add(power)?;
    if let Ok(zeros @ 1..) = usize::try_from(-point) {
        digits.insert_str(0, &"0".repeat(zeros));
    }
    let (units, behind) = digits.split_at_checked(usize::try_from(point.max(0)).ok()?)?;
    let near = format!("{behind:0<NEAR_DIGITS$}");
    let (near, rest) = near.split_at(NEAR_DIGITS);
    let is_zero = |text: &str| text.bytes().all(|digit| digit == b'0');
    let is_above = is_zero(near) || (near == "000001" && is_zero(rest));
    let is_below = near == "999999";
    if is_zero(behind) || !(is_above || is_below) {
        return None;
    }
    let units = if units.is_empty() { 0 } else { units.parse::<u64>().ok()? };
    let units = units.checked_add(u64::from(is_below))?;
    let sign = if units == 0 { "" } else { sign };
    Some(format!("{sign}{units}e-{decimals}"))
}

/// A boolean, in all spellings that Django REST Framework accepts.
pub(crate) fn boolean() -> impl Rule<Value = bool> {
    let means_null = |text: &str| text.is_empty() || text.eq_ignore_ascii_case("null");
    or_null(rule(schemas::boolean, truth), means_null)
}

fn truth(json: Json<'_>) -> Result<bool, Problem> {
    let word = match &json {
        Json::Bool(value) => return Ok(*value),
        Json::Number(text) => number(text),
        Json::Text(text) => text.to_ascii_lowercase().into(),
        _ => return Err(NOT_A_BOOLEAN.into()),
    };
    match (word.as_ref(), &json) {
        ("1.0", Json::Number(_)) => Ok(true),
        ("0.0" | "-0.0", Json::Number(_)) => Ok(false),
        ("true" | "t" | "yes" | "y" | "on" | "1", _) => Ok(true),
        ("false" | "f" | "no" | "n" | "off" | "0", _) => Ok(false),
        _ => Err(NOT_A_BOOLEAN.into()),
    }
}

/// The whole number in the text, clamped to 128 bits.
pub(super) fn whole_number(json: &Json<'_>) -> Result<i128, Problem> {
    let whole = match json {
        Json::Number(text) => whole(&number(text)),
        Json::Text(text) if text.chars().count() > limits::NUMBER_CHARACTERS_MAX => {
            return Err(TOO_LONG.into());
        }
        Json::Text(text) => whole(text),
        _ => None,
    };
    whole.ok_or_else(|| NOT_AN_INTEGER.into())
}

/// Accepts `-12`, `+12`, `12.` and `12.000`, as Django REST Framework does.
fn whole(text: &str) -> Option<i128> {
    let text = stripped(text);
    let whole = text.trim_end_matches('0').strip_suffix('.').unwrap_or(text);
    python_int(whole)
}

/// Reads what Python's `int` reads: digits of any script, with single underscores between them.
pub(crate) fn python_int(text: &str) -> Option<i128> {
    let text = stripped(text);
    let (is_negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if digits.split('_').any(str::is_empty) {
        return None;
    }
    let mut number = 0_i128;
    for character in digits.chars().filter(|character| *character != '_') {
        let digit = i128::from(decimal_digit(character)?);
        number = number.saturating_mul(10).saturating_add(digit);
    }
    Some(if is_negative { -number } else { number })
}
