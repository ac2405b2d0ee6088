//! Accounts, as every contract handles them: register, update, log in and log out.

use super::{App, IssuedTokens, Repeat, Visitor};
use crate::edge::form::Field;
use crate::edge::{Answer, Call, Form, standard};
use souk_actors::Failure;
use souk_actors::carts::CartKey;
use souk_actors::idempotency::Grant;
use souk_actors::journeys::accounts;
use souk_actors::store::StoreError;
use souk_actors::users::{self, ChangePassword, OpenSession, Register, UpdateProfile, User};
use souk_domain::{EmailAddress, Password, UserId, Username};
use std::sync::Arc;

impl App {
    /// Adds an error to the form for each name or address that another user has; `email_taken` is
    /// the error for the address. The turn checks both again. This early check saves a password
    /// hash and reports all errors at once.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) fn note_taken(
        &self,
        form: &mut Form<'_>,
        username: &Field<Username>,
        email: &Field<EmailAddress>,
        email_taken: &'static str,
    ) -> Result<(), StoreError> {
        let snapshot = self.shop.store.snapshot();
        if let Some(username) = username.parsed() {
            if email.parsed().is_some_and(|email| username.is_address_of_another(email)) {
                form.error("username", standard::USERNAME_IS_AN_ADDRESS);
            } else if users::by_username(&*snapshot, username)?.is_some() {
                form.error("username", standard::USERNAME_TAKEN);
            }
        }
        if let Some(email) = email.parsed()
            && users::by_email(&*snapshot, email)?.is_some()
        {
            form.error("email", email_taken);
        }
        Ok(())
    }

    /// Adds `sentence` to the form's errors if another user has the address. The turn checks it
    /// again. This early check lets the answer report all errors at once.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) fn note_taken_email(
        &self,
        form: &mut Form<'_>,
        user: UserId,
        email: &Field<Option<EmailAddress>>,
        sentence: &'static str,
    ) -> Result<(), StoreError> {
        let Some(Some(email)) = email.parsed() else { return Ok(()) };
        let holder = users::by_email(&*self.shop.store.snapshot(), email)?;
        if holder.is_some_and(|(holder, _)| holder != user) {
            form.error("email", sentence);
        }
        Ok(())
    }

    /// Registers an account. The user can log in afterwards.
    ///
    /// # Errors
    /// Refuses a taken e-mail address or user name.
    pub(crate) async fn add_person(
        &self,
        call: &Call,
        person: Register,
        guest: Option<CartKey>,
        shown: fn(UserId, &User) -> Answer,
    ) -> Result<Answer, Failure> {
        self.commit(call, move |turn| async move {
            let (id, user) = accounts::add_person(&turn, person, guest).await?;
            let grant = Grant::of_account(id, &user);
            Ok(shown(id, &user).repeated(Repeat::While(grant)))
        })
        .await
    }

    /// Opens a session for the user who logs in as `account`. `known` is the user with that name,
    /// if there is one.
    ///
    /// # Errors
    /// Refuses a wrong password, and clients that try too often.
    pub(crate) async fn log_in(
        self: &Arc<Self>,
        call: &Call,
        account: &str,
        known: Option<(UserId, User)>,
        password: Password,
        guest: Option<CartKey>,
        shown: fn(IssuedTokens) -> Answer,
    ) -> Result<Answer, Failure> {
        let (user, row) = self.require_password(call, account, known, password).await?;
        let command = OpenSession { user, password: row.password.clone() };
        let app = Arc::clone(self);
        self.commit(call, move |turn| async move {
            let session = accounts::log_in(&turn, command, guest).await?;
            Ok(shown(app.issue(session)).repeated(Repeat::log_in(session, &row)))
        })
        .await
    }

    /// Ends the session of the caller.
    ///
    /// # Errors
    /// [`Failure`] of the owner.
    pub(crate) async fn log_out(
        &self,
        call: &Call,
        visitor: &Visitor,
        shown: fn() -> Answer,
    ) -> Result<Answer, Failure> {
        let session = visitor.session;
        self.commit(call, move |turn| async move {
            turn.ask(users::EndSession { session }).await?;
            Ok(shown())
        })
        .await
    }

    /// Changes a profile.
    ///
    /// # Errors
    /// Refuses a taken e-mail address or user name.
    pub(crate) async fn update_profile(
        &self,
        call: &Call,
        command: UpdateProfile,
        shown: fn(UserId, &User) -> Answer,
    ) -> Result<Answer, Failure> {
        self.commit(call, move |turn| async move {
            let id = command.user;
            Ok(shown(id, &turn.ask(command).await?))
        })
        .await
    }

    /// Sets a new password and ends the user's other sessions.
    ///
    /// # Errors
    /// [`Failure::Busy`] if too many passwords wait to be hashed.
    pub(crate) async fn change_password(
        &self,
        call: &Call,
        visitor: &Visitor,
        password: Password,
        shown: fn() -> Answer,
    ) -> Result<Answer, Failure> {
        let command = ChangePassword {
            user: visitor.id(),
            expected: None,
            password: self.new_password_hash(call, password).await?,
            kept_session: Some(visitor.session),
        };
        self.commit(call, move |turn| async move {
            turn.ask(command).await?;
            Ok(shown())
        })
        .await
    }
}
