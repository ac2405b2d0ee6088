//! Ids: positive integers, counted per kind (contracts README, "Values").

use std::fmt;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u64);

        impl $name {
            /// The id with this number; `None` unless it is in 1 ..= 2^63 - 1.
            #[must_use]
            pub fn new(number: u64) -> Option<Self> {
                (number >= 1 && i64::try_from(number).is_ok()).then_some(Self(number))
            }

            /// Parses an id in a path or a field: decimal digits only, no sign, no leading zero.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                let plain = text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0');
                if !plain {
                    return None;
                }
                text.parse().ok().and_then(Self::new)
            }

            /// The number itself, always at least 1.
            #[must_use]
            pub fn get(self) -> u64 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0)
            }
        }
    };
}

id!(
    /// A registered user: customer or administrator.
    UserId
);
id!(
    /// A session: one log-in and every token that descends from it.
    SessionId
);
id!(
    /// An address in a user's address book.
    AddressId
);
id!(
    /// A product.
    ProductId
);
id!(
    /// A category of products.
    CategoryId
);
id!(
    /// A cart, of a user or of a guest.
    CartId
);
id!(
    /// One line of a cart.
    CartLineId
);
id!(
    /// A placed order.
    OrderId
);
id!(
    /// One line of an order.
    OrderLineId
);
id!(
    /// A payment of an order.
    PaymentId
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_positive_63_bit_integer() {
        assert_eq!(OrderId::new(0), None);
        assert_eq!(OrderId::new(1 << 63), None);
        assert_eq!(OrderId::new((1 << 63) - 1).map(OrderId::get), Some((1 << 63) - 1));
        for text in ["", "0", "-1", "+1", "01", "abc", "1.0", "9223372036854775808", " 1"] {
            assert_eq!(OrderId::parse(text), None, "{text:?}");
        }
        assert_eq!(OrderId::parse("42").map(OrderId::get), Some(42));
    }
}
