//! Idempotency keys: who owns a key, and who may get a stored answer again
//! (`docs/decisions/0003-stored-answers.md`).

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
use souk_domain::{SessionId, UnixMillis};
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

/// Fields that hold a password. A stored answer to a request with a password opens only for the
/// same password, so an attacker could use it to guess.
const PASSWORD_FIELDS: [&str; 3] = ["password", "old_password", "new_password"];

/// Who may get the stored answer again. By default it is a caller with the same credentials: the
/// user's token, the service's token, or the key of the guest's cart.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Repeat {
    /// Anybody who sends the same request, because no part of it is a credential.
    ToAnybody,
    /// Anybody who sends the same request, while the grant is valid.
    While(Grant),
}

impl Repeat {
    /// For the tokens of a log-in: valid as long as the access token, because some contracts issue
    /// no other token.
    pub(crate) fn log_in(token: SessionToken, user: &User) -> Self {
        let seconds = u32::try_from(limits::ACCESS_TOKEN_SECONDS).unwrap_or(u32::MAX);
        Self::While(Grant::of_log_in(token, user, seconds))
    }
}

impl Answer {
    /// Marks the answer with who may get it again.
    pub(crate) fn repeated(mut self, repeat: Repeat) -> Self {
        self.extensions.insert(repeat);
        self
    }
}

/// The record that a request with an idempotency key leaves behind if it changes something.
#[derive(Clone, Copy, Debug)]
pub(super) struct PendingAnswer {
    key: RecordKey,
    seal: SealKey,
    session: Option<SessionId>,
    /// Decides which share of the store the answer counts against.
    caller: Caller,
    /// When the void answer under this key was stored, if there is one.
    void: Option<UnixMillis>,
    /// True if the caller sent no credentials. Anybody can then use the same key.
    is_anonymous: bool,
}

/// Keys of requests that are running now in this process.
#[derive(Default)]
pub(super) struct RunningKeys(Mutex<HashSet<RecordKey>>);

/// Reserves a key while its request runs in this process.
pub(super) struct HeldKey {
    app: Arc<App>,
    pending: PendingAnswer,
}

impl Drop for HeldKey {
    fn drop(&mut self) {
        let running = &self.app.running_keys.0;
        running.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.pending.key);
    }
}

/// How to treat a request whose key has a stored answer.
enum Verdict {
    /// Replay this answer.
    Replay(Answer),
    /// Refuse: the stored answer belongs to another request.
    OtherRequest,
    /// There is no answer, or a void one: process the request as if it were the first.
    Void(Option<StoredAnswer>),
}

impl App {
    /// Reserves the idempotency key of a request, if it has one, until the request is answered.
    ///
    /// # Errors
    /// The stored answer, if the request was answered before; 409 while it runs; 422 for another
    /// request under the same key; 400 for a malformed key; 429 for a client that guesses; 503 for
    /// a new key if the store has no room for another answer.
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
            return Err(Errors::of("Idempotency-Key", standard::malformed_key()).into());
        }
        let claims = self.token_claims(request);
        let pending = self.pending(request, claims, key)?;
        if let Some(claims) = claims
            && !self.has_open_session(request, &claims)?
        {
            return self.replay_of_ended_session(request, claims, &pending);
        }
        let is_free =
            self.running_keys.0.lock().unwrap_or_else(PoisonError::into_inner).insert(pending.key);
        if !is_free {
            return Err(Answer::detail(StatusCode::CONFLICT, standard::KEY_RUNNING));
        }
        let mut held = HeldKey { app: Arc::clone(self), pending };
        match self.judge(request, &pending)? {
            Verdict::Replay(answer) => Err(answer),
            Verdict::OtherRequest => {
                Err(Answer::detail(StatusCode::UNPROCESSABLE_ENTITY, standard::KEY_TAKEN))
            }
            Verdict::Void(stored) => {
                held.pending.void = stored.and_then(|stored| stored.given_at);
                self.admit_stored_answer(pending.caller)
                    .map_err(|failure| failure_answer(&failure))?;
                request.extensions.insert(held.pending);
                Ok(Some(held))
            }
        }
    }

    fn judge(&self, request: &Request, pending: &PendingAnswer) -> Result<Verdict, Answer> {
        let snapshot = self.shop.store.snapshot();
        let failed = |error: StoreError| failure_answer(&error.into());
        let Some(stored) = idempotency::find(&*snapshot, pending.key).map_err(failed)? else {
            return Ok(Verdict::Void(None));
        };
        if !idempotency::may_repeat(&*snapshot, &stored, clock::now()).map_err(failed)? {
            return Ok(Verdict::Void(Some(stored)));
        }
        drop(snapshot);
        if is_of_version_1_and_void(&stored, pending) {
            return Ok(Verdict::Void(Some(stored)));
        }
        self.admit_comparison(request, pending.key).map_err(|failure| failure_answer(&failure))?;
        Ok(opened(&stored, pending, request).map_or(Verdict::OtherRequest, Verdict::Replay))
    }

    /// Counts an attempt to open a stored answer that needs the right password.
    fn admit_comparison(&self, request: &Request, key: RecordKey) -> Result<(), Failure> {
        let Some(throttle) = &self.throttle else { return Ok(()) };
        let form = Form::parse(request).unwrap_or_default();
        if !PASSWORD_FIELDS.iter().any(|field| form.has(field)) {
            return Ok(());
        }
        throttle.admit(request.client, &format!("stored answer {}", key.name()), None)
    }

    /// Replays the stored answer to a caller whose session has ended, for example one who logged
    /// out and lost the answer. Only answers of the same session that contain no tokens are
    /// replayed. The caller learns nothing about the user's other sessions, not even whether they
    /// used the key.
    fn replay_of_ended_session(
        &self,
        request: &Request,
        claims: Claims,
        pending: &PendingAnswer,
    ) -> Result<Option<HeldKey>, Answer> {
        let snapshot = self.shop.store.snapshot();
        let stored = match users::user(&*snapshot, claims.user) {
            Ok(Some(_)) => idempotency::find(&*snapshot, pending.key),
            // The account is closed: reveal nothing about it.
            Ok(None) => Ok(None),
            Err(error) => Err(error),
        };
        let stored = stored.map_err(|error| failure_answer(&error.into()))?.filter(|stored| {
            stored.session == Some(claims.id.session)
                && stored.grant.is_none()
                && !is_of_version_1_and_void(stored, pending)
        });
        match stored.and_then(|stored| opened(&stored, pending, request)) {
            Some(answer) => Err(answer),
            // The handler will refuse the token.
            None => Ok(None),
        }
    }

    /// Determines the owner of the key and how the answer is sealed. The owner is a user, a service
    /// or a guest. Without credentials the key belongs to the path. A cart key that the shop did
    /// not issue counts as no credentials.
    fn pending(
        &self,
        request: &Request,
        claims: Option<Claims>,
        key: &str,
    ) -> Result<PendingAnswer, Answer> {
        let path = self.router.path_of(request);
        let (caller, name) = match (self.service(request), claims) {
            (Some(service), _) => (Caller::Known, Some(format!("service {service}"))),
            (None, Some(claims)) => (Caller::Known, Some(format!("user {}", claims.user))),
            // A caller with an expired token must not be treated as a guest.
            (None, None) if request.bearer().is_some() => (Caller::Anonymous, None),
            (None, None) => {
                let mut form = Form::parse(request).unwrap_or_default();
                let guest = self.known_guest_key(request, &mut form)?;
                (Caller::Anonymous, guest.map(|guest| format!("guest {}", guest.as_str())))
            }
        };
        let is_anonymous = name.is_none();
        let name = name.unwrap_or_else(|| format!("nobody at {path}"));
        let parts: [&[u8]; 6] = [
            name.as_bytes(),
            key.as_bytes(),
            request.method.as_str().as_bytes(),
            path.as_bytes(),
            request.raw_query.as_bytes(),
            &request.body,
        ];
        Ok(PendingAnswer {
            key: RecordKey::of(&name, key),
            seal: self.answers.key_of(&parts),
            session: claims.map(|claims| claims.id.session),
            caller,
            void: None,
            is_anonymous,
        })
    }
}

impl HeldKey {
    /// The answer to a request that failed. If another process has answered a request with the same
    /// key meanwhile, this one failed because of that, and gets the same answer.
    pub(super) fn judge_failed(&self, answer: Answer) -> Answer {
        if answer.status.is_success() || !self.app.shop.leases.are_shared() {
            return answer;
        }
        let snapshot = self.app.shop.store.snapshot();
        let pending = &self.pending;
        let stored = idempotency::find(&*snapshot, pending.key);
        let Ok(Some(stored)) = stored else { return answer };
        let may_repeat = idempotency::may_repeat(&*snapshot, &stored, clock::now());
        let is_ours = stored.session == pending.session && pending.is_answered_by(&stored);
        if !is_ours || !may_repeat.unwrap_or(false) {
            return answer;
        }
        opened_sealed(&stored, pending).unwrap_or_else(|| {
            Answer::detail(StatusCode::UNPROCESSABLE_ENTITY, standard::KEY_TAKEN)
        })
    }
}

impl PendingAnswer {
    fn is_answered_by(&self, stored: &StoredAnswer) -> bool {
        stored.given_at.is_some() && stored.given_at != self.void
    }

    /// Fails the turn of a request whose key has an answer by now: another process got a request with
    /// the same key at the same time. On a store that is not shared, [`RunningKeys`] excludes that.
    ///
    /// # Errors
    /// [`Failure::Busy`]; [`HeldKey::judge_failed`] then finds the answer.
    pub(super) fn require_unanswered(&self, unit: &Unit) -> Result<(), Failure> {
        match idempotency::find(unit, self.key)? {
            Some(stored) if self.is_answered_by(&stored) => Err(Failure::Busy),
            _ => Ok(()),
        }
    }

    /// Stores the answer in the turn that commits the request's changes, if the answer may be
    /// replayed.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(super) fn keep(&self, unit: &Unit, answer: &Answer) -> Result<(), StoreError> {
        let repeat = answer.extensions.get::<Repeat>();
        // Without credentials, only answers that are marked as repeatable may be stored.
        if !answer.status.is_success() || (self.is_anonymous && repeat.is_none()) {
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
            tracing::error!("an answer could not be sealed, so it will not be replayed");
            return Ok(());
        };
        let grant = match repeat {
            Some(Repeat::While(grant)) => Some(*grant),
            Some(Repeat::ToAnybody) | None => None,
        };
        idempotency::record(unit, self.key, self.caller, self.session, grant, sealed)
    }
}

/// The stored answer, if it belongs to exactly this request.
fn opened(stored: &StoredAnswer, pending: &PendingAnswer, request: &Request) -> Option<Answer> {
    if let Some(plain) = &stored.plain {
        let path = request.path.trim_end_matches('/');
        let fingerprint = Fingerprint::of(request.method.as_str(), path, &request.body);
        return (plain.fingerprint == fingerprint)
            .then(|| replay_of(plain.status, plain.headers.clone(), plain.body.clone()));
    }
    opened_sealed(stored, pending)
}

fn opened_sealed(stored: &StoredAnswer, pending: &PendingAnswer) -> Option<Answer> {
    let WholeAnswer { status, headers, body } =
        WholeAnswer::from_bytes(&pending.seal.open(&stored.sealed)?)?;
    Some(replay_of(status, headers, body))
}

/// Records of version 1 do not say whether they contain a session's tokens. Those that contain a
/// token are void, and so are those of callers without credentials.
fn is_of_version_1_and_void(stored: &StoredAnswer, pending: &PendingAnswer) -> bool {
    /// The start of every token in a JSON text: the token's header is an object.
    const TOKEN_START: &[u8] = b"\"eyJ";
    stored.plain.as_ref().is_some_and(|plain| {
        let holds_token = plain.body.windows(TOKEN_START.len()).any(|text| text == TOKEN_START);
        pending.is_anonymous || holds_token
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
