//! Describes a setting that cannot be used, for the person who wrote it.

use std::fmt;
use std::path::PathBuf;

/// Longest value that is shown in full, in characters.
const VALUE_CHARACTERS_MAX: usize = 80;

/// Where a value was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// An option of the command line.
    Option(&'static str),
    /// A variable of the environment.
    Environment(String),
    /// A line of the settings file, counted from 1.
    File {
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Option(name) => f.write_str(name),
            Self::Environment(name) => write!(f, "{name} in the environment"),
            Self::File { path, line } => write!(f, "{}, line {line}", path.display()),
        }
    }
}

/// How much of a value may be repeated in a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Disclosure {
    /// All of it.
    Whole,
    /// A URL, without user, password and query.
    Address,
    /// Nothing: it is a secret.
    Nothing,
}

impl Disclosure {
    /// The part of this value that a message repeats.
    pub(super) fn of(self, value: &str) -> Option<String> {
        match self {
            Self::Whole => Some(on_one_line(value)),
            Self::Address => Some(on_one_line(&without_login(value))),
            Self::Nothing => None,
        }
    }
}

/// One setting that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) key: String,
    /// Its value, if that may be shown.
    pub(super) value: Option<String>,
    /// Where the value was written; `None` if the setting is missing.
    pub(super) origin: Option<Origin>,
    /// What would be right.
    pub(super) rule: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.key)?;
        if let Some(value) = &self.value {
            write!(f, " = {value}")?;
        }
        if let Some(origin) = &self.origin {
            write!(f, " ({origin})")?;
        }
        write!(f, ": {}", self.rule)
    }
}

/// Every setting that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Faults(pub(crate) Vec<Fault>);

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.len() {
            1 => f.write_str("a setting cannot be used:")?,
            number => write!(f, "{number} settings cannot be used:")?,
        }
        self.0.iter().try_for_each(|fault| write!(f, "\n  {fault}"))
    }
}

/// A value on one line of a terminal: control characters are escaped.
fn on_one_line(value: &str) -> String {
    let mut shown = String::new();
    for (number, c) in value.chars().enumerate() {
        if number == VALUE_CHARACTERS_MAX {
            shown.push('…');
            break;
        }
        match c {
            c if is_control(c) => shown.extend(c.escape_default()),
            c => shown.push(c),
        }
    }
    shown
}

/// Whether a character would control the terminal instead of being shown.
pub(super) fn is_control(c: char) -> bool {
    c.is_control() || ['\u{2028}', '\u{2029}'].contains(&c)
}

/// A URL, or a text meant as one, without anything that may be a password.
pub(crate) fn without_login(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let separator = if scheme.is_empty() { "" } else { "://" };
    let (login, rest) = rest.rsplit_once('@').map_or(("", rest), |(_, rest)| ("…@", rest));
    let (rest, query) = rest.split_once('?').map_or((rest, ""), |(rest, _)| (rest, "?…"));
    format!("{scheme}{separator}{login}{rest}{query}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_shown_without_its_password_and_on_one_line() {
        for (shown, value, said) in [
            (Disclosure::Whole, "a\r\nb\u{2028}", Some("a\\r\\nb\\u{2028}")),
            (
                Disclosure::Address,
                "smtp://user:p@ss@mail.example?tls=x",
                Some("smtp://…@mail.example?…"),
            ),
            (Disclosure::Address, "nats://a:b@c, nats://d:e@f:1", Some("nats://…@f:1")),
            (Disclosure::Address, "nats//user:password@host", Some("…@host")),
            (Disclosure::Address, "https://shop.example", Some("https://shop.example")),
            (Disclosure::Nothing, "a secret", None),
        ] {
            assert_eq!(shown.of(value).as_deref(), said, "{value}");
        }
        assert_eq!(Disclosure::Whole.of(&"x".repeat(200)).map(|it| it.chars().count()), Some(81));
    }

    #[test]
    fn a_fault_says_key_value_origin_and_rule() {
        let fault = |value: Option<&str>, origin| Fault {
            key: "currency".to_owned(),
            value: value.map(str::to_owned),
            origin,
            rule: "write USD".to_owned(),
        };
        let file = Origin::File { path: "souk.toml".into(), line: 3 };
        let faults = Faults(vec![
            fault(Some("EURO"), Some(Origin::Environment("SOUK_CURRENCY".to_owned()))),
            fault(None, Some(file)),
            fault(None, None),
        ]);
        assert_eq!(
            faults.to_string(),
            "3 settings cannot be used:\n  \
             currency = EURO (SOUK_CURRENCY in the environment): write USD\n  \
             currency (souk.toml, line 3): write USD\n  \
             currency: write USD"
        );
    }
}
