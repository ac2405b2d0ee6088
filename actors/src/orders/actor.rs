//! The actor: messages in, one command each.

use super::{
    Cancelled, Contact, Deleted, Order, Paid, PaymentLink, PlaceOrder, UpdateOrder, Updated,
    change, place,
};
use crate::owner::{ReplyTo, answer};
use crate::store::Unit;
use ractor::{Actor, ActorProcessingErr, ActorRef};
use souk_domain::{OrderId, Role};

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
        /// Whom to tell.
        contact: Option<Contact>,
        /// What that made of the order.
        reply_to: ReplyTo<Paid>,
    },
    /// The gateway has given the whole amount back. Tells `order.refunded`.
    MarkRefunded {
        /// The open turn.
        unit: Unit,
        /// Which.
        id: OrderId,
        /// Whom to tell.
        contact: Option<Contact>,
        /// Done; also for an order deleted meanwhile.
        reply_to: ReplyTo<()>,
    },
}

/// The actor. It keeps nothing in memory.
pub struct OrderOwner;

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
                answer(reply_to, place::place(&unit, *command))
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
            OrdersMessage::MarkPaid { unit, id, contact, reply_to } => {
                answer(reply_to, change::mark_paid(&unit, id, contact.as_ref()))
            }
            OrdersMessage::MarkRefunded { unit, id, contact, reply_to } => {
                answer(reply_to, change::mark_refunded(&unit, id, contact.as_ref()))
            }
        }
    }
}
