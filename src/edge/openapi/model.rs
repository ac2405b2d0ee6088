//! The parts of OpenAPI 3.1.1 that Souk's descriptions use
//! (<https://spec.openapis.org/oas/v3.1.1.html>).

use schemars::Schema;
use serde::Serialize;
use serde_json::{Map, Value};

/// The description of one contract.
#[derive(Debug, Serialize)]
pub(crate) struct Document {
    pub(super) openapi: &'static str,
    pub(super) info: Info,
    pub(super) servers: Vec<Server>,
    pub(super) tags: Vec<Tag>,
    /// For each path, the [`Operation`] of each method.
    pub(super) paths: Map<String, Value>,
    pub(super) components: Components,
}

#[derive(Debug, Serialize)]
pub(super) struct Info {
    pub(super) title: String,
    pub(super) summary: &'static str,
    pub(super) description: &'static str,
    pub(super) version: &'static str,
    pub(super) contact: Contact,
    pub(super) license: License,
}

#[derive(Debug, Serialize)]
pub(super) struct Contact {
    pub(super) name: &'static str,
}

#[derive(Debug, Serialize)]
pub(super) struct License {
    pub(super) name: &'static str,
    pub(super) identifier: &'static str,
}

#[derive(Debug, Serialize)]
pub(super) struct Server {
    pub(super) url: String,
    pub(super) description: &'static str,
}

#[derive(Debug, Serialize)]
pub(super) struct Tag {
    pub(super) name: String,
    pub(super) description: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Operation {
    pub(super) operation_id: String,
    pub(super) summary: String,
    pub(super) description: String,
    pub(super) tags: Vec<String>,
    /// The alternatives; each lists the schemes that are required together.
    pub(super) security: Vec<Map<String, Value>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) parameters: Vec<Parameter>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) request_body: Option<RequestBody>,
    /// A [`Response`] for each status.
    pub(super) responses: Map<String, Value>,
}

#[derive(Debug, Serialize)]
pub(super) struct Parameter {
    pub(super) name: String,
    pub(super) r#in: &'static str,
    pub(super) description: String,
    pub(super) required: bool,
    pub(super) schema: Schema,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) example: Option<Value>,
}

#[derive(Debug, Serialize)]
pub(super) struct RequestBody {
    pub(super) required: bool,
    /// A [`MediaType`] for each content type.
    pub(super) content: Map<String, Value>,
}

#[derive(Debug, Serialize)]
pub(super) struct MediaType {
    pub(super) schema: Schema,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) example: Option<Value>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub(super) examples: Map<String, Value>,
}

#[derive(Debug, Serialize)]
pub(super) struct Response {
    pub(super) description: String,
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub(super) headers: Map<String, Value>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub(super) content: Map<String, Value>,
}

#[derive(Debug, Serialize)]
pub(super) struct Header {
    pub(super) description: &'static str,
    pub(super) schema: Schema,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Components {
    pub(super) schemas: Map<String, Value>,
    pub(super) security_schemes: Map<String, Value>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SecurityScheme {
    pub(super) r#type: &'static str,
    pub(super) description: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) scheme: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) bearer_format: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) r#in: Option<&'static str>,
}
