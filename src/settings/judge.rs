//! Validates values, kind by kind. Each function returns the value, or what would be right.

use super::fault::is_control;
use souk_domain::nearest;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use tracing_subscriber::EnvFilter;
use url::{Host, Url};

/// Longest one-line text, in characters.
const LINE_CHARACTERS_MAX: usize = 200;
/// Levels of the log, and `off`.
const LEVELS: [&str; 6] = ["trace", "debug", "info", "warn", "error", "off"];
/// The log target of all parts of Souk.
const OWN_TARGET: &str = "souk";

/// A text without line breaks and other control characters.
pub(super) fn one_line(text: &str) -> Result<String, String> {
    if text.chars().any(is_control) {
        return Err("it must be one line without control characters".to_owned());
    }
    if text.trim().is_empty() || text.chars().count() > LINE_CHARACTERS_MAX {
        return Err(format!("it must have 1 to {LINE_CHARACTERS_MAX} characters"));
    }
    Ok(text.to_owned())
}

/// A whole number within bounds.
pub(super) fn number<T: FromStr + PartialOrd + Display>(
    text: &str,
    bounds: &RangeInclusive<T>,
    unit: &str,
) -> Result<T, String> {
    let number = text.parse().ok().filter(|number| bounds.contains(number));
    let (least, most) = (bounds.start(), bounds.end());
    number.ok_or_else(|| format!("write a whole number of {unit} from {least} to {most}"))
}

/// One of a few words.
pub(super) fn word<T: Copy>(text: &str, words: &[(&str, T)]) -> Result<T, String> {
    let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
    let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
    found.ok_or_else(|| format!("write {}", names.join(" or ")))
}

/// `true` or `false`.
pub(super) fn boolean(text: &str) -> Result<bool, String> {
    word(text, &[("true", true), ("false", false)])
}

/// A URL with one of these schemes, a host, and valid characters only. `url::Url` itself would drop
/// line breaks and repair missing parts.
fn url(text: &str, schemes: &[&str]) -> Result<Url, String> {
    let names: Vec<String> = schemes.iter().map(|scheme| format!("{scheme}://")).collect();
    let rule = || format!("write a URL that begins with {} and a host", names.join(" or "));
    if text.chars().any(|c| is_control(c) || c.is_whitespace() || c == '\\') {
        return Err(format!("{}, without blanks and line breaks", rule()));
    }
    let (scheme, rest) = text.split_once("://").ok_or_else(rule)?;
    // In `https:///path`, browsers and `url::Url` take the path for a host.
    if rest.starts_with('/') || !schemes.iter().any(|known| known.eq_ignore_ascii_case(scheme)) {
        return Err(rule());
    }
    let url = Url::parse(text).map_err(|error| format!("{}: {error}", rule()))?;
    let has_host = url.host_str().is_some_and(|host| !host.is_empty());
    match has_host && url.port() != Some(0) {
        true => Ok(url),
        false => Err(rule()),
    }
}

/// The shop's public base URL. It has no query, because paths are appended to it.
pub(super) fn public_url(text: &str) -> Result<String, String> {
    let url = url(text, &["https", "http"])?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err("write it without a query (?) and a fragment (#): paths are added to it".into());
    }
    if has_login(&url) {
        return Err("write it without a user and a password: everybody sees it".to_owned());
    }
    Ok(text.trim_end_matches('/').to_owned())
}

/// The URL of a server that gets a secret: HTTPS, or HTTP on this machine.
pub(super) fn confidential_url(text: &str) -> Result<Url, String> {
    let url = url(text, &["https", "http"])?;
    let is_this_machine = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    if url.scheme() == "http" && !is_this_machine {
        return Err("it must be https; http is taken for this machine only".to_owned());
    }
    if url.fragment().is_some() {
        return Err("write it without a fragment (#)".to_owned());
    }
    Ok(url)
}

/// Base URL of Stripe's API: paths are appended to it, and it gets the API key.
pub(super) fn api_base(text: &str) -> Result<(), String> {
    let url = confidential_url(text)?;
    match url.query().is_none() && !has_login(&url) {
        true => Ok(()),
        false => Err("write it without a query (?), a user and a password".to_owned()),
    }
}

/// The servers of one broker.
pub(super) fn nats_urls(text: &str) -> Result<String, String> {
    const EXAMPLE: &str = "nats://127.0.0.1:4222";
    for address in text.split(',').map(str::trim) {
        let scheme = address.split_once("://").map_or("", |(scheme, _)| scheme);
        if ["ws", "wss"].contains(&scheme) {
            return Err(format!("WebSockets are not built in; write {EXAMPLE}"));
        }
        let wrong = |rule| format!("{rule}, such as {EXAMPLE}");
        let url = url(address, &["nats", "tls"]).map_err(wrong)?;
        if url.query().is_some() || url.fragment().is_some() || !["", "/"].contains(&url.path()) {
            return Err(format!("write nothing behind the port, as in {EXAMPLE}"));
        }
    }
    Ok(text.to_owned())
}

/// The mail server. The mail adapter validates everything beside the host.
pub(super) fn smtp_url(text: &str) -> Result<String, String> {
    const EXAMPLE: &str = "such as smtp://user:password@mail.example:587";
    let schemes = ["smtp", "smtps", "smtp+starttls"];
    let url = url(text, &schemes).map_err(|rule| format!("{rule}, {EXAMPLE}"))?;
    let is_known = |name: &str| ["tls", "ca"].contains(&name);
    if let Some((name, _)) = url.query_pairs().find(|(name, _)| !is_known(name)) {
        return Err(format!("`{name}` is not a parameter; there are `tls` and `ca`"));
    }
    crate::adapters::judge_smtp_url(text)?;
    Ok(text.to_owned())
}

/// The sender of mails.
pub(super) fn mail_from(text: &str) -> Result<String, String> {
    let text = one_line(text)?;
    match crate::adapters::is_mail_sender(&text) {
        true => Ok(text),
        false => Err("write `Name <name@example.org>` or an address alone".to_owned()),
    }
}

fn has_login(url: &Url) -> bool {
    !url.username().is_empty() || url.password().is_some()
}

/// A directory that exists or can be created.
pub(super) fn new_directory(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(one_line(text)?);
    // The nearest existing ancestor decides; without one it is the working directory.
    match path.ancestors().find(|path| path.symlink_metadata().is_ok()) {
        Some(there) if !there.is_dir() => Err(format!("{} is not a directory", there.display())),
        _ => Ok(path),
    }
}

/// An existing directory.
pub(super) fn directory(text: &str) -> Result<PathBuf, String> {
    let path = one_line(text)?;
    match Path::new(&path).is_dir() {
        true => Ok(path.into()),
        false => Err("there is no such directory".to_owned()),
    }
}

/// A log filter: a level, and levels for single targets. A misspelt level would be taken for a target
/// and silence everything else, so it is rejected.
pub(super) fn log_filter(text: &str) -> Result<String, String> {
    let rule = |hint: &str| {
        format!("{hint}write a level ({}), or as in souk=debug,warn", LEVELS.join(", "))
    };
    let level = |text: &str| {
        let lower = text.to_ascii_lowercase();
        if LEVELS.contains(&lower.as_str()) {
            return Ok(());
        }
        let meant = nearest(text, LEVELS);
        let meant = meant.map(|meant| format!("did you mean `{meant}`? ")).unwrap_or_default();
        Err(rule(&format!("`{text}` is not a level; {meant}")))
    };
    let mut is_heard = false;
    // Brackets hold span filters and may contain commas; such filters are validated as a whole below.
    for part in text.split(',').map(str::trim).filter(|_| !text.contains('[')) {
        let target = match part.rsplit_once('=') {
            None => {
                level(part)?;
                None
            }
            Some((target, wanted)) => {
                level(wanted)?;
                Some(target)
            }
        };
        is_heard |= target.is_none_or(|target| target.starts_with(OWN_TARGET));
    }
    if !is_heard && !text.contains('[') {
        return Err(rule("it says nothing of Souk itself; "));
    }
    EnvFilter::try_new(text).map(|_| text.to_owned()).map_err(|_| rule("it cannot be read; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expects that every value of the first list is accepted and none of the second.
    fn expect<T>(judge: impl Fn(&str) -> Result<T, String>, good: &[&str], bad: &[&str]) {
        for text in good {
            assert!(judge(text).is_ok(), "{text:?}: {:?}", judge(text).err());
        }
        for text in bad {
            let rule = judge(text).err();
            assert!(rule.as_ref().is_some_and(|rule| rule.len() > 10), "{text:?}: {rule:?}");
        }
    }

    #[test]
    fn texts_are_one_line() {
        expect(
            one_line,
            &["Souk", "Käse & Söhne", "x"],
            &["a\nb", "a\rb", "a\tb", "a\0", "\u{2028}", "\u{85}", "   ", &"x".repeat(201)],
        );
        expect(
            mail_from,
            &["shop@souk.example", "Souk <shop@localhost>"],
            &["Souk\r\nBcc: a@b.example <shop@souk.example>", "Souk", "a@", "<>"],
        );
    }

    #[test]
    fn numbers_have_bounds() {
        let seconds = |text: &str| number(text, &(1_u64..=60), "seconds");
        expect(
            seconds,
            &["1", "60"],
            &["0", "61", "-1", "1.5", "1e1", "ten", "9".repeat(40).as_str()],
        );
        assert!(seconds("0").is_err_and(|rule| rule.contains("seconds from 1 to 60")));
        expect(boolean, &["true", "false"], &["yes", "True", "1"]);
    }

    #[test]
    fn a_public_url_leads_browsers_to_the_shop() {
        expect(
            public_url,
            &["https://shop.example", "http://127.0.0.1:8000/", "https://a.example/shop/"],
            &[
                "shop.example",
                "ftp://shop.example",
                "https:shop.example",
                "https://",
                "https:///path",
                "https://shop.example?a=b",
                "https://shop.example/#top",
                "https://user:password@shop.example",
                "https://shop.example:99999",
                "https://shop.example:0",
                "https://shop .example",
                "https://shop.example\r\nX: y",
                "https:\\\\shop.example",
                "javascript://alert",
            ],
        );
    }

    #[test]
    fn secrets_are_sent_over_tls_or_not_at_all() {
        expect(
            confidential_url,
            &["https://crm.example/orders?a=b", "http://127.0.0.1:1/", "http://localhost"],
            &["http://crm.example", "crm.example", "https://", "ftp://127.0.0.1/"],
        );
        expect(
            api_base,
            &["https://api.stripe.com/", "http://127.0.0.1:12111"],
            &["https://api.stripe.com/?a=b", "https://a:b@api.stripe.com", "api.stripe.com"],
        );
    }

    #[test]
    fn a_broker_has_a_scheme_a_host_and_a_port() {
        expect(
            nats_urls,
            &[
                "nats://127.0.0.1:4222",
                "tls://broker.example",
                "nats://souk:p%40ss@a:4222, nats://b:4222",
                "nats://[::1]:4222",
            ],
            &[
                "127.0.0.1:4222",
                "broker",
                "http://broker:4222",
                "ws://broker:443",
                "nats://",
                "nats://:4222",
                "nats://broker:port",
                "nats://broker:70000",
                "nats://broker:0",
                "nats://a:4222,",
                "nats://a:4222;nats://b:4222",
                "nats://a:4222/path",
                "nats:/a:4222",
            ],
        );
    }

    #[test]
    fn a_mail_server_has_a_scheme_a_host_and_known_parameters() {
        expect(
            smtp_url,
            &[
                "smtp://localhost:25",
                "smtps://u:p@mail.example",
                "smtp://mail.example?tls=required",
            ],
            &[
                "mail.example:25",
                "http://mail.example",
                "smtp://",
                "smtp://mail.example:port",
                "smtp://mail.example?tsl=required",
                "smtp://mail.example?tls=maybe",
                "smtps://mail.example?ca=/nowhere.pem",
            ],
        );
    }

    #[test]
    fn a_log_filter_names_levels_and_lets_souk_speak() {
        expect(
            log_filter,
            &["info", "INFO", "off", "souk=debug", "souk=debug,warn", "souk::edge=trace,info"],
            &[
                "loud",
                "inf",
                "verbose",
                "warning",
                "info,",
                "souk",
                "souk=loud",
                "sook=debug",
                "=",
                "",
            ],
        );
        let rule = log_filter("inof").expect_err("misspelt");
        assert!(rule.contains("did you mean `info`?"), "{rule}");
    }

    #[test]
    fn a_path_leads_to_a_directory() {
        let here = env!("CARGO_MANIFEST_DIR");
        let file = format!("{here}/Cargo.toml");
        let below = format!("{file}/data");
        let new = format!("{here}/no-such-directory/data");
        expect(new_directory, &[here, &new, "no-such-directory"], &[&file, &below, "a\0b"]);
        expect(directory, &[here], &[&file, &new, ""]);
    }
}
