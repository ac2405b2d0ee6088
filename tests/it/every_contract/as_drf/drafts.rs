//! Random requests, generated from a seed.

use std::borrow::Cow;

use fastrand::Rng;

use super::operations::Operation;
use super::values::{Kind, Values, pick};

/// A request with placeholders in place of one service's ids and tokens.
pub(super) struct Draft {
    pub(super) path: String,
    /// Replaces the caller's own token: an `Authorization` header, or the empty string for none.
    pub(super) stranger: Option<String>,
    pub(super) content_type: String,
    pub(super) body: Option<String>,
}

/// A request that mostly has no more than one or two faults.
pub(super) fn draft(operation: &Operation, values: &Values, number: usize, rng: &mut Rng) -> Draft {
    let mut draft = Draft {
        path: operation.path.to_owned(),
        stranger: None,
        content_type: "application/json".to_owned(),
        body: None,
    };
    if !operation.query.is_empty() {
        draft.path.push_str(&query(operation, values, rng));
    }
    let writes = operation.method != "GET";
    if writes {
        draft.body = Some(body(operation, values, rng).replace("$n", &number.to_string()));
    }
    match rng.u8(..100) {
        0..4 if writes => draft.body = Some(pick(rng, &values.bodies).to_owned()),
        4..6 if writes => draft.content_type = pick(rng, &values.content_types).to_owned(),
        6..10 => draft.stranger = Some(pick(rng, &values.strangers).to_owned()),
        10..14 => draft.path = with_another_id(&draft.path, values, rng).into_owned(),
        _ => {}
    }
    draft
}

impl std::fmt::Display for Draft {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}", self.path)?;
        if let Some(stranger) = &self.stranger {
            write!(formatter, " by {stranger:?}")?;
        }
        if self.content_type != "application/json" {
            write!(formatter, " as {:?}", self.content_type)?;
        }
        let body: String = self.body.iter().flat_map(|body| body.chars()).take(600).collect();
        write!(formatter, " {body}")
    }
}

fn with_another_id<'a>(path: &'a str, values: &Values, rng: &mut Rng) -> Cow<'a, str> {
    for id in ["$target", "$product", "$category"] {
        if path.contains(id) {
            return path.replace(id, pick(rng, &values.path_ids)).into();
        }
    }
    path.into()
}

fn query(operation: &Operation, values: &Values, rng: &mut Rng) -> String {
    let mut parts = Vec::new();
    for _ in 0..rng.usize(..4) {
        let (name, parameter) = operation.query[rng.usize(..operation.query.len())];
        parts.push(format!("{name}={}", values.queried(parameter, rng)));
    }
    match parts.is_empty() {
        true => String::new(),
        false => format!("?{}", parts.join("&")),
    }
}

fn body(operation: &Operation, values: &Values, rng: &mut Rng) -> String {
    let fields = operation.fields;
    let mut given: Vec<(&str, Option<String>)> =
        fields.iter().map(|(name, kind)| (*name, Some(kind.right(rng)))).collect();
    let wrong = match rng.u8(..10) {
        0 => 0,
        1..7 => 1,
        _ => 2,
    };
    for _ in 0..wrong {
        let at = rng.usize(..fields.len());
        given[at].1 = (rng.u8(..10) > 0).then(|| values.odd(fields[at].1, rng));
    }
    // A password confirmation mostly matches.
    for (at, (_, kind)) in fields.iter().enumerate() {
        if let Kind::Same(other) = kind
            && rng.u8(..10) < 8
        {
            given[at].1 =
                given.iter().find(|(name, _)| name == other).and_then(|(_, value)| value.clone());
        }
    }
    let mut members: Vec<String> = given
        .iter()
        .filter_map(|(name, value)| value.as_ref().map(|value| format!("\"{name}\": {value}")))
        .collect();
    if rng.u8(..20) == 0 {
        members.push("\"colour\": \"red\"".to_owned());
    }
    format!("{{{}}}", members.join(", "))
}
