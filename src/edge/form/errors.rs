//! The errors of a request, by field.

use crate::edge::Answer;
use http::StatusCode;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use souk_domain::TextErrors;
use std::borrow::Cow;

/// The name for errors that belong to no field.
pub(crate) const NON_FIELD_ERRORS: &str = "non_field_errors";

/// One error message about one value.
pub(crate) type Message = Cow<'static, str>;

/// The errors of one value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(crate) enum Problem {
    /// Errors of the value itself.
    Messages(Vec<Message>),
    /// Errors of the fields within it.
    Inside(Errors),
    /// Errors of the items of a list, in order; a valid item has none.
    Items(Vec<Problem>),
}

impl From<&'static str> for Problem {
    fn from(message: &'static str) -> Self {
        Self::Messages(vec![Cow::Borrowed(message)])
    }
}

impl From<String> for Problem {
    fn from(message: String) -> Self {
        Self::Messages(vec![Cow::Owned(message)])
    }
}

impl Problem {
    /// `Ok` if there are no errors.
    ///
    /// # Errors
    /// The errors that are present, in order.
    pub(super) fn unless_empty(
        sentences: impl IntoIterator<Item = Option<Message>>,
    ) -> Result<(), Self> {
        let sentences: Vec<Message> = sentences.into_iter().flatten().collect();
        if sentences.is_empty() { Ok(()) } else { Err(Self::Messages(sentences)) }
    }
}

impl From<TextErrors> for Problem {
    fn from(errors: TextErrors) -> Self {
        Self::Messages(errors.iter().map(|error| Cow::Owned(error.to_string())).collect())
    }
}

/// All errors of a request, in the order in which they were found. As an answer: 400 with
/// `{"field": ["sentence", …], …}`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub(crate) struct Errors(Vec<(Cow<'static, str>, Problem)>);

impl Errors {
    /// No errors.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// One error of one field.
    pub(crate) fn of(field: &'static str, problem: impl Into<Problem>) -> Self {
        let mut errors = Self::new();
        errors.add(field, problem);
        errors
    }

    /// One error that belongs to no field.
    pub(crate) fn general(problem: impl Into<Problem>) -> Self {
        Self::of(NON_FIELD_ERRORS, problem)
    }

    /// Adds an error. Errors of the same field are grouped.
    pub(crate) fn add(&mut self, field: impl Into<Cow<'static, str>>, problem: impl Into<Problem>) {
        let (field, problem) = (field.into(), problem.into());
        let known = self.0.iter_mut().find(|(name, _)| *name == field);
        match (known, problem) {
            (Some((_, Problem::Messages(messages))), Problem::Messages(more)) => {
                messages.extend(more);
            }
            (Some((_, problem)), other) => *problem = other,
            (None, problem) => self.0.push((field, problem)),
        }
    }

    /// Adds errors of one item in a list of objects. The items before it appear as well: `{"items":
    /// [{}, {"product_id": ["…"]}]}`.
    pub(crate) fn add_item(&mut self, field: &'static str, index: usize, item: Errors) {
        let known = self.0.iter_mut().find(|(name, _)| name == field);
        if let Some((_, Problem::Items(items))) = known {
            items.resize(items.len().max(index + 1), Problem::Inside(Self::new()));
            match &mut items[index] {
                Problem::Inside(errors) => {
                    item.0.into_iter().for_each(|(field, problem)| errors.add(field, problem));
                }
                // The item is not an object and already has an error, so errors of its fields are
                // dropped.
                Problem::Messages(_) | Problem::Items(_) => {}
            }
            return;
        }
        let mut items = vec![Problem::Inside(Self::new()); index];
        items.push(Problem::Inside(item));
        self.add(field, Problem::Items(items));
    }

    /// True if there are no errors.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Errors {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (field, problem) in &self.0 {
            map.serialize_entry(field, problem)?;
        }
        map.end()
    }
}

impl From<Errors> for Answer {
    fn from(errors: Errors) -> Self {
        Self::json(StatusCode::BAD_REQUEST, &errors)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_written_as_the_documents_print_them() {
        let mut errors = Errors::of("email", "Enter a valid email address.");
        errors.add("email", "This email is already in use.".to_owned());
        errors.add(NON_FIELD_ERRORS, "Insufficient stock");
        errors.add_item("items", 1, Errors::of("product_id", "Product not found or inactive"));
        errors.add_item("items", 3, Errors::of("quantity", "Too many."));
        let answer = Answer::from(errors);
        assert_eq!(answer.status, 400);
        assert_eq!(
            answer.text(),
            concat!(
                r#"{"email":["Enter a valid email address.","This email is already in use."],"#,
                r#""non_field_errors":["Insufficient stock"],"#,
                r#""items":[{},{"product_id":["Product not found or inactive"]},{},"#,
                r#"{"quantity":["Too many."]}]}"#
            )
        );
    }
}
