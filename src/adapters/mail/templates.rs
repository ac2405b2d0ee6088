//! The mail texts of `config/mail/`: the shop's edited copy if there is one, else the texts built
//! into this program.
//!
//! `<template>.txt` begins with `Subject: …`; the text follows after an empty line.
//! `<template>.html` is the content of `layout.html`. `order_lines.txt` and `.html` are rendered
//! first and replace `{{ order_lines }}` in other texts.
//!
//! Loading checks all of them, so that an operator, and not a customer, finds a text that is
//! missing, cannot be parsed or uses a value that its mail does not have.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value};
use minijinja::{Environment, UndefinedBehavior, context, escape_formatter};
use serde_json::{Map, Value as Json, json};
use souk_domain::text::{mail_line, mail_lines};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A mail the shop sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Template {
    name: &'static str,
    /// The values its texts may use, in addition to [`EVERYWHERE`].
    values: &'static [&'static str],
}

/// Values that every text may use.
const EVERYWHERE: [&str; 1] = ["shop_name"];
/// Values that may have several lines.
const SEVERAL_LINES: [&str; 2] = ["shipping_address", "reason"];
/// Values of a mail about an order.
const ORDER: &[&str] = &[
    "customer_name",
    "order_number",
    "shipping_address",
    "lines",
    "total",
    "currency",
    "refunded",
    "reason",
    "link",
    "order_lines",
];

/// Values of the mail about a new order.
const NEW_ORDER: &[&str] = &[
    "order_number",
    "customer_name",
    "email",
    "phone_number",
    "shipping_address",
    "postcode",
    "city",
    "notes",
    "lines",
    "total",
    "currency",
    "order_lines",
];

const TEMPLATES: [Template; 11] = [
    Template { name: "welcome", values: &["customer_name"] },
    Template { name: "password_reset", values: &["customer_name", "link", "hours_valid"] },
    Template { name: "order_placed", values: ORDER },
    Template { name: "order_paid", values: ORDER },
    Template { name: "order_shipped", values: ORDER },
    Template { name: "order_cancelled", values: ORDER },
    Template { name: "order_refunded", values: ORDER },
    Template { name: "payment_failed", values: ORDER },
    Template { name: "low_stock", values: &["product_name", "sellable"] },
    Template { name: "new_order", values: NEW_ORDER },
    Template { name: "order_digest", values: &["orders", "count", "currency"] },
];

/// The order's lines, included in other texts.
const LINES: Template = Template { name: "order_lines", values: ORDER };
/// The frame around every HTML part.
const LAYOUT: Template = Template { name: "layout", values: &["subject", "body"] };

macro_rules! built_in {
    ($($file:literal),* $(,)?) => {
        /// Every file as of the build.
        const BUILT_IN: &[(&str, &str)] =
            &[$(($file, include_str!(concat!("../../../config/mail/", $file)))),*];
    };
}

built_in!(
    "welcome.txt",
    "welcome.html",
    "password_reset.txt",
    "password_reset.html",
    "order_placed.txt",
    "order_placed.html",
    "order_paid.txt",
    "order_paid.html",
    "order_shipped.txt",
    "order_shipped.html",
    "order_cancelled.txt",
    "order_cancelled.html",
    "order_refunded.txt",
    "order_refunded.html",
    "payment_failed.txt",
    "payment_failed.html",
    "low_stock.txt",
    "low_stock.html",
    "new_order.txt",
    "new_order.html",
    "order_digest.txt",
    "order_digest.html",
    "order_lines.txt",
    "order_lines.html",
    "layout.html",
);

/// Prefix of the first line of a text.
const SUBJECT_MARK: &str = "Subject: ";

/// A mail text cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TemplateError {
    /// It does not exist or cannot be read as text.
    #[error("the mail text {} cannot be read", .file.display())]
    Read {
        file: PathBuf,
        #[source]
        source: io::Error,
    },
    /// Its first line is not its subject.
    #[error("the mail text {} does not begin with a line `Subject: …`", .file.display())]
    NoSubject { file: PathBuf },
    /// It uses a value that its mail does not have.
    #[error("the mail text {} uses `{value}`; it may use {known}", .file.display())]
    UnknownValue {
        file: PathBuf,
        /// The unknown value.
        value: String,
        /// The values it may use.
        known: String,
    },
    /// It cannot be parsed, or cannot be rendered with the values of its mail.
    #[error("the mail text {} cannot be used", .file.display())]
    Text {
        file: PathBuf,
        #[source]
        source: minijinja::Error,
    },
}

/// A mail's subject and bodies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rendered {
    pub(super) subject: String,
    pub(super) text: String,
    pub(super) html: String,
}

/// All texts, parsed.
pub(super) struct Templates {
    environment: Environment<'static>,
    /// `None`: the built-in texts.
    directory: Option<PathBuf>,
}

impl Template {
    /// The template with this name.
    pub(super) fn named(name: &str) -> Option<Self> {
        TEMPLATES.into_iter().find(|template| template.name == name)
    }

    /// Its name.
    pub(super) fn name(self) -> &'static str {
        self.name
    }

    fn knows(self, value: &str) -> bool {
        self.values.contains(&value) || EVERYWHERE.contains(&value)
    }
}

impl Templates {
    /// Loads and checks the texts of a directory, or the built-in ones. At rendering, a missing value
    /// reads as empty.
    ///
    /// # Errors
    /// [`TemplateError`] of the first text that cannot be used.
    pub(super) fn load(directory: Option<&Path>) -> Result<Self, TemplateError> {
        let mut templates = Self::parse(directory, UndefinedBehavior::Strict)?;
        templates.check()?;
        templates.environment.set_undefined_behavior(UndefinedBehavior::Chainable);
        Ok(templates)
    }

    /// Like [`Templates::load`], but rendering fails on a missing value.
    #[cfg(test)]
    pub(super) fn strict() -> Self {
        Self::parse(None, UndefinedBehavior::Strict).expect("every text can be parsed")
    }

    fn parse(directory: Option<&Path>, missing: UndefinedBehavior) -> Result<Self, TemplateError> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(missing);
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
        let none = |source| TemplateError::Text { file: PathBuf::from("(any)"), source };
        environment.set_syntax(syntax.map_err(none)?);
        // A null value reads as a missing one.
        environment.set_formatter(|out, state, value| {
            if value.is_none() { Ok(()) } else { escape_formatter(out, state, value) }
        });
        let mut templates = Self { environment, directory: directory.map(Path::to_owned) };
        for (file, built_in) in BUILT_IN {
            let source = match directory {
                Some(directory) => {
                    let file = directory.join(file);
                    fs::read_to_string(&file)
                        .map_err(|source| TemplateError::Read { file, source })?
                }
                None => (*built_in).to_owned(),
            };
            templates.add(file, source)?;
        }
        Ok(templates)
    }

    fn add(&mut self, file: &str, source: String) -> Result<(), TemplateError> {
        let name = file.strip_suffix(".txt").filter(|name| *name != LINES.name);
        let parts = match name {
            Some(name) => {
                let (first, text) = source.split_once('\n').unwrap_or((&source, ""));
                let subject = first.strip_prefix(SUBJECT_MARK);
                let subject =
                    subject.ok_or_else(|| TemplateError::NoSubject { file: self.place(file) })?;
                // An empty line replaces the subject, so that errors keep the file's line numbers.
                vec![
                    (format!("{name}.subject"), subject.to_owned()),
                    (file.to_owned(), format!("\n{text}")),
                ]
            }
            None => vec![(file.to_owned(), source)],
        };
        for (part, source) in parts {
            let added = self.environment.add_template_owned(part, source);
            added.map_err(|source| TemplateError::Text { file: self.place(file), source })?;
        }
        Ok(())
    }

    /// The file's path as errors name it.
    fn place(&self, file: &str) -> PathBuf {
        self.directory.as_deref().unwrap_or(Path::new("config/mail")).join(file)
    }

    /// Checks that every text uses only values its mail has, and renders with them.
    fn check(&self) -> Result<(), TemplateError> {
        let sample = sample();
        for template in TEMPLATES.into_iter().chain([LINES, LAYOUT]) {
            let mut values: BTreeMap<&str, Value> = BTreeMap::new();
            for (name, value) in &sample {
                if template.knows(name) {
                    values.insert(name, Value::from(Serde(value)));
                }
            }
            for part in ["subject", "txt", "html"] {
                let Ok(text) = self.environment.get_template(&format!("{}.{part}", template.name))
                else {
                    continue;
                };
                let file = self.file_of(template.name, part);
                let globals: BTreeSet<&str> =
                    self.environment.globals().map(|(name, _)| name).collect();
                let used = text.undeclared_variables(false);
                let unknown = used
                    .iter()
                    .filter(|value| !template.knows(value) && !globals.contains(value.as_str()))
                    .min();
                if let Some(value) = unknown {
                    let known: Vec<&str> =
                        EVERYWHERE.iter().chain(template.values).copied().collect();
                    let (value, known) = (value.clone(), known.join(", "));
                    return Err(TemplateError::UnknownValue { file, value, known });
                }
                let filled = text.render(Value::from_pairs(values.clone()));
                filled.map_err(|source| TemplateError::Text { file, source })?;
            }
        }
        Ok(())
    }

    fn file_of(&self, name: &str, part: &str) -> PathBuf {
        let ending = if part == "subject" { "txt" } else { part };
        self.place(&format!("{name}.{ending}"))
    }

    /// Renders a mail.
    ///
    /// # Errors
    /// [`TemplateError`] if a value has a type that the text cannot use.
    pub(super) fn render(
        &self,
        template: Template,
        shop_name: &str,
        context: &Map<String, Json>,
    ) -> Result<Rendered, TemplateError> {
        let mut values: BTreeMap<&str, Value> = context
            .iter()
            .map(|(name, value)| (name.as_str(), Value::from(Serde(cleaned(name, value)))))
            .collect();
        values.entry("shop_name").or_insert_with(|| Value::from(shop_name));
        let values = Value::from_pairs(values);
        let order_lines = self.fill("order_lines", "txt", &values)?;
        let text_values = context! { order_lines, ..values.clone() };
        let order_lines = Value::from_safe_string(self.fill("order_lines", "html", &values)?);
        let subject = self.fill(template.name, "subject", &values)?;
        let text = self.fill(template.name, "txt", &text_values)?;
        let html_values = context! { order_lines, ..values };
        let body = Value::from_safe_string(self.fill(template.name, "html", &html_values)?);
        let html =
            self.fill("layout", "html", &context! { subject => &subject, body, ..html_values })?;
        Ok(Rendered { subject: subject.trim().to_owned(), text: tidy(&text), html })
    }

    fn fill(
        &self,
        template: &'static str,
        part: &str,
        values: &Value,
    ) -> Result<String, TemplateError> {
        let text = self.environment.get_template(&format!("{template}.{part}"));
        let filled = text.and_then(|text| text.render(values.clone()));
        filled.map_err(|source| TemplateError::Text { file: self.file_of(template, part), source })
    }
}

/// Removes control characters: one line, except for values that people write on several lines. Other
/// systems publish notifications too, so the texts cannot rely on the shop's own validation.
fn cleaned(name: &str, value: &Json) -> Json {
    match value {
        Json::String(text) if SEVERAL_LINES.contains(&name) => mail_lines(text).into(),
        Json::String(text) => mail_line(text).into(),
        Json::Array(items) => items.iter().map(|item| cleaned(name, item)).collect(),
        Json::Object(members) => {
            members.iter().map(|(name, value)| (name.clone(), cleaned(name, value))).collect()
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => value.clone(),
    }
}

/// Collapses runs of empty lines, which omitted parts leave behind.
fn tidy(text: &str) -> String {
    let mut tidied = String::with_capacity(text.len());
    let mut empty_lines = 0;
    for line in text.trim().lines().map(str::trim_end) {
        empty_lines = if line.is_empty() { empty_lines + 1 } else { 0 };
        if empty_lines < 2 {
            tidied.push_str(line);
            tidied.push('\n');
        }
    }
    tidied
}

/// Sample values for every mail, to check the texts with.
fn sample() -> Map<String, Json> {
    let sample = json!({
        "shop_name": "Souk", "customer_name": "Ann", "order_number": "ORD-1", "total": "20.00",
        "currency": "USD", "refunded": "5.00", "reason": "nobody paid", "shipping_address": "1 Old Street",
        "lines": [{"name": "Lamp", "quantity": 2, "unit_price": "10.00", "subtotal": "20.00"}],
        "order_lines": "2 x Lamp", "link": "https://shop.example/reset", "hours_valid": 1,
        "product_name": "Lamp", "sellable": 3, "email": "ann@shop.example", "phone_number": "+1 555 0100",
        "postcode": "12345", "city": "Springfield", "notes": "Ring twice.", "count": 1,
        "orders": [{"order_number": "ORD-1", "customer_name": "Ann", "city": "Springfield",
            "total": "20.00", "placed_at": "2024-01-01T00:00:00.000Z"}],
        "subject": "A subject", "body": "A text",
    });
    match sample {
        Json::Object(values) => values,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Loads a copy of the texts with one file changed; returns the error's text.
    fn load_with(file: &str, text: Option<&str>) -> Result<(), String> {
        let directory = tempfile::tempdir().expect("a directory");
        for (name, text) in BUILT_IN {
            fs::write(directory.path().join(name), text).expect("written");
        }
        let path = directory.path().join(file);
        match text {
            Some(text) => fs::write(path, text).expect("written"),
            None => fs::remove_file(path).expect("removed"),
        }
        let loaded = Templates::load(Some(directory.path()));
        loaded.map(drop).map_err(|error| {
            let source = std::error::Error::source(&error).map(ToString::to_string);
            format!("{error}: {}", source.unwrap_or_default())
        })
    }

    #[test]
    fn texts_may_be_edited() {
        let text = "Subject: Hi {{ customer_name }}\n\n{% for n in range(2) %}{{ shop_name }}{% endfor %}\n";
        assert_eq!(load_with("welcome.txt", Some(text)), Ok(()));
        assert!(Templates::load(None).is_ok());
    }

    #[test]
    fn names_an_unusable_text_and_its_fault() {
        for (file, text, wrong) in [
            ("low_stock.html", None, "cannot be read"),
            ("welcome.txt", Some("Hello"), "`Subject: …`"),
            ("welcome.txt", Some("Subject: {{ oops\n\ntext"), "syntax error"),
            ("welcome.txt", Some("Subject: s\n\none\n{% if %}"), "welcome.txt:4"),
            ("order_paid.html", Some("<p>{{ custmer_name }}"), "`custmer_name`"),
            (
                "order_paid.html",
                Some("{% if false %}{{ hours_valid }}{% endif %}"),
                "`hours_valid`",
            ),
            ("order_lines.txt", Some("{% for l in lines %}{{ l.nmae }}{% endfor %}"), "undefined"),
            ("layout.html", Some("{{ body | shout }}"), "shout"),
            ("welcome.html", Some("{% include 'passwords.txt' %}"), "unknown statement"),
        ] {
            let error = load_with(file, text).expect_err("refused");
            assert!(error.contains(file) && error.contains(wrong), "{wrong}: {error}");
        }
    }
}
