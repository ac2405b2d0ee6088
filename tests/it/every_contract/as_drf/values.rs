//! The values to send: valid and odd ones of every kind, as JSON texts.

use crate::support;
use std::fs;

use fastrand::Rng;
use serde::Deserialize;

/// The kind of a field.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// A text with at most this many characters.
    Text(usize),
    Email,
    /// The address of an existing account.
    KnownEmail,
    Username,
    KnownUsername,
    NewPassword,
    /// The password of the account in use.
    Password,
    /// The same value as this other field.
    Same(&'static str),
    Price,
    Percent,
    Count,
    Boolean,
    Product,
    Category,
    User,
    Order,
    Choice(&'static [&'static str]),
    Image,
    /// A list of objects with `product_id` and `quantity`.
    Items,
    /// A list of product ids.
    Products,
    /// The total price of valid `Items`.
    Total,
    Access,
    Refresh,
}

/// The kind of a query parameter.
#[derive(Clone, Copy)]
pub(super) enum Parameter {
    Number,
    Words,
    Boolean,
}

/// The odd values: `values.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Values {
    any: Vec<String>,
    texts: Vec<String>,
    emails: Vec<String>,
    usernames: Vec<String>,
    passwords: Vec<String>,
    prices: Vec<String>,
    counts: Vec<String>,
    ids: Vec<String>,
    booleans: Vec<String>,
    choices: Vec<String>,
    images: Vec<String>,
    items: Vec<String>,
    products: Vec<String>,
    tokens: Vec<String>,
    pub(super) bodies: Vec<String>,
    pub(super) content_types: Vec<String>,
    pub(super) strangers: Vec<String>,
    pub(super) path_ids: Vec<String>,
    query_numbers: Vec<String>,
    query_words: Vec<String>,
    query_booleans: Vec<String>,
}

impl Values {
    pub(super) fn read() -> Self {
        let path = support::repository().join("tests/it/every_contract/as_drf/values.toml");
        let text = fs::read_to_string(&path).expect("the values can be read");
        toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// A value that may be invalid.
    pub(super) fn odd(&self, kind: Kind, rng: &mut Rng) -> String {
        if rng.u8(..10) == 0
            && let Some(longest) = kind.longest()
        {
            let length = longest + rng.usize(..2);
            return format!("\"{}\"", "x".repeat(length));
        }
        let values = if rng.u8(..10) < 4 { &self.any } else { self.of_kind(kind) };
        let own = match kind {
            Kind::Category => "$category",
            Kind::User => "$user",
            Kind::Order => "$target",
            _ => "$product",
        };
        pick(rng, values).replace("$product", own)
    }

    fn of_kind(&self, kind: Kind) -> &[String] {
        match kind {
            Kind::Text(_) => &self.texts,
            Kind::Email | Kind::KnownEmail => &self.emails,
            Kind::Username | Kind::KnownUsername => &self.usernames,
            Kind::NewPassword | Kind::Password | Kind::Same(_) => &self.passwords,
            Kind::Price | Kind::Percent | Kind::Total => &self.prices,
            Kind::Count => &self.counts,
            Kind::Boolean => &self.booleans,
            Kind::Product | Kind::Category | Kind::User | Kind::Order => &self.ids,
            Kind::Choice(_) => &self.choices,
            Kind::Image => &self.images,
            Kind::Items => &self.items,
            Kind::Products => &self.products,
            Kind::Access | Kind::Refresh => &self.tokens,
        }
    }

    pub(super) fn queried(&self, parameter: Parameter, rng: &mut Rng) -> &str {
        pick(
            rng,
            match parameter {
                Parameter::Number => &self.query_numbers,
                Parameter::Words => &self.query_words,
                Parameter::Boolean => &self.query_booleans,
            },
        )
    }
}

impl Kind {
    /// A valid value.
    pub(super) fn right(self, rng: &mut Rng) -> String {
        let values: &[&str] = match self {
            Self::Text(_) => &["\"Lamp\"", "\"Two chairs\"", "\"Plain 3\""],
            Self::Email => &["\"u$n@souk.example\""],
            Self::KnownEmail => &["\"clerk@souk.example\""],
            Self::Username => &["\"user$n\""],
            Self::KnownUsername => &["\"clerk\""],
            Self::NewPassword => &["\"another-password-2\""],
            Self::Password | Self::Same(_) => &["\"a-good-password-1\""],
            Self::Price => &["\"19.99\"", "5", "0.5", "\"7\"", "\"0\""],
            Self::Percent => &["\"10.00\"", "0", "33.3", "\"100\""],
            Self::Count => &["1", "2", "3"],
            Self::Boolean => &["true", "false"],
            Self::Product => &["$product"],
            Self::Category => &["$category", "\"$category\""],
            Self::User => &["$user"],
            Self::Order => &["$target"],
            Self::Choice(choices) => choices,
            Self::Image => &["null", "\"https://souk.example/a.jpg\""],
            Self::Items => &["[{\"product_id\": $product, \"quantity\": 2}]"],
            Self::Products => &["[$product]"],
            Self::Total => &["20", "\"20.00\"", "20.0"],
            Self::Access => &["\"$access\""],
            Self::Refresh => &["\"$refresh\""],
        };
        let value = values[rng.usize(..values.len())];
        match self {
            Self::Choice(_) => format!("\"{value}\""),
            _ => value.to_owned(),
        }
    }

    fn longest(self) -> Option<usize> {
        match self {
            Self::Text(longest) => Some(longest),
            Self::Username => Some(150),
            Self::NewPassword | Self::Password => Some(128),
            Self::Email => Some(254),
            _ => None,
        }
    }
}

pub(super) fn pick<'a>(rng: &mut Rng, values: &'a [String]) -> &'a str {
    &values[rng.usize(..values.len())]
}
