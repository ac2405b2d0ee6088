//! Rules: how one value is read and described.

use super::errors::Problem;
use super::json::Json;
use schemars::{Schema, json_schema};
use souk_domain::text::stripped;

/// Reads and describes one value. The functions of this module make rules.
pub(crate) trait Rule {
    /// The type of the value.
    type Value;

    /// Returns the value or its errors. Never called with `null`.
    ///
    /// # Errors
    /// Returns the error that a Django REST Framework field would return.
    fn read(&self, json: Json<'_>) -> Result<Self::Value, Problem>;

    /// The accepted values, as JSON Schema 2020-12. Values outside the schema are refused. The shop
    /// may still refuse some values within it.
    fn schema(&self) -> Schema;

    /// Whether a text counts as `null` in a field that may be null.
    fn means_null(&self, _text: &str) -> bool {
        false
    }

    /// This rule, followed by another check of its value.
    fn then<T, W: Into<Problem>>(
        self,
        look: impl Fn(Self::Value) -> Result<T, W>,
    ) -> impl Rule<Value = T>
    where
        Self: Sized,
    {
        Then { rule: self, look }
    }

    /// This rule, except that an unchanged value is accepted without a check: a text equal to
    /// `current` is that value, even if stricter rules came later.
    fn or_unchanged(self, current: Option<Self::Value>) -> impl Rule<Value = Self::Value>
    where
        Self: Sized,
        Self::Value: Clone + ToString,
    {
        OrUnchanged { rule: self, current }
    }

    /// This rule, with another description.
    fn shown(self, show: impl Fn(Schema) -> Schema) -> impl Rule<Value = Self::Value>
    where
        Self: Sized,
    {
        WithSchema { rule: self, show }
    }

    /// This rule, described with an example.
    fn like(self, example: &'static str) -> impl Rule<Value = Self::Value>
    where
        Self: Sized,
    {
        self.shown(move |mut schema| {
            schema.insert("examples".to_owned(), vec![example].into());
            schema
        })
    }
}

struct WithSchema<R, F> {
    rule: R,
    show: F,
}

impl<R: Rule, F: Fn(Schema) -> Schema> Rule for WithSchema<R, F> {
    type Value = R::Value;

    fn read(&self, json: Json<'_>) -> Result<R::Value, Problem> {
        self.rule.read(json)
    }

    fn schema(&self) -> Schema {
        (self.show)(self.rule.schema())
    }

    fn means_null(&self, text: &str) -> bool {
        self.rule.means_null(text)
    }
}

struct OrUnchanged<R: Rule> {
    rule: R,
    current: Option<R::Value>,
}

impl<R: Rule<Value: Clone + ToString>> Rule for OrUnchanged<R> {
    type Value = R::Value;

    fn read(&self, json: Json<'_>) -> Result<R::Value, Problem> {
        match (&json, &self.current) {
            (Json::Text(text), Some(current)) if stripped(text) == current.to_string() => {
                Ok(current.clone())
            }
            _ => self.rule.read(json),
        }
    }

    fn schema(&self) -> Schema {
        self.rule.schema()
    }

    fn means_null(&self, text: &str) -> bool {
        self.rule.means_null(text)
    }
}

struct Then<R, F> {
    rule: R,
    look: F,
}

impl<R, F, T, W> Rule for Then<R, F>
where
    R: Rule,
    F: Fn(R::Value) -> Result<T, W>,
    W: Into<Problem>,
{
    type Value = T;

    fn read(&self, json: Json<'_>) -> Result<T, Problem> {
        (self.look)(self.rule.read(json)?).map_err(Into::into)
    }

    fn schema(&self) -> Schema {
        self.rule.schema()
    }

    fn means_null(&self, text: &str) -> bool {
        self.rule.means_null(text)
    }
}

/// A rule made of two functions: one reads a value, one describes the accepted values.
pub(super) fn rule<T>(
    schema: impl Fn() -> Schema,
    read: impl Fn(Json<'_>) -> Result<T, Problem>,
) -> impl Rule<Value = T> {
    FromFunctions { schema, read }
}

/// A rule that reads some texts as `null`.
pub(super) fn or_null<R: Rule>(
    rule: R,
    means_null: fn(&str) -> bool,
) -> impl Rule<Value = R::Value> {
    OrNull { rule, means_null }
}

struct OrNull<R> {
    rule: R,
    means_null: fn(&str) -> bool,
}

impl<R: Rule> Rule for OrNull<R> {
    type Value = R::Value;

    fn read(&self, json: Json<'_>) -> Result<R::Value, Problem> {
        self.rule.read(json)
    }

    fn schema(&self) -> Schema {
        self.rule.schema()
    }

    fn means_null(&self, text: &str) -> bool {
        (self.means_null)(text)
    }
}

/// A rule that accepts any value; `read` never fails.
pub(crate) fn anything<T>(read: impl Fn(Json<'_>) -> T) -> impl Rule<Value = T> {
    rule(|| json_schema!({}), move |json| Ok(read(json)))
}

struct FromFunctions<S, F> {
    schema: S,
    read: F,
}

impl<T, S, F> Rule for FromFunctions<S, F>
where
    S: Fn() -> Schema,
    F: Fn(Json<'_>) -> Result<T, Problem>,
{
    type Value = T;

    fn read(&self, json: Json<'_>) -> Result<T, Problem> {
        (self.read)(json)
    }

    fn schema(&self) -> Schema {
        (self.schema)()
    }
}
