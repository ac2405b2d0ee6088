//! What the rules take, as JSON Schema 2020-12.
//!
//! Like Django REST Framework, the rules take a number for a text and a text for a number; both
//! stand in the schemas, because a client may rely on both.

use super::decimals::Digits;
use super::rule::Rule;
use schemars::{Schema, json_schema};
use serde_json::{Map, Value, json};
use souk_domain::{Currency, EmailAddress, MAX_AMOUNT_MINOR_UNITS, Money, Password, Username};
use std::ops::RangeInclusive;

/// Text of at most so many characters, none of them a null character.
pub(super) fn text(max_characters: usize, or_blank: bool) -> Schema {
    if or_blank {
        return json_schema!({
            "type": ["string", "number"],
            "maxLength": max_characters,
            "pattern": r"^[^\x00]*$",
        });
    }
    json_schema!({
        "type": ["string", "number"],
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
        "type": ["string", "number"],
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
        "type": ["string", "number"],
        "format": "password",
        "minLength": 1,
        "maxLength": Password::MAX_CHARACTERS,
        "examples": ["a-good-password-1"],
    })
}

pub(super) fn repeated_password() -> Schema {
    json_schema!({
        "type": ["string", "number"],
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

/// An address that Django's `URLValidator` takes; it may refuse the host of one that is like this.
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

/// A whole number, or a text that holds one. The text may be written in more ways than this says.
pub(super) fn integer(range: &RangeInclusive<i64>) -> Schema {
    let (least, most) = (*range.start(), *range.end());
    let digits = most.unsigned_abs().max(1).ilog10();
    let sign = if least < 0 { "[+-]?" } else { "" };
    let zero = if least <= 0 { "0|" } else { "" };
    let pattern = match digits {
        0 => format!("^[{}-{most}]$", least.max(0)),
        digits => format!("^({zero}{sign}[1-9][0-9]{{0,{}}})$", digits - 1),
    };
    json_schema!({"anyOf": [
        {"type": "integer", "minimum": least, "maximum": most},
        {"type": "string", "pattern": pattern},
    ]})
}

/// An id, or a text that holds one.
pub(super) fn id() -> Schema {
    integer(&(1..=i64::MAX))
}

/// The primary key of something; a number with decimals is cut to a whole one.
pub(super) fn reference() -> Schema {
    json_schema!({"anyOf": [
        {"type": "number", "minimum": 1, "exclusiveMaximum": 9_223_372_036_854_775_808_u64},
        {"type": "string", "pattern": "^([1-9][0-9]{0,17})$"},
    ]})
}

/// An amount of money, or a text that holds one.
pub(super) fn money(currency: Currency) -> Schema {
    let amount = |minor_units| currency.format(Money::from_minor_units(minor_units));
    let fraction = match currency.decimals() {
        0 => String::new(),
        decimals => format!(r"(\.[0-9]{{1,{decimals}}})?"),
    };
    let whole = Digits::of_money(currency).whole();
    let number = |minor_units| amount(minor_units).parse::<f64>().unwrap_or_default();
    json_schema!({"anyOf": [
        {
            "type": "string",
            "pattern": format!("^[0-9]{{1,{whole}}}{fraction}$"),
            "examples": [amount(1999)],
        },
        {
            "type": "number",
            "minimum": 0,
            "maximum": number(MAX_AMOUNT_MINOR_UNITS),
            "multipleOf": number(1),
        },
    ]})
}

/// A discount in percent, or a text that holds one.
pub(super) fn discount() -> Schema {
    json_schema!({"anyOf": [
        {
            "type": "string",
            "pattern": r"^(100|[0-9]{1,2}(\.[0-9]{1,2})?)$",
            "examples": ["10.00"],
        },
        {"type": "number", "minimum": 0, "maximum": 100, "multipleOf": 0.01},
    ]})
}

pub(super) fn boolean() -> Schema {
    json_schema!({"anyOf": [
        {"type": "boolean"},
        {"enum": [0, 1]},
        {
            "type": "string",
            "enum": ["true", "True", "t", "yes", "y", "on", "1", "false", "False", "f", "no", "n", "off", "0"],
        },
    ]})
}

/// A list of 1 to `max_items` such items.
pub(super) fn list(items: &Schema, max_items: usize) -> Schema {
    json_schema!({"type": "array", "items": items, "minItems": 1, "maxItems": max_items})
}

/// Whether a field must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    /// It must.
    Required,
    /// It may be absent, but not `null`.
    Optional,
    /// It may be absent or `null`.
    Nullable,
}

/// The fields of an object, as the function that reads them describes them.
#[derive(Debug, Default)]
pub(super) struct DescribedFields {
    properties: Map<String, Value>,
    required: Vec<&'static str>,
    alternatives: Map<String, Value>,
}

impl DescribedFields {
    /// One more field.
    pub(super) fn add(&mut self, name: &'static str, presence: Presence, rule: &impl Rule) {
        let (schema, words) = (rule.schema(), rule.null_words());
        if presence == Presence::Required {
            self.required.push(name);
        }
        let schema = match presence {
            Presence::Nullable if words.is_empty() => json!({"anyOf": [schema, {"type": "null"}]}),
            Presence::Nullable => {
                json!({"anyOf": [schema, {"type": "null"}, {"enum": words}]})
            }
            Presence::Required | Presence::Optional => schema.into(),
        };
        self.properties.insert(name.to_owned(), schema);
    }

    /// Of these fields exactly one (`oneOf`) or at least one (`anyOf`) has a value.
    pub(super) fn one_of(&mut self, keyword: &str, names: &[&'static str]) {
        let has_value = |name: &&str| {
            let value = json!({"not": {"enum": [null, ""]}});
            json!({"required": [name], "properties": {(*name): value}})
        };
        let alternatives = names.iter().map(has_value).collect();
        self.alternatives.insert(keyword.to_owned(), Value::Array(alternatives));
    }

    /// The object. Unknown fields are ignored (contracts README, "Bad input"), so they are allowed.
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
        /// Two fields of which one must be there.
        struct Change {
            by: Option<String> = nullable(text(2)),
            to: Option<String> = nullable(text(2)),
        }
        check |form, _| {
            form.exactly_one(&["by", "to"], "Give either by or to.");
        }
    }

    #[test]
    fn fields_of_which_one_must_be_there_are_alternatives() {
        let schema = Form::described(Change::read);
        let is_given = |name: &str| {
            let value = json!({"not": {"enum": [null, ""]}});
            json!({"required": [name], "properties": {name: value}})
        };
        assert_eq!(schema.as_value()["oneOf"], json!([is_given("by"), is_given("to")]));
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
            let ways = &schema.as_value()["anyOf"];
            assert_eq!(ways[0]["pattern"], pattern);
            assert_eq!(ways[1]["maximum"], most);
        }
    }

    form! {
        /// Fields that may be absent, and some that may not.
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
        let stock = &schema["properties"]["stock"]["anyOf"];
        assert_eq!(stock[0], json!({"type": "integer", "minimum": 0, "maximum": 99}));
        assert_eq!(stock[1]["pattern"], "^(0|[1-9][0-9]{0,0})$");
        assert_eq!(schema["properties"]["items"]["maxItems"], 3);
        assert_eq!(schema["properties"]["items"]["items"]["required"], json!(["product_id"]));
    }
}
