//! One operation of a description: its parameters, body and answers.

use super::example::example;
use super::model::{Header, MediaType, Operation, Parameter, RequestBody, Response};
use super::{value_of, with_capital};
use crate::edge::description::{Access, Description, Success, json_of};
use crate::edge::{Answer, Errors, limits, route, standard};
use http::{Method, StatusCode};
use schemars::{Schema, json_schema};
use serde_json::{Map, Value, json};

pub(super) const USER_TOKEN: &str = "userToken";
pub(super) const SERVICE_TOKEN: &str = "serviceToken";
pub(super) const CART_KEY: &str = "cartKey";

/// The name of the component for errors by field.
pub(super) const FIELD_ERRORS: &str = "FieldErrors";

/// The component for problems (RFC 9457).
pub(super) const PROBLEM: &str = "Problem";

/// The name of a path parameter that is an id or a handle ends with this.
const OR_HANDLE: &str = "_or_handle";

const JSON: &str = "application/json";
const PROBLEM_JSON: &str = "application/problem+json";

/// An operation and its description.
pub(super) struct Described<'a> {
    pub(super) operation: &'a route::Operation,
    pub(super) heading: &'static str,
    pub(super) description: &'a mut Description,
}

impl Described<'_> {
    /// The operation as it appears in the document.
    pub(super) fn written(self) -> Operation {
        let heading = without_number(self.heading);
        let summary = self.description.title.unwrap_or(heading).to_owned();
        Operation {
            operation_id: camel_case(&summary),
            tags: vec![tag_of(self.operation.path)],
            description: self.text(),
            security: self.security(),
            parameters: self.parameters(),
            request_body: self.request_body(),
            responses: self.responses(),
            summary,
        }
    }

    fn may(&self, access: Access) -> bool {
        self.description.access.contains(&access)
    }

    fn is_open(&self) -> bool {
        [Access::Anyone, Access::NewGuest, Access::Gateway].into_iter().any(|one| self.may(one))
    }

    fn text(&self) -> String {
        let who: Vec<&str> = self.description.access.iter().map(|access| who(*access)).collect();
        let who = format!("For {}.", who.join(", and for "));
        match &self.description.note {
            Some(note) => format!("{note}\n\n{who}"),
            None => who,
        }
    }

    /// An empty alternative means that no credentials are needed.
    fn security(&self) -> Vec<Map<String, Value>> {
        let mut alternatives = Vec::new();
        for access in &self.description.access {
            let scheme = match access {
                Access::Anyone | Access::NewGuest | Access::Gateway => None,
                Access::Guest => Some(CART_KEY),
                Access::User | Access::Administrator => Some(USER_TOKEN),
                Access::Service => Some(SERVICE_TOKEN),
            };
            let alternative: Map<_, _> =
                scheme.map(|name| (name.to_owned(), json!([]))).into_iter().collect();
            if !alternatives.contains(&alternative) {
                alternatives.push(alternative);
            }
        }
        alternatives
    }

    fn parameters(&self) -> Vec<Parameter> {
        let mut parameters = Vec::new();
        let mut rest = self.operation.path;
        while let Some((name, behind)) = rest.split_once('{').and_then(|(_, at)| at.split_once('}'))
        {
            let is_handle = name.ends_with(OR_HANDLE);
            let (about, schema) = match is_handle {
                true => ("An id or a handle.", json_schema!({"type": "string", "minLength": 1})),
                false => {
                    ("An id.", json_schema!({"type": "integer", "minimum": 1, "maximum": i64::MAX}))
                }
            };
            parameters.push(Parameter {
                name: name.to_owned(),
                r#in: "path",
                description: about.to_owned(),
                required: true,
                schema,
                example: Some(if is_handle { json!("1") } else { json!(1) }),
            });
            rest = behind;
        }
        for (name, about) in &self.description.headers {
            parameters.push(Parameter {
                name: (*name).to_owned(),
                r#in: "header",
                description: (*about).to_owned(),
                required: false,
                schema: json_schema!({"type": "string"}),
                example: Some(json!("\"v1\"")),
            });
        }
        for parameter in &self.description.query {
            parameters.push(Parameter {
                name: parameter.name.to_owned(),
                r#in: "query",
                description: parameter.text.clone().into_owned(),
                required: parameter.required,
                schema: parameter.schema.clone(),
                example: None,
            });
        }
        if self.operation.method == Method::POST && !self.may(Access::Gateway) {
            parameters.push(Parameter {
                name: "Idempotency-Key".to_owned(),
                r#in: "header",
                description: "Identifies the request. For a day, the same key and body return the \
                              stored answer with `Idempotent-Replayed: true`. Tokens are returned \
                              only while their session is open."
                    .to_owned(),
                required: false,
                schema: json_schema!({
                    "type": "string",
                    "maxLength": limits::IDEMPOTENCY_KEY_BYTES_MAX,
                    "pattern": "^[!-~]([\\t -~]*[!-~])?$",
                }),
                example: None,
            });
        }
        if self.may(Access::Gateway) {
            parameters.push(Parameter {
                name: "Stripe-Signature".to_owned(),
                r#in: "header",
                description: "`t=<seconds>,v1=<HMAC-SHA256 of the raw body>`".to_owned(),
                required: true,
                schema: json_schema!({"type": "string"}),
                example: Some(json!("t=1704067200,v1=5257a869e7")),
            });
        }
        parameters
    }

    /// The body, if it is read as a form. The gateway's body is not.
    fn form(&self) -> Option<&Schema> {
        self.description.body.as_ref().filter(|_| !self.may(Access::Gateway))
    }

    fn request_body(&self) -> Option<RequestBody> {
        let schema = self.description.body.clone()?;
        let required = schema.get("required").is_some();
        let definitions = self.description.generator.definitions();
        let example = Some(example(schema.as_value(), definitions));
        let media = MediaType { schema, example, examples: Map::new() };
        Some(RequestBody { required, content: content(JSON, &media) })
    }

    fn responses(&self) -> Map<String, Value> {
        let mut responses = Map::new();
        for success in &self.description.successes {
            let response = self.success(success);
            responses.insert(success.status.as_str().to_owned(), value_of(&response));
        }
        let refusals = self.refusals();
        let mut statuses: Vec<StatusCode> = refusals.iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        statuses.dedup();
        for status in statuses {
            let alike: Vec<&Answer> =
                refusals.iter().filter(|answer| answer.status == status).collect();
            let response = self.refusal(status, &alike);
            responses.insert(status.as_str().to_owned(), value_of(&response));
        }
        responses
    }

    fn success(&self, success: &Success) -> Response {
        let header = |(name, description): &(&str, &'static str)| {
            let schema = json_schema!({"type": "string"});
            ((*name).to_owned(), value_of(&Header { description, schema }))
        };
        let content = success.schema.clone().map(|schema| {
            let definitions = self.description.generator.definitions();
            let mut example = example(schema.as_value(), definitions);
            if let Value::Object(members) = &mut example {
                members.extend(success.shown.clone());
            }
            let example = Some(example);
            content(success.content_type, &MediaType { schema, example, examples: Map::new() })
        });
        Response {
            description: reason(success.status).to_owned(),
            headers: success.headers.iter().map(header).collect(),
            content: content.unwrap_or_default(),
        }
    }

    /// The described refusals, and those that every operation of its kind has.
    fn refusals(&self) -> Vec<Answer> {
        let mut refusals = self.description.refusals.clone();
        let is_described = |refusals: &[Answer], status: u16| {
            refusals.iter().any(|answer| answer.status.as_u16() == status)
        };
        if let Some(schema) = self.form() {
            let first = schema.get("required").and_then(|names| names[0].as_str());
            let first = first.map(str::to_owned);
            if let Some(name) = first {
                let mut errors = Errors::new();
                errors.add(name, "This field is required.");
                refusals.push(errors.into());
            }
            let sentence = "JSON parse error - expected value at line 1 column 1";
            refusals.push(Answer::detail(StatusCode::BAD_REQUEST, sentence));
            refusals.push(standard::unsupported_media_type("text/plain"));
        }
        if !self.is_open() {
            refusals.push(standard::not_authenticated());
        }
        if !self.may(Access::Gateway) && self.description.access != [Access::Anyone] {
            refusals.push(standard::token_not_valid());
        }
        let is_reserved = self.may(Access::Administrator) || self.may(Access::Service);
        if is_reserved
            && !self.is_open()
            && !self.may(Access::User)
            && !is_described(&refusals, 403)
        {
            refusals.push(standard::forbidden());
        }
        if self.operation.path.contains('{') && !is_described(&refusals, 404) {
            refusals.push(standard::not_found());
        }
        if self.description.query.iter().any(|parameter| parameter.name == "page") {
            refusals.push(standard::invalid_page());
        }
        if self.operation.method == Method::POST && !self.may(Access::Gateway) {
            refusals.push(Errors::of("Idempotency-Key", standard::malformed_key()).into());
            refusals.push(Answer::detail(StatusCode::CONFLICT, standard::KEY_RUNNING));
            refusals.push(Answer::detail(StatusCode::UNPROCESSABLE_ENTITY, standard::KEY_TAKEN));
        }
        refusals.push(standard::unavailable(1));
        if self.description.has_problems {
            return refusals.into_iter().map(Answer::into_problem).collect();
        }
        refusals
    }

    fn refusal(&self, status: StatusCode, alike: &[&Answer]) -> Response {
        let mut schemas: Vec<Value> = Vec::new();
        let mut examples = Map::new();
        let has_problems = self.description.has_problems;
        if has_problems {
            schemas.push(json!({ "$ref": format!("#/components/schemas/{PROBLEM}") }));
        } else if status == StatusCode::BAD_REQUEST && self.form().is_some() {
            schemas.push(field_errors_reference());
        }
        for answer in alike {
            let Some(body) = json_of(answer) else { continue };
            let schema = schema_of(&body);
            if !has_problems && !schemas.contains(&schema) {
                schemas.push(schema);
            }
            let number = examples.len() + 1;
            examples.insert(format!("example{number}"), json!({ "value": body }));
        }
        let schema = match &schemas[..] {
            [one] => Schema::try_from(one.clone()),
            several => Schema::try_from(json!({ "anyOf": several })),
        };
        let media = schema.map(|schema| MediaType { schema, example: None, examples });
        let content_type = if has_problems { PROBLEM_JSON } else { JSON };
        Response {
            description: reason(status).to_owned(),
            headers: headers_of(status),
            content: media.map(|media| content(content_type, &media)).unwrap_or_default(),
        }
    }
}

fn content(content_type: &str, media: &MediaType) -> Map<String, Value> {
    std::iter::once((content_type.to_owned(), value_of(media))).collect()
}

/// The schema of [`Errors`] as JSON: messages for each field, nested as the fields are.
pub(super) fn field_errors() -> Schema {
    json_schema!({
        "type": "object",
        "description": "The errors of each field.",
        "minProperties": 1,
        "additionalProperties": {"anyOf": [
            {"type": "array", "items": {"type": "string"}},
            {"type": "array", "items": {"type": "object"}},
            {"type": "object"},
        ]},
    })
}

/// The schema of a problem.
pub(super) fn problem() -> Schema {
    json_schema!({
        "type": "object",
        "description": "Why a request was refused (RFC 9457).",
        "properties": {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string", "description": "For people."},
            "code": {"type": "string", "description": "For programs."},
            "errors": {
                "type": "array",
                "description": "Every wrong value of the request.",
                "items": {
                    "type": "object",
                    "properties": {
                        "pointer": {
                            "type": "string",
                            "description": "Where it is in the body (RFC 6901).",
                        },
                        "parameter": {"type": "string", "description": "In the query."},
                        "header": {"type": "string", "description": "In the headers."},
                        "code": {"type": "string"},
                        "detail": {"type": "string"},
                    },
                    "required": ["code", "detail"],
                },
            },
        },
        "required": ["type", "title", "status", "detail", "code"],
    })
}

fn field_errors_reference() -> Value {
    json!({ "$ref": format!("#/components/schemas/{FIELD_ERRORS}") })
}

/// The schema of an error's body. All errors by field share one schema.
fn schema_of(body: &Value) -> Value {
    let members = match body {
        Value::Object(members) => members,
        Value::Array(_) => return json!({"type": "array", "items": {"type": "string"}}),
        _ => return json!({}),
    };
    if !members.is_empty() && members.values().all(|value| value.is_array() || value.is_object()) {
        return field_errors_reference();
    }
    let kind = |value: &Value| match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let property =
        |(name, value): (&String, &Value)| (name.clone(), json!({ "type": kind(value) }));
    let properties: Map<_, _> = members.iter().map(property).collect();
    let required: Vec<&String> = members.keys().collect();
    json!({"type": "object", "properties": properties, "required": required})
}

fn headers_of(status: StatusCode) -> Map<String, Value> {
    let (name, description) = match status {
        StatusCode::UNAUTHORIZED => ("WWW-Authenticate", "How to authenticate (RFC 6750)."),
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
            ("Retry-After", "Seconds to wait.")
        }
        _ => return Map::new(),
    };
    let header = Header { description, schema: json_schema!({"type": "string"}) };
    std::iter::once((name.to_owned(), value_of(&header))).collect()
}

fn who(access: Access) -> &'static str {
    match access {
        Access::Anyone => "everybody",
        Access::Guest => "guests with the key of their cart",
        Access::NewGuest => "guests without one, who are given one",
        Access::User => "users",
        Access::Administrator => "administrators",
        Access::Service => "other systems",
        Access::Gateway => "the payment gateway",
    }
}

fn reason(status: StatusCode) -> &'static str {
    status.canonical_reason().unwrap_or("Answer")
}

/// Turns `7. List Products` and `2.1. List Products` into `List Products`.
fn without_number(heading: &str) -> &str {
    let is_number = |character: char| character.is_ascii_digit() || character == '.';
    heading.trim_start_matches(is_number).trim_start()
}

/// Turns `List Products` into `listProducts`.
fn camel_case(heading: &str) -> String {
    let words = heading.split(|character: char| !character.is_ascii_alphanumeric());
    let mut name = String::new();
    for word in words.filter(|word| !word.is_empty()) {
        match name.is_empty() {
            true => name.push_str(&word.to_ascii_lowercase()),
            false => name.push_str(&with_capital(word)),
        }
    }
    name
}

/// The tag of a path: its first word after `/api/` or `/api/v1/`. In Souk's own API it is the word
/// after the kind of caller.
fn tag_of(path: &str) -> String {
    let behind = path.trim_start_matches("/api/").trim_start_matches("/souk/");
    let behind = behind.strip_prefix("v1/").unwrap_or(behind);
    let behind = behind.trim_start_matches("admin/").trim_start_matches("store/");
    behind.split('/').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_become_names() {
        for (heading, name) in [
            ("7. List Products", "listProducts"),
            ("5. Add Product (Admin Only)", "addProductAdminOnly"),
            ("4.1. Login", "login"),
        ] {
            assert_eq!(camel_case(without_number(heading)), name);
        }
    }

    #[test]
    fn paths_have_tags() {
        for (path, tag) in [
            ("/api/v1/products/{id}/", "products"),
            ("/api/token/", "token"),
            ("/api/v1/cart/get_cart/", "cart"),
            ("/souk/v1/admin/orders/{id}", "orders"),
        ] {
            assert_eq!(tag_of(path), tag);
        }
    }

    #[test]
    fn errors_have_the_shape_of_their_bodies() {
        assert_eq!(schema_of(&json!({"email": ["x"]})), field_errors_reference());
        let detail = schema_of(&json!({"detail": "Not found."}));
        assert_eq!(detail["required"], json!(["detail"]));
        assert_eq!(detail["properties"]["detail"]["type"], "string");
    }
}
