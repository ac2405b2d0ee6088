//! What the descriptions of several operations of this contract have in common.

use super::refusals::{INSUFFICIENT_STOCK, NOT_FOR_SALE};
use crate::app::cart_key_field;
use crate::edge::form::Field;
use crate::edge::{Description, Errors, Form, any_text, standard};
use souk_domain::{Currency, ProductId, Refusal, Unbuyable, UnbuyableLine};

/// For a person; another system has no profile and no orders of its own.
pub(super) fn for_people(operation: Description) -> Description {
    operation.for_users().refuses(standard::forbidden())
}

/// For whoever has a cart or gets one; another system has none.
pub(super) fn for_shoppers(operation: Description) -> Description {
    let operation = operation.for_guests().for_new_guests().for_users();
    with_key_parameter(operation).refuses(standard::forbidden())
}

/// The key of a guest's cart in the query; beside it in the header or a cookie.
pub(super) fn with_key_parameter(operation: Description) -> Description {
    operation.query("cart_key", "The key of a guest's cart.", any_text())
}

/// What `read` reads of a body, and the key of a guest's cart.
pub(super) fn with_key<R>(
    read: impl FnOnce(&mut Form<'_>) -> R,
) -> impl FnOnce(&mut Form<'_>, Currency) -> Field<Option<String>> {
    move |form, _| {
        read(form);
        cart_key_field(form)
    }
}

/// The headers that name the key of the cart.
pub(super) fn with_key_headers(operation: Description) -> Description {
    operation
        .header("X-Cart-Key", "The key of the cart.")
        .header("Set-Cookie", "The same key as the cookie `cart_key`.")
}

/// What is said where a cart is to hold what cannot be bought.
pub(super) fn about_stock(operation: Description) -> Description {
    operation
        .refuses(Errors::of("quantity", format!("{INSUFFICIENT_STOCK} for Laptop")))
        .refuses(Errors::of("product_id", NOT_FOR_SALE))
}

/// An order of more than there is.
pub(super) fn short() -> Refusal {
    let why = Unbuyable::Short { name: "Laptop".to_owned(), sellable: 1 };
    let line = ProductId::new(1).map(|product| UnbuyableLine { product, why });
    Refusal::NotBuyable(line.into_iter().collect())
}
