//! Recording whether a CRM is configured.

use crate::Failure;
use crate::orders::Orders;
use crate::orders::stored::CRM_WANTED;
use crate::owner::Command;
use crate::store::Unit;

/// Records whether a CRM is configured. Only then do completed orders wait for it.
#[derive(Clone, Debug)]
pub struct SetCrmConfigured {
    /// True if a CRM is configured.
    pub is_configured: bool,
}

impl Command for SetCrmConfigured {
    type Owner = Orders;
    type Reply = ();

    fn apply(self, unit: &Unit, _: &Orders) -> Result<(), Failure> {
        if self.is_configured {
            unit.put(CRM_WANTED, &0, &())?;
        } else {
            unit.delete(CRM_WANTED, &0)?;
        }
        Ok(())
    }
}
