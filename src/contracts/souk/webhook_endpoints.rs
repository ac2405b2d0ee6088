//! Administrators manage the endpoints of other systems that receive events. No contract has these
//! operations.

use crate::adapters::http::{AddressPolicy, addresses};
use crate::app::{App, Problem, Wording};
use crate::edge::form::{Rule, boolean, form, list, text, web_address};
use crate::edge::values::{DeliveryStatus, Moment, WebAddress};
use crate::edge::{Answer, Call, Errors, Form, PageQuery, standard};
use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;
use souk_actors::webhooks::{
    self, CreateEndpoint, DeleteEndpoint, Delivery, DeliveryState, Endpoint, EndpointChange,
    Redeliver, UpdateEndpoint,
};
use souk_domain::Refusal;
use std::sync::Arc;
use url::Url;

const DESCRIPTION_CHARACTERS_MAX: usize = 1_000;
const PATTERNS_MAX: usize = 50;
const PATTERN_CHARACTERS_MAX: usize = 100;

/// The owner refuses none of these commands.
pub(super) struct NoRefusals;

impl Wording for NoRefusals {
    fn answer_for(refusal: Refusal) -> Answer {
        tracing::error!(%refusal, "unexpected refusal");
        standard::internal_error()
    }
}

type Refused = Problem<NoRefusals>;

/// An endpoint of another system.
#[derive(JsonSchema, Serialize)]
pub(super) struct EndpointBody<'a> {
    #[schemars(range(min = 1))]
    id: u64,
    #[schemars(with = "WebAddress")]
    url: &'a str,
    /// Patterns of the events that are posted to it.
    events: &'a [String],
    description: &'a str,
    /// Events are posted only to an active endpoint.
    active: bool,
    /// Since when deliveries have failed; null while they succeed.
    #[schemars(with = "Option<Moment>")]
    failing_since: Option<String>,
    #[schemars(with = "Moment")]
    created_at: String,
    #[schemars(with = "Moment")]
    updated_at: String,
    /// The secret. Shown once, in the answer to the request that made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<&'a str>,
}

impl<'a> EndpointBody<'a> {
    fn new(id: u64, endpoint: &'a Endpoint) -> Self {
        Self {
            id,
            url: &endpoint.url,
            events: &endpoint.events,
            description: &endpoint.description,
            active: endpoint.is_active,
            failing_since: endpoint.failing_since.map(|time| time.to_string()),
            created_at: endpoint.created_at.to_string(),
            updated_at: endpoint.updated_at.to_string(),
            secret: None,
        }
    }
}

/// The state of the delivery of one event to an endpoint.
#[derive(JsonSchema, Serialize)]
pub(super) struct DeliveryBody<'a> {
    #[schemars(range(min = 1))]
    id: u64,
    event_id: &'a str,
    event: &'a str,
    #[schemars(with = "DeliveryStatus")]
    status: &'static str,
    tries: u32,
    /// The status of the last answer; null if there was none.
    answer: Option<u16>,
    /// Why the last attempt failed.
    reason: &'a str,
    #[schemars(with = "Moment")]
    first_try_at: String,
    #[schemars(with = "Moment")]
    last_try_at: String,
    #[schemars(with = "Option<Moment>")]
    next_try_at: Option<String>,
}

impl<'a> DeliveryBody<'a> {
    fn new(id: u64, delivery: &'a Delivery) -> Self {
        let (status, next) = match delivery.state {
            DeliveryState::Waiting(at) => ("pending", Some(at)),
            DeliveryState::Taken => ("success", None),
            DeliveryState::GivenUp => ("failed", None),
        };
        Self {
            id,
            event_id: &delivery.event_id,
            event: &delivery.event,
            status,
            tries: delivery.tries,
            answer: delivery.answer,
            reason: &delivery.reason,
            first_try_at: delivery.since.to_string(),
            last_try_at: delivery.tried_at.to_string(),
            next_try_at: next.map(|time| time.to_string()),
        }
    }
}

/// Reads patterns and checks that each matches an event type of the shop. Patterns that the
/// endpoint already has are not checked again.
fn patterns(present: &[String]) -> impl Rule<Value = Vec<String>> {
    let pattern = text(PATTERN_CHARACTERS_MAX).then(|pattern| {
        if !present.contains(&pattern) {
            webhooks::check_pattern(&pattern).map_err(|error| error.to_string())?;
        }
        Ok::<_, String>(pattern)
    });
    list(PATTERNS_MAX, pattern)
}

/// Checks that the shop may post there: by HTTPS to a public address, unless the operator allows
/// more.
async fn judged(app: &App, url: &str) -> Result<(), Errors> {
    let wrong = |sentence: String| Errors::of("url", sentence);
    let parsed = Url::parse(url).map_err(|error| wrong(error.to_string()))?;
    if parsed.scheme() != "https" && app.webhook_reach == AddressPolicy::Public {
        let rule =
            "The URL must be https; the setting SOUK_WEBHOOK_PRIVATE_ADDRESSES=true allows http.";
        return Err(wrong(rule.to_owned()));
    }
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return Err(wrong("The URL must not hold a user or a password.".to_owned()));
    }
    let found = addresses(&parsed, app.webhook_reach).await;
    found.map(|_| ()).map_err(|error| wrong(format!("It cannot be posted to: {error}.")))
}

/// The answer if there is no room for another endpoint.
pub(super) fn too_many() -> Answer {
    let most = webhooks::ENDPOINTS_MAX;
    let sentence = format!("There are {most} webhook endpoints already.");
    Answer::detail(StatusCode::CONFLICT, &sentence)
}

/// The answer if the event to send again is no longer stored.
pub(super) fn not_kept() -> Answer {
    Answer::detail(StatusCode::GONE, "The event is not kept any more.")
}

fn id_in(call: &Call, name: &str) -> Result<u64, Answer> {
    let parse = |text: &str| text.parse().ok().filter(|id: &u64| *id >= 1);
    call.params.get(name).and_then(parse).ok_or_else(standard::not_found)
}

pub(super) async fn list_endpoints(app: Arc<App>, call: Call) -> Result<Answer, Refused> {
    app.administrator(&call)?;
    let endpoints = webhooks::endpoints(&*app.shop.store.snapshot())?;
    let bodies: Vec<_> =
        endpoints.iter().map(|(id, endpoint)| EndpointBody::new(*id, endpoint)).collect();
    Ok(Answer::ok(&bodies))
}

form! {
    /// The fields of a new endpoint.
    pub(super) struct NewEndpoint {
        url: String = required(web_address()),
        events: Vec<String> = required(patterns(&[])),
        description: String =
            defaulting(text(DESCRIPTION_CHARACTERS_MAX).or_blank(), String::new()),
        is_active: bool = defaulting("active", boolean(), true),
    }
}

pub(super) async fn create(app: Arc<App>, call: Call) -> Result<Answer, Refused> {
    app.administrator(&call)?;
    let mut form = Form::parse(&call.request)?;
    let fields = NewEndpoint::read(&mut form);
    let NewEndpoint { url, events, description, is_active } = form.finish(fields)?;
    judged(&app, &url).await?;
    let create = CreateEndpoint { url, events, description, is_active };
    let created = app.commit(&call, move |turn| async move {
        let Some((id, endpoint)) = turn.ask(create).await? else {
            return Ok(too_many());
        };
        let secret = Some(endpoint.secret.as_str());
        Ok(Answer::created(&EndpointBody { secret, ..EndpointBody::new(id, &endpoint) }))
    });
    Ok(created.await?)
}

pub(super) async fn detail(app: Arc<App>, call: Call) -> Result<Answer, Refused> {
    app.administrator(&call)?;
    let id = id_in(&call, "id")?;
    let endpoint = webhooks::endpoint(&*app.shop.store.snapshot(), id)?;
    let endpoint = endpoint.ok_or_else(standard::not_found)?;
    Ok(Answer::ok(&EndpointBody::new(id, &endpoint)))
}

form! {
    /// The fields of a change of an endpoint that has these patterns now.
    pub(super) struct ChangedEndpoint(events: &[String]) {
        url: Option<String> = optional(web_address()),
        events: Option<Vec<String>> = optional(patterns(events)),
        description: Option<String> = optional(text(DESCRIPTION_CHARACTERS_MAX).or_blank()),
        is_active: Option<bool> = optional("active", boolean()),
    }
}

pub(super) async fn update(app: Arc<App>, call: Call) -> Result<Answer, Refused> {
    app.administrator(&call)?;
    let id = id_in(&call, "id")?;
    let present = webhooks::endpoint(&*app.shop.store.snapshot(), id)?;
    let present = present.ok_or_else(standard::not_found)?;
    let mut form = Form::parse(&call.request)?;
    let fields = ChangedEndpoint::read(&mut form, &present.events);
    let ChangedEndpoint { url, events, description, is_active } = form.finish(fields)?;
    if let Some(url) = url.as_ref().filter(|url| **url != present.url) {
        judged(&app, url).await?;
    }
    let change = EndpointChange { url, events, description, is_active };
    let updated = app.commit(&call, move |turn| async move {
        let updated = turn.ask(UpdateEndpoint { id, change }).await?;
        Ok(updated.map_or_else(standard::not_found, |endpoint| {
            Answer::ok(&EndpointBody::new(id, &endpoint))
        }))
    });
    Ok(updated.await?)
}

pub(super) async fn delete(app: Arc<App>, call: Call) -> Result<Answer, Refused> {
    app.administrator(&call)?;
    let id = id_in(&call, "id")?;
    let deleted = app.commit(&call, move |turn| async move {
        let was_there = turn.ask(DeleteEndpoint { id }).await?;
        Ok(if was_there { Answer::no_content() } else { standard::not_found() })
    });
    Ok(deleted.await?)
}

pub(super) async fn deliveries(app: Arc<App>, call: Call) -> Result<Answer, Refused> {
    app.administrator(&call)?;
    let id = id_in(&call, "id")?;
    let page_query = PageQuery::of(&call.request)?;
    let snapshot = app.shop.store.snapshot();
    webhooks::endpoint(&*snapshot, id)?.ok_or_else(standard::not_found)?;
    let (page, rows) = page_query.fetch(|offset, limit| -> Result<_, Refused> {
        Ok(webhooks::deliveries(&snapshot, id, offset, limit)?)
    })?;
    let bodies: Vec<_> =
        rows.iter().map(|(sequence, delivery)| DeliveryBody::new(*sequence, delivery)).collect();
    let base_url = call.request.base_url(app.public_url.as_deref());
    Ok(page.envelope(&call.request, &base_url, &bodies))
}

pub(super) async fn redeliver(app: Arc<App>, call: Call) -> Result<Answer, Refused> {
    app.administrator(&call)?;
    let (id, sequence) = (id_in(&call, "id")?, id_in(&call, "delivery")?);
    let known = webhooks::delivery(&*app.shop.store.snapshot(), id, sequence)?;
    known.ok_or_else(standard::not_found)?;
    let committed = app.commit(&call, move |turn| async move {
        let redelivery = turn.ask(Redeliver { id, sequence }).await?;
        Ok(match redelivery {
            Some(delivery) => {
                Answer::json(StatusCode::ACCEPTED, &DeliveryBody::new(sequence, &delivery))
            }
            None => not_kept(),
        })
    });
    Ok(committed.await?)
}
