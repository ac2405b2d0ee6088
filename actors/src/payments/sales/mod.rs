//! What an order's life means for the money that paid it.

mod archive;
mod book;

pub use archive::ArchiveSale;
pub use book::BookSale;
