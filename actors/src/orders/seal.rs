//! Links that show one order without a log-in, for mails about the order. A token is an HMAC over
//! the order's identifying fields, so nothing is stored, and an order that gets the same number
//! after a restore has another token.

use super::Order;
use base64ct::{Base64UrlUnpadded, Encoding};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use souk_domain::OrderId;
use subtle::ConstantTimeEq;

/// Separates this key from other keys derived from the same secret.
const PURPOSE: &[u8] = b"souk order links\0";

/// Creates and verifies the tokens of links.
#[derive(Clone)]
pub struct OrderSeal([u8; 32]);

impl OrderSeal {
    /// A seal whose key is derived from the secret that signs log-in tokens.
    #[must_use]
    pub fn new(secret: &[u8]) -> Self {
        Self(Sha256::new().chain_update(PURPOSE).chain_update(secret).finalize().into())
    }

    /// The token of an order, in URL-safe base64.
    #[must_use]
    pub fn token(&self, id: OrderId, order: &Order) -> String {
        let mut code =
            Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes a key of any length");
        code.update(&id.get().to_be_bytes());
        code.update(&order.created_at.get().to_be_bytes());
        code.update(order.number.as_bytes());
        Base64UrlUnpadded::encode_string(&code.finalize().into_bytes())
    }

    /// True if the token is valid for this order.
    #[must_use]
    pub fn is_token_of(&self, id: OrderId, order: &Order, token: &str) -> bool {
        self.token(id, order).as_bytes().ct_eq(token.as_bytes()).into()
    }
}

/// Redacted: a holder of the key could see every order.
impl std::fmt::Debug for OrderSeal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OrderSeal(…)")
    }
}

/// Builds the links to orders.
#[derive(Clone, Debug)]
pub struct OrderLinks {
    /// The base URL of the shop, without a trailing slash.
    pub base_url: String,
    /// Creates the tokens.
    pub seal: OrderSeal,
}

impl OrderLinks {
    /// The URL of the page that shows an order.
    #[must_use]
    pub fn url(&self, id: OrderId, order: &Order) -> String {
        format!("{}/orders/{id}/?token={}", self.base_url, self.seal.token(id, order))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use souk_domain::{Money, OrderStatus, UnixMillis};

    fn order(number: &str, created_at: i64) -> Order {
        Order {
            number: number.to_owned(),
            customer: None,
            guest: None,
            status: OrderStatus::Pending,
            is_paid: false,
            recipient: None,
            shipping_address: String::new(),
            billing_address: String::new(),
            lines: Vec::new(),
            total: Money::ZERO,
            refunded: Money::ZERO,
            payment: None,
            crm_sync: None,
            crm_version: 0,
            expires_at: None,
            created_at: UnixMillis::new(created_at),
            updated_at: UnixMillis::new(created_at),
            version: 1,
        }
    }

    #[test]
    fn a_token_is_good_for_one_order_and_one_secret() {
        let id = |number| OrderId::new(number).expect("positive");
        let seal = OrderSeal::new(b"one secret");
        let first = order("ORD-1", 1);
        let token = seal.token(id(1), &first);
        assert!(seal.is_token_of(id(1), &first, &token));
        let paid = Order { is_paid: true, version: 2, ..first.clone() };
        assert!(seal.is_token_of(id(1), &paid, &token), "it stays good when the order changes");
        assert!(!seal.is_token_of(id(2), &first, &token));
        assert!(!seal.is_token_of(id(1), &order("ORD-1", 2), &token), "the number came again");
        assert!(!seal.is_token_of(id(1), &order("ORD-2", 1), &token));
        assert!(!OrderSeal::new(b"another").is_token_of(id(1), &first, &token));
        for forged in ["", "A", &token[1..], &format!("{token}="), &token.to_lowercase()] {
            assert!(!seal.is_token_of(id(1), &first, forged), "{forged}");
        }
    }
}
