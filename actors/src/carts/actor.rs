//! The actor: messages in, one command each.

use super::{Cart, CartLine, lines, open};
use crate::catalog::ProductView;
use crate::owner::{ReplyTo, answer};
use crate::store::Unit;
use ractor::{Actor, ActorProcessingErr, ActorRef};
use souk_domain::{CartId, CartLineId, Quantity, UserId};

/// What the owner of carts can be asked. The sender MUST hold the turn of `unit`.
pub enum CartsMessage {
    /// Give a new user an empty cart.
    Open {
        /// The open turn.
        unit: Unit,
        /// Whose.
        user: UserId,
        /// Its id.
        reply_to: ReplyTo<CartId>,
    },
    /// Do away with the cart of a user who closes their account.
    Close {
        /// The open turn.
        unit: Unit,
        /// Whose.
        user: UserId,
        /// Done.
        reply_to: ReplyTo<()>,
    },
    /// Look at a cart as it stands in this turn.
    Show {
        /// The open turn.
        unit: Unit,
        /// Whose.
        user: UserId,
        /// The cart.
        reply_to: ReplyTo<(CartId, Cart)>,
    },
    /// Put units of a product in, on top of those that are there. Refuses what could not be
    /// bought now.
    AddLine {
        /// The open turn.
        unit: Unit,
        /// Whose cart.
        user: UserId,
        /// What, as it stands in this turn.
        product: Box<ProductView>,
        /// How many.
        quantity: Quantity,
        /// The line after it.
        reply_to: ReplyTo<CartLine>,
    },
    /// Set how many units a line has. Refuses what could not be bought now.
    SetQuantity {
        /// The open turn.
        unit: Unit,
        /// Whose cart.
        user: UserId,
        /// Which line.
        line: CartLineId,
        /// Its product, as it stands in this turn.
        product: Box<ProductView>,
        /// How many.
        quantity: Quantity,
        /// The line after it.
        reply_to: ReplyTo<CartLine>,
    },
    /// Take a line out.
    RemoveLine {
        /// The open turn.
        unit: Unit,
        /// Whose cart.
        user: UserId,
        /// Which line.
        line: CartLineId,
        /// Done.
        reply_to: ReplyTo<()>,
    },
    /// Take everything out.
    Clear {
        /// The open turn.
        unit: Unit,
        /// Whose cart.
        user: UserId,
        /// Done.
        reply_to: ReplyTo<()>,
    },
}

/// The actor. It keeps nothing in memory.
pub struct CartOwner;

impl Actor for CartOwner {
    type Msg = CartsMessage;
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<CartsMessage>, (): ()) -> Result<(), ActorProcessingErr> {
        Ok(())
    }

    async fn handle(
        &self,
        _: ActorRef<CartsMessage>,
        message: CartsMessage,
        (): &mut (),
    ) -> Result<(), ActorProcessingErr> {
        match message {
            CartsMessage::Open { unit, user, reply_to } => {
                answer(reply_to, open::open(&unit, user))
            }
            CartsMessage::Close { unit, user, reply_to } => {
                answer(reply_to, open::close(&unit, user))
            }
            CartsMessage::Show { unit, user, reply_to } => {
                answer(reply_to, open::open_cart(&unit, user))
            }
            CartsMessage::AddLine { unit, user, product, quantity, reply_to } => {
                answer(reply_to, lines::add(&unit, user, &product, quantity))
            }
            CartsMessage::SetQuantity { unit, user, line, product, quantity, reply_to } => {
                answer(reply_to, lines::set_quantity(&unit, user, line, &product, quantity))
            }
            CartsMessage::RemoveLine { unit, user, line, reply_to } => {
                answer(reply_to, lines::remove(&unit, user, line))
            }
            CartsMessage::Clear { unit, user, reply_to } => {
                answer(reply_to, lines::clear(&unit, user))
            }
        }
    }
}
