//! Where customers are redirected from the gateway's page: to the shop's own pages, to those in the
//! settings, or to those that a request names, if the operator allows their origin. Without this
//! check, an attacker could use the shop's name to send customers to any site.

use super::App;
use crate::edge::form::{Field, Form, ReturnAddress};

/// Settings: where customers are redirected.
#[derive(Clone, Debug, Default)]
pub(crate) struct ReturnSettings {
    /// The page after a payment, unless the request names another.
    pub(crate) success: Option<ReturnAddress>,
    /// The page after a cancelled payment, unless the request names another.
    pub(crate) cancel: Option<ReturnAddress>,
    /// Origins that a request may name; `None`: the shop's own origin and those that CORS allows.
    pub(crate) origins: Option<Vec<String>>,
    /// Origins that CORS allows.
    pub(crate) calling_origins: Vec<String>,
}

/// The allowed origins and the default pages.
#[derive(Debug)]
pub(super) struct Returns {
    pub(super) success: Option<ReturnAddress>,
    pub(super) cancel: Option<ReturnAddress>,
    origins: Vec<String>,
}

impl Returns {
    /// `own` are the URLs of the shop itself.
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
    /// Adds an error to the form if customers may not be redirected to the address in a field.
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

    /// The pages after paying and after cancelling, as far as the settings name them.
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
    fn allows_own_and_cors_origins_unless_the_settings_name_others() {
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
