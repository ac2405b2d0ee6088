//! One unit more or less in a pending order.

mod add;
mod remove;
mod save_lines;

pub use add::AddOrderUnit;
pub use remove::RemoveOrderUnit;
