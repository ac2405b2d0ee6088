//! The caller's address book.

use super::refusals::{Refused, private_answer, unreadable, written};
use crate::app::App;
use crate::edge::form::{Rule, Text, boolean, form, name, text};
use crate::edge::values::Moment;
use crate::edge::{Answer, Call, Form, Query, Wanted, standard, versions};
use http::StatusCode;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use souk_actors::users::{
    self, ADDRESSES_MAX, AddAddress, Address, AddressChange, ChangeAddress, RemoveAddress,
};
use souk_domain::{AddressId, COUNTRY_CODES, Country, UnixMillis};
use std::sync::Arc;

const LINE_CHARACTERS_MAX: usize = 200;
const CODE_CHARACTERS_MAX: usize = 40;
const COUNTRY_CHARACTERS: usize = 2;

/// An address. Unknown members are empty.
#[derive(JsonSchema, Serialize)]
pub(super) struct AddressBookBody {
    #[schemars(range(min = 1))]
    id: u64,
    /// Increases with every change.
    #[schemars(range(min = 1))]
    version: u64,
    #[schemars(example = &"Jane Smith")]
    name: String,
    #[schemars(example = &"")]
    company: String,
    #[schemars(example = &"1 Market Square")]
    line1: String,
    #[schemars(example = &"")]
    line2: String,
    #[schemars(example = &"Berlin")]
    city: String,
    #[schemars(example = &"")]
    region: String,
    #[schemars(example = &"10115")]
    postcode: String,
    /// ISO 3166-1 alpha-2.
    #[schemars(schema_with = "any_country")]
    country: &'static str,
    #[schemars(example = &"+49 30 1234")]
    phone: String,
    /// At most one address is.
    is_default: bool,
    #[schemars(with = "Moment")]
    created_at: String,
    #[schemars(with = "Moment")]
    updated_at: String,
}

impl AddressBookBody {
    pub(super) fn new(id: AddressId, address: Address) -> Self {
        Self {
            id: id.get(),
            version: address.version,
            name: address.name,
            company: address.company,
            line1: address.line1,
            line2: address.line2,
            city: address.city,
            region: address.region,
            postcode: address.postcode,
            country: address.country.code(),
            phone: address.phone,
            is_default: address.is_default,
            created_at: address.created_at.to_string(),
            updated_at: address.updated_at.to_string(),
        }
    }
}

fn any_country(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "pattern": "^[A-Z]{2}$", "examples": ["DE"]})
}

fn country() -> impl Rule<Value = Country> {
    let known = text(COUNTRY_CHARACTERS).then(|code| {
        Country::parse(&code).ok_or("Send a code of ISO 3166-1 alpha-2, for example DE.")
    });
    known
        .shown(|_| json_schema!({"type": "string", "enum": &COUNTRY_CODES[..], "examples": ["DE"]}))
}

fn line() -> Text {
    name(LINE_CHARACTERS_MAX)
}

fn code() -> Text {
    name(CODE_CHARACTERS_MAX).or_blank()
}

form! {
    /// A new address.
    pub(super) struct NewAddress {
        name: String = required(line().example("Jane Smith")),
        company: String = defaulting(line().or_blank(), String::new()),
        line1: String = required(line().example("1 Market Square")),
        line2: String = defaulting(line().or_blank(), String::new()),
        city: String = required(line().example("Berlin")),
        region: String = defaulting(line().or_blank(), String::new()),
        postcode: String = defaulting(code().example("10115"), String::new()),
        country: Country = required(country()),
        phone: String = defaulting(code().example("+49 30 1234"), String::new()),
        is_default: bool = defaulting(boolean(), false),
    }
}

form! {
    /// A change of an address, as a merge patch: `null` clears an optional member.
    pub(super) struct ChangedAddress {
        name: Option<String> = optional(line().example("Jane Smith")),
        company: Option<Option<String>> = clearable(line().or_blank()),
        line1: Option<String> = optional(line().example("1 Market Square")),
        line2: Option<Option<String>> = clearable(line().or_blank()),
        city: Option<String> = optional(line().example("Berlin")),
        region: Option<Option<String>> = clearable(line().or_blank()),
        postcode: Option<Option<String>> = clearable(code().example("10115")),
        country: Option<Country> = optional(country()),
        phone: Option<Option<String>> = clearable(code().example("+49 30 1234")),
        is_default: Option<bool> = optional(boolean()),
    }
}

/// The parameters of the list.
pub(super) fn read_page(query: &mut Query<'_>) -> Wanted<u64> {
    query.page()
}

/// The refusal of one more address than a book has room for.
pub(super) fn book_is_full() -> Answer {
    let sentence = format!("The address book is full: it has {ADDRESSES_MAX} addresses.");
    Answer::detail(StatusCode::CONFLICT, &sentence)
}

pub(super) async fn list(app: Arc<App>, call: Call) -> Answer {
    private_answer(listed(&app, &call))
}

fn listed(app: &App, call: &Call) -> Result<Answer, Answer> {
    let user = app.visitor(call)?.id();
    let mut query = Query::of(&call.request, &app.cursors);
    let Wanted { limit, after } = read_page(&mut query);
    query.finish()?;
    let mut book = users::addresses(&*app.shop.store.snapshot(), user).map_err(unreadable)?;
    book.retain(|(id, _)| after.is_none_or(|after| id.get() > after));
    let goes_on = book.len() > limit;
    book.truncate(limit);
    let last = book.last().filter(|_| goes_on).map(|(id, _)| id.get());
    let bodies = book.into_iter().map(|(id, one)| written(&AddressBookBody::new(id, one)));
    let bodies = bodies.collect::<Result<Vec<_>, _>>()?;
    Ok(app.cursors.page(&call.request, &bodies, last.as_ref()))
}

pub(super) async fn show(app: Arc<App>, call: Call) -> Answer {
    private_answer(found(&app, &call))
}

fn found(app: &App, call: &Call) -> Result<Answer, Answer> {
    let user = app.visitor(call)?.id();
    Query::of(&call.request, &app.cursors).finish()?;
    let id = call.id("id", AddressId::parse)?;
    let address = users::address(&*app.shop.store.snapshot(), user, id).map_err(unreadable)?;
    let address = address.ok_or_else(standard::not_found)?;
    let version = address.version;
    Ok(versions::versioned(&call.request, version, &AddressBookBody::new(id, address)))
}

pub(super) async fn create(app: Arc<App>, call: Call) -> Answer {
    private_answer(created(&app, &call).await.map_err(Answer::from))
}

async fn created(app: &App, call: &Call) -> Result<Answer, Refused> {
    let user = app.visitor(call)?.id();
    Query::of(&call.request, &app.cursors).finish().map_err(Answer::from)?;
    let mut form = Form::parse(&call.request)?;
    let fields = NewAddress::read(&mut form);
    let new = form.finish(fields)?;
    let address = Address {
        name: new.name,
        company: new.company,
        line1: new.line1,
        line2: new.line2,
        city: new.city,
        region: new.region,
        postcode: new.postcode,
        country: new.country,
        phone: new.phone,
        is_default: new.is_default,
        created_at: UnixMillis::default(),
        updated_at: UnixMillis::default(),
        version: 1,
    };
    let committed = app.commit(call, move |turn| async move {
        let Some((id, address)) = turn.ask(AddAddress { user, address }).await? else {
            return Ok(book_is_full());
        };
        let version = address.version;
        let body = AddressBookBody::new(id, address);
        Ok(versions::changed(StatusCode::CREATED, version, &body))
    });
    Ok(committed.await?)
}

pub(super) async fn update(app: Arc<App>, call: Call) -> Answer {
    private_answer(updated(&app, &call).await.map_err(Answer::from))
}

async fn updated(app: &App, call: &Call) -> Result<Answer, Refused> {
    let user = app.visitor(call)?.id();
    Query::of(&call.request, &app.cursors).finish().map_err(Answer::from)?;
    let id = call.id("id", AddressId::parse)?;
    let present = users::address(&*app.shop.store.snapshot(), user, id)?;
    let present = present.ok_or_else(standard::not_found)?;
    let mut form = Form::parse_patch(&call.request)?;
    let fields = ChangedAddress::read(&mut form);
    let new = form.finish(fields)?;
    let expected = versions::require_match(&call.request, present.version)?;
    let or_empty = |text: Option<Option<String>>| text.map(Option::unwrap_or_default);
    let change = AddressChange {
        name: new.name,
        company: or_empty(new.company),
        line1: new.line1,
        line2: or_empty(new.line2),
        city: new.city,
        region: or_empty(new.region),
        postcode: or_empty(new.postcode),
        country: new.country,
        phone: or_empty(new.phone),
        is_default: new.is_default,
    };
    let committed = app.commit(call, move |turn| async move {
        let Some(current) = users::address(turn.unit(), user, id)? else {
            return Ok(standard::not_found());
        };
        if expected.is_some_and(|expected| expected != current.version) {
            return Ok(versions::stale());
        }
        let Some(address) = turn.ask(ChangeAddress { user, id, change }).await? else {
            return Ok(standard::not_found());
        };
        let version = address.version;
        let body = AddressBookBody::new(id, address);
        Ok(versions::changed(StatusCode::OK, version, &body))
    });
    Ok(committed.await?)
}

pub(super) async fn delete(app: Arc<App>, call: Call) -> Answer {
    private_answer(deleted(&app, &call).await.map_err(Answer::from))
}

async fn deleted(app: &App, call: &Call) -> Result<Answer, Refused> {
    let user = app.visitor(call)?.id();
    Query::of(&call.request, &app.cursors).finish().map_err(Answer::from)?;
    let id = call.id("id", AddressId::parse)?;
    let committed = app.commit(call, move |turn| async move {
        let was_there = turn.ask(RemoveAddress { user, id }).await?;
        Ok(if was_there { Answer::no_content() } else { standard::not_found() })
    });
    Ok(committed.await?)
}
