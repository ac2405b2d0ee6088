//! Where customers return from the gateway's page.

use super::Settings;
use super::fault::Disclosure;
use super::source::Reader;
use crate::app::ReturnSettings;
use crate::edge::Cors;
use crate::edge::form::ReturnAddress;

impl Settings {
    /// Reads where customers may be sent back to.
    pub(super) fn read_returns(&mut self, reader: &mut Reader) {
        let address = |text: &str| ReturnAddress::parse(text).map_err(|error| error.to_string());
        self.payment_success_url = reader.read("payment_success_url", Disclosure::Address, address);
        self.payment_cancel_url = reader.read("payment_cancel_url", Disclosure::Address, address);
        self.return_origins = reader.read("return_origins", Disclosure::Whole, origins);
    }

    /// Where customers may be sent back to.
    pub(super) fn returns(&self) -> ReturnSettings {
        ReturnSettings {
            success: self.payment_success_url.clone(),
            cancel: self.payment_cancel_url.clone(),
            origins: self.return_origins.clone(),
            calling_origins: self.cors.origins(),
        }
    }
}

fn origins(text: &str) -> Result<Vec<String>, String> {
    match Cors::parse(text).map_err(|error| error.to_string())? {
        Cors::Everybody => {
            Err("* would let anybody send your customers anywhere; name the origins one by one"
                .to_owned())
        }
        named => Ok(named.origins()),
    }
}
