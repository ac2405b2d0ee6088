//! How a request commits: its changes, its events and its idempotency record in one turn.

use super::{App, could_not, presented_cart_key};
use crate::edge::headers::{IDEMPOTENCY_KEY, IDEMPOTENT_REPLAYED};
use crate::edge::{Answer, Call, Claims, Errors, Form, Request, standard};
use bytes::Bytes;
use http::header::{HeaderName, HeaderValue};
use http::{Method, StatusCode};
use souk_actors::Failure;
use souk_actors::idempotency::{self, Fingerprint, RecordKey, StoredAnswer};
use souk_actors::store::Unit;
use souk_actors::users;
use souk_domain::SessionId;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

/// Longest key.
const KEY_CHARACTERS_MAX: usize = 255;

/// The record a request with a key leaves behind, if it changes something.
#[derive(Clone, Copy, Debug)]
struct Ticket {
    key: RecordKey,
    fingerprint: Fingerprint,
    session: Option<SessionId>,
}

/// Keys whose requests are running now.
#[derive(Default)]
pub(super) struct Running(Mutex<HashSet<RecordKey>>);

/// A key that is taken while its request runs.
pub(super) struct HeldKey {
    app: Arc<App>,
    key: RecordKey,
}

impl Drop for HeldKey {
    fn drop(&mut self) {
        let running = &self.app.running.0;
        running.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

impl App {
    /// Takes the idempotency key of a request, if it has one, for as long as it runs.
    ///
    /// # Errors
    /// The stored answer, if the request was answered before; 409 while it runs; 422 for another
    /// request under the same key; 400 for a key that is none.
    pub(super) fn hold_idempotency_key(
        self: &Arc<Self>,
        request: &mut Request,
    ) -> Result<Option<HeldKey>, Answer> {
        if request.method != Method::POST {
            return Ok(None);
        }
        let Some(key) = request.headers.get(IDEMPOTENCY_KEY) else { return Ok(None) };
        let key = key.to_str().unwrap_or_default().trim();
        if key.is_empty() || key.len() > KEY_CHARACTERS_MAX {
            return Err(Errors::of("Idempotency-Key", standard::KEY_UNFIT).into());
        }
        let path = request.path.trim_end_matches('/');
        let fingerprint = Fingerprint::of(request.method.as_str(), path, &request.body);
        let claims = self.token_claims(request);
        if let Some(claims) = claims
            && self.has_ended(claims.id.session)?
        {
            return self.answered_before_the_end(claims, key, fingerprint);
        }
        let session = claims.map(|claims| claims.id.session);
        let key = RecordKey::of(&self.idempotency_scope(request, claims, path), key);
        let is_free = self.running.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key);
        if !is_free {
            return Err(Answer::detail(StatusCode::CONFLICT, standard::KEY_RUNNING));
        }
        let held = HeldKey { app: Arc::clone(self), key };
        let stored = idempotency::find(&*self.shop.store.snapshot(), key)
            .map_err(|error| could_not(&error.into()))?;
        match stored {
            Some(stored) if stored.fingerprint == fingerprint => Err(replayed(stored)),
            Some(_) => Err(Answer::detail(StatusCode::UNPROCESSABLE_ENTITY, standard::KEY_TAKEN)),
            None => {
                request.extensions.insert(Ticket { key, fingerprint, session });
                Ok(Some(held))
            }
        }
    }

    /// Gives whoever logged out, and did not hear so, the answer again. Only what was answered in
    /// the same session: nothing of the user's others, not even whether they used the key.
    fn answered_before_the_end(
        &self,
        claims: Claims,
        key: &str,
        fingerprint: Fingerprint,
    ) -> Result<Option<HeldKey>, Answer> {
        let snapshot = self.shop.store.snapshot();
        let key = RecordKey::of(&scope_of(&claims), key);
        let stored = match users::user(&*snapshot, claims.user) {
            Ok(Some(_)) => idempotency::find(&*snapshot, key),
            // Nothing is told of an account that was closed.
            Ok(None) => Ok(None),
            Err(error) => Err(error),
        };
        let stored = stored.map_err(|error| could_not(&error.into()))?.filter(|stored| {
            stored.fingerprint == fingerprint && stored.session == Some(claims.id.session)
        });
        match stored {
            Some(stored) => Err(replayed(stored)),
            // The token is refused by whoever looks at it next.
            None => Ok(None),
        }
    }

    fn has_ended(&self, session: SessionId) -> Result<bool, Answer> {
        let found = users::session(&*self.shop.store.snapshot(), session);
        Ok(found.map_err(|error| could_not(&error.into()))?.is_none())
    }

    /// Whose key it is: a user's, a service's, a guest's, or nobody's and then the path's.
    fn idempotency_scope(&self, request: &Request, claims: Option<Claims>, path: &str) -> String {
        if let Some(service) = self.service(request) {
            return format!("service {service}");
        }
        if let Some(claims) = claims {
            return scope_of(&claims);
        }
        let mut form = Form::parse(request).unwrap_or_default();
        match presented_cart_key(request, &mut form) {
            Some(key) => format!("guest {}", key.as_str()),
            None => format!("nobody at {path}"),
        }
    }

    /// Runs `work` in a turn; what it answers is said once it is durable. If the request has an
    /// idempotency key and `work` succeeds, the answer is stored in the same commit.
    ///
    /// # Errors
    /// What `work` refuses, and what the store cannot do.
    pub(crate) async fn commit<F, Fut>(&self, call: &Call, work: F) -> Result<Answer, Failure>
    where
        F: Fn(Unit) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Answer, Failure>> + Send + 'static,
    {
        let operation = &call.operation;
        tracing::debug!(operation.contract, operation.heading, "waits for a turn");
        let ticket = call.request.extensions.get::<Ticket>().copied();
        self.shop
            .store
            .transact(move |unit| {
                let working = work(unit.clone());
                async move {
                    let answer = working.await?;
                    if let Some(ticket) = ticket
                        && answer.status.is_success()
                    {
                        idempotency::record(&unit, ticket.key, &stored(ticket, &answer))?;
                    }
                    Ok(answer)
                }
            })
            .await
    }
}

/// A user's keys are the same in all of their sessions.
fn scope_of(claims: &Claims) -> String {
    format!("user {}", claims.user)
}

fn stored(ticket: Ticket, answer: &Answer) -> StoredAnswer {
    let text = |(name, value): &(HeaderName, HeaderValue)| {
        Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
    };
    StoredAnswer {
        fingerprint: ticket.fingerprint,
        session: ticket.session,
        status: answer.status.as_u16(),
        headers: answer.headers.iter().filter_map(text).collect(),
        body: answer.body.to_vec(),
    }
}

fn replayed(stored: StoredAnswer) -> Answer {
    let header = |(name, value): (String, String)| {
        Some((HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?))
    };
    let mut headers: Vec<_> = stored.headers.into_iter().filter_map(header).collect();
    headers.push((IDEMPOTENT_REPLAYED, HeaderValue::from_static("true")));
    let status = StatusCode::from_u16(stored.status).unwrap_or(StatusCode::OK);
    Answer::again(status, headers, Bytes::from(stored.body))
}
