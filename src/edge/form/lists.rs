//! Rules for lists. Errors are nested as in Django REST Framework.

use super::body::{Form, NOT_NULL, NotAForm};
use super::errors::{Errors, NON_FIELD_ERRORS, Problem};
use super::field::Fields;
use super::json::Json;
use super::rule::Rule;
use super::schemas;
use schemars::Schema;
use serde::de::{Deserializer, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// A list of 1 to `max_items` objects, each with the fields that `fields` reads. The errors are a
/// list with one entry for each item, `{}` for a valid one.
pub(crate) fn objects<F: Fields>(
    max_items: usize,
    fields: impl Fn(&mut Form<'_>) -> F,
) -> impl Rule<Value = Vec<F::Values>> {
    Objects { max_items, fields }
}

struct Objects<R> {
    max_items: usize,
    fields: R,
}

impl<F: Fields, R: Fn(&mut Form<'_>) -> F> Rule for Objects<R> {
    type Value = Vec<F::Values>;

    fn read(&self, json: Json<'_>) -> Result<Self::Value, Problem> {
        let items = items(&json, self.max_items)
            .map_err(|sentence| Problem::Inside(Errors::of(NON_FIELD_ERRORS, sentence)))?;
        let mut values = Vec::with_capacity(items.len());
        let mut errors = Vec::with_capacity(items.len());
        for item in items {
            match self.read_item(&Json::of(item)) {
                Ok(value) => {
                    values.push(value);
                    errors.push(Problem::Inside(Errors::new()));
                }
                Err(problem) => errors.push(problem),
            }
        }
        if values.len() == errors.len() { Ok(values) } else { Err(Problem::Items(errors)) }
    }

    fn schema(&self) -> Schema {
        schemas::list(&Form::described(&self.fields), self.max_items)
    }
}

impl<F: Fields, R: Fn(&mut Form<'_>) -> F> Objects<R> {
    fn read_item(&self, item: &Json<'_>) -> Result<F::Values, Problem> {
        if *item == Json::Null {
            return Err(NOT_NULL.into());
        }
        let mut form = Form::of(item).map_err(|refused| match refused {
            NotAForm::NotAnObject(errors) => Problem::Inside(errors),
            NotAForm::TooManyFields(error) => Problem::Inside(Errors::general(error.to_string())),
        })?;
        let fields = (self.fields)(&mut form);
        form.finish(fields).map_err(Problem::Inside)
    }
}

/// A list of 1 to `max_items` values that follow one rule. Errors are named by the position of the
/// item.
pub(crate) fn list<R: Rule>(max_items: usize, item: R) -> impl Rule<Value = Vec<R::Value>> {
    List { max_items, item }
}

struct List<R> {
    max_items: usize,
    item: R,
}

impl<R: Rule> Rule for List<R> {
    type Value = Vec<R::Value>;

    fn read(&self, json: Json<'_>) -> Result<Self::Value, Problem> {
        let items = items(&json, self.max_items)?;
        let mut values = Vec::with_capacity(items.len());
        let mut errors = Errors::new();
        for (position, item) in items.into_iter().enumerate() {
            let value = match Json::of(item) {
                Json::Null => Err(NOT_NULL.into()),
                json => self.item.read(json),
            };
            match value {
                Ok(value) => values.push(value),
                Err(problem) => errors.add(position.to_string(), problem),
            }
        }
        if errors.is_empty() { Ok(values) } else { Err(Problem::Inside(errors)) }
    }

    fn schema(&self) -> Schema {
        schemas::list(&self.item.schema(), self.max_items)
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

/// Collects up to a maximum of items. Refuses the next item without parsing it.
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
