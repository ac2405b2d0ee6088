//! How one value is read and described.

use super::errors::Problem;
use super::json::Json;
use schemars::{Schema, json_schema};
use souk_domain::text::stripped;

/// How one value is read. The functions of this module make them.
pub(crate) trait Rule {
    /// What comes out.
    type Value;

    /// The value, or what is wrong with it. `null` never gets here.
    ///
    /// # Errors
    /// What a Django REST Framework field would say.
    fn read(&self, json: Json<'_>) -> Result<Self::Value, Problem>;

    /// The values this rule takes, as JSON Schema 2020-12. What is no such value is refused; what
    /// is one may still be refused by a rule of the shop.
    fn schema(&self) -> Schema;

    /// Whether a text means `null` where the field may be null.
    fn means_null(&self, _text: &str) -> bool {
        false
    }

    /// This rule, and then another look at what came out.
    fn then<T, W: Into<Problem>>(
        self,
        look: impl Fn(Self::Value) -> Result<T, W>,
    ) -> impl Rule<Value = T>
    where
        Self: Sized,
    {
        Then { rule: self, look }
    }

    /// This rule, which does not judge again what is there already: a text that is `current` is
    /// that value, whatever rules came since it was stored.
    fn or_unchanged(self, current: Option<Self::Value>) -> impl Rule<Value = Self::Value>
    where
        Self: Sized,
        Self::Value: Clone + ToString,
    {
        OrUnchanged { rule: self, current }
    }

    /// This rule, described in another way.
    fn shown(self, show: impl Fn(Schema) -> Schema) -> impl Rule<Value = Self::Value>
    where
        Self: Sized,
    {
        Shown { rule: self, show }
    }

    /// This rule, described with an example of what is meant.
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

struct Shown<R, F> {
    rule: R,
    show: F,
}

impl<R: Rule, F: Fn(Schema) -> Schema> Rule for Shown<R, F> {
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

/// A rule made of a function that reads a value and one that describes what it takes.
pub(super) fn rule<T>(
    schema: impl Fn() -> Schema,
    read: impl Fn(Json<'_>) -> Result<T, Problem>,
) -> impl Rule<Value = T> {
    Made { schema, read }
}

/// A rule that takes some texts for `null`.
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

/// A rule that takes anything: what `read` makes of it is never wrong.
pub(crate) fn anything<T>(read: impl Fn(Json<'_>) -> T) -> impl Rule<Value = T> {
    rule(|| json_schema!({}), move |json| Ok(read(json)))
}

struct Made<S, F> {
    schema: S,
    read: F,
}

impl<T, S, F> Rule for Made<S, F>
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
