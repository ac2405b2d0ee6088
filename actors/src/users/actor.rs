//! The actor: messages in, one command file each.

use super::{ChangePassword, OpenSession, Register, Rotation, SessionToken, UpdateProfile, User};
use super::{RequestPasswordReset, ResetPassword};
use super::{change_password, close, password_reset, register, sessions, update_profile};
use crate::owner::{ReplyTo, answer};
use crate::store::Unit;
use ractor::{Actor, ActorProcessingErr, ActorRef};
use souk_domain::{SessionId, UserId};

/// What the owner of users can be asked. The sender MUST hold the turn of `unit`.
pub enum UsersMessage {
    /// Add a person. Refuses a taken e-mail address or user name; tells `user.registered`.
    Register {
        /// The open turn.
        unit: Unit,
        /// Who; the password is already hashed.
        command: Box<Register>,
        /// Their id and row.
        reply_to: ReplyTo<(UserId, User)>,
    },
    /// Begin a session. Refuses if the password changed since it was compared.
    OpenSession {
        /// The open turn.
        unit: Unit,
        /// For whom.
        command: OpenSession,
        /// What its tokens must say.
        reply_to: ReplyTo<SessionToken>,
    },
    /// Trade a refresh token for its successor. A spent one ends the session, which is an
    /// outcome, not a refusal: it must be committed.
    RotateSession {
        /// The open turn.
        unit: Unit,
        /// What the refresh token says.
        token: SessionToken,
        /// The successor, or that the session is over.
        reply_to: ReplyTo<Rotation>,
    },
    /// End a session; no harm if it has ended.
    EndSession {
        /// The open turn.
        unit: Unit,
        /// Which.
        session: SessionId,
        /// Done.
        reply_to: ReplyTo<()>,
    },
    /// Set a new password and end the user's other sessions.
    ChangePassword {
        /// The open turn.
        unit: Unit,
        /// Whose, and to what.
        command: ChangePassword,
        /// Done.
        reply_to: ReplyTo<()>,
    },
    /// Change the profile. Refuses a taken e-mail address or user name.
    UpdateProfile {
        /// The open turn.
        unit: Unit,
        /// What to change.
        command: Box<UpdateProfile>,
        /// The user after it.
        reply_to: ReplyTo<User>,
    },
    /// Look at a user as they stand in this turn.
    Show {
        /// The open turn.
        unit: Unit,
        /// Who.
        user: UserId,
        /// Their row.
        reply_to: ReplyTo<User>,
    },
    /// Close an account: the row, its e-mail address, its name and its sessions go. Tells
    /// `user.closed`. The sender MUST see to cart and orders in the same turn. Refuses the last
    /// administrator.
    Close {
        /// The open turn.
        unit: Unit,
        /// Whose.
        user: UserId,
        /// Done.
        reply_to: ReplyTo<()>,
    },
    /// Mail somebody a way to a new password. Does nothing, and says so to nobody, for an address
    /// that is nobody's.
    RequestPasswordReset {
        /// The open turn.
        unit: Unit,
        /// For whom.
        command: Box<RequestPasswordReset>,
        /// Done.
        reply_to: ReplyTo<()>,
    },
    /// Set a new password for whoever got that mail, and end all their sessions. Refuses a token
    /// that is not good (any more).
    ResetPassword {
        /// The open turn.
        unit: Unit,
        /// Whose, and to what.
        command: ResetPassword,
        /// Done.
        reply_to: ReplyTo<()>,
    },
}

/// The actor. It keeps nothing in memory.
pub struct UserOwner;

impl Actor for UserOwner {
    type Msg = UsersMessage;
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<UsersMessage>, (): ()) -> Result<(), ActorProcessingErr> {
        Ok(())
    }

    async fn handle(
        &self,
        _: ActorRef<UsersMessage>,
        message: UsersMessage,
        (): &mut (),
    ) -> Result<(), ActorProcessingErr> {
        match message {
            UsersMessage::Register { unit, command, reply_to } => {
                answer(reply_to, register::register(&unit, *command))
            }
            UsersMessage::OpenSession { unit, command, reply_to } => {
                answer(reply_to, sessions::open(&unit, &command))
            }
            UsersMessage::RotateSession { unit, token, reply_to } => {
                answer(reply_to, sessions::rotate(&unit, token))
            }
            UsersMessage::EndSession { unit, session, reply_to } => {
                answer(reply_to, sessions::end(&unit, session))
            }
            UsersMessage::ChangePassword { unit, command, reply_to } => {
                answer(reply_to, change_password::change_password(&unit, command))
            }
            UsersMessage::UpdateProfile { unit, command, reply_to } => {
                answer(reply_to, update_profile::update_profile(&unit, *command))
            }
            UsersMessage::Show { unit, user, reply_to } => {
                answer(reply_to, close::show(&unit, user))
            }
            UsersMessage::Close { unit, user, reply_to } => {
                answer(reply_to, close::close(&unit, user))
            }
            UsersMessage::RequestPasswordReset { unit, command, reply_to } => {
                answer(reply_to, password_reset::request(&unit, *command))
            }
            UsersMessage::ResetPassword { unit, command, reply_to } => {
                answer(reply_to, password_reset::reset(&unit, command))
            }
        }
    }
}
