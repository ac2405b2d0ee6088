//! Checkout pages, for customers whose client does not use Stripe.js. As at Stripe, paying creates
//! the intent behind a page.

mod expire;
mod open;
mod page;
mod pay;

pub use expire::ExpireCheckout;
pub use open::OpenCheckout;
pub use page::CheckoutPage;
pub use pay::PayCheckout;

pub(super) use page::{find, page};
