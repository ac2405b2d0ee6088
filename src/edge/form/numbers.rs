//! Rules for numbers, ids, money and truth. Numbers are judged by how they are written; no binary
//! float decides what a price or a quantity is.

use super::errors::Problem;
use super::json::Json;
use super::rule::{Rule, rule};
use super::schemas;
use crate::edge::limits;
use schemars::Schema;
use souk_domain::{Currency, Discount, MAX_LINE_QUANTITY, Money, Quantity};
use std::borrow::Cow;
use std::ops::RangeInclusive;

const NOT_AN_INTEGER: &str = "A valid integer is required.";
const NOT_A_NUMBER: &str = "A valid number is required.";
const NOT_A_BOOLEAN: &str = "Must be a valid boolean.";
const TOO_LONG: &str = "String value too large.";

/// Places of a discount in percent.
const DISCOUNT_DECIMALS: u8 = 2;

/// Units in a line of a cart or an order.
const UNITS: RangeInclusive<i64> = 1..=MAX_LINE_QUANTITY as i64;

/// A whole number in this range; `5`, `"5"` and `5.0` are the same.
pub(crate) fn integer(range: RangeInclusive<i64>) -> Integer {
    Integer { range, below: None }
}

/// A rule for whole numbers; [`integer`] makes it.
#[derive(Clone, Debug)]
pub(crate) struct Integer {
    range: RangeInclusive<i64>,
    below: Option<&'static str>,
}

impl Integer {
    /// Another sentence for what is too small.
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
            .ok_or_else(|| format!("Ensure this value is less than or equal to {most}.").into())
    }

    fn schema(&self) -> Schema {
        schemas::integer(&self.range)
    }
}

/// An id, made with `ProductId::new` and its like.
pub(crate) fn id<T>(new: fn(u64) -> Option<T>) -> impl Rule<Value = T> {
    integer(1..=i64::MAX)
        .then(move |number| u64::try_from(number).ok().and_then(new).ok_or(NOT_AN_INTEGER))
}

/// How many units of a product.
pub(crate) fn quantity() -> impl Rule<Value = Quantity> {
    units(integer(UNITS))
}

/// The same, with another sentence for less than one.
pub(crate) fn quantity_or(too_few: &'static str) -> impl Rule<Value = Quantity> {
    units(integer(UNITS).below(too_few))
}

fn units(number: Integer) -> impl Rule<Value = Quantity> {
    number.then(|units| u32::try_from(units).ok().and_then(Quantity::new).ok_or(NOT_AN_INTEGER))
}

/// An amount of money, as a string or a number.
pub(crate) fn money(currency: Currency) -> impl Rule<Value = Money> {
    rule(
        move || schemas::money(currency),
        move |json| {
            let text = decimal(json, currency.decimals())?;
            currency.parse(text.trim()).map_err(|error| error.to_string().into())
        },
    )
}

/// A discount in percent, as a string or a number.
pub(crate) fn discount() -> impl Rule<Value = Discount> {
    rule(schemas::discount, |json| {
        let text = decimal(json, DISCOUNT_DECIMALS)?;
        Discount::parse(text.trim()).map_err(|error| error.to_string().into())
    })
}

/// A decimal number as it was written; a JSON number without the noise of a float.
fn decimal(json: Json<'_>, decimals: u8) -> Result<Cow<'_, str>, Problem> {
    match json {
        Json::Number(text) => {
            Ok(without_noise(text, decimals).map_or(Cow::Borrowed(text), Cow::Owned))
        }
        Json::Text(text) if text.chars().count() > limits::NUMBER_CHARACTERS_MAX => {
            Err(TOO_LONG.into())
        }
        Json::Text(text) => Ok(text),
        _ => Err(NOT_A_NUMBER.into()),
    }
}

/// A JSON number that is no whole number of units of `decimals` places, but within a millionth of
/// one: that one, as 0.1 × 3 is 0.30 and not 0.30000000000000004 (contracts README, "Values").
/// `None`: nothing to mend, and whatever reads the number judges it as it is.
fn without_noise(number: &str, decimals: u8) -> Option<String> {
    /// Digits behind a unit that say whether it is near.
    const NEAR_DIGITS: usize = 6;
    /// What is smaller than this power of ten is nothing, however many digits it has.
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
    // Where the point stands in the digits when the number counts units.
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

/// Yes or no, in all the spellings Django REST Framework knows.
pub(crate) fn boolean() -> impl Rule<Value = bool> {
    rule(schemas::boolean, truth)
}

fn truth(json: Json<'_>) -> Result<bool, Problem> {
    match &json {
        Json::Bool(value) => Ok(*value),
        Json::Number("1" | "1.0") => Ok(true),
        Json::Number("0" | "0.0") => Ok(false),
        Json::Text(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "t" | "yes" | "y" | "on" | "1" => Ok(true),
            "false" | "f" | "no" | "n" | "off" | "0" => Ok(false),
            _ => Err(NOT_A_BOOLEAN.into()),
        },
        _ => Err(NOT_A_BOOLEAN.into()),
    }
}

/// The whole number that was written, clamped to 128 bits.
fn whole_number(json: &Json<'_>) -> Result<i128, Problem> {
    let number = match json {
        Json::Number(text) if text.contains(['e', 'E']) => whole_float(text),
        Json::Number(text) => whole_decimal(text),
        Json::Text(text) if text.chars().count() > limits::NUMBER_CHARACTERS_MAX => {
            return Err(TOO_LONG.into());
        }
        Json::Text(text) => whole_decimal(text.trim()),
        _ => None,
    };
    number.ok_or_else(|| NOT_AN_INTEGER.into())
}

/// `-12`, `+12`, `12.` and `12.000`, as Django REST Framework reads them.
fn whole_decimal(text: &str) -> Option<i128> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (digits, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let plain = !digits.is_empty() && digits.bytes().all(|octet| octet.is_ascii_digit());
    if !plain || fraction.bytes().any(|octet| octet != b'0') {
        return None;
    }
    let number = digits.parse::<i128>().unwrap_or(i128::MAX);
    Some(if negative { -number } else { number })
}

/// `1e3`: whole where a float can hold it exactly, which is more than any count or id needs.
fn whole_float(text: &str) -> Option<i128> {
    const EXACT_BELOW: f64 = 9_007_199_254_740_992.0;
    let number: f64 = text.parse().ok()?;
    #[expect(clippy::cast_possible_truncation, reason = "whole and below 2^53, so it fits")]
    let whole = (number.fract() == 0.0 && number.abs() < EXACT_BELOW).then_some(number as i128);
    whole
}
