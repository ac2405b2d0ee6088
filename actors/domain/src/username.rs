//! User names.

use crate::EmailAddress;
use crate::text::{TextError, TextErrors, identity, is_word_character, nfkc, stripped};
use std::fmt;

/// A user name: 1 to 150 of letters, digits and `@.+-_` (contracts README, "Bad input"), in
/// Unicode's form NFKC, as Django stores it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Username(String);

impl Username {
    /// A stored name, which was validated by earlier rules.
    #[must_use]
    pub fn taken_before(text: String) -> Self {
        Self(text)
    }

    /// Longest name accepted, in characters.
    pub const MAX_CHARACTERS: usize = 150;

    /// Parses a user name; drops the white space around it.
    ///
    /// # Errors
    /// Every rule it breaks: blank, a character outside letters, digits and `@.+-_`, too long, a
    /// null character.
    pub fn parse(text: &str) -> Result<Self, TextErrors> {
        let text = stripped(text);
        if text.is_empty() {
            return Err(TextError::Blank.into());
        }
        let kept = nfkc(text);
        let is_name =
            |text: &str| text.chars().all(|c| is_word_character(c) || "@.+-_".contains(c));
        let max_characters = Self::MAX_CHARACTERS;
        let is_long = |text: &str| text.chars().count() > max_characters;
        TextErrors::unless_empty([
            (!is_name(text) || !is_name(&kept)).then_some(TextError::NotAUsername),
            (is_long(text) || is_long(&kept)).then_some(TextError::TooLong { max_characters }),
            text.contains('\0').then_some(TextError::NullCharacters),
        ])?;
        Ok(Self(kept.into_owned()))
    }

    /// The user name of a user who only gave an e-mail address: the address itself, of any length
    /// (storefront document, "Update User Profile").
    #[must_use]
    pub fn of_email(email: &EmailAddress) -> Self {
        Self(email.as_str().to_owned())
    }

    /// This name with a number appended.
    #[must_use]
    pub fn numbered(&self, number: u64) -> Self {
        Self(format!("{}_{number}", self.0))
    }

    /// A name in a log-in, only for looking it up: names that are e-mail addresses contain
    /// characters that [`Username::parse`] rejects.
    #[must_use]
    pub fn claimed(text: &str) -> Self {
        Self(stripped(text).to_owned())
    }

    /// The name as stored.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form that must be unique among users. It ignores case and look-alike characters.
    #[must_use]
    pub fn unique_form(&self) -> String {
        identity(&self.0)
    }

    /// True for a name in the form of an e-mail address that is not `own`.
    #[must_use]
    pub fn is_address_of_another(&self, own: &EmailAddress) -> bool {
        let address = EmailAddress::claimed(&self.0);
        address.is_ok_and(|address| address.unique_form() != own.unique_form())
    }
}

impl fmt::Display for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors_of(text: &str) -> Vec<TextError> {
        Username::parse(text).expect_err("refused").iter().collect()
    }

    #[test]
    fn usernames_are_checked_and_every_broken_rule_speaks() {
        let too_long = TextError::TooLong { max_characters: 150 };
        for name in ["new.user+1@x_y-z", "Нина", "山田2", &"x".repeat(150)] {
            assert_eq!(Username::parse(name).expect(name).as_str(), name);
        }
        for text in ["new user", "a/b", "a\u{300}\u{200d}", "½", "a\u{202e}b", "＠"] {
            assert_eq!(errors_of(text), [TextError::NotAUsername], "{text}");
        }
        assert_eq!(errors_of(""), [TextError::Blank]);
        assert_eq!(errors_of(&"x".repeat(151)), [too_long]);
        assert_eq!(errors_of(&"x ".repeat(151)), [TextError::NotAUsername, too_long]);
        assert_eq!(errors_of("a\0b"), [TextError::NotAUsername, TextError::NullCharacters]);
        assert_eq!(errors_of(&"ﷺ".repeat(20)), [TextError::NotAUsername, too_long]);
    }

    #[test]
    fn names_are_kept_as_django_keeps_them_and_compared_by_their_looks() {
        for (text, kept) in [("ａｎｎ", "ann"), ("ﬁnn", "finn"), ("Zoe①", "Zoe1"), ("Ann", "Ann")]
        {
            assert_eq!(Username::parse(text).expect(text).as_str(), kept);
        }
        let unique = |text: &str| Username::claimed(text).unique_form();
        for (one, other) in
            [("ANN", "ａnn"), ("Straße", "STRASSE"), ("ſam", "SAM"), ("É", "e\u{301}")]
        {
            assert_eq!(unique(one), unique(other));
        }
    }

    #[test]
    fn a_name_in_the_form_of_an_address_belongs_to_that_address() {
        let own = EmailAddress::parse("ann@bücher.example").expect("an address");
        let name = |text: &str| Username::parse(text).expect(text);
        for theirs in
            ["bob@example.com", "ＢＯＢ@example.com", "bob@localhost", "bob@bücher.example"]
        {
            assert!(name(theirs).is_address_of_another(&own), "{theirs}");
        }
        for fine in ["ann", "ann@home", "ANN@bücher.example", "ann@xn--bcher-kva.example"] {
            assert!(!name(fine).is_address_of_another(&own), "{fine}");
        }
        assert!(!Username::of_email(&own).numbered(7).is_address_of_another(&own));
    }
}
