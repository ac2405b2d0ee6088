//! Slugs, as Django's `slugify` makes them.

use crate::text::{is_space, is_word_character, nfkc, nfkd};

/// The slug of a name: in ASCII if any of its letters have an ASCII form, else in its own script,
/// else `item`.
#[must_use]
pub fn slug_of(name: &str) -> String {
    let ascii: String = nfkd(name).chars().filter(char::is_ascii).collect();
    let slug = joined(&ascii);
    if !slug.is_empty() {
        return slug;
    }
    let slug = joined(&nfkc(name));
    if slug.is_empty() { "item".to_owned() } else { slug }
}

/// Lower-case letters, digits and `_`. A run of spaces and hyphens becomes one hyphen. Everything
/// else is dropped, and so are hyphens and underscores around the slug.
fn joined(text: &str) -> String {
    let mut slug = String::with_capacity(text.len());
    for character in text.to_lowercase().chars() {
        if is_word_character(character) || character == '_' {
            slug.push(character);
        } else if (character == '-' || is_space(character)) && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.trim_matches(['-', '_']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_djangos() {
        for (name, slug) in [
            ("Laptop", "laptop"),
            ("Men's Shirt", "mens-shirt"),
            ("Café & Co", "cafe-co"),
            ("0.3 l Mug", "03-l-mug"),
            ("snake_case - name", "snake_case-name"),
            ("  Blue  Mug, 0.3 l! ", "blue-mug-03-l"),
            ("--a--b__", "a-b"),
            ("_-_a_-_", "a"),
            ("ﬁne ½ ①", "fine-12-1"),
            ("Ünïcödé", "unicode"),
            ("İstanbul", "istanbul"),
            ("Москва", "москва"),
            ("東京 タワー", "東京-タワー"),
            ("Москва 2", "2"),
            ("???", "item"),
            ("_", "item"),
            ("", "item"),
        ] {
            assert_eq!(slug_of(name), slug, "{name}");
        }
    }
}
