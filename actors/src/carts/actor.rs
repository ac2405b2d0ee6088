//! The actor: messages in, one command each.

use super::{Cart, CartChange, CartKey, CartLine, changes, lines, open};
use crate::catalog::ProductView;
use crate::owner::{ReplyTo, answer};
use crate::store::Unit;
use ractor::{Actor, ActorProcessingErr, ActorRef};
use souk_domain::{CartId, CartLineId, Quantity, UserId};

/// Whose cart is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CartOf {
    /// The one of a registered person.
    User(UserId),
    /// The one of whoever presents this key. The sender MUST know that the shop gave it out.
    Guest(CartKey),
}

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
    /// Look for a cart as it stands in this turn.
    Find {
        /// The open turn.
        unit: Unit,
        /// Whose.
        whose: CartOf,
        /// The cart; `None` for a guest who has nothing in theirs.
        reply_to: ReplyTo<Option<(CartId, Cart)>>,
    },
    /// Change a cart by product, whoever holds it.
    Change {
        /// The open turn.
        unit: Unit,
        /// Whose.
        whose: CartOf,
        /// How.
        change: CartChange,
        /// Done.
        reply_to: ReplyTo<()>,
    },
    /// Make a guest's cart part of a user's. Refuses nothing; no harm if the guest has none. What
    /// the user's cart cannot take stays in the guest's.
    Merge {
        /// The open turn.
        unit: Unit,
        /// The guest's key.
        guest: CartKey,
        /// Whose cart it becomes part of.
        user: UserId,
        /// The products in the guest's cart, as they stand in this turn.
        products: Vec<ProductView>,
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
            CartsMessage::Find { unit, whose, reply_to } => {
                answer(reply_to, open::find(&unit, &whose))
            }
            CartsMessage::Change { unit, whose, change, reply_to } => {
                answer(reply_to, changes::change(&unit, &whose, change))
            }
            CartsMessage::Merge { unit, guest, user, products, reply_to } => {
                answer(reply_to, changes::merge(&unit, &guest, user, &products))
            }
        }
    }
}
