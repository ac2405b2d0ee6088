//! The actor: messages in, one command each.

use super::rows::EVENTS;
use super::{CheckoutPage, checkouts, intents};
use crate::gateway::{
    Attempt, Charge, CheckoutPages, GatewayCheckout, GatewayIntent, GatewayRefund, RefundRequest,
};
use crate::owner::{ReplyTo, answer};
use crate::store::Unit;
use ractor::{Actor, ActorProcessingErr, ActorRef};

/// What the sandbox can be asked. The sender MUST hold the turn of `unit`, in which nothing else
/// happens: a gateway's commits are its own.
pub enum SandboxMessage {
    /// Make an intent; the same key again gives the same intent.
    Create {
        /// The open turn.
        unit: Unit,
        /// The idempotency key.
        key: String,
        /// How much, and for what.
        charge: Charge,
        /// The intent.
        reply_to: ReplyTo<GatewayIntent>,
    },
    /// The shop tries to charge; the same key again gives the same answer.
    Confirm {
        /// The open turn.
        unit: Unit,
        /// The idempotency key.
        key: String,
        /// Which intent.
        intent: String,
        /// `pm_card_…`.
        payment_method: String,
        /// What came of it.
        reply_to: ReplyTo<Attempt>,
    },
    /// The customer's browser tries to charge, which alone can answer the customer's bank.
    ConfirmInBrowser {
        /// The open turn.
        unit: Unit,
        /// Which intent.
        intent: String,
        /// What shows that it is the customer's.
        client_secret: String,
        /// `pm_card_…`.
        payment_method: String,
        /// What came of it.
        reply_to: ReplyTo<Attempt>,
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
    /// Give money back; the same key again gives the same answer.
    Refund {
        /// The open turn.
        unit: Unit,
        /// The idempotency key.
        key: String,
        /// How much of what.
        request: RefundRequest,
        /// The refund.
        reply_to: ReplyTo<GatewayRefund>,
    },
    /// Open a page to pay at; the same key again gives the same page.
    OpenCheckout {
        /// The open turn.
        unit: Unit,
        /// The idempotency key.
        key: String,
        /// How much, and for what.
        charge: Charge,
        /// Where the customer goes from there.
        pages: CheckoutPages,
        /// The page.
        reply_to: ReplyTo<GatewayCheckout>,
    },
    /// Somebody presses "Pay".
    PayCheckout {
        /// The open turn.
        unit: Unit,
        /// Which checkout.
        checkout: String,
        /// The page after it.
        reply_to: ReplyTo<CheckoutPage>,
    },
    /// Close a page; one on which somebody paid stays so.
    ExpireCheckout {
        /// The open turn.
        unit: Unit,
        /// Which checkout.
        checkout: String,
        /// The checkout after it.
        reply_to: ReplyTo<GatewayCheckout>,
    },
    /// The shop has taken these messages.
    Delivered {
        /// The open turn.
        unit: Unit,
        /// Their numbers.
        events: Vec<u64>,
        /// Done.
        reply_to: ReplyTo<()>,
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
            SandboxMessage::Create { unit, key, charge, reply_to } => {
                answer(reply_to, intents::create(&unit, &key, &charge))
            }
            SandboxMessage::Confirm { unit, key, intent, payment_method, reply_to } => {
                answer(reply_to, intents::confirm(&unit, &key, &intent, &payment_method))
            }
            SandboxMessage::ConfirmInBrowser {
                unit,
                intent,
                client_secret,
                payment_method,
                reply_to,
            } => answer(
                reply_to,
                intents::confirm_in_browser(&unit, &intent, &client_secret, &payment_method),
            ),
            SandboxMessage::Cancel { unit, intent, reply_to } => {
                answer(reply_to, intents::cancel(&unit, &intent))
            }
            SandboxMessage::Refund { unit, key, request, reply_to } => {
                answer(reply_to, intents::refund(&unit, &key, &request))
            }
            SandboxMessage::OpenCheckout { unit, key, charge, pages, reply_to } => {
                answer(reply_to, checkouts::open(&unit, &key, &charge, &pages))
            }
            SandboxMessage::PayCheckout { unit, checkout, reply_to } => {
                answer(reply_to, checkouts::pay(&unit, &checkout))
            }
            SandboxMessage::ExpireCheckout { unit, checkout, reply_to } => {
                answer(reply_to, checkouts::expire(&unit, &checkout))
            }
            SandboxMessage::Delivered { unit, events, reply_to } => {
                let delete = || {
                    for event in &events {
                        unit.delete(EVENTS, event)?;
                    }
                    Ok(())
                };
                answer(reply_to, delete())
            }
        }
    }
}
