//! The actor: messages in, one command each.

use super::{Intent, Payment, commands};
use crate::owner::{ReplyTo, answer};
use crate::store::Unit;
use ractor::{Actor, ActorProcessingErr, ActorRef};
use souk_domain::{Money, OrderId, PaymentId, PaymentStatus};

/// What the owner of payments can be asked. The sender MUST hold the turn of `unit`, and MUST
/// have heard every outcome from the gateway itself.
pub enum PaymentsMessage {
    /// Begin the payment of an order, or find the one that was begun.
    Begin {
        /// The open turn.
        unit: Unit,
        /// What is to be paid.
        order: OrderId,
        /// What it owes.
        amount: Money,
        /// The payment.
        reply_to: ReplyTo<(PaymentId, Payment)>,
    },
    /// Note the gateway's intent. Tells `payment.created` the first time.
    RecordIntent {
        /// The open turn.
        unit: Unit,
        /// Which.
        id: PaymentId,
        /// What the gateway calls it.
        intent: Intent,
        /// The payment after it.
        reply_to: ReplyTo<Payment>,
    },
    /// Note what the gateway says of it. Tells `payment.succeeded` or `payment.failed` once per
    /// change.
    RecordOutcome {
        /// The open turn.
        unit: Unit,
        /// Which.
        id: PaymentId,
        /// What the gateway says.
        status: PaymentStatus,
        /// True if an attempt to charge was refused just now.
        was_declined: bool,
        /// The payment after it.
        reply_to: ReplyTo<Payment>,
    },
    /// Look at a payment as it stands in this turn.
    Show {
        /// The open turn.
        unit: Unit,
        /// Which.
        id: PaymentId,
        /// The payment, and whether it is the current one of its order.
        reply_to: ReplyTo<(Payment, bool)>,
    },
    /// The order needs this payment no more: money that was taken must go back, and an open
    /// intent must be closed at the gateway. Housekeeping sees to it.
    LetGo {
        /// The open turn.
        unit: Unit,
        /// Which.
        id: PaymentId,
        /// Done.
        reply_to: ReplyTo<()>,
    },
    /// The classic contract initiated it: `finalize` may hand over the sandbox's card.
    PayAtFinalize {
        /// The open turn.
        unit: Unit,
        /// Which.
        id: PaymentId,
        /// Done.
        reply_to: ReplyTo<()>,
    },
    /// Note that the gateway gave the money back. Tells `payment.refunded`.
    RecordRefund {
        /// The open turn.
        unit: Unit,
        /// Which.
        id: PaymentId,
        /// True if this is news.
        reply_to: ReplyTo<bool>,
    },
}

/// The actor. It keeps nothing in memory.
pub struct PaymentOwner;

impl Actor for PaymentOwner {
    type Msg = PaymentsMessage;
    type State = ();
    type Arguments = ();

    async fn pre_start(
        &self,
        _: ActorRef<PaymentsMessage>,
        (): (),
    ) -> Result<(), ActorProcessingErr> {
        Ok(())
    }

    async fn handle(
        &self,
        _: ActorRef<PaymentsMessage>,
        message: PaymentsMessage,
        (): &mut (),
    ) -> Result<(), ActorProcessingErr> {
        match message {
            PaymentsMessage::Begin { unit, order, amount, reply_to } => {
                answer(reply_to, commands::begin(&unit, order, amount))
            }
            PaymentsMessage::RecordIntent { unit, id, intent, reply_to } => {
                answer(reply_to, commands::record_intent(&unit, id, intent))
            }
            PaymentsMessage::RecordOutcome { unit, id, status, was_declined, reply_to } => {
                answer(reply_to, commands::record_outcome(&unit, id, status, was_declined))
            }
            PaymentsMessage::Show { unit, id, reply_to } => {
                answer(reply_to, commands::show(&unit, id))
            }
            PaymentsMessage::LetGo { unit, id, reply_to } => {
                answer(reply_to, commands::let_go(&unit, id))
            }
            PaymentsMessage::PayAtFinalize { unit, id, reply_to } => {
                answer(reply_to, commands::pay_at_finalize(&unit, id))
            }
            PaymentsMessage::RecordRefund { unit, id, reply_to } => {
                answer(reply_to, commands::record_refund(&unit, id))
            }
        }
    }
}
