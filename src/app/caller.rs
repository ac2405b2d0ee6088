//! Who is calling: a token, its session, the person behind it.

use super::guests::brings_cart_key;
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

/// A caller whose token is good and whose session goes on.
#[derive(Clone, Debug)]
pub(crate) struct Visitor {
    /// Who, and what they may do.
    pub(crate) caller: Caller,
    /// Their row.
    pub(crate) user: User,
    /// The session their token belongs to.
    pub(crate) session: SessionId,
}

impl Visitor {
    /// The user's id.
    pub(crate) fn id(&self) -> UserId {
        self.caller.user
    }
}

/// On a request whose token and session were looked at already: what the token says.
#[derive(Clone, Copy, Debug)]
pub(super) struct OpenSession(pub(super) Claims);

/// Who asks, as far as a token says.
#[derive(Clone, Debug)]
pub(crate) enum Asker {
    /// No token was sent.
    Nobody,
    /// A registered person.
    Person(Box<Visitor>),
    /// Another system, by its name in the settings.
    Service(ServiceName),
}

/// The two tokens of a session.
#[derive(Clone, Debug)]
pub(crate) struct IssuedTokens {
    /// Good for requests.
    pub(crate) access: String,
    /// Good for new tokens.
    pub(crate) refresh: String,
}

impl App {
    /// The caller of a request that needs one.
    ///
    /// # Errors
    /// 401 without a token, and for a token that is not good (any more).
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

    /// The administrator who sent a request that needs one.
    ///
    /// # Errors
    /// 401 as [`App::visitor`], 403 for everybody else.
    pub(crate) fn administrator(&self, call: &Call) -> Result<Visitor, Answer> {
        let visitor = self.visitor(call)?;
        if visitor.caller.is_administrator() { Ok(visitor) } else { Err(standard::forbidden()) }
    }

    /// Who asks, where also nobody and other systems may.
    ///
    /// # Errors
    /// 401 for a token that is not good (any more).
    pub(crate) fn asker(&self, call: &Call) -> Result<Asker, Answer> {
        if call.request.bearer().is_none() {
            return Ok(Asker::Nobody);
        }
        match self.service(&call.request) {
            Some(name) => Ok(Asker::Service(name)),
            None => Ok(Asker::Person(Box::new(self.visitor(call)?))),
        }
    }

    /// What kind of caller the headers speak of, for the log: whether a session goes on is not
    /// asked.
    pub(crate) fn kind_of_caller(&self, headers: &HeaderMap) -> &'static str {
        match bearer_of(headers) {
            Some(token) if self.services.name_of(token).is_some() => "service",
            Some(token) => {
                let now = clock::now().seconds();
                let is_good = self.tokens.verify(token, TokenKind::Access, now).is_ok();
                if is_good { "user" } else { "unknown token" }
            }
            None if brings_cart_key(headers) => "guest",
            None => "nobody",
        }
    }

    /// The service whose token a request brings, if it is one's.
    pub(super) fn service(&self, request: &Request) -> Option<ServiceName> {
        self.services.name_of(request.bearer()?)
    }

    /// What the token of a request says, for handlers that need no more than a good one.
    ///
    /// # Errors
    /// 401 without a token, and for a token that is not good (any more).
    pub(crate) fn session_claims(&self, request: &Request) -> Result<Claims, Answer> {
        if let Some(OpenSession(claims)) = request.extensions.get() {
            return Ok(*claims);
        }
        let token = request.bearer().filter(|token| !token.is_empty());
        let token = token.ok_or_else(standard::not_authenticated)?;
        let claims = self
            .tokens
            .verify(token, TokenKind::Access, clock::now().seconds())
            .map_err(|_| standard::token_not_valid())?;
        if self.is_open_session(&claims)? { Ok(claims) } else { Err(standard::token_not_valid()) }
    }

    /// Whether the session of a token goes on.
    ///
    /// # Errors
    /// What the store cannot do.
    pub(super) fn is_open_session(&self, claims: &Claims) -> Result<bool, Answer> {
        let session = users::session(&*self.shop.store.snapshot(), claims.id.session);
        let session = session.map_err(|error| failure_answer(&error.into()))?;
        Ok(session.is_some_and(|session| session.user == claims.user))
    }

    /// What the token of a request says, whether or not its session goes on. That is enough to
    /// know a caller again, and for nothing else.
    pub(super) fn token_claims(&self, request: &Request) -> Option<Claims> {
        self.tokens.verify(request.bearer()?, TokenKind::Access, clock::now().seconds()).ok()
    }

    /// The person who claims to be `account`, if the password is theirs. Takes as long, and says
    /// the same, where nobody is `known` by that name.
    ///
    /// # Errors
    /// [`Refusal::InvalidCredentials`]; [`Failure::TooManyAttempts`] for who guesses;
    /// [`Failure::Busy`] in a storm of log-ins.
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

    /// Whether a password is the one of the person who calls. Counts as an attempt at their account.
    ///
    /// # Errors
    /// [`Failure::TooManyAttempts`] for who guesses; [`Failure::Busy`] in a storm of log-ins.
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

    /// The hash of a new password.
    ///
    /// # Errors
    /// [`Failure::TooManyAttempts`] for who asks too often; [`Failure::Busy`] for a client with too
    /// many that wait.
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

    /// Counts an attempt at an account that nobody can prove to be theirs.
    ///
    /// # Errors
    /// [`Failure::TooManyAttempts`].
    pub(crate) fn admit_guess(&self, call: &Call, account: &str) -> Result<(), Failure> {
        match &self.throttle {
            Some(throttle) => throttle.admit(call.request.client, account, None),
            None => Ok(()),
        }
    }

    /// What a refresh token says; `None` if it is not ours or its time is over. Whether its
    /// session goes on, the owner of users says.
    pub(crate) fn refresh_token(&self, token: &str) -> Option<SessionToken> {
        let claims = self.tokens.verify(token, TokenKind::Refresh, clock::now().seconds()).ok()?;
        let TokenId { session, sequence, .. } = claims.id;
        Some(SessionToken { user: claims.user, session, sequence })
    }

    /// Whether a refresh token is the one of its session that is good.
    ///
    /// # Errors
    /// What the store cannot do.
    pub(crate) fn is_good_refresh(&self, token: SessionToken) -> Result<bool, StoreError> {
        let session = users::session(&*self.shop.store.snapshot(), token.session)?;
        Ok(session.is_some_and(|session| {
            session.user == token.user
                && session.sequence == token.sequence
                && session.ends_at > clock::now()
        }))
    }

    /// Why a token of either kind is not good now; `None` if it is. One whose session has ended,
    /// or that was traded for its successor, is as foreign as one that was never ours.
    ///
    /// # Errors
    /// What the store cannot do.
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

    /// Signs a new access token of a session whose refresh token stays as it is.
    pub(crate) fn issue_access(&self, session: SessionToken) -> String {
        self.sign(session, TokenKind::Access)
    }

    fn sign(&self, session: SessionToken, kind: TokenKind) -> String {
        let SessionToken { user, session, sequence } = session;
        let id = TokenId { session, sequence, nonce: souk_actors::random_u64() };
        self.tokens.issue(&Claims::new(kind, user, id, clock::now().seconds()))
    }
}
