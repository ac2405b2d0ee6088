//! Buying what is in a cart, whoever holds it.

use super::ordering::{self, Delivery, OrderView};
use super::shopping;
use crate::Failure;
use crate::carts::{CartKeyHash, CartOf, ClearCart};
use crate::orders::{Contact, Recipient};
use crate::owner::Turn;
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
pub async fn buy_cart(turn: &Turn, cart: CartOf, buyer: Buyer) -> Result<OrderView, Failure> {
    let lines = shopping::lines_of(turn, &cart)?;
    let lines = CartLines::collect(lines.iter().map(|line| (line.product, line.quantity)))?;
    let placed = ordering::place(turn, buyer, lines).await?;
    turn.ask(ClearCart { cart }).await?;
    Ok(placed)
}
