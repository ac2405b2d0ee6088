//! Creating an endpoint.

use super::stored::{ENDPOINTS, PROGRESS};
use super::{ENDPOINTS_MAX, Endpoint, Progress, Webhooks};
use crate::owner::Command;
use crate::store::{Read, Unit};
use crate::{Failure, ids, outbox};

/// Random bytes of a generated secret.
const SECRET_BYTES: usize = 32;

/// Creates an endpoint, which receives events from now on. Replies `None` if there are already
/// [`ENDPOINTS_MAX`].
#[derive(Clone, Debug)]
pub struct CreateEndpoint {
    /// Its URL, checked.
    pub url: String,
    /// Patterns of the events to send.
    pub events: Vec<String>,
    /// A note for administrators; may be empty.
    pub description: String,
    /// True if events are sent to it from the start.
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
