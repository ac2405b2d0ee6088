//! Buying what is in a cart, whoever holds it.

use super::ordering::{self, Delivery, OrderView};
use crate::Failure;
use crate::carts::{CartChange, CartKeyHash, CartOf, CartsMessage};
use crate::orders::{Contact, Recipient};
use crate::store::Unit;
use crate::supervision::Owners;
use souk_domain::{CartLines, UserId};
use std::time::Duration;

/// Who orders, and where it goes.
#[derive(Clone, Debug)]
pub struct Buyer {
    /// The customer; `None` for a guest.
    pub customer: Option<UserId>,
    /// The guest's key: whoever presents it may see the order.
    pub guest: Option<CartKeyHash>,
    /// Whom to mail, unless the recipient says otherwise.
    pub contact: Option<Contact>,
    /// Who gets it, where that is not the customer's profile.
    pub recipient: Option<Recipient>,
    /// Where the goods go.
    pub shipping_address: String,
    /// Where the bill goes.
    pub billing_address: String,
    /// How long the order may stay unpaid.
    pub time_to_live: Duration,
}

impl From<Delivery> for Buyer {
    fn from(delivery: Delivery) -> Self {
        Self {
            customer: Some(delivery.customer),
            guest: None,
            contact: Some(delivery.contact),
            recipient: None,
            shipping_address: delivery.shipping_address,
            billing_address: delivery.billing_address,
            time_to_live: delivery.time_to_live,
        }
    }
}

/// Makes an order of all that is in a cart, and empties the cart.
///
/// # Errors
/// Refuses an empty cart, and lines that cannot be bought.
pub async fn buy_cart(
    owners: &Owners,
    unit: &Unit,
    whose: CartOf,
    buyer: Buyer,
) -> Result<OrderView, Failure> {
    let asked = whose.clone();
    let find = |reply_to| CartsMessage::Find { unit: unit.clone(), whose: asked, reply_to };
    let found = owners.carts.ask(find).await?;
    let lines = found.map(|(_, cart)| cart.lines).unwrap_or_default();
    let lines = CartLines::collect(lines.iter().map(|line| (line.product, line.quantity)))?;
    let placed = ordering::place(owners, unit, buyer, lines).await?;
    let change = CartChange::Clear;
    let clear = |reply_to| CartsMessage::Change { unit: unit.clone(), whose, change, reply_to };
    owners.carts.ask(clear).await?;
    Ok(placed)
}
