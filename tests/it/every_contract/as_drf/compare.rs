//! Compares two answers, and decides which differences are accepted.

use crate::support;
use std::collections::BTreeSet;
use std::fs;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::side::Answer;

/// A difference between the answers.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Difference {
    /// `status`, or the path in the body: `items.0.product_id`.
    pub(super) at: String,
    /// The JSON there; for `status` the whole answer; empty if there is nothing.
    pub(super) souk: String,
    pub(super) drf: String,
}

/// An accepted kind of difference. In all patterns `*` stands for any text.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Accepted {
    operation: String,
    at: String,
    /// The request must match one of these; if empty, any request matches.
    #[serde(default)]
    sent: Vec<String>,
    #[serde(default = "anything")]
    souk: String,
    #[serde(default = "anything")]
    drf: String,
    reason: String,
}

/// `accepted.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Known {
    /// A document or its README requires the difference.
    pub(super) accepted: Vec<Accepted>,
    /// Known faults without such a reason, which are printed each time.
    pub(super) open: Vec<Accepted>,
}

fn anything() -> String {
    "*".to_owned()
}

impl Known {
    pub(super) fn read() -> Self {
        let path = support::repository().join("tests/it/every_contract/as_drf/accepted.toml");
        let text = fs::read_to_string(&path).expect("the accepted differences can be read");
        toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// All of them, the open ones last.
    pub(super) fn all(&self) -> impl Iterator<Item = &Accepted> {
        self.accepted.iter().chain(&self.open)
    }
}

impl Accepted {
    pub(super) fn covers(&self, operation: &str, sent: &str, difference: &Difference) -> bool {
        let Difference { at, souk, drf } = difference;
        matches(&self.operation, operation)
            && matches(&self.at, at)
            && (self.sent.is_empty() || self.sent.iter().any(|pattern| matches(pattern, sent)))
            && matches(&self.souk, souk)
            && matches(&self.drf, drf)
    }
}

impl std::fmt::Display for Accepted {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} at {}: {}", self.operation, self.at, self.reason)
    }
}

/// Whether the text matches the pattern.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut left) = text.strip_prefix(head) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let Some(tail) = parts.pop() else { return true };
    for part in parts {
        let Some(at) = left.find(part) else { return false };
        left = &left[at + part.len()..];
    }
    left.ends_with(tail)
}

/// Answers with different statuses differ in that alone; otherwise every path of the body is compared.
pub(super) fn differences(souk: &Answer, drf: &Answer) -> BTreeSet<Difference> {
    let (souk_body, drf_body) = (normalised("", &souk.body), normalised("", &drf.body));
    let mut found = BTreeSet::new();
    if souk.status != drf.status {
        found.insert(Difference {
            at: "status".to_owned(),
            souk: format!("{} {souk_body}", souk.status),
            drf: format!("{} {drf_body}", drf.status),
        });
        return found;
    }
    collect("", Some(&souk_body), Some(&drf_body), &mut found);
    found
}

fn collect(at: &str, souk: Option<&Value>, drf: Option<&Value>, found: &mut BTreeSet<Difference>) {
    let below = |name: &str| if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") };
    match (souk, drf) {
        (Some(Value::Object(souk)), Some(Value::Object(drf))) => {
            let names: BTreeSet<&String> = souk.keys().chain(drf.keys()).collect();
            for name in names {
                collect(&below(name), souk.get(name), drf.get(name), found);
            }
        }
        (Some(Value::Array(souk)), Some(Value::Array(drf))) => {
            for index in 0..souk.len().max(drf.len()) {
                collect(&below(&index.to_string()), souk.get(index), drf.get(index), found);
            }
        }
        _ if souk == drf => {}
        _ => {
            let text = |value: Option<&Value>| value.map(Value::to_string).unwrap_or_default();
            let at = if at.is_empty() { "body" } else { at };
            found.insert(Difference { at: at.to_owned(), souk: text(souk), drf: text(drf) });
        }
    }
}

const IDS: [&str; 6] = ["id", "order_id", "customer", "user_id", "product_id", "products"];

/// Replaces values that always differ (ids, times, tokens) by their kind.
fn normalised(name: &str, value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let members =
                members.iter().map(|(name, value)| (name.clone(), normalised(name, value)));
            Value::Object(members.collect::<Map<_, _>>())
        }
        Value::Array(items) => items.iter().map(|item| normalised(name, item)).collect(),
        Value::Number(_) if IDS.contains(&name) => "an id".into(),
        Value::String(text) if IDS.contains(&name) && text.parse::<u64>().is_ok() => {
            "an id as text".into()
        }
        // Names that were taken get a number, and no document says where it starts.
        Value::String(text) if name == "slug" => {
            text.trim_end_matches(|c: char| c == '-' || c.is_ascii_digit()).into()
        }
        Value::String(text) if is_time(text) => "a time".into(),
        Value::String(text) if is_token(text) => "a token".into(),
        Value::String(text) if is_order_number(text) => "an order number".into(),
        // 10 and 10.0 are the same number.
        Value::Number(number) => number.as_f64().map_or_else(|| value.clone(), Value::from),
        other => other.clone(),
    }
}

/// RFC 3339 in UTC with `Z`.
fn is_time(text: &str) -> bool {
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    shape.len() <= 30 && shape.starts_with("0000-00-00T00:00:00") && shape.ends_with('Z')
}

fn is_token(text: &str) -> bool {
    text.starts_with("eyJ") && text.split('.').count() == 3 && text.len() > 100
}

fn is_order_number(text: &str) -> bool {
    text.strip_prefix("ORD-")
        .is_some_and(|digits| digits.bytes().all(|digit| digit.is_ascii_digit()))
}
