//! Idempotency keys: whose they are, and which stored answer may be given again to whom
//! (`docs/decisions/0003-stored-answers.md`).

use super::caller::OpenSession;
use super::seal::SealKey;
use super::{App, failure_answer};
use crate::edge::headers::{IDEMPOTENCY_KEY, IDEMPOTENT_REPLAYED};
use crate::edge::{Answer, Claims, Errors, Form, Request, limits, standard};
use bytes::Bytes;
use http::header::{HeaderName, HeaderValue};
use http::{Method, StatusCode};
use souk_actors::idempotency::{
    self, Caller, Fingerprint, Grant, RecordKey, StoredAnswer, WholeAnswer,
};
use souk_actors::store::{StoreError, Unit};
use souk_actors::users::{self, SessionToken, User};
use souk_actors::{Failure, clock};
use souk_domain::SessionId;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

/// Longest key.
/// Fields that hold a password. A stored answer opens only for the right one, which makes opening
/// it a comparison that somebody could guess with.
const PASSWORD_FIELDS: [&str; 3] = ["password", "old_password", "new_password"];

/// Who may be given an answer again under its idempotency key. Without any of these it is whoever
/// shows again what the caller showed: a user's token, a service's, the key of a guest's cart.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Repeat {
    /// Anybody who sends the same request: nothing in it is a credential.
    ToAnybody,
    /// Whoever sends the same request while the grant stands.
    While(Grant),
}

impl Repeat {
    /// For the tokens of a log-in: as long as the access token is good, since some contracts give
    /// no other.
    pub(crate) fn log_in(token: SessionToken, user: &User) -> Self {
        let seconds = u32::try_from(limits::ACCESS_TOKEN_SECONDS).unwrap_or(u32::MAX);
        Self::While(Grant::of_log_in(token, user, seconds))
    }
}

impl Answer {
    /// The answer, marked with who may be given it again.
    pub(crate) fn repeated(mut self, repeat: Repeat) -> Self {
        self.extensions.insert(repeat);
        self
    }
}

/// The record a request with a key leaves behind, if it changes something.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ticket {
    key: RecordKey,
    seal: SealKey,
    session: Option<SessionId>,
    /// In whose share of the store the answer is kept.
    caller: Caller,
    /// True if the caller showed nothing of their own: the key is then anybody's.
    is_anybodys: bool,
}

/// Keys whose requests are running now.
#[derive(Default)]
pub(super) struct RunningKeys(Mutex<HashSet<RecordKey>>);

/// A key that is taken while its request runs.
pub(super) struct HeldKey {
    app: Arc<App>,
    key: RecordKey,
}

impl Drop for HeldKey {
    fn drop(&mut self) {
        let running = &self.app.running_keys.0;
        running.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

/// What becomes of a request whose key has a stored answer.
enum Verdict {
    /// It is given that answer.
    Again(Answer),
    /// It is another request, and refused.
    Taken,
    /// The answer is void: the request is looked at as if it were the first.
    Anew,
}

impl App {
    /// Takes the idempotency key of a request, if it has one, for as long as it runs.
    ///
    /// # Errors
    /// The stored answer, if the request was answered before; 409 while it runs; 422 for another
    /// request under the same key; 400 for a malformed key; 429 for who guesses; 503 for a new key
    /// where as many answers are kept as may be.
    pub(super) fn hold_idempotency_key(
        self: &Arc<Self>,
        request: &mut Request,
    ) -> Result<Option<HeldKey>, Answer> {
        if request.method != Method::POST {
            return Ok(None);
        }
        let Some(key) = request.headers.get(IDEMPOTENCY_KEY) else { return Ok(None) };
        let key = key.to_str().unwrap_or_default().trim();
        if key.is_empty() || key.len() > limits::IDEMPOTENCY_KEY_BYTES_MAX {
            return Err(Errors::of("Idempotency-Key", standard::unfit_key()).into());
        }
        let claims = self.token_claims(request);
        let ticket = self.ticket(request, claims, key)?;
        if let Some(claims) = claims {
            if !self.is_open_session(&claims)? {
                return self.answered_before_the_end(request, claims, &ticket);
            }
            request.extensions.insert(OpenSession(claims));
        }
        let is_free =
            self.running_keys.0.lock().unwrap_or_else(PoisonError::into_inner).insert(ticket.key);
        if !is_free {
            return Err(Answer::detail(StatusCode::CONFLICT, standard::KEY_RUNNING));
        }
        let held = HeldKey { app: Arc::clone(self), key: ticket.key };
        match self.judge(request, &ticket)? {
            Verdict::Again(answer) => Err(answer),
            Verdict::Taken => {
                Err(Answer::detail(StatusCode::UNPROCESSABLE_ENTITY, standard::KEY_TAKEN))
            }
            Verdict::Anew => {
                self.admit_stored_answer(ticket.caller)
                    .map_err(|failure| failure_answer(&failure))?;
                request.extensions.insert(ticket);
                Ok(Some(held))
            }
        }
    }

    fn judge(&self, request: &Request, ticket: &Ticket) -> Result<Verdict, Answer> {
        let snapshot = self.shop.store.snapshot();
        let failed = |error: StoreError| failure_answer(&error.into());
        let Some(stored) = idempotency::find(&*snapshot, ticket.key).map_err(failed)? else {
            return Ok(Verdict::Anew);
        };
        if !idempotency::stands(&*snapshot, &stored, clock::now()).map_err(failed)? {
            return Ok(Verdict::Anew);
        }
        drop(snapshot);
        if is_of_version_1_and_void(&stored, ticket) {
            return Ok(Verdict::Anew);
        }
        self.admit_comparison(request, ticket.key).map_err(|failure| failure_answer(&failure))?;
        Ok(opened(&stored, ticket, request).map_or(Verdict::Taken, Verdict::Again))
    }

    /// Counts a look at a stored answer that only the right password opens.
    fn admit_comparison(&self, request: &Request, key: RecordKey) -> Result<(), Failure> {
        let Some(throttle) = &self.throttle else { return Ok(()) };
        let form = Form::parse(request).unwrap_or_default();
        if !PASSWORD_FIELDS.iter().any(|field| form.has(field)) {
            return Ok(());
        }
        throttle.admit(request.client, &format!("stored answer {}", key.name()), None)
    }

    /// Gives whoever logged out, and did not hear so, the answer again. Only what was answered in
    /// the same session and hands out no other: nothing of the user's other sessions, not even
    /// whether they used the key.
    fn answered_before_the_end(
        &self,
        request: &Request,
        claims: Claims,
        ticket: &Ticket,
    ) -> Result<Option<HeldKey>, Answer> {
        let snapshot = self.shop.store.snapshot();
        let stored = match users::user(&*snapshot, claims.user) {
            Ok(Some(_)) => idempotency::find(&*snapshot, ticket.key),
            // Nothing is told of an account that was closed.
            Ok(None) => Ok(None),
            Err(error) => Err(error),
        };
        let stored = stored.map_err(|error| failure_answer(&error.into()))?.filter(|stored| {
            stored.session == Some(claims.id.session)
                && stored.grant.is_none()
                && !is_of_version_1_and_void(stored, ticket)
        });
        match stored.and_then(|stored| opened(&stored, ticket, request)) {
            Some(answer) => Err(answer),
            // The token is refused by whoever looks at it next.
            None => Ok(None),
        }
    }

    /// Whose key it is, and what its answer is sealed with: a user's, a service's, a guest's, or
    /// nobody's and then the path's. A cart key that the shop never gave out shows nothing.
    fn ticket(
        &self,
        request: &Request,
        claims: Option<Claims>,
        key: &str,
    ) -> Result<Ticket, Answer> {
        let path = self.router.path_of(request);
        let (caller, name) = match (self.service(request), claims) {
            (Some(service), _) => (Caller::Known, Some(format!("service {service}"))),
            (None, Some(claims)) => (Caller::Known, Some(format!("user {}", claims.user))),
            // Whose token has expired must not go on as a guest.
            (None, None) if request.bearer().is_some() => (Caller::Anonymous, None),
            (None, None) => {
                let mut form = Form::parse(request).unwrap_or_default();
                let guest = self.known_guest_key(request, &mut form)?;
                (Caller::Anonymous, guest.map(|guest| format!("guest {}", guest.as_str())))
            }
        };
        let is_anybodys = name.is_none();
        let name = name.unwrap_or_else(|| format!("nobody at {path}"));
        let parts: [&[u8]; 6] = [
            name.as_bytes(),
            key.as_bytes(),
            request.method.as_str().as_bytes(),
            path.as_bytes(),
            request.raw_query.as_bytes(),
            &request.body,
        ];
        Ok(Ticket {
            key: RecordKey::of(&name, key),
            seal: self.answers.key_of(&parts),
            session: claims.map(|claims| claims.id.session),
            caller,
            is_anybodys,
        })
    }
}

impl Ticket {
    /// Stores the answer in the turn that made it true, if somebody may be given it again.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(super) fn keep(&self, unit: &Unit, answer: &Answer) -> Result<(), StoreError> {
        let repeat = answer.extensions.get::<Repeat>();
        // Whoever shows nothing must not be given what was another's.
        if !answer.status.is_success() || (self.is_anybodys && repeat.is_none()) {
            return Ok(());
        }
        let text = |(name, value): &(HeaderName, HeaderValue)| {
            Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
        };
        let whole = WholeAnswer {
            status: answer.status.as_u16(),
            headers: answer.headers.iter().filter_map(text).collect(),
            body: answer.body.to_vec(),
        };
        let Some(sealed) = whole.to_bytes().and_then(|bytes| self.seal.seal(&bytes)) else {
            tracing::error!("an answer could not be sealed, so it will not be given again");
            return Ok(());
        };
        let grant = match repeat {
            Some(Repeat::While(grant)) => Some(*grant),
            Some(Repeat::ToAnybody) | None => None,
        };
        idempotency::record(unit, self.key, self.caller, self.session, grant, sealed)
    }
}

/// The stored answer, if it was given to this very request.
fn opened(stored: &StoredAnswer, ticket: &Ticket, request: &Request) -> Option<Answer> {
    if let Some(plain) = &stored.plain {
        let path = request.path.trim_end_matches('/');
        let fingerprint = Fingerprint::of(request.method.as_str(), path, &request.body);
        return (plain.fingerprint == fingerprint)
            .then(|| replay_of(plain.status, plain.headers.clone(), plain.body.clone()));
    }
    let WholeAnswer { status, headers, body } =
        WholeAnswer::from_bytes(&ticket.seal.open(&stored.sealed)?)?;
    Some(replay_of(status, headers, body))
}

/// Records of version 1 do not say whether they hand out a session, so those that hold a token are
/// void, and so are all that anybody could be given.
fn is_of_version_1_and_void(stored: &StoredAnswer, ticket: &Ticket) -> bool {
    /// How every token begins in a JSON text: its header is an object.
    const TOKEN_START: &[u8] = b"\"eyJ";
    stored.plain.as_ref().is_some_and(|plain| {
        let holds_token = plain.body.windows(TOKEN_START.len()).any(|text| text == TOKEN_START);
        ticket.is_anybodys || holds_token
    })
}

fn replay_of(status: u16, headers: Vec<(String, String)>, body: Vec<u8>) -> Answer {
    let header = |(name, value): (String, String)| {
        Some((HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?))
    };
    let mut headers: Vec<_> = headers.into_iter().filter_map(header).collect();
    headers.push((IDEMPOTENT_REPLAYED, HeaderValue::from_static("true")));
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    Answer::from_parts(status, headers, Bytes::from(body))
}
