//! The actor: messages in, one command each.

use super::{Attempt, CheckoutPages, GatewayCheckout, GatewayIntent, checkouts, commands};
use crate::owner::{ReplyTo, answer};
use crate::store::Unit;
use ractor::{Actor, ActorProcessingErr, ActorRef};
use souk_domain::Money;

/// What the sandbox can be asked. The sender MUST hold the turn of `unit`, in which nothing else
/// happens: a gateway's commits are its own.
pub enum SandboxMessage {
    /// Make an intent; the same key again gives the same intent.
    Create {
        /// The open turn.
        unit: Unit,
        /// The idempotency key.
        key: String,
        /// How much.
        amount: Money,
        /// The intent.
        reply_to: ReplyTo<GatewayIntent>,
    },
    /// Try to charge.
    Confirm {
        /// The open turn.
        unit: Unit,
        /// Which intent.
        intent: String,
        /// `pm_card_…`.
        payment_method: String,
        /// Given by the customer's browser, which alone can answer its bank; `None` from the shop.
        client_secret: Option<String>,
        /// What came of it.
        reply_to: ReplyTo<Attempt>,
    },
    /// Make a page where an intent can be paid; again gives the same page, leading to the pages
    /// named last.
    OpenCheckout {
        /// The open turn.
        unit: Unit,
        /// Which intent.
        intent: String,
        /// Where the customer goes from there.
        pages: CheckoutPages,
        /// The page.
        reply_to: ReplyTo<GatewayCheckout>,
    },
    /// Give an intent up, so that it can never be paid; one that is paid stays so.
    Cancel {
        /// The open turn.
        unit: Unit,
        /// Which intent.
        intent: String,
        /// The intent after it.
        reply_to: ReplyTo<GatewayIntent>,
    },
    /// Give the money back; again is no harm.
    Refund {
        /// The open turn.
        unit: Unit,
        /// Which intent.
        intent: String,
        /// The intent after it.
        reply_to: ReplyTo<GatewayIntent>,
    },
}

/// The actor. It keeps nothing in memory.
pub struct SandboxOwner;

impl Actor for SandboxOwner {
    type Msg = SandboxMessage;
    type State = ();
    type Arguments = ();

    async fn pre_start(
        &self,
        _: ActorRef<SandboxMessage>,
        (): (),
    ) -> Result<(), ActorProcessingErr> {
        Ok(())
    }

    async fn handle(
        &self,
        _: ActorRef<SandboxMessage>,
        message: SandboxMessage,
        (): &mut (),
    ) -> Result<(), ActorProcessingErr> {
        match message {
            SandboxMessage::Create { unit, key, amount, reply_to } => {
                answer(reply_to, commands::create(&unit, &key, amount))
            }
            SandboxMessage::Confirm { unit, intent, payment_method, client_secret, reply_to } => {
                let client_secret = client_secret.as_deref();
                answer(reply_to, commands::confirm(&unit, &intent, &payment_method, client_secret))
            }
            SandboxMessage::OpenCheckout { unit, intent, pages, reply_to } => {
                answer(reply_to, checkouts::open(&unit, &intent, pages))
            }
            SandboxMessage::Cancel { unit, intent, reply_to } => {
                answer(reply_to, commands::cancel(&unit, &intent))
            }
            SandboxMessage::Refund { unit, intent, reply_to } => {
                answer(reply_to, commands::refund(&unit, &intent))
            }
        }
    }
}
