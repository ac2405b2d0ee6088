//! JSON bodies, checked like a Django REST Framework serializer does it: every wrong field is
//! named, all at once.
//!
//! ```ignore
//! let mut form = Form::parse(&call.request)?;
//! let name = form.required("name", text(255));
//! let price = form.required("price", money(currency));
//! let category = form.nullable("category_id", id(CategoryId::new));
//! let (name, price, category) = form.finish((name, price, category))?;
//! ```
//!
//! A getter that finds something wrong notes it and gives an empty [`Field`]; [`Form::finish`]
//! turns the fields into their values, or into all the [`Errors`].

mod body;
mod errors;
mod field;
mod json;
mod lists;
mod numbers;
mod texts;

pub(crate) use body::Form;
pub(crate) use errors::{Errors, NON_FIELD_ERRORS, Problem};
pub(crate) use field::Field;
pub(crate) use json::Json;
pub(crate) use lists::{list, objects};
pub(crate) use numbers::{boolean, discount, id, integer, money};
pub(crate) use texts::{
    choice, claimed_password, claimed_username, email, new_password, repeated_password, text,
    username, web_address,
};

/// How one value is read. The functions of this module make them; so does any closure of this shape.
pub(crate) trait Rule {
    /// What comes out.
    type Value;

    /// The value, or what is wrong with it. `null` never gets here.
    ///
    /// # Errors
    /// What a Django REST Framework field would say.
    fn read(&self, json: Json<'_>) -> Result<Self::Value, Problem>;

    /// This rule, and then another look at what came out.
    fn then<T, W: Into<Problem>>(
        self,
        look: impl Fn(Self::Value) -> Result<T, W>,
    ) -> impl Rule<Value = T>
    where
        Self: Sized,
    {
        move |json: Json<'_>| look(self.read(json)?).map_err(Into::into)
    }
}

impl<T, F: Fn(Json<'_>) -> Result<T, Problem>> Rule for F {
    type Value = T;

    fn read(&self, json: Json<'_>) -> Result<T, Problem> {
        self(json)
    }
}

#[cfg(test)]
mod tests;
