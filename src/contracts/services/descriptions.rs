//! Parts that the descriptions of several operations of this contract share.

use super::refusals::{INSUFFICIENT_STOCK, NOT_FOR_SALE};
use crate::app::cart_key_field;
use crate::edge::form::Field;
use crate::edge::{Description, Errors, Form, any_text, standard};
use souk_domain::{Currency, ProductId, Refusal, UnbuyableLine, UnbuyableReason};

/// For users only: another system has no profile and no orders of its own.
pub(super) fn for_people(operation: Description) -> Description {
    operation.for_users().refuses(standard::forbidden())
}

/// For users and guests: another system has no cart.
pub(super) fn for_shoppers(operation: Description) -> Description {
    let operation = operation.for_guests().for_new_guests().for_users();
    with_key_parameter(operation).refuses(standard::forbidden())
}

/// The key of a guest's cart in the query. The header and the cookie work as well.
pub(super) fn with_key_parameter(operation: Description) -> Description {
    operation.query("cart_key", "The key of a guest's cart.", any_text())
}

/// The fields that `read` reads, and the key of a guest's cart.
pub(super) fn with_key<R>(
    read: impl FnOnce(&mut Form<'_>) -> R,
) -> impl FnOnce(&mut Form<'_>, Currency) -> Field<Option<String>> {
    move |form, _| {
        read(form);
        cart_key_field(form)
    }
}

/// The headers that return the key of the cart.
pub(super) fn with_key_headers(operation: Description) -> Description {
    operation
        .header("X-Cart-Key", "The key of the cart.")
        .header("Set-Cookie", "The same key as the cookie `cart_key`.")
}

/// The refusal of a product that cannot be put in a cart.
pub(super) fn about_stock(operation: Description) -> Description {
    operation
        .refuses(Errors::of("quantity", format!("{INSUFFICIENT_STOCK} for Laptop")))
        .refuses(Errors::of("product_id", NOT_FOR_SALE))
}

/// The refusal of an order with more units than are in stock.
pub(super) fn short() -> Refusal {
    let why = UnbuyableReason::Short { name: "Laptop".to_owned(), sellable: 1 };
    let line = ProductId::new(1).map(|product| UnbuyableLine { product, why });
    Refusal::NotBuyable(line.into_iter().collect())
}
