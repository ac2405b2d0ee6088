//! A customer who orders a product and pays for it.

use crate::http::{Answer, Connection, request};
use crate::load::Caller;
use crate::{Outcome, complaint};
use serde_json::{Value, json};

/// Adds a product to the cart, checks out, creates a payment and confirms it with a card that pays:
/// four calls of the storefront contract.
pub(crate) struct Buyer {
    addition: Vec<u8>,
    checkout: Vec<u8>,
    token: String,
    confirmation: String,
}

impl Buyer {
    pub(super) fn new(addition: Vec<u8>, checkout: Vec<u8>, token: String) -> Self {
        let confirmation = json!({"payment_method": "pm_card_visa"}).to_string();
        Self { addition, checkout, token, confirmation }
    }
}

impl Caller for Buyer {
    /// Places one order and pays it.
    async fn ask(&mut self, connection: &mut Connection) -> Outcome<()> {
        fetch(connection, &self.addition, 201).await?;
        let order = json_of(&fetch(connection, &self.checkout, 201).await?)?;
        let id = order["id"].as_u64().ok_or_else(|| complaint(format!("no order: {order}")))?;
        let path = format!("/api/v1/orders/{id}/create-payment/");
        fetch(connection, &request("POST", &path, Some(&self.token), None), 200).await?;
        let path = format!("/api/v1/orders/{id}/confirm-payment/");
        let ask = request("POST", &path, Some(&self.token), Some(&self.confirmation));
        let paid = json_of(&fetch(connection, &ask, 200).await?)?;
        match paid["order"]["status"] == "completed" {
            true => Ok(()),
            false => Err(complaint(format!("the order is not paid: {paid}"))),
        }
    }
}

async fn fetch(connection: &mut Connection, ask: &[u8], status: u16) -> Outcome<Answer> {
    let answer = connection.fetch(ask).await?;
    match answer.head.status == status {
        true => Ok(answer),
        false => Err(complaint(String::from_utf8_lossy(&answer.octets))),
    }
}

fn json_of(answer: &Answer) -> Outcome<Value> {
    Ok(serde_json::from_slice(answer.body())?)
}
