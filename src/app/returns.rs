//! Where a customer goes from the gateway's page: the shop's own pages, those the operator names,
//! or those a call names, if they are of an origin that the operator allows. A shop that sent its
//! customers anywhere would lend its good name to whoever asks.

use super::App;
use crate::edge::form::{Field, Form, ReturnAddress};

/// What the operator decides.
#[derive(Clone, Debug, Default)]
pub(crate) struct ReturnSettings {
    /// After paying, where a call names nothing else.
    pub(crate) success: Option<ReturnAddress>,
    /// After giving up, where a call names nothing else.
    pub(crate) cancel: Option<ReturnAddress>,
    /// Origins that a call may name; `None`: the shop's own, and those whose pages may call it.
    pub(crate) origins: Option<Vec<String>>,
    /// Origins whose pages may call the shop.
    pub(crate) calling_origins: Vec<String>,
}

/// Where customers may go.
#[derive(Debug)]
pub(super) struct Returns {
    pub(super) success: Option<ReturnAddress>,
    pub(super) cancel: Option<ReturnAddress>,
    origins: Vec<String>,
}

impl Returns {
    /// `own` is where the shop itself is reached.
    pub(super) fn new(settings: ReturnSettings, own: &[String]) -> Self {
        let default = || {
            let own = own.iter().filter_map(|url| ReturnAddress::parse(url).ok());
            let own = own.map(|address| address.origin().to_owned());
            own.chain(settings.calling_origins).collect()
        };
        let origins = settings.origins.unwrap_or_else(default);
        Self { success: settings.success, cancel: settings.cancel, origins }
    }

    fn allows(&self, address: &ReturnAddress) -> bool {
        self.origins.iter().any(|origin| origin == address.origin())
    }
}

impl App {
    /// Notes in a form that customers may not be sent to the address of a field.
    pub(crate) fn note_foreign_return(
        &self,
        form: &mut Form<'_>,
        name: &'static str,
        address: &Field<Option<ReturnAddress>>,
    ) {
        let Some(Some(address)) = address.parsed() else { return };
        if !self.returns.allows(address) {
            let origin = address.origin();
            let sentence = format!(
                "Customers are not sent back to {origin}: the setting return_origins does not \
                 allow it."
            );
            form.error(name, sentence);
        }
    }

    /// Where customers go after paying and after giving up, as far as the settings say.
    pub(crate) fn return_settings(&self) -> (Option<&ReturnAddress>, Option<&ReturnAddress>) {
        (self.returns.success.as_ref(), self.returns.cancel.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> ReturnAddress {
        ReturnAddress::parse(text).expect("an address")
    }

    #[test]
    fn the_shops_own_pages_and_those_that_may_call_it_are_allowed_unless_others_are_named() {
        let own = ["https://shop.example".to_owned()];
        let calling_origins = vec!["http://localhost:3000".to_owned()];
        let settings = ReturnSettings { calling_origins, ..ReturnSettings::default() };
        let returns = Returns::new(settings.clone(), &own);
        for allowed in
            ["https://shop.example/a", "HTTPS://SHOP.example:443", "http://localhost:3000/"]
        {
            assert!(returns.allows(&address(allowed)), "{allowed}");
        }
        for foreign in [
            "https://evil.example/",
            "http://shop.example/",
            "https://shop.example:444/",
            "https://shop.example.evil.example/",
            "https://shop.example./",
            "http://localhost/",
        ] {
            assert!(!returns.allows(&address(foreign)), "{foreign}");
        }
        let origins = Some(vec!["https://front.example".to_owned()]);
        let returns = Returns::new(ReturnSettings { origins, ..settings }, &own);
        assert!(returns.allows(&address("https://front.example/thanks")));
        assert!(!returns.allows(&address("https://shop.example/")));
    }
}
