//! Rules for lists, with their errors nested as Django REST Framework nests them.

use super::Rule;
use super::body::{Form, NoForm};
use super::errors::{Errors, NON_FIELD_ERRORS, Problem};
use super::json::Json;
use serde::de::{Deserializer, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// A list of 1 to `max_items` objects, each read by its own form. Errors come as a list with
/// an entry per item, `{}` for those in order.
pub(crate) fn objects<T>(
    max_items: usize,
    read: impl Fn(Form<'_>) -> Result<T, Errors>,
) -> impl Fn(Json<'_>) -> Result<Vec<T>, Problem> {
    move |json| {
        let items = items(&json, max_items)
            .map_err(|sentence| Problem::Inside(Errors::of(NON_FIELD_ERRORS, sentence)))?;
        let mut values = Vec::with_capacity(items.len());
        let mut errors = Vec::with_capacity(items.len());
        for item in items {
            let value = match Form::of(&Json::of(item)) {
                Ok(form) => read(form),
                Err(NoForm::NotAnObject(wrong)) => Err(wrong),
                Err(NoForm::TooManyFields(error)) => Err(Errors::general(error.to_string())),
            };
            match value {
                Ok(value) => {
                    values.push(value);
                    errors.push(Errors::new());
                }
                Err(wrong) => errors.push(wrong),
            }
        }
        if values.len() == errors.len() { Ok(values) } else { Err(Problem::Items(errors)) }
    }
}

/// A list of 1 to `max_items` values that obey one rule. Errors are named by the item's position.
pub(crate) fn list<R: Rule>(
    max_items: usize,
    rule: R,
) -> impl Fn(Json<'_>) -> Result<Vec<R::Value>, Problem> {
    move |json| {
        let items = items(&json, max_items)?;
        let mut values = Vec::with_capacity(items.len());
        let mut errors = Errors::new();
        for (position, item) in items.into_iter().enumerate() {
            let value = match Json::of(item) {
                Json::Null => Err("This field may not be null.".into()),
                json => rule.read(json),
            };
            match value {
                Ok(value) => values.push(value),
                Err(problem) => errors.add(position.to_string(), problem),
            }
        }
        if errors.is_empty() { Ok(values) } else { Err(Problem::Inside(errors)) }
    }
}

pub(super) fn items<'a>(json: &Json<'a>, max_items: usize) -> Result<Vec<&'a RawValue>, String> {
    let Json::List(text) = json else {
        let found = json.python_type();
        return Err(format!("Expected a list of items but got type \"{found}\"."));
    };
    let too_many = || format!("Ensure this field has no more than {max_items} elements.");
    let items = serde_json::Deserializer::from_str(text)
        .deserialize_seq(AtMost(max_items))
        .map_err(|_| too_many())?;
    if items.is_empty() { Err("This list may not be empty.".to_owned()) } else { Ok(items) }
}

/// Collects so many items and refuses one more before looking at it.
struct AtMost(usize);

impl<'de> Visitor<'de> for AtMost {
    type Value = Vec<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at most {} items", self.0)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            if items.len() == self.0 {
                return Err(serde::de::Error::invalid_length(items.len() + 1, &self));
            }
            items.push(item);
        }
        Ok(items)
    }
}
