//! Where customers go from the gateway's page.

use super::{Settings, SettingsError};
use crate::app::ReturnSettings;
use crate::edge::form::ReturnAddress;
use crate::edge::{Cors, CorsError};

/// Why a list of origins to return to cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReturnOriginsError {
    #[error(transparent)]
    Origin(#[from] CorsError),
    #[error("* would let anybody send your customers anywhere; name the origins one by one")]
    Everybody,
}

impl Settings {
    /// Where customers may be sent back to.
    ///
    /// # Errors
    /// An address or an origin that cannot be used, with the name of the key.
    pub(crate) fn returns(&self) -> Result<ReturnSettings, SettingsError> {
        let address = |key: &'static str, text: &Option<String>| {
            let parsed = text.as_deref().map(ReturnAddress::parse).transpose();
            parsed.map_err(|reason| SettingsError::ReturnAddress { key, reason })
        };
        let origins = match &self.return_origins {
            None => None,
            Some(list) => match Cors::parse(list).map_err(ReturnOriginsError::from)? {
                Cors::Everybody => return Err(ReturnOriginsError::Everybody.into()),
                named => Some(named.origins()),
            },
        };
        Ok(ReturnSettings {
            success: address("payment_success_url", &self.payment_success_url)?,
            cancel: address("payment_cancel_url", &self.payment_cancel_url)?,
            origins,
            calling_origins: self.cors()?.origins(),
        })
    }
}
