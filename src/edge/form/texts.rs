//! Rules for text.

use super::Rule;
use super::errors::Problem;
use super::json::Json;
use souk_domain::{EmailAddress, Password, Username};
use url::Url;

const BLANK: &str = "This field may not be blank.";
const NOT_A_STRING: &str = "Not a valid string.";
const NULL_CHARACTERS: &str = "Null characters are not allowed.";

/// Text of at most so many characters, white space around it dropped, not blank.
pub(crate) fn text(max_characters: usize) -> Text {
    Text { max_characters, blank: false }
}

/// A rule for text; [`text`] makes it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Text {
    max_characters: usize,
    blank: bool,
}

impl Text {
    /// Blank is fine too.
    pub(crate) fn or_blank(mut self) -> Self {
        self.blank = true;
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
}

/// An e-mail address.
pub(crate) fn email(json: Json<'_>) -> Result<EmailAddress, Problem> {
    EmailAddress::parse(&string(json)?).map_err(|error| error.to_string().into())
}

/// A user name.
pub(crate) fn username(json: Json<'_>) -> Result<Username, Problem> {
    Username::parse(&string(json)?).map_err(|error| error.to_string().into())
}

/// The user name somebody says is theirs: as long as the longest there is, an e-mail address.
pub(crate) fn claimed_username(json: Json<'_>) -> Result<Username, Problem> {
    text(EmailAddress::MAX_CHARACTERS).read(json).map(|name| Username::claimed(&name))
}

/// The absolute address of something on the web.
pub(crate) fn web_address(json: Json<'_>) -> Result<String, Problem> {
    const CHARACTERS_MAX: usize = 2_000;
    let text = text(CHARACTERS_MAX).read(json)?;
    let is_web = Url::parse(&text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    if is_web { Ok(text) } else { Err("Enter a valid URL.".into()) }
}

/// A password somebody chooses; nothing is trimmed.
pub(crate) fn new_password(json: Json<'_>) -> Result<Password, Problem> {
    let text = string(json)?;
    if text.is_empty() {
        return Err(BLANK.into());
    }
    Password::choose(text).map_err(|error| error.to_string().into())
}

/// A password somebody says is theirs; nothing is trimmed.
pub(crate) fn claimed_password(json: Json<'_>) -> Result<Password, Problem> {
    let text = string(json)?;
    if text.is_empty() {
        return Err(BLANK.into());
    }
    Password::claim(text).ok_or_else(|| {
        let max = Password::MAX_CHARACTERS;
        format!("Ensure this field has no more than {max} characters.").into()
    })
}

/// A new password once more: whatever is wrong with it is wrong with the password itself, so here
/// it only has to be there. Compared with [`Password::as_bytes`]; nothing is trimmed.
pub(crate) fn repeated_password(json: Json<'_>) -> Result<Vec<u8>, Problem> {
    let text = string(json)?;
    if text.is_empty() { Err(BLANK.into()) } else { Ok(text.into_bytes()) }
}

/// One of a few words, each standing for a value.
pub(crate) fn choice<T: Copy>(
    choices: &'static [(&'static str, T)],
) -> impl Fn(Json<'_>) -> Result<T, Problem> {
    move |json| {
        let chosen = match &json {
            Json::Text(text) => choices.iter().find(|(word, _)| word == text),
            _ => None,
        };
        let refused = || format!("\"{}\" is not a valid choice.", json.shown()).into();
        chosen.map(|(_, value)| *value).ok_or_else(refused)
    }
}

/// What Django REST Framework takes for a string: strings, and numbers as they are written.
fn string(json: Json<'_>) -> Result<String, Problem> {
    let text = match json {
        Json::Text(text) => text.into_owned(),
        Json::Number(text) => text.to_owned(),
        _ => return Err(NOT_A_STRING.into()),
    };
    if text.contains('\0') { Err(NULL_CHARACTERS.into()) } else { Ok(text) }
}
