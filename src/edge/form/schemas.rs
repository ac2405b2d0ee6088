//! The JSON Schemas (2020-12) of the rules.
//!
//! A schema names a single type, the one that the contract's document prints, because generators
//! turn unions of types into clients that are hard to use. The rules accept more, as Django REST
//! Framework does: a number for a text, a text for a number.

use super::decimals::Digits;
use super::rule::Rule;
use schemars::{Schema, json_schema};
use serde_json::{Map, Value, json};
use souk_domain::{Currency, EmailAddress, MAX_AMOUNT_MINOR_UNITS, Money, Password, Username};
use std::ops::RangeInclusive;

/// A text with a maximum number of characters and no null character.
pub(super) fn text(max_characters: usize, or_blank: bool) -> Schema {
    if or_blank {
        return json_schema!({
            "type": "string",
            "maxLength": max_characters,
            "pattern": r"^[^\x00]*$",
        });
    }
    json_schema!({
        "type": "string",
        "minLength": 1,
        "maxLength": max_characters,
        "pattern": r"^[^\x00]*[^\s\x00][^\x00]*$",
    })
}

pub(super) fn email() -> Schema {
    json_schema!({
        "type": "string",
        "format": "email",
        "maxLength": EmailAddress::MAX_CHARACTERS,
        "examples": ["john@example.com"],
    })
}

pub(super) fn username() -> Schema {
    json_schema!({
        "type": "string",
        "minLength": 1,
        "maxLength": Username::MAX_CHARACTERS,
        "pattern": r"^[\w.@+-]+$",
        "examples": ["john_doe"],
    })
}

pub(super) fn new_password() -> Schema {
    json_schema!({
        "type": "string",
        "format": "password",
        "minLength": Password::MIN_CHARACTERS,
        "maxLength": Password::MAX_CHARACTERS,
        "examples": ["a-good-password-1"],
    })
}

pub(super) fn claimed_password() -> Schema {
    json_schema!({
        "type": "string",
        "format": "password",
        "minLength": 1,
        "maxLength": Password::MAX_CHARACTERS,
        "examples": ["a-good-password-1"],
    })
}

pub(super) fn repeated_password() -> Schema {
    json_schema!({
        "type": "string",
        "format": "password",
        "minLength": 1,
        "examples": ["a-good-password-1"],
    })
}

pub(super) fn web_address(max_characters: usize) -> Schema {
    json_schema!({
        "type": "string",
        "format": "uri",
        "maxLength": max_characters,
        "pattern": "^\\s*[hH][tT][tT][pP][sS]?:",
        "examples": ["https://shop.example/images/laptop.jpg"],
    })
}

/// An address that Django's `URLValidator` accepts. The validator may still refuse the host.
pub(super) fn image_address(max_characters: usize) -> Schema {
    json_schema!({
        "type": "string",
        "format": "uri",
        "maxLength": max_characters,
        "pattern": r"^\s*([hH][tT][tT][pP]|[fF][tT][pP])[sS]?://",
        "examples": ["https://shop.example/images/laptop.jpg"],
    })
}

pub(super) fn choice(words: &[&str]) -> Schema {
    json_schema!({"type": "string", "enum": words})
}

/// A whole number.
pub(super) fn integer(range: &RangeInclusive<i64>) -> Schema {
    json_schema!({"type": "integer", "minimum": range.start(), "maximum": range.end()})
}

/// An id.
pub(super) fn id() -> Schema {
    integer(&(1..=i64::MAX))
}

/// An id as a text.
pub(super) fn id_text() -> Schema {
    json_schema!({"type": "string", "pattern": "^[1-9][0-9]{0,17}$", "examples": ["1"]})
}

/// An amount of money as a text.
pub(super) fn money(currency: Currency) -> Schema {
    let fraction = match currency.decimals() {
        0 => String::new(),
        decimals => format!(r"(\.[0-9]{{1,{decimals}}})?"),
    };
    let whole = Digits::of_money(currency).whole();
    json_schema!({
        "type": "string",
        "pattern": format!("^[0-9]{{1,{whole}}}{fraction}$"),
        "examples": [currency.format(Money::from_minor_units(1999))],
    })
}

/// An amount of money as a number.
pub(super) fn money_number(currency: Currency) -> Schema {
    let number = |minor_units| {
        let amount = currency.format(Money::from_minor_units(minor_units));
        amount.parse::<f64>().unwrap_or_default()
    };
    json_schema!({
        "type": "number",
        "minimum": 0,
        "maximum": number(MAX_AMOUNT_MINOR_UNITS),
        "multipleOf": number(1),
        "examples": [number(1999)],
    })
}

/// A discount in percent as a text.
pub(super) fn discount() -> Schema {
    json_schema!({
        "type": "string",
        "pattern": r"^(100|[0-9]{1,2}(\.[0-9]{1,2})?)$",
        "examples": ["10.00"],
    })
}

pub(super) fn boolean() -> Schema {
    json_schema!({"type": "boolean"})
}

/// A list of 1 to `max_items` of these items.
pub(super) fn list(items: &Schema, max_items: usize) -> Schema {
    json_schema!({"type": "array", "items": items, "minItems": 1, "maxItems": max_items})
}

/// The extension that lists fields of which exactly one must have a value.
pub(in crate::edge) const EXACTLY_ONE: &str = "x-exactly-one-of";
/// The extension that lists fields of which at least one must have a value.
pub(super) const AT_LEAST_ONE: &str = "x-at-least-one-of";

/// Whether a field is required.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    /// It is required.
    Required,
    /// It may be absent, but not `null`.
    Optional,
    /// It may be absent or `null`.
    Nullable,
}

/// The fields of an object, collected from the function that reads them.
#[derive(Debug, Default)]
pub(super) struct DescribedFields {
    properties: Map<String, Value>,
    required: Vec<&'static str>,
    alternatives: Map<String, Value>,
}

impl DescribedFields {
    /// Adds a field.
    pub(super) fn add(&mut self, name: &'static str, presence: Presence, rule: &impl Rule) {
        let schema = rule.schema();
        if presence == Presence::Required {
            self.required.push(name);
        }
        let schema = match presence {
            Presence::Nullable => json!({"anyOf": [schema, {"type": "null"}]}),
            Presence::Required | Presence::Optional => schema.into(),
        };
        self.properties.insert(name.to_owned(), schema);
    }

    /// Marks fields of which exactly one ([`EXACTLY_ONE`]) or at least one ([`AT_LEAST_ONE`]) must
    /// have a value. An extension is used because the keyword `oneOf` would turn the body into a
    /// union of types.
    pub(super) fn one_of(&mut self, extension: &str, names: &[&'static str]) {
        self.alternatives.insert(extension.to_owned(), json!(names));
    }

    /// The schema of the object. It allows unknown fields, because they are ignored (contracts
    /// README, "Bad input").
    pub(super) fn schema(self) -> Schema {
        let mut schema = json_schema!({"type": "object", "properties": self.properties});
        if !self.required.is_empty() {
            schema.insert("required".to_owned(), json!(self.required));
        }
        for (keyword, alternatives) in self.alternatives {
            schema.insert(keyword, alternatives);
        }
        schema
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Field, Form, form, id, integer, objects, text, web_address};
    use crate::edge::Request;
    use http::Method;
    use serde_json::json;
    use souk_domain::{Currency, ProductId};

    form! {
        /// Two fields, of which one is required.
        struct Change {
            by: Option<String> = nullable(text(2)),
            to: Option<String> = nullable(text(2)),
        }
        check |form, _| {
            form.exactly_one(&["by", "to"], "Give either by or to.");
        }
    }

    #[test]
    fn schemas_list_fields_of_which_one_is_required() {
        let schema = Form::described(Change::read);
        assert_eq!(schema.as_value()["x-exactly-one-of"], json!(["by", "to"]));
        let either = json!({"non_field_errors": ["Give either by or to."]});
        for (body, is_good) in [
            (r#"{"by": "1"}"#, true),
            (r#"{"by": "1", "to": null}"#, true),
            (r#"{"by": "1", "to": "2"}"#, false),
            (r#"{"by": null}"#, false),
        ] {
            let request = Request::test(Method::POST, "/").with_json(body);
            let mut form = Form::parse(&request).expect("a form");
            let fields = Change::read(&mut form);
            let refused = form.finish(fields).err().map(|errors| json!(errors));
            assert_eq!(refused, (!is_good).then(|| either.clone()), "{body}");
        }
    }

    #[test]
    fn amounts_have_the_digits_of_their_currency() {
        for (code, pattern, most) in [
            ("USD", r"^[0-9]{1,8}(\.[0-9]{1,2})?$", 99_999_999.99),
            ("JPY", "^[0-9]{1,10}$", 9_999_999_999.0),
        ] {
            let schema = super::money(Currency::from_code(code).expect("a known code"));
            assert_eq!(schema.as_value()["pattern"], pattern);
            let number = super::money_number(Currency::from_code(code).expect("a known code"));
            assert_eq!(number.as_value()["maximum"], most);
        }
    }

    form! {
        /// Optional and required fields.
        struct Product {
            name: String = required(text(20)),
            image: Option<String> = nullable(web_address()),
            stock: i64 = defaulting(integer(0..=99), 0),
            items: Vec<Option<ProductId>> = required(objects(3, product_id)),
        }
    }

    fn product_id(form: &mut Form<'_>) -> Field<Option<ProductId>> {
        form.required("product_id", id(ProductId::new))
    }

    #[test]
    fn a_form_is_described_by_the_function_that_reads_it() {
        let schema = Form::described(Product::read);
        let schema = schema.as_value();
        assert_eq!(schema["required"], json!(["name", "items"]));
        assert_eq!(schema["properties"]["name"]["maxLength"], 20);
        assert_eq!(schema["properties"]["image"]["anyOf"][1], json!({"type": "null"}));
        let stock = &schema["properties"]["stock"];
        assert_eq!(*stock, json!({"type": "integer", "minimum": 0, "maximum": 99}));
        assert_eq!(schema["properties"]["items"]["maxItems"], 3);
        assert_eq!(schema["properties"]["items"]["items"]["required"], json!(["product_id"]));
    }
}
