//! Reads JSON bodies and checks them as a Django REST Framework serializer does: the answer names
//! every invalid field at once.
//!
//! A body is a struct, declared with [`form!`]. Each field has a type, a word that says whether it
//! is required, and a rule.
//!
//! ```ignore
//! form! {
//!     /// The fields of a new product.
//!     pub(super) struct NewProduct(currency: Currency) {
//!         name: String = required(name(NAME_CHARACTERS_MAX)),
//!         price: Money = required(money(currency)),
//!         stock: i64 = defaulting(integer(0..=99), 0),
//!         // The field's name in the body may be another one.
//!         category: Option<Reference<CategoryId>> =
//!             nullable("category_id", reference(CategoryId::new)),
//!         // Fields that several bodies share.
//!         delivery: Delivery = flattened(Delivery::read),
//!     }
//!     // Rules about more than one field, after all of them were read.
//!     check |form, fields| {
//!         if fields.price.parsed() == Some(&Money::ZERO) && form.has("stock") {
//!             form.error("price", "A free product cannot have stock.");
//!         }
//!     }
//! }
//!
//! let mut form = Form::parse(&call.request)?;
//! let fields = NewProduct::read(&mut form, currency);
//! let requested = fields.category.parsed();
//! let product = form.finish(fields)?;
//! ```
//!
//! `NewProduct::read` returns a `NewProduct<Unchecked>`. Each of its fields is a [`Field`], which
//! is empty if its value is invalid; the form then has an error for it. [`Form::finish`] turns it
//! into a `NewProduct` with the values, or into all the [`Errors`].
//!
//! The words before the rules are methods of [`Form`]: `required`, `optional`, `nullable`,
//! `clearable`, `defaulting`, `changing`. A list of objects has the rule `objects(ITEMS_MAX,
//! Item::read)`, where `Item` is also such a struct. A body with a single field needs no struct.
//!
//! Every rule also describes its values as JSON Schema. So the function that reads a body also
//! describes it ([`Form::described`]).

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
pub(crate) use field::{Checked, Field, Fields, State, Unchecked, form};
pub(crate) use ids::{Reference, id, id_or, id_text, id_text_or, named_id, reference};
pub(crate) use json::Json;
pub(crate) use lists::{list, objects};
pub(crate) use numbers::{
    at_most, boolean, discount, integer, money, money_number, python_int, quantity, quantity_or,
};
pub(crate) use return_address::{ReturnAddress, return_address};
pub(crate) use rule::{Rule, anything};
pub(super) use schemas::EXACTLY_ONE;
pub(crate) use texts::{
    Text, choice, claimed_email, claimed_password, claimed_username, email, image_address, name,
    new_password, order_status, repeated_password, text, username, web_address,
};

#[cfg(test)]
mod tests;
