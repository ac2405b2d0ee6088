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
        move |json| currency.parse(decimal(json)?.trim()).map_err(|error| error.to_string().into()),
    )
}

/// A discount in percent, as a string or a number.
pub(crate) fn discount() -> impl Rule<Value = Discount> {
    rule(schemas::discount, |json| {
        Discount::parse(decimal(json)?.trim()).map_err(|error| error.to_string().into())
    })
}

/// A decimal number as it was written.
fn decimal(json: Json<'_>) -> Result<Cow<'_, str>, Problem> {
    match json {
        Json::Number(text) => Ok(text.into()),
        Json::Text(text) if text.chars().count() > limits::NUMBER_CHARACTERS_MAX => {
            Err(TOO_LONG.into())
        }
        Json::Text(text) => Ok(text),
        _ => Err(NOT_A_NUMBER.into()),
    }
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
