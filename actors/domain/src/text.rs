//! Texts that people write: names are folded to one line, and texts are normalized for comparison.
//!
//! A name (of a person, a product, a city, …) is one line. [`one_line`] is the only rule, for
//! requests and for names in mails. It folds line breaks instead of rejecting them, because Django
//! REST Framework accepts such names. Mails also drop characters that change the direction of the
//! text around them: [`mail_line`].

use icu_casemap::CaseMapper;
use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};
use icu_properties::CodePointMapData;
use icu_properties::props::{GeneralCategory, GeneralCategoryGroup};
use std::borrow::Cow;

/// Why a text is rejected. The display text is that of a Django REST Framework field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Only white space.
    #[error("This field may not be blank.")]
    Blank,
    /// Longer than `max_characters`.
    #[error("Ensure this field has no more than {max_characters} characters.")]
    TooLong {
        /// The longest allowed, in characters.
        max_characters: usize,
    },
    /// U+0000, which many systems treat as the end of a text.
    #[error("Null characters are not allowed.")]
    NullCharacters,
    /// Not an e-mail address.
    #[error("Enter a valid email address.")]
    NotAnEmail,
    /// Contains characters that a user name cannot have.
    #[error(
        "Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters."
    )]
    NotAUsername,
}

/// Every rule that a text breaks, in the order in which Django REST Framework reports them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextErrors(Vec<TextError>);

impl TextErrors {
    /// The broken rules; at least one.
    pub fn iter(&self) -> impl Iterator<Item = TextError> {
        self.0.iter().copied()
    }

    /// `Ok` if no rule is broken.
    pub(crate) fn unless_empty(
        broken: impl IntoIterator<Item = Option<TextError>>,
    ) -> Result<(), Self> {
        let broken: Vec<_> = broken.into_iter().flatten().collect();
        if broken.is_empty() { Ok(()) } else { Err(Self(broken)) }
    }
}

impl From<TextError> for TextErrors {
    fn from(error: TextError) -> Self {
        Self(vec![error])
    }
}

impl std::fmt::Display for TextErrors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            let space = if index == 0 { "" } else { " " };
            write!(f, "{space}{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for TextErrors {}

/// White space as defined by Python's `str.strip` and `\s`.
#[must_use]
pub fn is_space(character: char) -> bool {
    character.is_whitespace() || matches!(character, '\u{1c}'..='\u{1f}')
}

/// A text without the white space around it, like Python's `str.strip`.
#[must_use]
pub fn stripped(text: &str) -> &str {
    text.trim_matches(is_space)
}

/// A letter, a digit or another number: Python's `\w` without the underscore.
pub(crate) fn is_word_character(character: char) -> bool {
    const WORD: GeneralCategoryGroup =
        GeneralCategoryGroup::Letter.union(GeneralCategoryGroup::Number);
    character.is_ascii_alphanumeric()
        || (!character.is_ascii() && WORD.contains(category(character)))
}

/// The value of a decimal digit of any script, as Python's `int` and `Decimal` parse it.
#[must_use]
pub fn decimal_digit(character: char) -> Option<u8> {
    let is_digit = |code: u32| {
        char::from_u32(code).is_some_and(|it| category(it) == GeneralCategory::DecimalNumber)
    };
    if character.is_ascii() {
        return character.to_digit(10).and_then(|digit| u8::try_from(digit).ok());
    }
    // The digits of a script are consecutive, and a few scripts follow each other directly.
    let code = u32::from(character);
    let before = (1..code).take_while(|back| is_digit(code - back)).count();
    is_digit(code).then(|| u8::try_from(before % 10).ok())?
}

/// True if Python's `repr` does not escape the character.
#[must_use]
pub fn is_printable(character: char) -> bool {
    const UNSEEN: GeneralCategoryGroup =
        GeneralCategoryGroup::Other.union(GeneralCategoryGroup::Separator);
    character == ' ' || !UNSEEN.contains(category(character))
}

fn category(character: char) -> GeneralCategory {
    CodePointMapData::<GeneralCategory>::new().get(character)
}

/// True for line ends and control characters.
fn breaks_line(character: char) -> bool {
    character.is_control() || matches!(character, '\u{2028}' | '\u{2029}')
}

/// True for characters that change the direction of the text around them, which can disguise it.
fn turns_direction(character: char) -> bool {
    matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A name as one line: the white space around it is dropped, and a run of white space with a
/// control character or a line separator in it becomes one space. Everything else stays as written.
#[must_use]
pub fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    let mut gap = String::new();
    let mut is_broken = false;
    for character in text.chars() {
        let breaks = breaks_line(character);
        if breaks || is_space(character) {
            gap.push(character);
            is_broken |= breaks;
            continue;
        }
        if !line.is_empty() {
            line.push_str(if is_broken { " " } else { &gap });
        }
        gap.clear();
        is_broken = false;
        line.push(character);
    }
    line
}

/// A name in a mail: [`one_line`], without characters that change the direction of the text around
/// them.
#[must_use]
pub fn mail_line(text: &str) -> String {
    one_line(&text.replace(turns_direction, ""))
}

/// A text of several lines in a mail: [`mail_line`] for each line, without empty lines around the
/// text.
#[must_use]
pub fn mail_lines(text: &str) -> String {
    let is_end = |character: char| {
        matches!(character, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
    };
    let text = text.replace("\r\n", "\n");
    let lines: Vec<_> = text.split(is_end).map(mail_line).collect();
    lines.join("\n").trim_matches('\n').to_owned()
}

/// A name for the greeting of a mail that may reach a stranger: letters, spaces, `'`, `’`, `-` and
/// the dots of abbreviations. Empty if it is anything else, such as a message or a web address.
#[must_use]
pub fn greeting_name(name: &str) -> String {
    const CHARACTERS_MAX: usize = 60;
    const NAME: GeneralCategoryGroup =
        GeneralCategoryGroup::Letter.union(GeneralCategoryGroup::Mark);
    let name = one_line(name);
    let is_name = |(character, next): (char, Option<char>)| match character {
        ' ' | '\'' | '’' | '-' => true,
        '.' => next.is_none_or(|next| next == ' '),
        character => NAME.contains(category(character)),
    };
    let following = name.chars().skip(1).map(Some).chain([None]);
    let is_plain = name.chars().zip(following).all(is_name);
    if is_plain && name.chars().count() <= CHARACTERS_MAX { name } else { String::new() }
}

/// True if a text may contain a link: a web address or an e-mail address, or something that many
/// mail programs turn into a link.
#[must_use]
pub fn has_link(text: &str) -> bool {
    let text = nfkc(text);
    if text.contains("://") || text.contains('@') {
        return true;
    }
    let dotted = |word: &str| {
        let mut labels = word.rsplit(['.', '。']);
        let top = labels.next().unwrap_or_default();
        let top: Vec<char> = top.chars().take_while(|c| is_word_character(*c)).collect();
        let before = labels.next().and_then(|label| label.chars().next_back());
        top.len() >= 2
            && !top.iter().any(char::is_ascii_digit)
            && before.is_some_and(is_word_character)
    };
    text.split(is_space).any(|word| {
        // `evil.example/claim`: the path begins after the host.
        let host = word.split(['/', '?', '#', ':']).next().unwrap_or_default();
        dotted(host.trim_end_matches('.'))
    })
}

/// A text as a search compares it: canonically composed (NFC), without case.
#[must_use]
pub fn comparable(text: &str) -> Cow<'_, str> {
    const NFC: ComposingNormalizerBorrowed<'static> = ComposingNormalizerBorrowed::new_nfc();
    if text.is_ascii() {
        return match text.bytes().any(|octet| octet.is_ascii_uppercase()) {
            true => Cow::Owned(text.to_ascii_lowercase()),
            false => Cow::Borrowed(text),
        };
    }
    let folded = folded(&NFC.normalize(text)).into_owned();
    Cow::Owned(NFC.normalize(&folded).into_owned())
}

/// A name as compared where it must be unique: compatibility-composed (NFKC), so that look-alike
/// characters are equal, and without case.
#[must_use]
pub fn identity(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    // Twice, because folding may produce characters that can be composed or folded again.
    let once = nfkc(&folded(&nfkc(text))).into_owned();
    nfkc(&folded(&once)).into_owned()
}

fn folded(text: &str) -> Cow<'_, str> {
    CaseMapper::new().fold_string(text)
}

/// The text in Unicode's form NFKC.
pub(crate) fn nfkc(text: &str) -> Cow<'_, str> {
    const NFKC: ComposingNormalizerBorrowed<'static> = ComposingNormalizerBorrowed::new_nfkc();
    NFKC.normalize(text)
}

/// The text in Unicode's form NFKD.
pub(crate) fn nfkd(text: &str) -> Cow<'_, str> {
    const NFKD: DecomposingNormalizerBorrowed<'static> = DecomposingNormalizerBorrowed::new_nfkd();
    NFKD.normalize(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_line() {
        for (text, line) in [
            ("Lamp\r\nbrass", "Lamp brass"),
            ("Lamp\tbrass", "Lamp brass"),
            ("Lamp\u{7}", "Lamp"),
            ("\u{1}Lamp \u{1b}\n brass\u{85}", "Lamp brass"),
            ("Lamp\u{2028}brass\u{2029}\u{7f}new", "Lamp brass new"),
            ("\u{202e}Lamp\u{2066}!", "\u{202e}Lamp\u{2066}!"),
            ("  Blue  Mug\u{a0}2 ", "Blue  Mug\u{a0}2"),
            ("Zoe\u{308} \u{1f468}\u{200d}\u{1f469}", "Zoe\u{308} \u{1f468}\u{200d}\u{1f469}"),
            ("\r\n\t", ""),
        ] {
            assert_eq!(one_line(text), line, "{text:?}");
            assert_eq!(one_line(line), line, "{text:?}");
        }
        assert_eq!(mail_line("\u{202e}Lamp \r\n\u{2066} brass"), "Lamp brass");
    }

    #[test]
    fn a_text_of_several_lines_keeps_nothing_but_its_lines() {
        let text = "1 Old Street\r\nTown\u{2028}\u{7}Land\u{202e}\r";
        assert_eq!(mail_lines(text), "1 Old Street\nTown\nLand");
        assert_eq!(mail_lines("\n\nhere\n\nthere\n"), "here\n\nthere");
    }

    #[test]
    fn greetings_use_only_plain_names() {
        for name in [
            "Ann",
            "Ann Lee",
            "Seán O’Brien-Smith",
            "J. R. R. Tolkien",
            "Martin Luther King Jr.",
            "Нина",
            "山田 太郎",
            "ज़ोया",
            "Zoe\u{308}",
        ] {
            assert_eq!(greeting_name(name), name);
        }
        assert_eq!(greeting_name("Ann\r\nLee"), "Ann Lee");
        for text in [
            "dear winner\r\n\r\nYour prize: https://evil.example/claim",
            "evil.example",
            "www.evil.example",
            "evil。example",
            "ann@evil.example",
            "call 0900 123",
            "Ann <a href=evil>",
            "Ann (see my page)",
            "Ann! Look",
            &"very ".repeat(20),
        ] {
            assert_eq!(greeting_name(text), "", "{text:?}");
        }
    }

    #[test]
    fn digits_of_every_script_have_their_value() {
        for (character, digit) in [
            ('7', Some(7)),
            ('٣', Some(3)),
            ('０', Some(0)),
            ('\u{1d7ff}', Some(9)),
            ('९', Some(9)),
        ] {
            assert_eq!(decimal_digit(character), digit, "{character}");
        }
        for character in ['a', ' ', '½', '²', 'Ⅷ', '/', ':'] {
            assert_eq!(decimal_digit(character), None, "{character}");
        }
        assert!(['a', ' ', 'é', '💡'].into_iter().all(is_printable));
        assert!(!['\n', '\u{a0}', '\u{202e}', '\u{e000}', '\u{ad}'].into_iter().any(is_printable));
    }

    #[test]
    fn links_are_found_in_every_form() {
        for text in [
            "see https://evil.example/claim",
            "www.evil.example",
            "evil.example/claim",
            "(evil.example)",
            "go to EVIL.COM.",
            "mailto:ann@evil.example",
            "evil\u{ff0e}example",
            "пример.рф",
        ] {
            assert!(has_link(text), "{text}");
        }
        for text in
            ["1 Market Square", "Hauptstr. 5, 1010 Wien", "Apt. 4.2", "Hauptstr.5", "P. O. Box 7"]
        {
            assert!(!has_link(text), "{text}");
        }
    }

    #[test]
    fn compared_texts_have_one_form() {
        for (one, other) in
            [("CAFÉ", "cafe\u{301}"), ("Straße", "STRASSE"), ("ΟΔΟΣ", "οδος"), ("Lamp", "lAMP")]
        {
            assert_eq!(comparable(one), comparable(other));
            assert_eq!(identity(one), identity(other));
        }
        assert_eq!(identity("ａｎｎ"), identity("Ann"));
        assert_eq!(identity("ﬁnn①"), "finn1");
        assert_ne!(comparable("ａｎｎ"), comparable("Ann"), "a search is literal");
        assert_ne!(identity("ann"), identity("anne"));
    }
}
