//! The outbox: rows written in the commit that made them true, and read by whoever carries them
//! out of the process.

mod message;

pub use message::{Message, Stream};
