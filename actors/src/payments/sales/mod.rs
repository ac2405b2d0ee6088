//! The effects of an order's changes on the money that paid it.

mod archive;
mod book;

pub use archive::ArchiveSale;
pub use book::BookSale;
