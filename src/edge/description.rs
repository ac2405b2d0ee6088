//! The description of an operation for its OpenAPI document: callers, parameters, body and answers.
//! It is written in the table of routes and evaluated only when a document is requested.
//!
//! ```ignore
//! Route::post("/api/v1/products/", "8. Create Product", products::create).described(|operation| {
//!     operation.for_administrators()
//!         .body(|form, currency| products::NewProduct::read(form, currency))
//!         .answers::<ProductBody>(StatusCode::CREATED)
//!         .refuses(forbidden("Only admins can create products"))
//! })
//! ```
//!
//! Schemas come from the types that are serialized and from the functions that read a body.
//! Examples of errors are the answers that the contract really sends.

use crate::edge::problem::{Faults, PROBLEM_JSON};
use crate::edge::query::unknown_parameter;
use crate::edge::{Answer, Form, Query, limits, versions};
use http::StatusCode;
use http::header::HeaderValue;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};
use souk_domain::Currency;
use std::borrow::Cow;

/// Adds the description of one operation.
pub(crate) type Describe = fn(Description) -> Description;

/// Who may call an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Anybody.
    Anyone,
    /// A caller with the key of a guest's cart.
    Guest,
    /// A guest without a key. The operation issues one.
    NewGuest,
    /// A logged-in user.
    User,
    /// A logged-in administrator.
    Administrator,
    /// Another system with a token from the settings.
    Service,
    /// The gateway, identified by its signature.
    Gateway,
}

/// A query parameter.
#[derive(Clone, Debug)]
pub(crate) struct QueryParameter {
    pub(super) name: &'static str,
    pub(super) text: Cow<'static, str>,
    pub(super) schema: Schema,
    pub(super) required: bool,
}

/// The description of a successful answer.
#[derive(Clone, Debug)]
pub(crate) struct Success {
    pub(super) status: StatusCode,
    pub(super) content_type: &'static str,
    /// `None` if there is no body.
    pub(super) schema: Option<Schema>,
    /// Names and descriptions of headers.
    pub(super) headers: Vec<(&'static str, &'static str)>,
    /// Members of the example whose values the schema does not give.
    pub(super) shown: Map<String, Value>,
}

/// The description of one operation.
#[derive(Debug)]
pub(crate) struct Description {
    pub(super) generator: SchemaGenerator,
    pub(super) access: Vec<Access>,
    pub(super) title: Option<&'static str>,
    pub(super) note: Option<Cow<'static, str>>,
    pub(super) query: Vec<QueryParameter>,
    pub(super) body: Option<Schema>,
    pub(super) successes: Vec<Success>,
    pub(super) refusals: Vec<Answer>,
    /// Whether refusals are problems (RFC 9457).
    pub(super) has_problems: bool,
    /// Names and descriptions of request headers.
    pub(super) headers: Vec<(&'static str, &'static str)>,
    currency: Currency,
}

/// The prefix of references between components.
const DEFINITIONS: &str = "/components/schemas";

const JSON: &str = "application/json";

/// A generator whose definitions become the components of an OpenAPI document.
pub(super) fn generator() -> SchemaGenerator {
    let settings = SchemaSettings::draft2020_12().for_serialize().with(|settings| {
        settings.definitions_path = DEFINITIONS.into();
        settings.meta_schema = None;
    });
    settings.into_generator()
}

impl Description {
    /// An empty description. The definitions in `generator` become components.
    pub(super) fn new(generator: SchemaGenerator, currency: Currency) -> Self {
        Self {
            generator,
            access: Vec::new(),
            title: None,
            note: None,
            query: Vec::new(),
            body: None,
            successes: Vec::new(),
            refusals: Vec::new(),
            has_problems: false,
            headers: Vec::new(),
            currency,
        }
    }

    /// Sets a title for an operation whose heading is unsuitable, for example because several
    /// operations share it.
    pub(crate) fn titled(mut self, title: &'static str) -> Self {
        self.title = Some(title);
        self
    }

    /// Anybody may call it, with or without a token.
    pub(crate) fn for_anyone(self) -> Self {
        self.may(Access::Anyone)
    }

    /// Anybody may call it. An invalid token is refused.
    pub(crate) fn for_readers(self) -> Self {
        self.may(Access::Anyone).refuses(crate::edge::standard::token_not_valid())
    }

    /// Callers with the key of a guest's cart may call it.
    pub(crate) fn for_guests(self) -> Self {
        self.may(Access::Guest)
    }

    /// Guests without a key may call it, and get one.
    pub(crate) fn for_new_guests(self) -> Self {
        self.may(Access::NewGuest)
    }

    /// Logged-in users may call it, for their own data.
    pub(crate) fn for_users(self) -> Self {
        self.may(Access::User)
    }

    /// Administrators may call it.
    pub(crate) fn for_administrators(self) -> Self {
        self.may(Access::Administrator)
    }

    /// Other systems with a token from the settings may call it.
    pub(crate) fn for_services(self) -> Self {
        self.may(Access::Service)
    }

    /// The gateway calls it with signed messages.
    pub(crate) fn for_the_gateway(self) -> Self {
        self.may(Access::Gateway)
    }

    fn may(mut self, access: Access) -> Self {
        self.access.push(access);
        self
    }

    /// Adds what the heading does not say.
    pub(crate) fn note(mut self, text: impl Into<Cow<'static, str>>) -> Self {
        self.note = Some(text.into());
        self
    }

    /// Adds an optional query parameter. An invalid value is refused, or ignored if `schema` allows
    /// any text.
    pub(crate) fn query(
        mut self,
        name: &'static str,
        text: impl Into<Cow<'static, str>>,
        schema: Schema,
    ) -> Self {
        self.query.push(QueryParameter { name, text: text.into(), schema, required: false });
        self
    }

    /// Adds a required query parameter.
    pub(crate) fn required_query(
        mut self,
        name: &'static str,
        text: &'static str,
        schema: Schema,
    ) -> Self {
        self.query.push(QueryParameter { name, text: text.into(), schema, required: true });
        self
    }

    /// Adds the query parameters of an operation of Souk's own API with the function that reads
    /// them. Others are refused.
    pub(crate) fn reads<R>(mut self, read: impl FnOnce(&mut Query<'_>) -> R) -> Self {
        self.query.extend(Query::described(read));
        let known: Vec<&str> = self.query.iter().map(|parameter| parameter.name).collect();
        let fault = unknown_parameter("limi", &known);
        self.refuses(Faults::of(fault)).with_problems()
    }

    /// The answer has the version of its object, and is 304 if the client has that version.
    pub(crate) fn versioned(mut self) -> Self {
        self.headers.push(("If-None-Match", "The `ETag` of the answer that the client has."));
        self.header("ETag", "The version of the object.").answers_nothing(StatusCode::NOT_MODIFIED)
    }

    /// A change of an object, which may name the version that it replaces.
    pub(crate) fn replaces_version(mut self) -> Self {
        self.headers.push(("If-Match", "The `ETag` of the object that the client changes."));
        self.header("ETag", "The version of the object.").refuses(versions::stale())
    }

    /// Adds 200 with a page of these items and the cursor of the next page.
    pub(crate) fn answers_list<T: JsonSchema>(mut self) -> Self {
        let item = self.generator.subschema_for::<T>();
        let schema = json_schema!({
            "type": "object",
            "properties": {
                "data": {"type": "array", "items": item},
                "next": {
                    "type": ["string", "null"],
                    "description": "Send it as `after` to continue; null at the end.",
                },
            },
            "required": ["data", "next"],
        });
        self.succeeds(StatusCode::OK, JSON, Some(schema)).example_value("next", Value::Null)
    }

    /// Adds the parameters `page` and `page_size`.
    pub(crate) fn pages(self) -> Self {
        let page = json_schema!({"type": "string", "pattern": "^([1-9][0-9]{0,8}|last)?$"});
        let size = json_schema!({"anyOf": [{"type": "integer", "minimum": 1}, {"type": "string"}]});
        let (most, default) = (limits::PAGE_SIZE_MAX, limits::PAGE_SIZE_DEFAULT);
        let size_text = format!(
            "Items on a page, at most {most}. Any other value means the default, {default}."
        );
        self.query("page", "Number of the page, from 1, or `last`.", page).query(
            "page_size",
            size_text,
            size,
        )
    }

    /// Describes the body with the function that reads it.
    pub(crate) fn body<R>(mut self, read: impl FnOnce(&mut Form<'_>, Currency) -> R) -> Self {
        let currency = self.currency;
        self.body = Some(Form::described(|form| read(form, currency)));
        self
    }

    /// Describes the body with the type that is deserialized, if no form reads it.
    pub(crate) fn payload<T: JsonSchema>(mut self) -> Self {
        let settings = SchemaSettings::draft2020_12().for_deserialize().with(|settings| {
            settings.inline_subschemas = true;
            settings.meta_schema = None;
        });
        self.body = Some(settings.into_generator().into_root_schema_for::<T>());
        self
    }

    /// Adds a success with a body of this type.
    pub(crate) fn answers<T: JsonSchema>(mut self, status: StatusCode) -> Self {
        let schema = self.generator.subschema_for::<T>();
        self.succeeds(status, JSON, Some(schema))
    }

    /// Adds 200 with a page of these items, in the envelope of Django REST Framework.
    pub(crate) fn answers_page<T: JsonSchema>(mut self) -> Self {
        let item = self.generator.subschema_for::<T>();
        let link = json!({"type": ["string", "null"], "format": "uri"});
        let schema = json_schema!({
            "type": "object",
            "properties": {
                "count": {"type": "integer", "minimum": 0},
                "next": link,
                "previous": link,
                "results": {"type": "array", "items": item},
            },
            "required": ["count", "next", "previous", "results"],
        });
        self.succeeds(StatusCode::OK, JSON, Some(schema)).pages()
    }

    /// Adds 200 with a body of this type, which shows one page of a list. `X-Total-Count` and
    /// `Link` give its position.
    pub(crate) fn answers_cut<T: JsonSchema>(self) -> Self {
        self.answers::<T>(StatusCode::OK)
            .header("X-Total-Count", "The total number of items.")
            .header("Link", "Links to the first, previous, next and last page (RFC 8288).")
            .pages()
    }

    /// Adds 200 with a text of this content type.
    pub(crate) fn answers_text(self, content_type: &'static str) -> Self {
        self.succeeds(StatusCode::OK, content_type, Some(any_text()))
    }

    /// Adds a success without a body.
    pub(crate) fn answers_nothing(self, status: StatusCode) -> Self {
        self.succeeds(status, JSON, None)
    }

    fn succeeds(
        mut self,
        status: StatusCode,
        content_type: &'static str,
        schema: Option<Schema>,
    ) -> Self {
        let (headers, shown) = (Vec::new(), Map::new());
        self.successes.push(Success { status, content_type, schema, headers, shown });
        self
    }

    /// Adds a header to the last success.
    pub(crate) fn header(mut self, name: &'static str, text: &'static str) -> Self {
        if let Some(success) = self.successes.last_mut() {
            success.headers.push((name, text));
        }
        self
    }

    /// Sets the value of a member in the example of the last success, where the schema gives none.
    pub(crate) fn example_value(mut self, member: &str, value: impl Into<Value>) -> Self {
        if let Some(success) = self.successes.last_mut() {
            success.shown.insert(member.to_owned(), value.into());
        }
        self
    }

    /// Adds a refusal, with its answer as the example. Refusals that every operation of its kind
    /// has (no token, a bad body, an unknown id) are added automatically.
    pub(crate) fn refuses(mut self, answer: impl Into<Answer>) -> Self {
        self.refusals.push(answer.into());
        self
    }

    /// Its refusals are `application/problem+json`.
    pub(crate) fn with_problems(mut self) -> Self {
        self.has_problems = true;
        self
    }

    /// Adds 429 for a client that sends too many requests.
    pub(crate) fn throttled(self) -> Self {
        self.refuses(crate::edge::standard::too_many_requests(60))
    }
}

/// The schema of any text.
pub(crate) fn any_text() -> Schema {
    json_schema!({"type": "string"})
}

/// The body of an answer, if it is JSON.
pub(super) fn json_of(answer: &Answer) -> Option<Value> {
    let is_json = |(name, value): &(http::HeaderName, HeaderValue)| {
        let is_known = value.as_bytes() == JSON.as_bytes() || *value == PROBLEM_JSON;
        *name == http::header::CONTENT_TYPE && is_known
    };
    answer.headers.iter().any(is_json).then(|| serde_json::from_slice(&answer.body).ok()).flatten()
}
