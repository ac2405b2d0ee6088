//! Reads values from the settings file, then from `SOUK_<KEY>` in the environment, then from options of
//! the command line; the last one wins.

use super::fault::{Disclosure, Fault, Origin};
use super::{DEFAULT_FILE, SettingsError};
use souk_domain::nearest;
use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::io;
use std::path::Path;
use toml::Spanned;

/// Prefix of a key in the environment.
const PREFIX: &str = "SOUK_";

/// Shortest prefix, in octets, that is accepted as a hint to a whole name.
const BEGINNING_MIN: usize = 4;

/// A value as written.
#[derive(Clone, Debug)]
struct RawSetting {
    /// `Err`: why it is not a text, number or boolean.
    text: Result<String, &'static str>,
    origin: Origin,
}

/// Takes settings one by one out of what was written, and collects what cannot be used.
pub(super) struct Reader {
    given: BTreeMap<String, RawSetting>,
    known: Vec<&'static str>,
    origins: BTreeMap<&'static str, Origin>,
    faults: Vec<Fault>,
}

impl Reader {
    /// Reads the file (which must exist if it is named), the environment and the options.
    ///
    /// # Errors
    /// The file cannot be read, or is not TOML.
    pub(super) fn open(
        file: Option<&Path>,
        options: impl IntoIterator<Item = (&'static str, &'static str, String)>,
    ) -> Result<Self, SettingsError> {
        let mut given = BTreeMap::new();
        let path = file.unwrap_or(Path::new(DEFAULT_FILE));
        match fs::read_to_string(path) {
            Ok(text) => given.extend(of_file(path, &text)?),
            Err(error) if file.is_none() && error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(SettingsError::File { path: path.to_owned(), source }),
        }
        given.extend(of_environment());
        for (key, option, value) in options {
            let origin = Origin::Option(option);
            given.insert(key.to_owned(), RawSetting { text: Ok(value), origin });
        }
        Ok(Self { given, known: Vec::new(), origins: BTreeMap::new(), faults: Vec::new() })
    }

    /// The value of a key. `parse` returns it, or what would be right. `None` if it is not set, is empty
    /// or cannot be used.
    pub(super) fn read<T>(
        &mut self,
        key: &'static str,
        disclosure: Disclosure,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        self.known.push(key);
        let RawSetting { text, origin } = self.given.remove(key)?;
        self.origins.insert(key, origin.clone());
        let (value, rule) = match text {
            Ok(text) => {
                // A blank at the ends of a secret may be part of it.
                let text =
                    if disclosure == Disclosure::Nothing { &text } else { text.trim_matches(' ') };
                if text.is_empty() {
                    return None;
                }
                match parse(text) {
                    Ok(value) => return Some(value),
                    Err(rule) => (disclosure.of(text), rule),
                }
            }
            Err(rule) => (None, rule.to_owned()),
        };
        self.faults.push(Fault { key: key.to_owned(), value, origin: Some(origin), rule });
        None
    }

    /// Adds a fault that concerns a combination of settings.
    pub(super) fn refuse(&mut self, key: &'static str, rule: &str) {
        let origin = self.origins.get(key).cloned();
        let rule = rule.to_owned();
        self.faults.push(Fault { key: key.to_owned(), value: None, origin, rule });
    }

    /// Whether the key has a value that cannot be used.
    pub(super) fn is_refused(&self, key: &str) -> bool {
        self.faults.iter().any(|fault| fault.key == key)
    }

    /// All faults. A key that was never read is unknown; its value is not repeated, because it may be a
    /// secret under a misspelt name.
    pub(super) fn into_faults(self) -> Vec<Fault> {
        let Self { given, known, mut faults, .. } = self;
        for (key, RawSetting { origin, .. }) in given {
            let rule = match most_alike(&key, known.iter().copied()) {
                Some(meant) => format!("there is no such setting; did you mean `{meant}`?"),
                None => "there is no such setting; config/souk.toml lists them all".to_owned(),
            };
            faults.push(Fault { key, value: None, origin: Some(origin), rule });
        }
        faults
    }
}

/// The name among several that `text` probably meant.
pub(super) fn most_alike<'a>(
    text: &str,
    names: impl Iterator<Item = &'a str> + Clone,
) -> Option<&'a str> {
    let text = text.to_lowercase();
    // A prefix such as `order_ttl` of `order_ttl_seconds` has low similarity but a clear meaning.
    let begins = |name: &&str| text.len() >= BEGINNING_MIN && name.starts_with(&text);
    nearest(&text, names.clone()).or_else(|| names.clone().find(begins))
}

fn of_file(path: &Path, text: &str) -> Result<Vec<(String, RawSetting)>, SettingsError> {
    let line_of = |at: usize| text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1;
    let read: Result<BTreeMap<String, Spanned<toml::Value>>, _> = toml::from_str(text);
    // The parser's error shows the line, which may hold a secret.
    let table = read.map_err(|error| SettingsError::NotToml {
        path: path.to_owned(),
        line: error.span().map_or(1, |span| line_of(span.start)),
        what: error.message().replace('\n', ", "),
    })?;
    let given = table.into_iter().map(|(key, value)| {
        let origin = Origin::File { path: path.to_owned(), line: line_of(value.span().start) };
        (key, RawSetting { text: text_of(value.into_inner()), origin })
    });
    Ok(given.collect())
}

fn text_of(value: toml::Value) -> Result<String, &'static str> {
    match value {
        toml::Value::String(text) => Ok(text),
        toml::Value::Integer(number) => Ok(number.to_string()),
        toml::Value::Float(number) => Ok(number.to_string()),
        toml::Value::Boolean(truth) => Ok(truth.to_string()),
        toml::Value::Datetime(time) => Ok(time.to_string()),
        toml::Value::Array(_) => Err("write one text; where it lists several, with commas between"),
        toml::Value::Table(_) => Err("this is a section; settings stand outside of sections"),
    }
}

fn of_environment() -> impl Iterator<Item = (String, RawSetting)> {
    env::vars_os().filter_map(|(name, value)| {
        let name = name.to_str()?;
        let (prefix, key) = name.split_at_checked(PREFIX.len())?;
        if !prefix.eq_ignore_ascii_case(PREFIX) {
            return None;
        }
        let text = value.into_string().map_err(|_| "its value is not UTF-8 text");
        let text = text.map(|text| unquoted(&text).to_owned());
        let origin = Origin::Environment(name.to_owned());
        Some((key.to_ascii_lowercase(), RawSetting { text, origin }))
    })
}

/// Removes quotation marks, which some readers of environment files leave around values.
fn unquoted(text: &str) -> &str {
    text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_name_is_recognised() {
        let names = ["currency", "cache_mib", "smtp_url"];
        for (text, meant) in [
            ("curency", Some("currency")),
            ("CURRENCY", Some("currency")),
            ("smpt_url", Some("smtp_url")),
            ("chace_mib", Some("cache_mib")),
            ("smtp", Some("smtp_url")),
            ("colour", None),
        ] {
            assert_eq!(most_alike(text, names.into_iter()), meant, "{text}");
        }
    }

    #[test]
    fn a_file_says_on_which_line_a_value_stands() {
        let text = "# Settings\nlisten = \"8000\"\n\ncache_mib = 3\nlist = [1]\n[part]\na = 1\n";
        let given = of_file(Path::new("souk.toml"), text).expect("TOML");
        let lines: Vec<_> = given
            .into_iter()
            .map(|(key, RawSetting { text, origin })| match origin {
                Origin::File { line, .. } => (key, text.ok(), line),
                other => panic!("{other}"),
            })
            .collect();
        let line =
            |key: &str, text: Option<&str>, line| (key.into(), text.map(str::to_owned), line);
        assert_eq!(
            lines,
            [
                line("cache_mib", Some("3"), 4),
                line("list", None, 5),
                line("listen", Some("8000"), 2),
                line("part", None, 6),
            ]
        );
    }

    #[test]
    fn what_is_not_toml_is_refused_without_the_line_itself() {
        for text in ["a = 1\njwt_secret = hidden\n", "a = 1\n\"hidden", "a = 1\na = 2"] {
            let error = of_file(Path::new("souk.toml"), text).expect_err(text).to_string();
            assert!(error.contains("souk.toml") && error.contains("line 2"), "{error}");
            assert!(!error.contains("hidden") && !error.contains('\n'), "{error}");
        }
    }
}
