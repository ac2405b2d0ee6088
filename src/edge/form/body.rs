//! The form of a request: its fields by name, and the errors found in them.

use super::errors::{Errors, NON_FIELD_ERRORS, Problem};
use super::field::{Field, Fields};
use super::json::{Json, is_too_deep};
use super::lists::items;
use super::members::Members;
use super::rule::Rule;
use super::schemas::{AT_LEAST_ONE, DescribedFields, EXACTLY_ONE, Presence};
use super::texts::string;
use crate::edge::{Answer, Request, standard};
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderValue};
use schemars::Schema;
use serde_json::value::RawValue;
use std::fmt;

const REQUIRED: &str = "This field is required.";
/// The error for a body that is `null`.
const NO_DATA: &str = "No data provided";
pub(super) const NOT_NULL: &str = "This field may not be null.";

/// The fields of a JSON object, and the errors found so far.
#[derive(Debug, Default)]
pub(crate) struct Form<'a> {
    members: Members<'a>,
    errors: Errors,
    /// Collects the fields if the form is only described and reads nothing.
    described: Option<Box<DescribedFields>>,
}

impl<'a> Form<'a> {
    /// The schema of the object that `fields` reads.
    pub(crate) fn described<R>(fields: impl FnOnce(&mut Form<'_>) -> R) -> Schema {
        let mut form = Form { described: Some(Box::default()), ..Form::default() };
        fields(&mut form);
        form.described.unwrap_or_default().schema()
    }

    /// Reads the form of a request's body. A missing body counts as an empty form.
    ///
    /// # Errors
    /// 415 for a content type other than JSON or a missing one; 400 for a body that is not a JSON
    /// object.
    pub(crate) fn parse(request: &'a Request) -> Result<Self, Answer> {
        Self::parse_as(request, &["application/json"])
    }

    /// Reads the form of a merge patch (RFC 7396): an absent field keeps its value, `null` clears it
    /// ([`Form::clearable`]).
    ///
    /// # Errors
    /// As [`Form::parse`].
    pub(crate) fn parse_patch(request: &'a Request) -> Result<Self, Answer> {
        Self::parse_as(request, &["application/merge-patch+json", "application/json"])
    }

    fn parse_as(request: &'a Request, types: &[&str]) -> Result<Self, Answer> {
        if request.body.is_empty() {
            return Ok(Self::default());
        }
        let content_type = request.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
        let content_type = String::from_utf8_lossy(content_type.unwrap_or_default());
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        if !types.iter().any(|known| essence.eq_ignore_ascii_case(known)) {
            return Err(standard::unsupported_media_type(&content_type));
        }
        let text = std::str::from_utf8(&request.body).map_err(|error| parse_error(&error))?;
        if is_too_deep(text) {
            return Err(parse_error(&"nested too deeply"));
        }
        let raw: &RawValue = serde_json::from_str(text).map_err(|error| parse_error(&error))?;
        Self::of(&Json::of(raw)).map_err(|refused| match refused {
            NotAForm::NotAnObject(errors) => errors.into(),
            NotAForm::TooManyFields(error) => parse_error(&error),
        })
    }

    /// The form of an object within another form.
    pub(super) fn of(json: &Json<'a>) -> Result<Self, NotAForm> {
        let Json::Object(text) = json else {
            if *json == Json::Null {
                return Err(NotAForm::NotAnObject(Errors::general(NO_DATA)));
            }
            let found = json.python_type();
            let sentence = format!("Invalid data. Expected a dictionary, but got {found}.");
            return Err(NotAForm::NotAnObject(Errors::general(sentence)));
        };
        let members = serde_json::from_str(text).map_err(NotAForm::TooManyFields)?;
        Ok(Self { members, ..Self::default() })
    }

    /// True if the body has this field, with any value.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.members.get(name).is_some()
    }

    /// A required field.
    pub(crate) fn required<R: Rule>(&mut self, name: &'static str, rule: R) -> Field<R::Value> {
        self.describe(name, Presence::Required, &rule);
        match self.members.get(name) {
            None => self.wrong(name, REQUIRED),
            Some(Json::Null) => self.wrong(name, NOT_NULL),
            Some(json) => self.read(name, &rule, json),
        }
    }

    /// A field that may be absent, but not `null`.
    pub(crate) fn optional<R: Rule>(
        &mut self,
        name: &'static str,
        rule: R,
    ) -> Field<Option<R::Value>> {
        self.describe(name, Presence::Optional, &rule);
        match self.members.get(name) {
            None => Field(Some(None)),
            Some(Json::Null) => self.wrong(name, NOT_NULL),
            Some(json) => self.read(name, &rule, json).some(),
        }
    }

    /// A field that may be absent or `null`. Both mean the same here.
    pub(crate) fn nullable<R: Rule>(
        &mut self,
        name: &'static str,
        rule: R,
    ) -> Field<Option<R::Value>> {
        self.describe(name, Presence::Nullable, &rule);
        match self.members.get(name) {
            None => Field(Some(None)),
            Some(json) if is_null(&rule, &json) => Field(Some(None)),
            Some(json) => self.read(name, &rule, json).some(),
        }
    }

    /// A field that may be absent (keep the present value, `None`) or `null` (clear it,
    /// `Some(None)`).
    pub(crate) fn clearable<R: Rule>(
        &mut self,
        name: &'static str,
        rule: R,
    ) -> Field<Option<Option<R::Value>>> {
        self.describe(name, Presence::Nullable, &rule);
        match self.members.get(name) {
            None => Field(Some(None)),
            Some(json) if is_null(&rule, &json) => Field(Some(Some(None))),
            Some(json) => self.read(name, &rule, json).some().some(),
        }
    }

    /// A field with a default value.
    pub(crate) fn defaulting<R: Rule>(
        &mut self,
        name: &'static str,
        rule: R,
        default: R::Value,
    ) -> Field<R::Value> {
        self.describe(name, Presence::Optional, &rule);
        match self.members.get(name) {
            None => Field(Some(default)),
            Some(Json::Null) => self.wrong(name, NOT_NULL),
            Some(json) => self.read(name, &rule, json),
        }
    }

    /// A field of an update. It may be absent if the update is `partial` (`PATCH`).
    pub(crate) fn changing<R: Rule>(
        &mut self,
        name: &'static str,
        rule: R,
        partial: bool,
    ) -> Field<Option<R::Value>> {
        if partial { self.optional(name, rule) } else { self.required(name, rule).some() }
    }

    /// Fields of another form's struct. In the body they stand beside the fields of this form.
    pub(crate) fn flattened<F: Fields>(
        &mut self,
        read: impl FnOnce(&mut Self) -> F,
    ) -> Field<F::Values> {
        Field(read(self).values())
    }

    /// Adds the error `sentence` unless exactly one of these fields has a value. As in Django REST
    /// Framework, this is checked only if no field has an error.
    pub(crate) fn exactly_one(&mut self, names: &[&'static str], sentence: &'static str) {
        if let Some(described) = &mut self.described {
            described.one_of(EXACTLY_ONE, names);
        } else if self.errors.is_empty() && self.given(names) != 1 {
            self.error(NON_FIELD_ERRORS, sentence);
        }
    }

    /// Adds the error `sentence` if none of these fields has a value. As in Django REST Framework,
    /// this is checked only if no field has an error.
    pub(crate) fn at_least_one(&mut self, names: &[&'static str], sentence: &'static str) {
        if let Some(described) = &mut self.described {
            described.one_of(AT_LEAST_ONE, names);
        } else if self.errors.is_empty() && self.given(names) == 0 {
            self.error(NON_FIELD_ERRORS, sentence);
        }
    }

    fn given(&self, names: &[&str]) -> usize {
        // An empty text counts as no value: the fields in question read it as `null` or refuse it.
        let is_value = |json: Json<'_>| json != Json::Null && json != Json::Text("".into());
        let has_value = |name: &&&str| self.members.get(name).is_some_and(is_value);
        names.iter().filter(has_value).count()
    }

    /// True if both fields can be read as texts (a number counts as text) and differ. Other errors
    /// do not matter.
    pub(crate) fn differ(&self, one: &str, other: &str) -> bool {
        let text = |name| string(self.members.get(name)?, "").ok().map(|sent| sent.text);
        text(one).zip(text(other)).is_some_and(|(one, other)| one != other)
    }

    /// Adds an error that no rule of a single field can find.
    pub(crate) fn error(&mut self, name: &'static str, problem: impl Into<Problem>) {
        self.errors.add(name, problem);
    }

    /// Adds an error for one item of a list. Errors that the item already has are kept.
    pub(crate) fn item_error(&mut self, name: &'static str, index: usize, item: Errors) {
        self.errors.add_item(name, index, item);
    }

    /// True if the form has an error.
    pub(crate) fn has_errors(&self) -> bool {
        !self.errors.is_empty()
    }

    /// One field of every object in a list, with the object's position. Unreadable fields are
    /// skipped, and other errors do not matter. For rules that must look something up.
    pub(crate) fn in_items<R: Rule>(
        &self,
        name: &str,
        max_items: usize,
        field: &str,
        rule: &R,
    ) -> Vec<(usize, R::Value)> {
        let items = self.members.get(name).and_then(|json| items(&json, max_items).ok());
        let read = |(index, item): (usize, &RawValue)| {
            let form = Form::of(&Json::of(item)).ok()?;
            Some((index, rule.read(form.members.get(field)?).ok()?))
        };
        items.unwrap_or_default().into_iter().enumerate().filter_map(read).collect()
    }

    /// The values of the fields.
    ///
    /// # Errors
    /// All errors of the form.
    pub(crate) fn finish<F: Fields>(self, fields: F) -> Result<F::Values, Errors> {
        match fields.values() {
            Some(values) if self.errors.is_empty() => Ok(values),
            // A field without a value always has an error in the form that read it.
            None if self.errors.is_empty() => Err(Errors::of(NON_FIELD_ERRORS, "Invalid data.")),
            _ => Err(self.errors),
        }
    }

    fn describe(&mut self, name: &'static str, presence: Presence, rule: &impl Rule) {
        if let Some(described) = &mut self.described {
            described.add(name, presence, rule);
        }
    }

    fn read<R: Rule>(&mut self, name: &'static str, rule: &R, json: Json<'_>) -> Field<R::Value> {
        match rule.read(json) {
            Ok(value) => Field(Some(value)),
            Err(problem) => self.wrong(name, problem),
        }
    }

    fn wrong<T>(&mut self, name: &'static str, problem: impl Into<Problem>) -> Field<T> {
        self.errors.add(name, problem);
        Field(None)
    }
}

/// Why a value cannot be read as a form.
#[derive(Debug)]
pub(super) enum NotAForm {
    /// It is a list, a number or another type.
    NotAnObject(Errors),
    /// It has more than `limits::FORM_FIELDS_MAX` fields.
    TooManyFields(serde_json::Error),
}

fn parse_error(error: &dyn fmt::Display) -> Answer {
    Answer::detail(StatusCode::BAD_REQUEST, &format!("JSON parse error - {error}"))
}

fn is_null(rule: &impl Rule, json: &Json<'_>) -> bool {
    match json {
        Json::Null => true,
        Json::Text(text) => rule.means_null(text),
        _ => false,
    }
}
