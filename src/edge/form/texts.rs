//! Rules for text.

use super::errors::{Message, Problem};
use super::json::Json;
use super::python::{number, str_of};
use super::rule::{Rule, or_null, rule};
use super::schemas;
use super::urls::is_url;
use schemars::Schema;
use souk_domain::text::{one_line, stripped};
use souk_domain::{EmailAddress, OrderStatus, Password, TextError, TextErrors, Username};
use std::borrow::Cow;
use url::Url;

const BLANK: &str = "This field may not be blank.";
pub(super) const NOT_A_STRING: &str = "Not a valid string.";
const NOT_AN_EMAIL: &str = "Enter a valid email address.";
const NOT_A_URL: &str = "Enter a valid URL.";
const NULL_CHARACTERS: &str = "Null characters are not allowed.";

/// A text with a maximum number of characters. Surrounding white space is removed, and the rest
/// must not be blank.
pub(crate) fn text(max_characters: usize) -> Text {
    Text { max_characters, blank: false, one_line: false, example: None }
}

/// A name with a maximum number of characters. It is folded to one line and must not be blank.
pub(crate) fn name(max_characters: usize) -> Text {
    Text { one_line: true, ..text(max_characters) }
}

/// A rule for text, made by [`text`] and [`name`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Text {
    max_characters: usize,
    blank: bool,
    one_line: bool,
    example: Option<&'static str>,
}

impl Text {
    /// Also accepts blank text.
    pub(crate) fn or_blank(mut self) -> Self {
        self.blank = true;
        self
    }

    /// Sets the example in the description.
    pub(crate) fn example(mut self, text: &'static str) -> Self {
        self.example = Some(text);
        self
    }
}

impl Rule for Text {
    type Value = String;

    fn read(&self, json: Json<'_>) -> Result<String, Problem> {
        let Sent { text: sent, surrogate } = string(json, NOT_A_STRING)?;
        let sent = stripped(&sent);
        // The limit applies to the text as sent, as the description says.
        let too_long = too_long(sent, self.max_characters);
        let null_characters = null_characters(sent);
        let is_folded = self.one_line && null_characters.is_none();
        let text = if is_folded { one_line(sent) } else { sent.to_owned() };
        let text = stripped(&text);
        if text.is_empty() && !self.blank {
            return Err(BLANK.into());
        }
        Problem::unless_empty([too_long, null_characters, surrogate])?;
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
    address(EmailAddress::parse)
}

/// An e-mail address with which a user identifies themselves. Also accepts addresses that only
/// earlier versions allowed at registration.
pub(crate) fn claimed_email() -> impl Rule<Value = EmailAddress> {
    address(EmailAddress::claimed)
}

fn address(parse: fn(&str) -> Result<EmailAddress, TextErrors>) -> impl Rule<Value = EmailAddress> {
    rule(schemas::email, move |json| {
        let Sent { text, surrogate } = string(json, NOT_AN_EMAIL)?;
        with_surrogate(parse(&text), surrogate, Some(TextError::NotAnEmail))
    })
}

/// A user name.
pub(crate) fn username() -> impl Rule<Value = Username> {
    rule(schemas::username, |json| {
        let Sent { text, surrogate } = string(json, NOT_A_STRING)?;
        with_surrogate(Username::parse(&text), surrogate, None)
    })
}

/// A user name with which a user identifies themselves. It may be as long as the longest user name
/// that exists, which is an e-mail address.
pub(crate) fn claimed_username() -> impl Rule<Value = Username> {
    text(EmailAddress::MAX_CHARACTERS).then(|name| Ok::<_, Problem>(Username::claimed(&name)))
}

/// An absolute web address. A blank text counts as `null` if the field may be null.
pub(crate) fn web_address() -> impl Rule<Value = String> {
    // The URL parser removes white space and control characters, so they are refused before.
    let is_plain = |text: &str| !text.contains(|one: char| one.is_whitespace() || one.is_control());
    let is_web = move |text: &str| {
        is_plain(text) && Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
    };
    address_as(schemas::web_address, is_web)
}

/// The address of an image, read as Django's `URLField` reads it. A blank text counts as `null` if
/// the field may be null.
pub(crate) fn image_address() -> impl Rule<Value = String> {
    address_as(schemas::image_address, is_url)
}

fn address_as(
    schema: fn(usize) -> Schema,
    is_address: impl Fn(&str) -> bool,
) -> impl Rule<Value = String> {
    const CHARACTERS_MAX: usize = 2_000;
    let written = rule(
        move || schema(CHARACTERS_MAX),
        move |json| {
            let Sent { text, surrogate } = string(json, NOT_A_URL)?;
            let text = stripped(&text);
            if text.is_empty() {
                return Err(BLANK.into());
            }
            Problem::unless_empty([
                too_long(text, CHARACTERS_MAX),
                null_characters(text),
                surrogate,
                (!is_address(text)).then_some(NOT_A_URL.into()),
            ])?;
            Ok(text.to_owned())
        },
    );
    or_null(written, |text| stripped(text).is_empty())
}

/// A new password. Nothing is trimmed.
pub(crate) fn new_password() -> impl Rule<Value = Password> {
    rule(schemas::new_password, |json| {
        let Sent { text, surrogate } = unblank(json)?;
        let null = null_characters(&text);
        let chosen = Password::choose(text.into_owned());
        let unfit = chosen.as_ref().err().map(|error| Cow::Owned(error.to_string()));
        Problem::unless_empty([unfit, null, surrogate])?;
        chosen.map_err(|error| error.to_string().into())
    })
}

/// A password with which a user identifies themselves. Nothing is trimmed.
pub(crate) fn claimed_password() -> impl Rule<Value = Password> {
    rule(schemas::claimed_password, |json| {
        let Sent { text, surrogate } = unblank(json)?;
        let max = Password::MAX_CHARACTERS;
        Problem::unless_empty([too_long(&text, max), null_characters(&text), surrogate])?;
        Password::claim(text.into_owned()).ok_or_else(|| BLANK.into())
    })
}

/// The confirmation of a new password. The rules for passwords apply to the password itself, so
/// this field is only required. Compare it with [`Password::as_bytes`]. Nothing is trimmed.
pub(crate) fn repeated_password() -> impl Rule<Value = Vec<u8>> {
    rule(schemas::repeated_password, |json| {
        let Sent { text, surrogate } = unblank(json)?;
        Problem::unless_empty([null_characters(&text), surrogate])?;
        Ok(text.into_owned().into_bytes())
    })
}

/// One of several words, each of which stands for a value.
pub(crate) fn choice<T: Copy>(choices: &'static [(&'static str, T)]) -> impl Rule<Value = T> {
    let words = move || choices.iter().map(|(word, _)| *word).collect::<Vec<_>>();
    rule(
        move || schemas::choice(&words()),
        move |json| {
            let word = str_of(&json);
            let chosen = choices.iter().find(|(known, _)| *known == word);
            chosen.map(|(_, value)| *value).ok_or_else(|| no_choice(&word))
        },
    )
}

/// The status of an order, in the words of a contract.
pub(crate) fn order_status(
    word_of: fn(OrderStatus) -> &'static str,
) -> impl Rule<Value = OrderStatus> {
    rule(
        move || schemas::choice(&OrderStatus::ALL.map(word_of)),
        move |json| {
            let word = str_of(&json);
            let known = OrderStatus::ALL.into_iter().find(|status| word_of(*status) == word);
            known.ok_or_else(|| no_choice(&word))
        },
    )
}

fn no_choice(word: &str) -> Problem {
    format!("\"{word}\" is not a valid choice.").into()
}

/// A string that is not empty. Nothing is trimmed.
fn unblank(json: Json<'_>) -> Result<Sent<'_>, Problem> {
    let sent = string(json, NOT_A_STRING)?;
    if sent.text.is_empty() { Err(BLANK.into()) } else { Ok(sent) }
}

/// A text as the client sent it.
pub(super) struct Sent<'a> {
    pub(super) text: Cow<'a, str>,
    /// The error if the text contains half a surrogate pair.
    pub(super) surrogate: Option<Message>,
}

/// Accepts what Django REST Framework accepts as a string: strings, and numbers in Python's
/// spelling.
pub(super) fn string<'a>(json: Json<'a>, otherwise: &'static str) -> Result<Sent<'a>, Problem> {
    match json {
        Json::Text(text) => Ok(Sent { text, surrogate: None }),
        Json::Number(text) => Ok(Sent { text: number(text), surrogate: None }),
        Json::BrokenText { text, surrogate } => {
            let sentence = format!("Surrogate characters are not allowed: U+{surrogate:X}.");
            Ok(Sent { text: text.into(), surrogate: Some(sentence.into()) })
        }
        _ => Err(otherwise.into()),
    }
}

/// The parsed value, if the text contains no half of a surrogate pair. The error about such a half
/// comes before the error of the rule `last`.
fn with_surrogate<T>(
    parsed: Result<T, TextErrors>,
    surrogate: Option<Message>,
    last: Option<TextError>,
) -> Result<T, Problem> {
    let Some(surrogate) = surrogate else { return Ok(parsed?) };
    let broken: Vec<TextError> = parsed.err().iter().flat_map(TextErrors::iter).collect();
    let place = broken.iter().position(|error| Some(*error) == last).unwrap_or(broken.len());
    let mut sentences: Vec<Message> =
        broken.iter().map(|error| Cow::Owned(error.to_string())).collect();
    sentences.insert(place, surrogate);
    Err(Problem::Messages(sentences))
}

fn too_long(text: &str, max_characters: usize) -> Option<Message> {
    let sentence = || format!("Ensure this field has no more than {max_characters} characters.");
    (text.chars().count() > max_characters).then(|| sentence().into())
}

fn null_characters(text: &str) -> Option<Message> {
    text.contains('\0').then_some(NULL_CHARACTERS.into())
}
