//! Who is calling: a token, its session, the person behind it.

use super::{App, could_not};
use crate::edge::{Answer, Call, Claims, Request, TokenId, TokenKind, standard};
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
            .map_err(|error| could_not(&error.into()))?
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

    /// What the token of a request says, for handlers that need no more than a good one.
    ///
    /// # Errors
    /// 401 without a token, and for a token that is not good (any more).
    pub(crate) fn session_claims(&self, request: &Request) -> Result<Claims, Answer> {
        let token = request.bearer().ok_or_else(standard::not_authenticated)?;
        let claims = self
            .tokens
            .verify(token, TokenKind::Access, clock::now().seconds())
            .map_err(|_| standard::token_not_valid())?;
        let session = users::session(&*self.shop.store.snapshot(), claims.id.session)
            .map_err(|error| could_not(&error.into()))?;
        match session {
            Some(session) if session.user == claims.user => Ok(claims),
            _ => Err(standard::token_not_valid()),
        }
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
            throttle.admit(&call.request, account, user)?;
        }
        let hash = known.as_ref().map(|(_, user)| user.password.clone());
        let matches = self.shop.hasher.matches(password, hash).await?;
        let (id, user) = known.filter(|_| matches).ok_or(Refusal::InvalidCredentials)?;
        if let Some(throttle) = &self.throttle {
            throttle.entered(&call.request, id);
        }
        Ok((id, user))
    }

    /// What a refresh token says; `None` if it is not ours or its time is over. Whether its
    /// session goes on, the owner of users says.
    pub(crate) fn refresh_token(&self, token: &str) -> Option<SessionToken> {
        let claims = self.tokens.verify(token, TokenKind::Refresh, clock::now().seconds()).ok()?;
        let TokenId { session, sequence, .. } = claims.id;
        Some(SessionToken { user: claims.user, session, sequence })
    }

    /// Signs the two tokens of a session.
    pub(crate) fn issue(&self, session: SessionToken) -> IssuedTokens {
        let now = clock::now().seconds();
        let sign = |kind| {
            let id = TokenId {
                session: session.session,
                sequence: session.sequence,
                nonce: souk_actors::random_u64(),
            };
            self.tokens.issue(&Claims::new(kind, session.user, id, now))
        };
        IssuedTokens { access: sign(TokenKind::Access), refresh: sign(TokenKind::Refresh) }
    }
}
