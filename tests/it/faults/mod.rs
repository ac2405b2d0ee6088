//! Crashes, races, floods and restores.

mod honest_load;
mod hostile;
mod kill;
mod oversell;
mod payment_races;
mod restores;
mod sandbox_messages;
mod slow_readers;
