//! A new endpoint.

use super::stored::{ENDPOINTS, PROGRESS};
use super::{ENDPOINTS_MAX, Endpoint, Progress, Webhooks};
use crate::owner::Command;
use crate::store::{Read, Unit};
use crate::{Failure, ids, outbox};

/// Octets of a made secret.
const SECRET_BYTES: usize = 32;

/// Makes an endpoint, which hears what happens from now on; `None` if there are
/// [`ENDPOINTS_MAX`] already.
#[derive(Clone, Debug)]
pub struct CreateEndpoint {
    /// Its URL, checked.
    pub url: String,
    /// Which events, each a pattern.
    pub events: Vec<String>,
    /// What to know of it; may be empty.
    pub description: String,
    /// Whether events are sent to it from the start.
    pub is_active: bool,
}

impl Command for CreateEndpoint {
    type Owner = Webhooks;
    type Reply = Option<(u64, Endpoint)>;

    fn apply(self, unit: &Unit, _: &Webhooks) -> Result<Self::Reply, Failure> {
        if unit.count(ENDPOINTS)? >= u64::try_from(ENDPOINTS_MAX).unwrap_or(u64::MAX) {
            return Ok(None);
        }
        let cursor = outbox::last(unit)?;
        let id = ids::next(unit, "webhook_endpoint", Some)?;
        let endpoint = Endpoint {
            url: self.url,
            events: self.events,
            description: self.description,
            secret: format!("whsec_{}", crate::random_hex(SECRET_BYTES)),
            is_active: self.is_active,
            failing_since: None,
            created_at: unit.now(),
            updated_at: unit.now(),
        };
        unit.put(ENDPOINTS, &id, &endpoint)?;
        unit.put(PROGRESS, &id, &Progress { cursor, ..Progress::default() })?;
        Ok(Some((id, endpoint)))
    }
}
