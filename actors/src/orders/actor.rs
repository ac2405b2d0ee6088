//! The actor: messages in, one command each.

use super::{
    Cancelled, Contact, CrmTry, Deleted, Leaver, Order, OrderNotices, Paid, PaymentLink,
    PlaceOrder, UpdateOrder, Updated, change, crm, forget, lines, notices, place,
};
use crate::owner::{ReplyTo, answer};
use crate::payments::{Intent, MadeRefund};
use crate::store::Unit;
use ractor::{Actor, ActorProcessingErr, ActorRef};
use souk_domain::{AddedUnit, OrderId, PaymentId, ProductId, Role, UnixMillis, UserId};

/// What the owner of orders can be asked. The sender MUST hold the turn of `unit`, and MUST book
/// the stock in the same turn: the replies say from where to where.
pub enum OrdersMessage {
    /// Place an order whose stock was taken in this turn. Tells `order.placed`.
    Place {
        /// The open turn.
        unit: Unit,
        /// What and for whom.
        command: Box<PlaceOrder>,
        /// The new order.
        reply_to: ReplyTo<(OrderId, Order)>,
    },
    /// Look at an order as it stands in this turn.
    Show {
        /// The open turn.
        unit: Unit,
        /// Which.
        id: OrderId,
        /// The order.
        reply_to: ReplyTo<Order>,
    },
    /// Change addresses or state.
    Update {
        /// The open turn.
        unit: Unit,
        /// Which, and what to change.
        command: Box<UpdateOrder>,
        /// The order after it, and where its stock goes.
        reply_to: ReplyTo<Updated>,
    },
    /// Call an order off. Tells `order.cancelled`; an order that is called off already is left.
    Cancel {
        /// The open turn.
        unit: Unit,
        /// Which.
        id: OrderId,
        /// Why, for the customer's mail.
        reason: String,
        /// Whom to tell.
        contact: Option<Contact>,
        /// The order after it, and where its stock goes.
        reply_to: ReplyTo<Cancelled>,
    },
    /// Delete an order; a customer may delete a pending one only.
    Delete {
        /// The open turn.
        unit: Unit,
        /// Which.
        id: OrderId,
        /// Who asks.
        by: Role,
        /// Where its stock goes, and whether money must go back.
        reply_to: ReplyTo<Deleted>,
    },
    /// Note the payment that was started for an order. Refuses if the order is not pending.
    LinkPayment {
        /// The open turn.
        unit: Unit,
        /// Which.
        id: OrderId,
        /// The payment.
        link: PaymentLink,
        /// The order after it.
        reply_to: ReplyTo<Order>,
    },
    /// The gateway has taken the money. Tells `order.paid`, unless it is paid already.
    MarkPaid {
        /// The open turn.
        unit: Unit,
        /// Which.
        id: OrderId,
        /// The gateway's intent, which a checkout makes only when it is paid.
        intent: Option<Intent>,
        /// Whom to tell.
        contact: Option<Contact>,
        /// What that made of the order.
        reply_to: ReplyTo<Paid>,
    },
    /// The gateway could not take the money, and the order stays. Tells `order.payment_failed`.
    NotePaymentFailure {
        /// The open turn.
        unit: Unit,
        /// Which.
        id: OrderId,
        /// The gateway's words for the customer.
        reason: String,
        /// Whom to tell.
        contact: Option<Contact>,
        /// Done.
        reply_to: ReplyTo<()>,
    },
    /// The gateway has given money back, all of it or a part. Tells `order.refunded`, if it is this
    /// payment that the order goes by; the order is unpaid once nothing is left.
    MarkRefunded {
        /// The open turn.
        unit: Unit,
        /// Which.
        id: OrderId,
        /// The payment whose money went back.
        payment: PaymentId,
        /// What went back.
        refund: MadeRefund,
        /// Whom to tell.
        contact: Option<Contact>,
        /// Done; also for an order deleted meanwhile.
        reply_to: ReplyTo<()>,
    },
    /// Add one unit, whose stock the sender MUST take in this turn, having checked
    /// [`souk_domain::with_unit`] before. Tells `order.line_added`.
    AddUnit {
        /// The open turn.
        unit: Unit,
        /// Which order.
        id: OrderId,
        /// What.
        added: AddedUnit,
        /// The order after it; a payment of another amount is no longer its payment.
        reply_to: ReplyTo<Order>,
    },
    /// Take one unit out. Refuses what [`souk_domain::without_unit`] does. Tells
    /// `order.line_removed`.
    RemoveUnit {
        /// The open turn.
        unit: Unit,
        /// Which order.
        id: OrderId,
        /// What.
        product: ProductId,
        /// The order after it, as with [`OrdersMessage::AddUnit`].
        reply_to: ReplyTo<Order>,
    },
    /// Take a person out of their orders: no customer, no addresses, except where a paid order
    /// must still be delivered. Of many orders some are left for a later turn; until then
    /// [`super::to_forget`] names the person. No news to other systems, which hear of the closed
    /// account.
    ForgetCustomer {
        /// The open turn.
        unit: Unit,
        /// Whom.
        customer: UserId,
        /// What their deliveries need, in the turn that closes the account; `None` in later ones.
        leaver: Option<Box<Leaver>>,
        /// Done.
        reply_to: ReplyTo<()>,
    },
    /// Wipe the recipient that the order of a closed account kept for its delivery; no harm if it
    /// keeps none.
    WipeRecipient {
        /// The open turn.
        unit: Unit,
        /// Which order.
        id: OrderId,
        /// Done.
        reply_to: ReplyTo<()>,
    },
    /// Say whether there is a CRM: only then do completed orders wait for it.
    WantCrm {
        /// The open turn.
        unit: Unit,
        /// Whether there is one.
        is_wanted: bool,
        /// Done.
        reply_to: ReplyTo<()>,
    },
    /// The CRM was told of an order, or was not.
    CrmTried {
        /// The open turn.
        unit: Unit,
        /// Which order.
        id: OrderId,
        /// The completion it was told of; another one since is still to be told.
        version: u64,
        /// How it went.
        outcome: CrmTry,
        /// Done; also for an order deleted meanwhile.
        reply_to: ReplyTo<()>,
    },
    /// Mail the orders that wait for a digest to the owner, once the oldest has waited long enough.
    Announce {
        /// The open turn.
        unit: Unit,
        /// When the oldest must have been placed, at the latest.
        placed_before: UnixMillis,
        /// Answers also when there is nothing to mail.
        reply_to: ReplyTo<()>,
    },
    /// Tell the CRM once more. Refuses an order that was never completed.
    ReplayCrm {
        /// The open turn.
        unit: Unit,
        /// Which.
        id: OrderId,
        /// Done.
        reply_to: ReplyTo<()>,
    },
}

/// The actor. It keeps nothing of the shop in memory.
pub struct OrderOwner {
    /// How the owner of the shop hears of new orders.
    pub notices: OrderNotices,
}

impl Actor for OrderOwner {
    type Msg = OrdersMessage;
    type State = ();
    type Arguments = ();

    async fn pre_start(
        &self,
        _: ActorRef<OrdersMessage>,
        (): (),
    ) -> Result<(), ActorProcessingErr> {
        Ok(())
    }

    async fn handle(
        &self,
        _: ActorRef<OrdersMessage>,
        message: OrdersMessage,
        (): &mut (),
    ) -> Result<(), ActorProcessingErr> {
        match message {
            OrdersMessage::Place { unit, command, reply_to } => {
                answer(reply_to, place::place(&unit, *command, self.notices))
            }
            OrdersMessage::Show { unit, id, reply_to } => answer(reply_to, change::show(&unit, id)),
            OrdersMessage::Update { unit, command, reply_to } => {
                answer(reply_to, change::update(&unit, *command))
            }
            OrdersMessage::Cancel { unit, id, reason, contact, reply_to } => {
                answer(reply_to, change::cancel(&unit, id, &reason, contact.as_ref()))
            }
            OrdersMessage::Delete { unit, id, by, reply_to } => {
                answer(reply_to, change::delete(&unit, id, by))
            }
            OrdersMessage::LinkPayment { unit, id, link, reply_to } => {
                answer(reply_to, change::link_payment(&unit, id, link))
            }
            OrdersMessage::MarkPaid { unit, id, intent, contact, reply_to } => {
                answer(reply_to, change::mark_paid(&unit, id, intent, contact.as_ref()))
            }
            OrdersMessage::NotePaymentFailure { unit, id, reason, contact, reply_to } => {
                let noted = change::note_payment_failure(&unit, id, &reason, contact.as_ref());
                answer(reply_to, noted)
            }
            OrdersMessage::MarkRefunded { unit, id, payment, refund, contact, reply_to } => {
                let contact = contact.as_ref();
                answer(reply_to, change::mark_refunded(&unit, id, payment, &refund, contact))
            }
            OrdersMessage::AddUnit { unit, id, added, reply_to } => {
                answer(reply_to, lines::add_unit(&unit, id, &added))
            }
            OrdersMessage::RemoveUnit { unit, id, product, reply_to } => {
                answer(reply_to, lines::remove_unit(&unit, id, product))
            }
            OrdersMessage::ForgetCustomer { unit, customer, leaver, reply_to } => {
                let leaver = leaver.map(|leaver| *leaver);
                answer(reply_to, forget::forget_customer(&unit, customer, leaver))
            }
            OrdersMessage::WipeRecipient { unit, id, reply_to } => {
                answer(reply_to, forget::wipe_recipient(&unit, id))
            }
            OrdersMessage::WantCrm { unit, is_wanted, reply_to } => {
                answer(reply_to, crm::want(&unit, is_wanted))
            }
            OrdersMessage::CrmTried { unit, id, version, outcome, reply_to } => {
                answer(reply_to, crm::tried(&unit, id, version, outcome))
            }
            OrdersMessage::Announce { unit, placed_before, reply_to } => {
                answer(reply_to, notices::announce(&unit, placed_before, self.notices))
            }
            OrdersMessage::ReplayCrm { unit, id, reply_to } => {
                answer(reply_to, crm::replay(&unit, id))
            }
        }
    }
}
