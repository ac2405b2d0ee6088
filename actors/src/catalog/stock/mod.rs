//! Stock: quoted, taken, returned, sold, adjusted. `souk_domain::Stock` has the arithmetic.

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
