//! Makes an example for a schema from the examples of its parts.

use crate::edge::form::EXACTLY_ONE;
use serde_json::{Map, Value, json};

/// The depth limit of an example, counted in references and alternatives. No body of ours is
/// deeper.
const DEPTH_MAX: usize = 24;

/// An example of `schema`. Its references are resolved in `definitions`.
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
            let shown = properties.filter(|(name, _)| !is_other_way(schema, name));
            shown.map(|(name, schema)| (name.clone(), inside(schema))).collect()
        }
        Some("array") => json!([inside(&schema["items"])]),
        Some("integer") => json!(schema["minimum"].as_i64().unwrap_or(1).max(1)),
        Some("number") => json!(1),
        Some("boolean") => json!(true),
        Some("string") => json!(text(schema)),
        _ => Value::Null,
    }
}

/// True for a field that can only replace another field which the example already has.
fn is_other_way(schema: &Value, name: &str) -> bool {
    schema[EXACTLY_ONE].as_array().into_iter().flatten().skip(1).any(|other| other == name)
}

fn text(schema: &Value) -> &'static str {
    match schema["format"].as_str() {
        Some("date-time") => "2024-01-01T00:00:00Z",
        Some("uri") => "https://shop.example/",
        Some("email") => "john@example.com",
        _ => "string",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_has_one_of_the_fields_that_exclude_each_other() {
        let schema = json!({
            "type": "object",
            "properties": {
                "product_id": {"type": "integer"},
                "quantity": {"type": "integer", "minimum": 2},
                "change": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
            },
            "x-exactly-one-of": ["quantity", "change"],
        });
        let body = example(&schema, &Map::new());
        assert_eq!(body, json!({"product_id": 1, "quantity": 2}));
    }
}
