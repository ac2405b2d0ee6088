//! Rules for text.

use super::errors::Problem;
use super::json::Json;
use super::rule::{Rule, rule};
use super::schemas;
use schemars::Schema;
use souk_domain::{EmailAddress, OrderStatus, Password, Username};
use url::Url;

const BLANK: &str = "This field may not be blank.";
const NOT_A_STRING: &str = "Not a valid string.";
const NULL_CHARACTERS: &str = "Null characters are not allowed.";

/// Text of at most so many characters, white space around it dropped, not blank.
pub(crate) fn text(max_characters: usize) -> Text {
    Text { max_characters, blank: false, example: None }
}

/// A rule for text; [`text`] makes it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Text {
    max_characters: usize,
    blank: bool,
    example: Option<&'static str>,
}

impl Text {
    /// Blank is fine too.
    pub(crate) fn or_blank(mut self) -> Self {
        self.blank = true;
        self
    }

    /// A text that the description shows.
    pub(crate) fn example(mut self, text: &'static str) -> Self {
        self.example = Some(text);
        self
    }
}

impl Rule for Text {
    type Value = String;

    fn read(&self, json: Json<'_>) -> Result<String, Problem> {
        let text = string(json)?;
        let text = text.trim();
        if text.is_empty() && !self.blank {
            return Err(BLANK.into());
        }
        if text.chars().count() > self.max_characters {
            let max = self.max_characters;
            return Err(format!("Ensure this field has no more than {max} characters.").into());
        }
        Ok(text.to_owned())
    }

    fn schema(&self) -> Schema {
        let mut schema = schemas::text(self.max_characters, self.blank);
        if let Some(example) = self.example {
            schema.insert("examples".to_owned(), serde_json::json!([example]));
        }
        schema
    }
}

/// An e-mail address.
pub(crate) fn email() -> impl Rule<Value = EmailAddress> {
    rule(schemas::email, |json| {
        EmailAddress::parse(&string(json)?).map_err(|error| error.to_string().into())
    })
}

/// A user name.
pub(crate) fn username() -> impl Rule<Value = Username> {
    rule(schemas::username, |json| {
        Username::parse(&string(json)?).map_err(|error| error.to_string().into())
    })
}

/// The user name somebody says is theirs: as long as the longest there is, an e-mail address.
pub(crate) fn claimed_username() -> impl Rule<Value = Username> {
    text(EmailAddress::MAX_CHARACTERS).then(|name| Ok::<_, Problem>(Username::claimed(&name)))
}

/// The absolute address of something on the web.
pub(crate) fn web_address() -> impl Rule<Value = String> {
    const CHARACTERS_MAX: usize = 2_000;
    // The parser drops white space and control characters, which are no part of an address.
    let is_plain = |text: &str| !text.contains(|one: char| one.is_whitespace() || one.is_control());
    let is_web = move |text: &str| {
        is_plain(text) && Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
    };
    rule(
        || schemas::web_address(CHARACTERS_MAX),
        move |json| {
            let text = text(CHARACTERS_MAX).read(json)?;
            if is_web(&text) { Ok(text) } else { Err("Enter a valid URL.".into()) }
        },
    )
}

/// A password somebody chooses; nothing is trimmed.
pub(crate) fn new_password() -> impl Rule<Value = Password> {
    rule(schemas::new_password, |json| {
        Password::choose(unblank(json)?).map_err(|error| error.to_string().into())
    })
}

/// A password somebody says is theirs; nothing is trimmed.
pub(crate) fn claimed_password() -> impl Rule<Value = Password> {
    rule(schemas::claimed_password, |json| {
        Password::claim(unblank(json)?).ok_or_else(|| {
            let max = Password::MAX_CHARACTERS;
            format!("Ensure this field has no more than {max} characters.").into()
        })
    })
}

/// A new password once more: whatever is wrong with it is wrong with the password itself, so here
/// it only has to be there. Compared with [`Password::as_bytes`]; nothing is trimmed.
pub(crate) fn repeated_password() -> impl Rule<Value = Vec<u8>> {
    rule(schemas::repeated_password, |json| unblank(json).map(String::into_bytes))
}

/// One of a few words, each standing for a value.
pub(crate) fn choice<T: Copy>(choices: &'static [(&'static str, T)]) -> impl Rule<Value = T> {
    let words = move || choices.iter().map(|(word, _)| *word).collect::<Vec<_>>();
    rule(
        move || schemas::choice(&words()),
        move |json| {
            let chosen = match &json {
                Json::Text(text) => choices.iter().find(|(word, _)| word == text),
                _ => None,
            };
            let refused = || format!("\"{}\" is not a valid choice.", json.shown()).into();
            chosen.map(|(_, value)| *value).ok_or_else(refused)
        },
    )
}

/// The state of an order, in capitals or not.
pub(crate) fn order_status() -> impl Rule<Value = OrderStatus> {
    const WORD_CHARACTERS_MAX: usize = 100;
    rule(schemas::order_status, |json| {
        let word = text(WORD_CHARACTERS_MAX).read(json)?;
        let unknown = || format!("\"{word}\" is not a valid choice.").into();
        OrderStatus::from_word(&word).ok_or_else(unknown)
    })
}

/// A string with something in it, which nothing is trimmed off.
fn unblank(json: Json<'_>) -> Result<String, Problem> {
    let text = string(json)?;
    if text.is_empty() { Err(BLANK.into()) } else { Ok(text) }
}

/// What Django REST Framework takes for a string: strings, and numbers as they are written.
pub(super) fn string(json: Json<'_>) -> Result<String, Problem> {
    let text = match json {
        Json::Text(text) => text.into_owned(),
        Json::Number(text) => text.to_owned(),
        _ => return Err(NOT_A_STRING.into()),
    };
    if text.contains('\0') { Err(NULL_CHARACTERS.into()) } else { Ok(text) }
}
