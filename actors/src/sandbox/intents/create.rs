//! Making an intent.

use super::find::{find, fresh};
use crate::Failure;
use crate::gateway::{Charge, GatewayIntent};
use crate::owner::Command;
use crate::sandbox::Sandbox;
use crate::sandbox::stored::{BY_KEY, INTENTS};
use crate::store::{Read, Unit};

/// Creates an intent. The same key returns the same intent.
#[derive(Clone, Debug)]
pub struct CreateIntent {
    /// The idempotency key.
    pub key: String,
    /// The amount and its purpose.
    pub charge: Charge,
}

impl Command for CreateIntent {
    type Owner = Sandbox;
    type Reply = GatewayIntent;

    fn apply(self, unit: &Unit, _: &Sandbox) -> Result<GatewayIntent, Failure> {
        let Self { key, charge: Charge { amount, currency, .. } } = self;
        if let Some(id) = unit.get(BY_KEY, &key)? {
            return Ok(find(unit, &id)?.shown(&id));
        }
        let (id, intent) = fresh(unit, amount, currency.code().to_ascii_lowercase());
        unit.put(INTENTS, &id, &intent)?;
        unit.put(BY_KEY, &key, &id)?;
        Ok(intent.shown(&id))
    }
}
