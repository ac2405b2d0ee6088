//! The actor: messages in, one command each.

use super::{
    Dispute, Intent, MadeRefund, Outcome, Payment, Refund, RefundedBy, ShownPayment, Way, begin,
    disputes, heard, outcome, refunds, sales,
};
use crate::owner::{ReplyTo, answer};
use crate::store::Unit;
use ractor::{Actor, ActorProcessingErr, ActorRef};
use souk_domain::{Money, OrderId, PaymentId};

/// What the owner of payments can be asked. The sender MUST hold the turn of `unit`, and MUST
/// have heard every outcome from the gateway itself.
pub enum PaymentsMessage {
    /// Begin the payment of an order, or find the one that was begun. One that cannot be paid in
    /// this way, or for this amount, is to be closed.
    Begin {
        /// The open turn.
        unit: Unit,
        /// What is to be paid.
        order: OrderId,
        /// What it owes.
        amount: Money,
        /// How.
        way: Way,
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
    /// Note the gateway's checkout. Tells `payment.created` the first time.
    RecordCheckout {
        /// The open turn.
        unit: Unit,
        /// Which.
        id: PaymentId,
        /// What the gateway calls it.
        checkout: String,
        /// The payment after it.
        reply_to: ReplyTo<Payment>,
    },
    /// Note that the gateway is about to be told to charge. Until its answer is booked, the
    /// payment is in doubt, and the gateway is asked after a restart.
    BeginAttempt {
        /// The open turn.
        unit: Unit,
        /// Which.
        id: PaymentId,
        /// The number of the attempt.
        reply_to: ReplyTo<u32>,
    },
    /// Something was said of an open payment that cannot be booked: the gateway is to be asked.
    Doubt {
        /// The open turn.
        unit: Unit,
        /// Which.
        id: PaymentId,
        /// Done.
        reply_to: ReplyTo<()>,
    },
    /// Note what the gateway says of it, in the ledger too. Tells `payment.succeeded`,
    /// `payment.failed` or `payment.canceled` once per change.
    RecordOutcome {
        /// The open turn.
        unit: Unit,
        /// Which.
        id: PaymentId,
        /// What the gateway says.
        outcome: Box<Outcome>,
        /// The payment after it.
        reply_to: ReplyTo<Payment>,
    },
    /// Look at a payment as it stands in this turn.
    Show {
        /// The open turn.
        unit: Unit,
        /// Which.
        id: PaymentId,
        /// The payment, and what it is to its order.
        reply_to: ReplyTo<ShownPayment>,
    },
    /// Its order was paid by it in this turn: the shop has earned the money.
    BookSale {
        /// The open turn.
        unit: Unit,
        /// Which.
        id: PaymentId,
        /// Done.
        reply_to: ReplyTo<()>,
    },
    /// Its order was deleted in this turn: the sale is shown no more.
    ArchiveSale {
        /// The open turn.
        unit: Unit,
        /// Which.
        id: PaymentId,
        /// True if the shop keeps the money, because the goods have left.
        is_kept: bool,
        /// Done.
        reply_to: ReplyTo<()>,
    },
    /// Another way of paying is wanted: a payment that is still open must be closed at the gateway.
    /// One that is paid by now is left alone. Housekeeping sees to it.
    GiveUp {
        /// The open turn.
        unit: Unit,
        /// Which.
        id: PaymentId,
        /// Done.
        reply_to: ReplyTo<()>,
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
    /// The order needs none of its payments any more, or only one.
    LetGoOfOrder {
        /// The open turn.
        unit: Unit,
        /// Which order.
        order: OrderId,
        /// The payment that paid it, if one did.
        except: Option<PaymentId>,
        /// Done.
        reply_to: ReplyTo<()>,
    },
    /// The classic contract initiated it: `finalize` may pay without a card.
    PayAtFinalize {
        /// The open turn.
        unit: Unit,
        /// Which.
        id: PaymentId,
        /// Done.
        reply_to: ReplyTo<()>,
    },
    /// Decide that money goes back. Refuses more than is left of what was taken.
    RequestRefund {
        /// The open turn.
        unit: Unit,
        /// Which.
        id: PaymentId,
        /// How much; `None` for all that is left.
        amount: Option<Money>,
        /// Why; perhaps empty.
        reason: String,
        /// Who decides.
        by: RefundedBy,
        /// Its number, and the refund.
        reply_to: ReplyTo<(u64, Refund)>,
    },
    /// Note that the gateway gave the money back, in the ledger too. Tells `payment.refunded`.
    RecordRefund {
        /// The open turn.
        unit: Unit,
        /// Which payment.
        id: PaymentId,
        /// Which refund.
        number: u64,
        /// What the gateway calls it, if it said so.
        gateway_id: Option<String>,
        /// What went back; `None` if that is no news.
        reply_to: ReplyTo<Option<MadeRefund>>,
    },
    /// Note that the gateway will not give the money back.
    RecordRefusedRefund {
        /// The open turn.
        unit: Unit,
        /// Which payment.
        id: PaymentId,
        /// Which refund.
        number: u64,
        /// Done.
        reply_to: ReplyTo<()>,
    },
    /// Note that a refund came back in the end, so that the customer is owed it still. Tells
    /// `payment.refund_failed`.
    RecordFailedRefund {
        /// The open turn.
        unit: Unit,
        /// Which payment.
        id: PaymentId,
        /// What the gateway calls the refund.
        gateway_id: String,
        /// True if that is news.
        reply_to: ReplyTo<bool>,
    },
    /// Note how a dispute stands. Tells `payment.disputed`, `dispute_won` or `dispute_lost`.
    RecordDispute {
        /// The open turn.
        unit: Unit,
        /// Which payment.
        id: PaymentId,
        /// The dispute.
        dispute: Dispute,
        /// True if that is news.
        reply_to: ReplyTo<bool>,
    },
    /// Note that a message of the gateway was heard.
    Hear {
        /// The open turn.
        unit: Unit,
        /// The message's id.
        event: String,
        /// False if it was heard before.
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
            PaymentsMessage::Begin { unit, order, amount, way, reply_to } => {
                answer(reply_to, begin::begin(&unit, order, amount, way))
            }
            PaymentsMessage::RecordIntent { unit, id, intent, reply_to } => {
                answer(reply_to, begin::record_intent(&unit, id, intent))
            }
            PaymentsMessage::RecordCheckout { unit, id, checkout, reply_to } => {
                answer(reply_to, begin::record_checkout(&unit, id, checkout))
            }
            PaymentsMessage::BeginAttempt { unit, id, reply_to } => {
                answer(reply_to, begin::begin_attempt(&unit, id))
            }
            PaymentsMessage::Doubt { unit, id, reply_to } => {
                answer(reply_to, begin::doubt(&unit, id))
            }
            PaymentsMessage::RecordOutcome { unit, id, outcome, reply_to } => {
                answer(reply_to, outcome::record(&unit, id, &outcome))
            }
            PaymentsMessage::Show { unit, id, reply_to } => {
                answer(reply_to, begin::show(&unit, id))
            }
            PaymentsMessage::BookSale { unit, id, reply_to } => {
                answer(reply_to, sales::book(&unit, id))
            }
            PaymentsMessage::ArchiveSale { unit, id, is_kept, reply_to } => {
                answer(reply_to, sales::archive(&unit, id, is_kept))
            }
            PaymentsMessage::GiveUp { unit, id, reply_to } => {
                answer(reply_to, begin::give_up(&unit, id))
            }
            PaymentsMessage::LetGo { unit, id, reply_to } => {
                answer(reply_to, refunds::let_go(&unit, id))
            }
            PaymentsMessage::LetGoOfOrder { unit, order, except, reply_to } => {
                answer(reply_to, refunds::let_go_of_order(&unit, order, except))
            }
            PaymentsMessage::PayAtFinalize { unit, id, reply_to } => {
                answer(reply_to, begin::pay_at_finalize(&unit, id))
            }
            PaymentsMessage::RequestRefund { unit, id, amount, reason, by, reply_to } => {
                answer(reply_to, refunds::request(&unit, id, amount, &reason, by))
            }
            PaymentsMessage::RecordRefund { unit, id, number, gateway_id, reply_to } => {
                answer(reply_to, refunds::record_made(&unit, id, number, gateway_id))
            }
            PaymentsMessage::RecordRefusedRefund { unit, id, number, reply_to } => {
                answer(reply_to, refunds::record_refused(&unit, id, number))
            }
            PaymentsMessage::RecordFailedRefund { unit, id, gateway_id, reply_to } => {
                answer(reply_to, refunds::record_failed_in_the_end(&unit, id, &gateway_id))
            }
            PaymentsMessage::RecordDispute { unit, id, dispute, reply_to } => {
                answer(reply_to, disputes::record(&unit, id, dispute))
            }
            PaymentsMessage::Hear { unit, event, reply_to } => {
                answer(reply_to, heard::hear(&unit, event))
            }
        }
    }
}
