//! JSON bodies, checked like a Django REST Framework serializer does it: every wrong field is
//! named, all at once.
//!
//! ```ignore
//! let mut form = Form::parse(&call.request)?;
//! let name = form.required("name", text(255));
//! let price = form.required("price", money(currency));
//! let category = form.nullable("category_id", reference(CategoryId::new));
//! let (name, price, category) = form.finish((name, price, category))?;
//! ```
//!
//! Every rule also says what it takes as JSON Schema, so that the description of an operation's body
//! ([`Form::described`]) is made by the very function that reads it.
//!
//! A getter that finds something wrong notes it and gives an empty [`Field`]; [`Form::finish`]
//! turns the fields into their values, or into all the [`Errors`].

mod body;
mod decimals;
mod errors;
mod field;
mod ids;
mod json;
mod lists;
mod members;
mod numbers;
mod python;
mod return_address;
mod rule;
mod schemas;
mod texts;
mod urls;

pub(crate) use body::Form;
pub(crate) use decimals::Decimal;
pub(crate) use errors::{Errors, NON_FIELD_ERRORS};
pub(crate) use field::Field;
pub(crate) use ids::{Reference, id, id_or, named_id, reference};
pub(crate) use json::Json;
pub(crate) use lists::{list, objects};
pub(crate) use numbers::{boolean, discount, integer, money, python_int, quantity, quantity_or};
pub(crate) use return_address::{ReturnAddress, return_address};
pub(crate) use rule::{Rule, anything};
pub(crate) use texts::{
    Text, choice, claimed_email, claimed_password, claimed_username, email, image_address, name,
    new_password, order_status, repeated_password, text, username, web_address,
};

#[cfg(test)]
mod tests;
