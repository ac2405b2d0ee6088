//! An example of what a schema describes, made of the examples its parts bring.

use serde_json::{Map, Value, json};

/// How deep an example goes, counting references and alternatives; no body of ours is deeper.
const DEPTH_MAX: usize = 24;

/// An example of `schema`, whose references are found in `definitions`.
pub(super) fn example(schema: &Value, definitions: &Map<String, Value>) -> Value {
    within(schema, definitions, DEPTH_MAX)
}

fn within(schema: &Value, definitions: &Map<String, Value>, depth: usize) -> Value {
    if depth == 0 {
        return Value::Null;
    }
    let inside = |schema: &Value| within(schema, definitions, depth - 1);
    if let Some(example) = schema["examples"].get(0).or_else(|| schema.get("example")) {
        return example.clone();
    }
    if let Some(value) = schema.get("const").or_else(|| schema["enum"].get(0)) {
        return value.clone();
    }
    if let Some(reference) = schema["$ref"].as_str() {
        let name = reference.rsplit('/').next().unwrap_or_default();
        return definitions.get(name).map_or(Value::Null, inside);
    }
    for alternatives in ["anyOf", "oneOf", "allOf"] {
        if let Some(first) = schema[alternatives].get(0) {
            return inside(first);
        }
    }
    let kind = schema["type"].as_str().or_else(|| schema["type"].get(0)?.as_str());
    match kind {
        Some("object") => {
            let properties = schema["properties"].as_object().into_iter().flatten();
            properties.map(|(name, schema)| (name.clone(), inside(schema))).collect()
        }
        Some("array") => json!([inside(&schema["items"])]),
        Some("integer") => json!(schema["minimum"].as_i64().unwrap_or(1).max(1)),
        Some("number") => json!(1),
        Some("boolean") => json!(true),
        Some("string") => json!(text(schema)),
        _ => Value::Null,
    }
}

fn text(schema: &Value) -> &'static str {
    match schema["format"].as_str() {
        Some("date-time") => "2024-01-01T00:00:00Z",
        Some("uri") => "https://shop.example/",
        Some("email") => "john@example.com",
        _ => "string",
    }
}
