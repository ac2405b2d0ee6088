//! The texts of the mails, from `config/mail/`.
//!
//! `<template>.txt` begins with `Subject: …`; the text follows after an empty line.
//! `<template>.html` is what stands inside `layout.html`. `order_lines.txt` and `.html` are
//! rendered first and stand wherever a text says `{{ order_lines }}`.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value};
use minijinja::{Environment, UndefinedBehavior, escape_formatter};
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;

/// A mail the shop sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Template {
    name: &'static str,
    text: &'static str,
    html: &'static str,
}

macro_rules! templates {
    ($($name:literal),* $(,)?) => {
        const TEMPLATES: &[Template] = &[$(Template {
            name: $name,
            text: include_str!(concat!("../../../config/mail/", $name, ".txt")),
            html: include_str!(concat!("../../../config/mail/", $name, ".html")),
        }),*];
    };
}

templates!(
    "welcome",
    "password_reset",
    "order_placed",
    "order_paid",
    "order_shipped",
    "order_cancelled",
    "order_refunded",
    "payment_failed",
    "low_stock",
);

const LINES_TEXT: &str = include_str!("../../../config/mail/order_lines.txt");
const LINES_HTML: &str = include_str!("../../../config/mail/order_lines.html");
const LAYOUT_HTML: &str = include_str!("../../../config/mail/layout.html");

/// How the first line of a text begins.
const SUBJECT_MARK: &str = "Subject: ";

/// A text cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TemplateError {
    /// It does not begin with its subject.
    #[error("the text of {template} does not begin with a line `Subject: …`")]
    NoSubject {
        /// Which.
        template: &'static str,
    },
    /// It cannot be read, or not with these values.
    #[error("a text of {template} cannot be rendered")]
    Text {
        /// Which.
        template: &'static str,
        /// Why.
        #[source]
        source: minijinja::Error,
    },
}

/// A mail as people read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rendered {
    pub(super) subject: String,
    pub(super) text: String,
    pub(super) html: String,
}

/// All texts, parsed.
pub(super) struct Templates {
    environment: Environment<'static>,
}

impl Template {
    /// The template of this name.
    pub(super) fn named(name: &str) -> Option<Self> {
        TEMPLATES.iter().copied().find(|template| template.name == name)
    }

    /// Its name.
    pub(super) fn name(self) -> &'static str {
        self.name
    }
}

impl Templates {
    /// Parses every text. A value that is missing when a mail is rendered reads as empty.
    ///
    /// # Errors
    /// [`TemplateError`]; the first text that cannot be used.
    pub(super) fn parse() -> Result<Self, TemplateError> {
        Self::parse_with(UndefinedBehavior::Chainable)
    }

    /// As [`Templates::parse`], but a text that uses what nobody gives fails.
    #[cfg(test)]
    pub(super) fn strict() -> Self {
        Self::parse_with(UndefinedBehavior::Strict).expect("every text can be parsed")
    }

    fn parse_with(missing: UndefinedBehavior) -> Result<Self, TemplateError> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(missing);
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
        let broken_syntax = |source| TemplateError::Text { template: "any template", source };
        environment.set_syntax(syntax.map_err(broken_syntax)?);
        // A value that is null reads as one that is missing.
        environment.set_formatter(|out, state, value| {
            if value.is_none() { Ok(()) } else { escape_formatter(out, state, value) }
        });
        let mut add = |template: &'static str, part: &str, source: &'static str| {
            environment
                .add_template_owned(format!("{template}.{part}"), source)
                .map_err(|source| TemplateError::Text { template, source })
        };
        for template in TEMPLATES {
            let (first, text) = template.text.split_once('\n').unwrap_or((template.text, ""));
            let no_subject = TemplateError::NoSubject { template: template.name };
            let subject = first.strip_prefix(SUBJECT_MARK).ok_or(no_subject)?;
            add(template.name, "subject", subject)?;
            add(template.name, "txt", text.trim_start())?;
            add(template.name, "html", template.html)?;
        }
        add("order_lines", "txt", LINES_TEXT)?;
        add("order_lines", "html", LINES_HTML)?;
        add("layout", "html", LAYOUT_HTML)?;
        Ok(Self { environment })
    }

    /// Renders a mail.
    ///
    /// # Errors
    /// [`TemplateError`] if the values are of a kind that the text cannot use.
    pub(super) fn render(
        &self,
        template: Template,
        shop_name: &str,
        context: &Map<String, Json>,
    ) -> Result<Rendered, TemplateError> {
        let mut values: BTreeMap<&str, Value> = context
            .iter()
            .map(|(name, value)| (name.as_str(), Value::from(Serde(value))))
            .collect();
        values.entry("shop_name").or_insert_with(|| Value::from(shop_name));
        let lines_text = self.fill("order_lines", "txt", &values)?;
        let lines_html = self.fill("order_lines", "html", &values)?;
        let subject = self.fill(template.name, "subject", &values)?;
        values.insert("order_lines", Value::from(lines_text));
        let text = self.fill(template.name, "txt", &values)?;
        values.insert("order_lines", Value::from_safe_string(lines_html));
        let body = self.fill(template.name, "html", &values)?;
        values.insert("subject", Value::from(subject.as_str()));
        values.insert("body", Value::from_safe_string(body));
        let html = self.fill("layout", "html", &values)?;
        Ok(Rendered { subject: subject.trim().to_owned(), text: tidy(&text), html })
    }

    fn fill(
        &self,
        template: &'static str,
        part: &str,
        values: &BTreeMap<&str, Value>,
    ) -> Result<String, TemplateError> {
        let text = self.environment.get_template(&format!("{template}.{part}"));
        let filled = text.and_then(|text| text.render(Value::from_pairs(values.clone())));
        filled.map_err(|source| TemplateError::Text { template, source })
    }
}

/// Joins runs of empty lines, which parts left out leave behind.
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
