//! The errors of a form, field by field, as faults with pointers and codes.

use super::Fault;
use crate::edge::form::NON_FIELD_ERRORS;
use crate::edge::headers::IDEMPOTENCY_KEY;
use serde_json::Value;

/// How the sentences of a form begin, with the code of each. Any other sentence is `invalid`.
const CODES: [(&str, &str); 9] = [
    ("This field is required.", "required"),
    ("This field may not be null.", "null"),
    ("This field may not be blank.", "blank"),
    ("Ensure this field has no more than", "too_long"),
    ("Ensure this field has at least", "too_short"),
    ("Ensure this value is", "out_of_range"),
    ("Null characters are not allowed.", "null_character"),
    ("A user with that username already exists.", "taken"),
    ("user with this email already exists.", "taken"),
];

/// The faults in the body of a refusal, if it maps fields to their errors; else none.
pub(super) fn faults_in(refusal: &Value) -> Vec<Fault> {
    let mut faults = Vec::new();
    let Value::Object(fields) = refusal else { return faults };
    if fields.values().all(|errors| errors.is_array() || errors.is_object()) {
        collect(refusal, String::new(), &mut faults);
    }
    faults
}

fn collect(errors: &Value, pointer: String, faults: &mut Vec<Fault>) {
    match errors {
        Value::String(sentence) => faults.push(fault(&pointer, sentence)),
        Value::Object(fields) => {
            for (name, errors) in fields {
                let inner = match name.as_str() {
                    NON_FIELD_ERRORS => pointer.clone(),
                    name => format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1")),
                };
                collect(errors, inner, faults);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                let inner = match item {
                    Value::String(_) => pointer.clone(),
                    _ => format!("{pointer}/{index}"),
                };
                collect(item, inner, faults);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn fault(pointer: &str, sentence: &str) -> Fault {
    let known = CODES.iter().find(|(begin, _)| sentence.starts_with(begin));
    let code = known.map_or("invalid", |(_, code)| code);
    match pointer.strip_prefix('/') {
        Some(name) if name.eq_ignore_ascii_case(IDEMPOTENCY_KEY.as_str()) => {
            Fault::in_header(name, code, sentence)
        }
        _ => Fault::in_body(pointer, code, sentence),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn errors_of_fields_become_pointers_and_codes() {
        let faults = faults_in(&json!({
            "email": ["user with this email already exists.", "Enter a valid email address."],
            "non_field_errors": ["Invalid data."],
            "items": [{}, {"a/b": ["This field is required."]}],
            "Idempotency-Key": ["Enter 1 to 255 visible ASCII characters."],
        }));
        let expected = [
            Fault::in_body("/email", "taken", "user with this email already exists."),
            Fault::in_body("/email", "invalid", "Enter a valid email address."),
            Fault::in_body("", "invalid", "Invalid data."),
            Fault::in_body("/items/1/a~1b", "required", "This field is required."),
            Fault::in_header(
                "Idempotency-Key",
                "invalid",
                "Enter 1 to 255 visible ASCII characters.",
            ),
        ];
        assert_eq!(faults.len(), expected.len());
        for fault in expected {
            assert!(faults.contains(&fault), "{fault:?}");
        }
    }

    #[test]
    fn a_sentence_alone_is_about_no_field() {
        assert_eq!(faults_in(&json!({"detail": "Not found."})), []);
        assert_eq!(faults_in(&json!(["Null characters are not allowed."])), []);
        assert_eq!(faults_in(&Value::Null), []);
    }
}
