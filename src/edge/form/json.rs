//! A JSON value and its raw text, so that numbers are checked as the client wrote them.

use super::members::Decoded;
use crate::edge::limits;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// A JSON value. Its content is not parsed yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Json<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, as the client wrote it.
    Number(&'a str),
    /// A string, decoded.
    Text(Cow<'a, str>),
    /// A string that is not valid text, because it contains half a surrogate pair.
    BrokenText {
        /// The string, with U+FFFD in place of such halves.
        text: String,
        /// The first such half.
        surrogate: u16,
    },
    /// A list, as the client wrote it.
    List(&'a str),
    /// An object, as the client wrote it.
    Object(&'a str),
}

impl<'a> Json<'a> {
    /// Parses a value that is known to be valid JSON.
    pub(super) fn of(raw: &'a RawValue) -> Self {
        let text = raw.get();
        match text.as_bytes().first() {
            Some(b'"') => text_of(text),
            Some(b'[') => Self::List(text),
            Some(b'{') => Self::Object(text),
            Some(b't') => Self::Bool(true),
            Some(b'f') => Self::Bool(false),
            Some(b'n') | None => Self::Null,
            Some(_) => Self::Number(text),
        }
    }

    /// Python's name for this type, for the error messages of Django REST Framework.
    pub(super) fn python_type(&self) -> &'static str {
        match self {
            Self::Null => "NoneType",
            Self::Bool(_) => "bool",
            Self::Number(text) if text.contains(['.', 'e', 'E']) => "float",
            Self::Number(_) => "int",
            Self::Text(_) | Self::BrokenText { .. } => "str",
            Self::List(_) => "list",
            Self::Object(_) => "dict",
        }
    }
}

fn text_of(quoted: &str) -> Json<'_> {
    let plain = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    if let Some(text) = plain.filter(|text| !text.contains('\\')) {
        return Json::Text(text.into());
    }
    match serde_json::from_str(quoted) {
        Ok(text) => Json::Text(Cow::Owned(text)),
        Err(_) => broken_text_of(quoted),
    }
}

/// Half a surrogate pair, U+D800 to U+DFFF, is decoded to three octets: ED, A0 to BF, 80 to BF.
fn broken_text_of(quoted: &str) -> Json<'static> {
    let Decoded(octets) = serde_json::from_str(quoted).unwrap_or_else(|_| Decoded(Vec::new()));
    let (mut text, mut first) = (String::new(), None);
    let mut rest = octets.as_slice();
    loop {
        let plain = std::str::from_utf8(rest).map_or_else(|error| error.valid_up_to(), str::len);
        let (plain, half) = rest.split_at(plain);
        text.push_str(&String::from_utf8_lossy(plain));
        let [0xed, middle, last, behind @ ..] = half else { break };
        let surrogate = 0xd000 | (u16::from(middle & 0x3f) << 6) | u16::from(last & 0x3f);
        first.get_or_insert(surrogate);
        text.push(char::REPLACEMENT_CHARACTER);
        rest = behind;
    }
    Json::BrokenText { text, surrogate: first.unwrap_or(0xd800) }
}

/// True if objects and lists are nested deeper than [`limits::JSON_DEPTH_MAX`]. Accepts any text;
/// for invalid JSON the result has no meaning.
pub(super) fn is_too_deep(text: &str) -> bool {
    let mut depth = 0_usize;
    let mut in_string = false;
    let mut escaped = false;
    for octet in text.bytes() {
        if in_string {
            match octet {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match octet {
            b'"' => in_string = true,
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > limits::JSON_DEPTH_MAX {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_keep_what_was_written() {
        let broken = |text: &str, surrogate| Json::BrokenText { text: text.to_owned(), surrogate };
        for (text, json) in [
            ("null", Json::Null),
            ("true", Json::Bool(true)),
            ("1e400", Json::Number("1e400")),
            ("-19.999", Json::Number("-19.999")),
            (r#""plain""#, Json::Text("plain".into())),
            (r#""a\u00e9\n\"""#, Json::Text("aé\n\"".into())),
            (r#""\ud83d\ude00""#, Json::Text("😀".into())),
            (r#""\ud800""#, broken("\u{fffd}", 0xd800)),
            (r#""aé\udfff b\ud83d""#, broken("aé\u{fffd} b\u{fffd}", 0xdfff)),
            (r#""\ud83d\ud83d\ude00""#, broken("\u{fffd}😀", 0xd83d)),
            ("[1, 2]", Json::List("[1, 2]")),
            (r#"{"a":1}"#, Json::Object(r#"{"a":1}"#)),
        ] {
            let raw: &RawValue = serde_json::from_str(text).expect("good JSON");
            assert_eq!(Json::of(raw), json, "{text}");
        }
    }

    #[test]
    fn depth_is_counted_outside_strings() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(!is_too_deep(&nested(limits::JSON_DEPTH_MAX)));
        assert!(is_too_deep(&nested(limits::JSON_DEPTH_MAX + 1)));
        assert!(!is_too_deep(&format!("\"\\\"{}\"", "[".repeat(100))));
        assert!(!is_too_deep(&"[]".repeat(100)));
    }
}
