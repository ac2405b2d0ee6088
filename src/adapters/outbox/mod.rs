//! The outbox from outside: how its rows are read, how its mails are drained where there is no broker, how full it
//! is, and what could not be handled.

mod dead_letters;
mod drain;
mod letter_file;
mod pressure;
mod rows;

pub(crate) use dead_letters::{DeadLetter, DeadLetterError, DeadLetters};
pub(super) use drain::Drain;
pub(super) use letter_file::folder as dead_letters_folder;
pub(crate) use pressure::Pressure;
pub(super) use pressure::watch;
pub(super) use rows::Rows;
