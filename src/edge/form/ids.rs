//! Rules for ids.

use super::body::NOT_NULL;
use super::errors::Problem;
use super::json::Json;
use super::numbers::{python_int, whole_number};
use super::python::str_of;
use super::rule::{Rule, or_null, rule};
use super::schemas;
use std::fmt;

/// An id, made with `ProductId::new` or a similar function. `None` for a whole number that cannot
/// be an id, such as 0 and -1; the answer is then the same as for an unknown id.
pub(crate) fn id<T>(new: fn(u64) -> Option<T>) -> impl Rule<Value = Option<T>> {
    named_id(new).then(|named| Ok::<_, Problem>(named.id))
}

/// Also returns the number, for errors that repeat it.
pub(crate) fn named_id<T>(new: fn(u64) -> Option<T>) -> impl Rule<Value = Reference<T>> {
    rule(schemas::id, move |json| {
        let number = whole_number(&json)?;
        Ok(Reference { id: id_of(number, new), sent: number.to_string() })
    })
}

/// Uses `missing` as the error for an unknown id.
pub(crate) fn id_or<T>(new: fn(u64) -> Option<T>, missing: &'static str) -> impl Rule<Value = T> {
    id(new).then(move |id| id.ok_or(missing))
}

/// The same for contracts whose document writes ids as texts.
pub(crate) fn id_text<T>(new: fn(u64) -> Option<T>) -> impl Rule<Value = Option<T>> {
    id(new).shown(|_| schemas::id_text())
}

/// Uses `missing` as the error for an unknown id.
pub(crate) fn id_text_or<T>(
    new: fn(u64) -> Option<T>,
    missing: &'static str,
) -> impl Rule<Value = T> {
    id_or(new, missing).shown(|_| schemas::id_text())
}

fn id_of<T>(number: i128, new: fn(u64) -> Option<T>) -> Option<T> {
    u64::try_from(number).ok().and_then(new)
}

/// A reference to another object by its id.
#[derive(Clone, Debug)]
pub(crate) struct Reference<T> {
    /// `None` for a number that cannot be an id.
    pub(crate) id: Option<T>,
    sent: String,
}

impl<T> Reference<T> {
    /// The error if the object does not exist.
    pub(crate) fn does_not_exist(&self) -> String {
        format!("Invalid pk \"{}\" - object does not exist.", self.sent)
    }
}

/// The value that the client sent.
impl<T> fmt::Display for Reference<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sent)
    }
}

/// A reference by primary key, read as Django REST Framework's relations read it: numbers are
/// truncated to whole ones, and an empty text counts as `null`.
pub(crate) fn reference<T>(new: fn(u64) -> Option<T>) -> impl Rule<Value = Reference<T>> {
    let read = move |json: Json<'_>| {
        let number = match &json {
            Json::Text(text) if text.is_empty() => return Err(NOT_NULL.into()),
            Json::Text(text) => python_int(text),
            Json::Number(text) => Some(cut(text)),
            _ => None,
        };
        let found = json.python_type();
        let number = number.ok_or_else(|| {
            Problem::from(format!("Incorrect type. Expected pk value, received {found}."))
        })?;
        Ok(Reference { id: id_of(number, new), sent: str_of(&json).into_owned() })
    };
    or_null(rule(schemas::id, read), str::is_empty)
}

/// The whole part of a JSON number, clamped to 128 bits.
fn cut(number: &str) -> i128 {
    if !number.contains(['.', 'e', 'E']) {
        return python_int(number).unwrap_or_default();
    }
    #[expect(clippy::cast_possible_truncation, reason = "cut on purpose, and clamped")]
    let whole = number.parse::<f64>().unwrap_or_default() as i128;
    whole
}
