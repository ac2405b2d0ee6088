//! Search terms, parsed like Django REST Framework's `SearchFilter` parses them.

use crate::text::{comparable, is_space, stripped};
use memchr::memmem::Finder;

/// Words and phrases, each of which must occur in some field. Prepared once, then searched in many
/// texts.
#[derive(Clone, Debug)]
pub struct SearchTerms(Vec<Finder<'static>>);

impl SearchTerms {
    /// Parses a search text: words are separated by white space and commas, quotes keep a phrase
    /// together. `None` if there are no terms.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        // This character separates fields and occurs in no text of the shop.
        let text = text.replace(SearchText::BETWEEN_FIELDS, "");
        let mut terms: Vec<String> =
            terms(&text).iter().map(|term| comparable(term).into_owned()).collect();
        terms.retain(|term| !term.is_empty());
        terms.sort_unstable();
        terms.dedup();
        let finders = terms.iter().map(|term| Finder::new(term).into_owned()).collect();
        (!terms.is_empty()).then_some(Self(finders))
    }

    /// The terms, sorted.
    pub fn terms(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().map(Finder::needle)
    }

    /// The longest term: usually the one in the fewest texts.
    #[must_use]
    pub fn longest(&self) -> LongestTerm<'_> {
        let longest = self.0.iter().max_by_key(|term| term.needle().len());
        LongestTerm(longest.expect("there is a term"))
    }

    /// True if every term occurs in the text, which comes from [`SearchText::of`] or `comparable`.
    #[must_use]
    pub fn are_in(&self, text: &str) -> bool {
        self.0.iter().all(|term| term.find(text.as_bytes()).is_some())
    }
}

/// The longest term of a search.
#[derive(Clone, Copy, Debug)]
pub struct LongestTerm<'a>(&'a Finder<'static>);

impl LongestTerm<'_> {
    /// Where in the octets it occurs first.
    #[must_use]
    pub fn find(self, octets: &[u8]) -> Option<std::ops::Range<usize>> {
        let start = self.0.find(octets)?;
        Some(start..start + self.0.needle().len())
    }
}

/// The texts that a search looks through.
pub struct SearchText;

impl SearchText {
    /// Separates two fields, so that no phrase matches across them. No term contains it.
    pub const BETWEEN_FIELDS: char = '\0';

    /// The fields in the form that [`SearchTerms::are_in`] compares.
    #[must_use]
    pub fn of(fields: &[&str]) -> String {
        let mut text = String::with_capacity(fields.iter().map(|field| field.len() + 1).sum());
        for (index, field) in fields.iter().enumerate() {
            if index > 0 {
                text.push(Self::BETWEEN_FIELDS);
            }
            text.push_str(&comparable(field));
        }
        text
    }
}

/// Like `rest_framework.filters.search_smart_split`.
fn terms(text: &str) -> Vec<String> {
    let mut terms = Vec::new();
    let mut rest = text.trim_start_matches(is_space);
    while !rest.is_empty() {
        let (term, after) = rest.split_at(length_of_bit(rest));
        rest = after.trim_start_matches(is_space);
        let term = term.trim_matches(',');
        match quoted(term) {
            Some(phrase) => terms.push(phrase),
            None => terms.extend(term.split(',').map(|word| stripped(word).to_owned())),
        }
    }
    terms
}

/// The content of a quoted term: without its quotes, and without the backslashes before quotes and
/// backslashes.
fn quoted(term: &str) -> Option<String> {
    let quote = term.chars().next().filter(|first| matches!(first, '"' | '\''))?;
    if !term.ends_with(quote) {
        return None;
    }
    let inside = term.get(1..term.len() - 1).unwrap_or_default();
    Some(inside.replace(&format!("\\{quote}"), &quote.to_string()).replace("\\\\", "\\"))
}

/// The length in bytes of the first match of Django's `smart_split_re` in a text that does not
/// begin with white space: words with closed quotes, else everything up to white space.
fn length_of_bit(text: &str) -> usize {
    let is_plain = |character: char| !is_space(character) && !matches!(character, '"' | '\'');
    let plain = |text: &str| text.find(|character| !is_plain(character)).unwrap_or(text.len());
    let mut end = plain(text);
    let mut has_quoted = false;
    while let Some(length) = length_of_quoted(&text[end..]) {
        has_quoted = true;
        end += length;
        end += plain(&text[end..]);
    }
    if has_quoted { end } else { text.find(is_space).unwrap_or(text.len()) }
}

/// The length in bytes of a quoted part at the start of a text; `None` without a closed one.
fn length_of_quoted(text: &str) -> Option<usize> {
    let mut characters = text.char_indices();
    let (_, quote) = characters.next().filter(|(_, first)| matches!(first, '"' | '\''))?;
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => {
                characters.next().filter(|(_, escaped)| *escaped != '\n')?;
            }
            character if character == quote => return Some(at + character.len_utf8()),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_is_split_as_the_frameworks_filter_splits_it() {
        for (text, expected) in [
            ("desk  lamp", vec!["desk", "lamp"]),
            ("desk,lamp,,brass", vec!["desk", "lamp", "", "brass"]),
            ("\"desk lamp\" brass", vec!["desk lamp", "brass"]),
            ("'desk lamp',brass", vec!["'desk lamp'", "brass"]),
            ("\"desk lamp\",", vec!["desk lamp"]),
            ("\"a \\\"b\\\" \\\\c\"", vec!["a \"b\" \\c"]),
            ("\"desk lamp", vec!["\"desk", "lamp"]),
            ("size\"1 2\"x y", vec!["size\"1 2\"x", "y"]),
            ("men's shirt", vec!["men's", "shirt"]),
            ("\"", vec![""]),
            (",", vec![""]),
            ("\u{3000}a\u{1c}b", vec!["a", "b"]),
        ] {
            assert_eq!(terms(text), expected, "{text}");
        }
    }

    #[test]
    fn every_word_is_found_in_any_order_and_field() {
        let text = SearchText::of(&["Desk Lamp, brass", "Warm light from a CAFÉ in the Straße"]);
        let finds = |search: &str| SearchTerms::parse(search).expect("terms").are_in(&text);
        for search in [
            "lamp desk",
            "brass lamp",
            "desk  lamp",
            "lamp warm",
            "WARM,Desk",
            "\"desk lamp\"",
            "cafe\u{301}",
            "STRASSE",
            "des igh",
            "lamp lamp",
            "lamp, brass",
        ] {
            assert!(finds(search), "{search}");
        }
        for search in [
            "\"lamp desk\"",
            "lamp cold",
            "\"brass warm\"",
            "\"brass\0warm\"",
            "cafe",
            "\"desk lamp",
        ] {
            assert!(!finds(search), "{search}");
        }
        for nothing in ["", "  ", ",", "\"\"", "\0", " , ,"] {
            assert!(SearchTerms::parse(nothing).is_none(), "{nothing:?}");
        }
    }
}
