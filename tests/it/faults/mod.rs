//! Crashes, races, floods and restores.

mod honest_load;
mod hostile;
pub(crate) mod kill;
pub(crate) mod oversell;
mod payment_races;
mod restores;
mod sandbox_messages;
mod slow_readers;
