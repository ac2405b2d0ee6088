//! Stock: quoted, taken, given back, sold, adjusted. The arithmetic is `souk_domain::Stock`'s.

mod adjust;
mod books;
mod low;
mod move_units;
mod quote;
mod take;

pub use move_units::{MoveStock, StockMove, TakenLine};
pub use quote::quote;
pub use take::TakeStock;

pub(super) use adjust::{adjust, adjusted};
pub(super) use books::publish;
pub(crate) use quote::why_unbuyable;
