//! Renders JSON values as Python does. Error messages of Django REST Framework repeat values in
//! this form, and its fields parse numbers from this text.

use super::json::Json;
use super::members::Members;
use serde_json::value::RawValue;
use souk_domain::text::is_printable;
use std::borrow::Cow;
use std::fmt::Write;

/// `str(value)`.
pub(super) fn str_of<'j>(json: &'j Json<'_>) -> Cow<'j, str> {
    match json {
        Json::Null => "None".into(),
        Json::Bool(true) => "True".into(),
        Json::Bool(false) => "False".into(),
        Json::Number(text) => number(text),
        Json::Text(text) => Cow::Borrowed(text),
        Json::BrokenText { text, .. } => text.into(),
        Json::List(_) | Json::Object(_) => {
            let mut shown = String::new();
            write_repr(json, &mut shown);
            shown.into()
        }
    }
}

/// `str()` of a number. A whole number is kept as the client wrote it; any other becomes a float.
pub(super) fn number(written: &str) -> Cow<'_, str> {
    if written == "-0" {
        return "0".into();
    }
    if written.contains(['.', 'e', 'E']) { float(written).into() } else { written.into() }
}

/// The shortest text that parses to the same float.
fn float(written: &str) -> String {
    /// The powers of ten that are written without an exponent.
    const PLAIN: std::ops::Range<i32> = -4..16;
    let float: f64 = written.parse().unwrap_or(f64::NAN);
    if !float.is_finite() {
        return float.to_string();
    }
    let scientific = format!("{float:e}");
    let (mantissa, power) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let power: i32 = power.parse().unwrap_or_default();
    if !PLAIN.contains(&power) {
        let sign = if power < 0 { '-' } else { '+' };
        return format!("{mantissa}e{sign}{:02}", power.unsigned_abs());
    }
    let plain = float.to_string();
    if plain.contains('.') { plain } else { plain + ".0" }
}

/// Appends `repr(value)`. The caller has already limited the depth of the body.
fn write_repr(json: &Json<'_>, shown: &mut String) {
    match json {
        Json::Text(text) => write_quoted(text, shown),
        Json::BrokenText { text, .. } => write_quoted(text, shown),
        Json::List(text) => {
            let items: Vec<&RawValue> = serde_json::from_str(text).unwrap_or_default();
            shown.push('[');
            for (index, item) in items.into_iter().enumerate() {
                shown.push_str(if index == 0 { "" } else { ", " });
                write_repr(&Json::of(item), shown);
            }
            shown.push(']');
        }
        Json::Object(text) => {
            // An object with too many members is repeated as the client wrote it.
            let Ok(members) = serde_json::from_str::<Members<'_>>(text) else {
                return shown.push_str(text);
            };
            shown.push('{');
            for (index, (name, value)) in members.as_dict().enumerate() {
                shown.push_str(if index == 0 { "" } else { ", " });
                write_quoted(name, shown);
                shown.push_str(": ");
                write_repr(&value, shown);
            }
            shown.push('}');
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => shown.push_str(&str_of(json)),
    }
}

/// A quoted string; characters that cannot be printed are escaped.
fn write_quoted(text: &str, shown: &mut String) {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    shown.push(quote);
    for character in text.chars() {
        let code = u32::from(character);
        let written = match character {
            '\n' => write!(shown, "\\n"),
            '\r' => write!(shown, "\\r"),
            '\t' => write!(shown, "\\t"),
            '\\' => write!(shown, "\\\\"),
            _ if character == quote => write!(shown, "\\{character}"),
            _ if is_printable(character) => write!(shown, "{character}"),
            _ if code < 0x100 => write!(shown, "\\x{code:02x}"),
            _ if code < 0x1_0000 => write!(shown, "\\u{code:04x}"),
            _ => write!(shown, "\\U{code:08x}"),
        };
        written.expect("a string takes everything");
    }
    shown.push(quote);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let raw: &RawValue = serde_json::from_str(text).expect("good JSON");
        str_of(&Json::of(raw)).into_owned()
    }

    #[test]
    fn values_are_written_as_python_writes_them() {
        for (json, python) in [
            ("null", "None"),
            ("true", "True"),
            ("7", "7"),
            ("-0", "0"),
            ("-0.0", "-0.0"),
            ("1.10", "1.1"),
            ("1e5", "100000.0"),
            ("1e15", "1000000000000000.0"),
            ("1e16", "1e+16"),
            ("1.5e22", "1.5e+22"),
            ("0.0001", "0.0001"),
            ("0.00001", "1e-05"),
            ("1e400", "inf"),
            ("-1e400", "-inf"),
            (r#""a'b""#, "a'b"),
            ("[]", "[]"),
            (r#"[1, "a'b", null, 1e20]"#, r#"[1, "a'b", None, 1e+20]"#),
            (r#"["a'b\"c"]"#, r#"['a\'b"c']"#),
            (r#"{"a": true, "b": {}, "a": "c"}"#, "{'a': 'c', 'b': {}}"),
            (r#"["é\u202e\n\\\u0001\udb40\udc01"]"#, r"['é\u202e\n\\\x01\U000e0001']"),
        ] {
            assert_eq!(shown(json), python, "{json}");
        }
    }
}
