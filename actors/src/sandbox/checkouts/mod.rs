//! Checkout pages: where a customer without a browser full of Stripe.js pays. As at Stripe, the
//! intent behind a page is made when somebody pays there.

mod expire;
mod open;
mod page;
mod pay;

pub use expire::ExpireCheckout;
pub use open::OpenCheckout;
pub use page::CheckoutPage;
pub use pay::PayCheckout;

pub(super) use page::{find, page};
