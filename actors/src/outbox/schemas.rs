//! JSON Schemas (2020-12) for every type of event and notification, generated from the published
//! types. `docs/schemas` holds them as files, and the shop serves them.

use super::owner_mail::{NewOrderContext, OrderDigestContext};
use super::row::{OrderEvent, OrderMail, PaymentEvent, ProductEvent, UserEvent};
use super::wire::{
    CloudEvent, LowStockContext, MailData, OrderContext, OrderData, PaymentData, ProductData,
    ResetContext, UserData, WelcomeContext,
};
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

/// The prefix of a schema's `$id`; the event type follows it.
pub(super) const SCHEMA_PREFIX: &str = "urn:souk:schema:";
/// The name of the envelope's schema.
pub const ENVELOPE: &str = "cloudevent.v1";

/// A schema and its name: the type of the event, or [`ENVELOPE`].
#[derive(Clone, Debug, PartialEq)]
pub struct NamedSchema {
    /// The file name without `.json`.
    pub name: String,
    /// The schema.
    pub schema: Value,
}

/// A kind of entity that events are about.
struct EventKind {
    name: &'static str,
    /// Every event of this kind.
    words: Vec<&'static str>,
    schema: fn(String) -> NamedSchema,
}

/// Every event the shop publishes. The schemas, the event names that webhook endpoints and readers
/// may request, and the tests of the documents all use this list.
fn event_kinds() -> [EventKind; 4] {
    let kind =
        |name, words: &[&'static str], schema| EventKind { name, words: words.into(), schema };
    [
        kind("order", &OrderEvent::ALL.map(OrderEvent::word), named::<OrderData>),
        kind("payment", &PaymentEvent::ALL.map(PaymentEvent::word), named::<PaymentData>),
        kind("product", &ProductEvent::ALL.map(ProductEvent::word), named::<ProductData>),
        kind("user", &UserEvent::ALL.map(UserEvent::word), named::<UserData>),
    ]
}

/// Every type of event by kind: `("order", ["placed", …])`.
#[must_use]
pub fn event_types() -> Vec<(&'static str, Vec<&'static str>)> {
    event_kinds().into_iter().map(|kind| (kind.name, kind.words)).collect()
}

/// The schemas of the envelope and of every type, in a fixed order.
#[must_use]
pub fn schemas() -> Vec<NamedSchema> {
    let mut all = vec![named::<CloudEvent<'_, Value>>(ENVELOPE.to_owned())];
    let events = |kind: &str, words: &[&str], schema: fn(String) -> NamedSchema| {
        let names = words.iter().map(|word| format!("souk.{kind}.{word}.v1"));
        names.map(schema).collect::<Vec<_>>()
    };
    for kind in event_kinds() {
        all.extend(events(kind.name, &kind.words, kind.schema));
    }
    all.extend(events("notify.email", &["welcome"], named::<MailData<WelcomeContext>>));
    all.extend(events("notify.email", &["password_reset"], named::<MailData<ResetContext>>));
    all.extend(events("notify.email", &["low_stock"], named::<MailData<LowStockContext>>));
    all.extend(events("notify.email", &["new_order"], named::<MailData<NewOrderContext>>));
    all.extend(events("notify.email", &["order_digest"], named::<MailData<OrderDigestContext>>));
    let about_orders = OrderMail::ALL.map(OrderMail::template);
    all.extend(events("notify.email", &about_orders, named::<MailData<OrderContext>>));
    all
}

/// The schema with that name.
#[must_use]
pub fn schema(name: &str) -> Option<Value> {
    schemas().into_iter().find(|schema| schema.name == name).map(|schema| schema.schema)
}

fn named<T: JsonSchema>(name: String) -> NamedSchema {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let mut schema = settings.into_generator().into_root_schema_for::<T>();
    schema.insert("$id".to_owned(), json!(format!("{SCHEMA_PREFIX}{name}")));
    schema.insert("title".to_owned(), json!(name));
    NamedSchema { name, schema: schema.to_value() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    /// `SOUK_WRITE_SCHEMAS=1 cargo nextest run -p souk-actors schemas` writes the files.
    #[test]
    fn the_files_are_up_to_date() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/schemas");
        let all = schemas();
        if std::env::var_os("SOUK_WRITE_SCHEMAS").is_some() {
            for NamedSchema { name, schema } in &all {
                let text = serde_json::to_string_pretty(schema).expect("JSON") + "\n";
                fs::write(folder.join(format!("{name}.json")), text).expect("written");
            }
        }
        let mut files = BTreeSet::new();
        for entry in fs::read_dir(&folder).expect("docs/schemas is there") {
            files.insert(entry.expect("read").file_name().into_string().expect("a name"));
        }
        let names: BTreeSet<_> = all.iter().map(|named| format!("{}.json", named.name)).collect();
        assert_eq!(files, names, "a file for each type and no others");
        for NamedSchema { name, schema } in &all {
            let text = fs::read_to_string(folder.join(format!("{name}.json"))).expect("read");
            let file: Value = serde_json::from_str(&text).expect("JSON");
            assert_eq!(&file, schema, "docs/schemas/{name}.json");
        }
    }

    /// The event names in a document's table: the rest of the line that begins with `| ` and `row`.
    fn named_in(document: &str, row: &str) -> Vec<String> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(document);
        let text = fs::read_to_string(&path).expect("a document");
        let start = format!("| `{row}` | ");
        let line = text.lines().find_map(|line| line.strip_prefix(&start));
        let line = line.unwrap_or_else(|| panic!("{document} has no row for {row}"));
        line.trim_end_matches(" |").split(", ").map(str::to_owned).collect()
    }

    #[test]
    fn the_documents_name_every_event_and_no_other() {
        for (kind, words) in event_types() {
            let subject = format!("souk.event.v1.{kind}.<id>.<what>");
            assert_eq!(named_in("subscribers.md", &subject), words, "subscribers.md: {kind}");
            let pattern = format!("{kind}.*");
            assert_eq!(named_in("integrations.md", &pattern), words, "integrations.md: {kind}");
        }
        let asyncapi = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/asyncapi.yaml");
        let asyncapi = fs::read_to_string(asyncapi).expect("a document");
        for (kind, mut words) in event_types() {
            words.sort_unstable();
            let list = format!("enum: [{}]", words.join(", "));
            assert!(asyncapi.contains(&list), "asyncapi.yaml: {kind}: {list}");
        }
    }

    #[test]
    fn every_type_has_one_schema() {
        let names: Vec<_> = schemas().into_iter().map(|schema| schema.name).collect();
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "{names:?}");
        let order = schema("souk.order.placed.v1").expect("there");
        assert_eq!(order["$id"], "urn:souk:schema:souk.order.placed.v1");
        assert!(schema("souk.order.invented.v1").is_none());
    }
}
