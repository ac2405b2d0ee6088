//! The outbox as the adapters use it: reading its rows, sending its mails without a broker, watching
//! how full it is, and dead letters.

mod dead_letter_file;
mod dead_letters;
mod drain;
mod pressure;
mod rows;

pub(super) use dead_letter_file::folder as dead_letters_folder;
pub(crate) use dead_letters::{DeadLetter, DeadLetterError, DeadLetters};
pub(super) use drain::Drain;
pub(crate) use pressure::Pressure;
pub(super) use pressure::watch;
pub(super) use rows::Rows;
