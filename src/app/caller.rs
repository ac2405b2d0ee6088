//! Authentication: reads a caller's token, and finds its session and user.

use super::guests::has_cart_key_header;
use super::{App, ServiceName, failure_answer};
use crate::edge::{
    Answer, BadToken, Call, Claims, Request, TokenId, TokenKind, bearer_of, standard,
};
use http::HeaderMap;
use souk_actors::hashing::PasswordHash;
use souk_actors::store::StoreError;
use souk_actors::users::{self, SessionToken, User};
use souk_actors::{Failure, clock};
use souk_domain::{Caller, Password, Refusal, SessionId, UserId};

/// A caller with a valid token and an open session.
#[derive(Clone, Debug)]
pub(crate) struct Visitor {
    /// The caller's id and role.
    pub(crate) caller: Caller,
    /// The caller's row in the store.
    pub(crate) user: User,
    /// The session that the token belongs to.
    pub(crate) session: SessionId,
}

impl Visitor {
    /// The user's id.
    pub(crate) fn id(&self) -> UserId {
        self.caller.user
    }
}

/// The caller, according to the token.
#[derive(Clone, Debug)]
pub(crate) enum Principal {
    /// No token was sent.
    Anonymous,
    /// A logged-in user.
    User(Box<Visitor>),
    /// Another system, by its name in the settings (`SOUK_SERVICE_TOKENS`).
    Service(ServiceName),
}

/// The two tokens of a session.
#[derive(Clone, Debug)]
pub(crate) struct IssuedTokens {
    /// Authenticates requests.
    pub(crate) access: String,
    /// Is exchanged for new tokens.
    pub(crate) refresh: String,
}

impl App {
    /// The caller of a request that needs a logged-in user.
    ///
    /// # Errors
    /// 401 without a token, and for an invalid or expired one.
    pub(crate) fn visitor(&self, call: &Call) -> Result<Visitor, Answer> {
        let claims = self.session_claims(&call.request)?;
        let user = users::user(&*self.shop.store.snapshot(), claims.user)
            .map_err(|error| failure_answer(&error.into()))?
            .ok_or_else(standard::token_not_valid)?;
        Ok(Visitor {
            caller: Caller { user: claims.user, role: user.role },
            user,
            session: claims.id.session,
        })
    }

    /// The caller of a request that needs an administrator.
    ///
    /// # Errors
    /// 401 as in [`App::visitor`]; 403 for everybody else.
    pub(crate) fn administrator(&self, call: &Call) -> Result<Visitor, Answer> {
        let visitor = self.visitor(call)?;
        if visitor.caller.is_administrator() { Ok(visitor) } else { Err(standard::forbidden()) }
    }

    /// The caller of a request that other systems, and callers without a token, may send too.
    ///
    /// # Errors
    /// 401 for an invalid or expired token.
    pub(crate) fn principal(&self, call: &Call) -> Result<Principal, Answer> {
        if call.request.bearer().is_none() {
            return Ok(Principal::Anonymous);
        }
        match self.service(&call.request) {
            Some(name) => Ok(Principal::Service(name)),
            None => Ok(Principal::User(Box::new(self.visitor(call)?))),
        }
    }

    /// The kind of caller, for the log. Does not check whether the session is open.
    pub(crate) fn kind_of_caller(&self, headers: &HeaderMap) -> &'static str {
        match bearer_of(headers) {
            Some(token) if self.services.name_of(token).is_some() => "service",
            Some(token) => {
                let now = clock::now().seconds();
                let is_good = self.tokens.verify(token, TokenKind::Access, now).is_ok();
                if is_good { "user" } else { "unknown token" }
            }
            None if has_cart_key_header(headers) => "guest",
            None => "nobody",
        }
    }

    /// The service whose token the request has, if it has one.
    pub(super) fn service(&self, request: &Request) -> Option<ServiceName> {
        self.services.name_of(request.bearer()?)
    }

    /// The claims of the request's token, for handlers that need no more than a valid token.
    ///
    /// # Errors
    /// 401 without a token, and for an invalid or expired one.
    pub(crate) fn session_claims(&self, request: &Request) -> Result<Claims, Answer> {
        let token = request.bearer().filter(|token| !token.is_empty());
        let token = token.ok_or_else(standard::not_authenticated)?;
        let claims = self.verified(request, token).map_err(|_| standard::token_not_valid())?;
        match self.has_open_session(request, &claims)? {
            true => Ok(claims),
            false => Err(standard::token_not_valid()),
        }
    }

    /// The claims of the request's token. It is verified once per request.
    fn verified(&self, request: &Request, token: &str) -> Result<Claims, BadToken> {
        let now = || clock::now().seconds();
        *request.token.get_or_init(|| self.tokens.verify(token, TokenKind::Access, now()))
    }

    /// Whether the session of the request's token is open. It is looked up once per request.
    ///
    /// # Errors
    /// A failure of the store, as an answer.
    pub(super) fn has_open_session(
        &self,
        request: &Request,
        claims: &Claims,
    ) -> Result<bool, Answer> {
        if let Some(is_open) = request.has_open_session.get() {
            return Ok(*is_open);
        }
        let is_open = self.is_open_session(claims)?;
        Ok(*request.has_open_session.get_or_init(|| is_open))
    }

    /// Whether the session of a token is open.
    ///
    /// # Errors
    /// A failure of the store, as an answer.
    pub(super) fn is_open_session(&self, claims: &Claims) -> Result<bool, Answer> {
        let session = users::session(&*self.shop.store.snapshot(), claims.id.session);
        let session = session.map_err(|error| failure_answer(&error.into()))?;
        Ok(session.is_some_and(|session| session.user == claims.user))
    }

    /// The claims of the request's token, even if its session has ended. Use them only to recognise
    /// a caller who returns, never to grant access.
    pub(super) fn token_claims(&self, request: &Request) -> Option<Claims> {
        self.verified(request, request.bearer()?).ok()
    }

    /// Checks that `password` is the password of `known`, the user who logs in as `account`. An
    /// unknown account takes as long as a wrong password and gets the same answer.
    ///
    /// # Errors
    /// [`Refusal::InvalidCredentials`]; [`Failure::TooManyAttempts`] for clients that guess;
    /// [`Failure::Busy`] if too many passwords wait to be hashed.
    pub(crate) async fn require_password(
        &self,
        call: &Call,
        account: &str,
        known: Option<(UserId, User)>,
        password: Password,
    ) -> Result<(UserId, User), Failure> {
        let user = known.as_ref().map(|(id, _)| *id);
        if let Some(throttle) = &self.throttle {
            throttle.admit(call.request.client, account, user)?;
        }
        let hash = known.as_ref().map(|(_, user)| user.password.clone());
        let matches =
            self.shop.hasher.matches(call.request.client.address(), password, hash).await?;
        let (id, user) = known.filter(|_| matches).ok_or(Refusal::InvalidCredentials)?;
        if let Some(throttle) = &self.throttle {
            throttle.record_log_in(call.request.client, id);
        }
        Ok((id, user))
    }

    /// Whether `password` is the caller's own. Counts as an attempt to log in to the caller's
    /// account.
    ///
    /// # Errors
    /// [`Failure::TooManyAttempts`] for clients that guess; [`Failure::Busy`] if too many passwords
    /// wait to be hashed.
    pub(crate) async fn is_own_password(
        &self,
        call: &Call,
        visitor: &Visitor,
        password: Password,
    ) -> Result<bool, Failure> {
        let client = call.request.client;
        if let Some(throttle) = &self.throttle {
            throttle.admit_owner(client, visitor.id())?;
        }
        let hash = visitor.user.password.clone();
        self.shop.hasher.matches(client.address(), password, Some(hash)).await
    }

    /// Hashes a new password.
    ///
    /// # Errors
    /// [`Failure::TooManyAttempts`] for clients that ask too often; [`Failure::Busy`] for a client
    /// that already has too many passwords in the queue.
    pub(crate) async fn new_password_hash(
        &self,
        call: &Call,
        password: Password,
    ) -> Result<PasswordHash, Failure> {
        let client = call.request.client;
        if let Some(throttle) = &self.throttle {
            throttle.admit_hash(client)?;
        }
        self.shop.hasher.hash_for(client.address(), password).await
    }

    /// Counts an attempt on an account by a caller who cannot prove that it is theirs.
    ///
    /// # Errors
    /// [`Failure::TooManyAttempts`].
    pub(crate) fn admit_guess(&self, call: &Call, account: &str) -> Result<(), Failure> {
        match &self.throttle {
            Some(throttle) => throttle.admit(call.request.client, account, None),
            None => Ok(()),
        }
    }

    /// The session that a refresh token claims; `None` if the token is not ours or has expired. The
    /// owner of users checks whether the session is open.
    pub(crate) fn refresh_token(&self, token: &str) -> Option<SessionToken> {
        let claims = self.tokens.verify(token, TokenKind::Refresh, clock::now().seconds()).ok()?;
        let TokenId { session, sequence, .. } = claims.id;
        Some(SessionToken { user: claims.user, session, sequence })
    }

    /// Whether a refresh token is the current one of an open session.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) fn is_good_refresh(&self, token: SessionToken) -> Result<bool, StoreError> {
        let session = users::session(&*self.shop.store.snapshot(), token.session)?;
        Ok(session.is_some_and(|session| {
            session.user == token.user
                && session.sequence == token.sequence
                && session.ends_at > clock::now()
        }))
    }

    /// Why a token of either kind is invalid now; `None` if it is valid. A token whose session has
    /// ended, or that was exchanged for its successor, counts as unknown.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) fn fault_of(&self, token: &str) -> Result<Option<BadToken>, StoreError> {
        let claims = match self.tokens.verify_either(token, clock::now().seconds()) {
            Ok(claims) => claims,
            Err(fault) => return Ok(Some(fault)),
        };
        let TokenId { session, sequence, .. } = claims.id;
        let is_good = match claims.kind {
            TokenKind::Refresh => {
                self.is_good_refresh(SessionToken { user: claims.user, session, sequence })?
            }
            TokenKind::Access => users::session(&*self.shop.store.snapshot(), session)?
                .is_some_and(|session| session.user == claims.user),
        };
        Ok((!is_good).then_some(BadToken::Foreign))
    }

    /// Signs the two tokens of a session.
    pub(crate) fn issue(&self, session: SessionToken) -> IssuedTokens {
        let refresh = self.sign(session, TokenKind::Refresh);
        IssuedTokens { access: self.issue_access(session), refresh }
    }

    /// Signs a new access token for a session that keeps its refresh token.
    pub(crate) fn issue_access(&self, session: SessionToken) -> String {
        self.sign(session, TokenKind::Access)
    }

    fn sign(&self, session: SessionToken, kind: TokenKind) -> String {
        let SessionToken { user, session, sequence } = session;
        let id = TokenId { session, sequence, nonce: souk_actors::random_u64() };
        self.tokens.issue(&Claims::new(kind, user, id, clock::now().seconds()))
    }
}
