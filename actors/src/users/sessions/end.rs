//! Ending a session.

use super::save::end;
use crate::Failure;
use crate::owner::Command;
use crate::store::Unit;
use crate::users::Users;
use souk_domain::SessionId;

/// Ends a session; does nothing if it has ended.
#[derive(Clone, Debug)]
pub struct EndSession {
    /// The session.
    pub session: SessionId,
}

impl Command for EndSession {
    type Owner = Users;
    type Reply = ();

    fn apply(self, unit: &Unit, _: &Users) -> Result<(), Failure> {
        end(unit, self.session)
    }
}
