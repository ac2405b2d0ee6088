//! The minimal contract, as its document prints it.

mod accounts;
mod shopping;
