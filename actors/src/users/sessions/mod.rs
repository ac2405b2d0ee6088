//! Sessions: opened at log-in, rotated at refresh, ended at log-out (contracts README, "Who may").

mod end;
mod generation;
mod open;
mod prune;
mod rotate;
mod save;
mod token;

pub use end::EndSession;
pub use open::OpenSession;
pub use prune::prune_ended_sessions;
pub use rotate::{RotateSession, Rotation};
pub use save::REFRESH_LIFETIME;
pub use token::SessionToken;

pub(crate) use generation::begin_generation;
pub(super) use save::end_others;
