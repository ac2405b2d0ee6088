//! Adding or removing one unit of a pending order.

mod add;
mod remove;
mod save_lines;

pub use add::AddOrderUnit;
pub use remove::RemoveOrderUnit;
