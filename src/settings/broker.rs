//! The broker's URLs.

use super::Settings;

impl Settings {
    /// The broker's URLs, each with user and password unless it has its own.
    pub(super) fn nats_urls_with_login(&self) -> Option<String> {
        let (urls, Some(password)) = (self.nats_url.as_deref()?, &self.nats_password) else {
            return self.nats_url.clone();
        };
        let with_login = |url: &str| {
            // The adapter rejects an invalid URL with its own message.
            let Ok(mut parsed) = url::Url::parse(url.trim()) else { return url.to_owned() };
            let has_login = !parsed.username().is_empty();
            if has_login
                || parsed.set_username(&self.nats_user).is_err()
                || parsed.set_password(Some(password)).is_err()
            {
                return url.to_owned();
            }
            parsed.to_string()
        };
        Some(urls.split(',').map(with_login).collect::<Vec<_>>().join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_login_of_the_broker_stands_in_its_address() {
        let settings = |urls: &str, password: Option<&str>| Settings {
            nats_url: Some(urls.to_owned()),
            nats_password: password.map(str::to_owned),
            ..Settings::default()
        };
        let with_login = |urls, password| settings(urls, password).nats_urls_with_login();
        let plain = "nats://127.0.0.1:4222";
        assert_eq!(with_login(plain, None).as_deref(), Some(plain));
        assert_eq!(
            with_login("nats://a:1, nats://me:mine@b:2", Some("p@ss")).as_deref(),
            Some("nats://souk:p%40ss@a:1, nats://me:mine@b:2")
        );
    }
}
