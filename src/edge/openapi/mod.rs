//! The OpenAPI description of a contract, generated from its table of routes.

mod example;
mod model;
mod operation;

pub(crate) use model::Document;

use crate::edge::description;
use crate::edge::route::Operation;
use http::Method;
use model::{Components, Contact, Info, License, SecurityScheme, Server, Tag};
use operation::{CART_KEY, Described, SERVICE_TOKEN, USER_TOKEN};
use serde::Serialize;
use serde_json::{Map, Value};
use souk_domain::Currency;
use std::collections::HashMap;

/// Metadata of a contract.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Contract {
    /// The name, as in the URL of the description.
    pub(crate) name: &'static str,
    /// The path of the description.
    pub(crate) description_path: &'static str,
    /// A summary of the contract in one sentence.
    pub(crate) summary: &'static str,
    /// How a client starts.
    pub(crate) text: &'static str,
}

/// Describes the `operations` that belong to `contract`. `base_url` is the address of the shop.
pub(crate) fn document<'a>(
    contract: &Contract,
    operations: impl Iterator<Item = &'a Operation>,
    base_url: String,
    currency: Currency,
) -> Document {
    let mut generator = description::generator();
    let mut paths: Map<String, Value> = Map::new();
    let mut tags: Vec<Tag> = Vec::new();
    let mut names = HashMap::new();
    for operation in operations {
        let Some(described) =
            operation.descriptions.iter().find(|described| described.contract == contract.name)
        else {
            continue;
        };
        let description = description::Description::new(generator, currency);
        let mut description = (described.describe)(description);
        let described =
            Described { operation, heading: described.heading, description: &mut description };
        let mut written = described.written();
        let uses: &mut usize = names.entry(written.operation_id.clone()).or_default();
        *uses += 1;
        if *uses > 1 {
            written.operation_id.push_str(&with_capital(operation.method.as_str()));
        }
        if let [tag] = &written.tags[..]
            && tags.iter().all(|known| known.name != *tag)
        {
            tags.push(Tag { name: tag.clone(), description: format!("Operations on {tag}.") });
        }
        let methods = paths.entry(operation.path).or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(methods) = methods {
            methods.insert(key_of(&operation.method), value_of(&written));
        }
        generator = description.generator;
    }
    let mut schemas = generator.take_definitions(true);
    schemas.insert(operation::FIELD_ERRORS.to_owned(), operation::field_errors().into());
    let has_problems = value_of(&paths).to_string().contains("#/components/schemas/Problem\"");
    if has_problems {
        schemas.insert(operation::PROBLEM.to_owned(), operation::problem().into());
    }
    let is_used = |name: &str| value_of(&paths).to_string().contains(&format!("\"{name}\":[]"));
    let mut security_schemes = security_schemes();
    security_schemes.retain(|name, _| is_used(name));
    Document {
        openapi: "3.1.1",
        info: info(contract),
        servers: vec![Server { url: base_url, description: "This shop." }],
        tags,
        paths,
        components: Components { schemas, security_schemes },
    }
}

fn info(contract: &Contract) -> Info {
    Info {
        title: format!("Souk: the {} contract", contract.name),
        summary: contract.summary,
        description: contract.text,
        version: env!("CARGO_PKG_VERSION"),
        contact: Contact { name: "The operator of this shop" },
        license: License { name: "MIT", identifier: "MIT" },
    }
}

fn security_schemes() -> Map<String, Value> {
    let bearer = |description, bearer_format| SecurityScheme {
        r#type: "http",
        description,
        scheme: Some("bearer"),
        bearer_format,
        name: None,
        r#in: None,
    };
    let cart_key = SecurityScheme {
        r#type: "apiKey",
        description: "The key of a guest's cart. The cookie, the query parameter and the body \
                      field `cart_key` work as well.",
        scheme: None,
        bearer_format: None,
        name: Some("X-Cart-Key"),
        r#in: Some("header"),
    };
    let user = bearer("The access token of a log-in, valid for 15 minutes.", Some("JWT"));
    let service = bearer("The token of another system, from the settings.", None);
    let schemes = [(USER_TOKEN, user), (SERVICE_TOKEN, service), (CART_KEY, cart_key)];
    schemes.into_iter().map(|(name, scheme)| (name.to_owned(), value_of(&scheme))).collect()
}

fn key_of(method: &Method) -> String {
    method.as_str().to_ascii_lowercase()
}

/// Turns `PUT` into `Put`.
fn with_capital(word: &str) -> String {
    let (first, rest) = word.split_at(word.len().min(1));
    first.to_ascii_uppercase() + &rest.to_ascii_lowercase()
}

/// Serializes to JSON. The types of this module cannot fail.
fn value_of(part: &impl Serialize) -> Value {
    serde_json::to_value(part).expect("maps with text keys, texts and schemas become JSON")
}
