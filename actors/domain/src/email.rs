//! E-mail addresses, parsed like Django's `EmailValidator` parses them, in a form that can be
//! mailed.

use crate::text::{TextError, TextErrors, stripped};
use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

/// An e-mail address in ASCII: an internationalised domain is stored as `xn--…`, and domains are in
/// lower case. Neither part contains a line break or another control character.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EmailAddress(String);

/// Which top-level domains are accepted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum TopLevels {
    /// Letters and hyphens, or `xn--…`.
    OfToday,
    /// Also those with digits, which earlier versions of the shop accepted.
    Ever,
}

impl EmailAddress {
    /// Longest address accepted, in characters (RFC 5321 section 4.5.3.1.3).
    pub const MAX_CHARACTERS: usize = 254;

    /// Parses an address; drops the white space around it.
    ///
    /// # Errors
    /// Every rule it breaks: blank, too long, a null character, not an address.
    pub fn parse(text: &str) -> Result<Self, TextErrors> {
        Self::read(text, TopLevels::OfToday)
    }

    /// A stored address, which was validated by earlier rules.
    #[must_use]
    pub fn taken_before(text: String) -> Self {
        Self(text)
    }

    /// Parses an address that may be in the store already: accepts what [`EmailAddress::parse`]
    /// accepts, and what earlier versions of the shop accepted.
    ///
    /// # Errors
    /// As [`EmailAddress::parse`].
    pub fn claimed(text: &str) -> Result<Self, TextErrors> {
        Self::read(text, TopLevels::Ever)
    }

    fn read(text: &str, top_levels: TopLevels) -> Result<Self, TextErrors> {
        let text = stripped(text);
        if text.is_empty() {
            return Err(TextError::Blank.into());
        }
        let max_characters = Self::MAX_CHARACTERS;
        let address = mailable(text, top_levels).filter(|it| it.len() <= max_characters);
        let is_long = text.chars().count() > max_characters;
        // A long address may still be valid elsewhere: then only its length is reported.
        let is_address = address.is_some() || (is_long && mailable(text, top_levels).is_some());
        TextErrors::unless_empty([
            is_long.then_some(TextError::TooLong { max_characters }),
            text.contains('\0').then_some(TextError::NullCharacters),
            (!is_address).then_some(TextError::NotAnEmail),
        ])?;
        address.map(Self).ok_or_else(|| TextError::NotAnEmail.into())
    }

    /// The address as stored.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The parts before and after the last `@`, in the form of SMTP: IPv6 addresses are tagged (RFC
    /// 5321 section 4.1.3).
    #[must_use]
    pub fn for_mail(&self) -> (&str, String) {
        let (local, domain) = self.0.rsplit_once('@').unwrap_or((&self.0, ""));
        let literal = domain.strip_prefix('[').filter(|literal| literal.contains(':'));
        (local, literal.map_or_else(|| domain.to_owned(), |literal| format!("[IPv6:{literal}")))
    }

    /// The form that must be unique among users. It ignores case and unnecessary quotes.
    #[must_use]
    pub fn unique_form(&self) -> String {
        let lower = self.0.to_lowercase();
        match lower.rsplit_once('@') {
            Some((local, domain)) if local.starts_with('"') => {
                let local = unquoted(local).filter(|text| is_dot_atom(text));
                local.map(|local| format!("{local}@{domain}")).unwrap_or(lower)
            }
            _ => lower,
        }
    }
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The address in ASCII; `None` if it is not an address.
fn mailable(text: &str, top_levels: TopLevels) -> Option<String> {
    /// RFC 3696 section 3, counted as Django counts.
    const MAX_CHARACTERS: usize = 320;
    if text.chars().count() > MAX_CHARACTERS {
        return None;
    }
    let (local, domain) = text.rsplit_once('@')?;
    if !is_dot_atom(local) && !is_quoted(local) {
        return None;
    }
    let domain = mailable_domain(domain, top_levels)?;
    Some(format!("{local}@{domain}"))
}

fn is_dot_atom(local: &str) -> bool {
    // RFC 5322 `atext`.
    let is_atom =
        |octet: u8| octet.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&octet);
    local.split('.').all(|atom| !atom.is_empty() && atom.bytes().all(is_atom))
}

/// True for a quoted string of visible ASCII and spaces. Django accepts control characters too, but
/// no mail header should contain them.
fn is_quoted(local: &str) -> bool {
    unquoted(local).is_some()
}

/// The text between the quotes, without the backslashes before characters.
fn unquoted(local: &str) -> Option<String> {
    let inside = local.strip_prefix('"')?.strip_suffix('"')?;
    let is_text = |character: char| character == ' ' || character.is_ascii_graphic();
    let mut text = String::with_capacity(inside.len());
    let mut characters = inside.chars();
    while let Some(character) = characters.next() {
        let character = match character {
            '"' => return None,
            '\\' => characters.next()?,
            // Django accepts a space only after a backslash.
            ' ' => return None,
            character => character,
        };
        if !is_text(character) {
            return None;
        }
        text.push(character);
    }
    Some(text)
}

fn mailable_domain(domain: &str, top_levels: TopLevels) -> Option<String> {
    if domain == "localhost" || is_address_literal(domain) {
        return Some(domain.to_ascii_lowercase());
    }
    if domain.is_ascii() {
        return is_host(domain, top_levels).then(|| domain.to_ascii_lowercase());
    }
    /// Counted like Django: before the conversion to ASCII.
    const TOP_LEVEL_CHARACTERS_MIN: usize = 2;
    let top_level = domain.rsplit('.').next()?;
    let has_edge = |label: &str| label.starts_with('-') || label.ends_with('-');
    if top_level.chars().count() < TOP_LEVEL_CHARACTERS_MIN || domain.split('.').any(has_edge) {
        return None;
    }
    let ascii = idna::domain_to_ascii_cow(domain.as_bytes(), idna::AsciiDenyList::STD3).ok()?;
    // Digits of an `xn--…` label encode its letters, unless the domain was typed with digits.
    let is_encoded = ascii.rsplit('.').next()?.starts_with("xn--")
        && !top_level.is_ascii()
        && !top_level.bytes().any(|octet| octet.is_ascii_digit());
    let top_levels = if is_encoded { TopLevels::Ever } else { top_levels };
    is_host(&ascii, top_levels).then(|| ascii.into_owned())
}

/// `[127.0.0.1]` or `[::1]` (RFC 5321 section 4.1.3, IPv6 without its tag, as Django reads it).
fn is_address_literal(domain: &str) -> bool {
    let literal = domain.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    literal.is_some_and(|text| text.parse::<Ipv4Addr>().is_ok() || text.parse::<Ipv6Addr>().is_ok())
}

fn is_host(domain: &str, top_levels: TopLevels) -> bool {
    /// RFC 1035 section 2.3.4.
    const MAX_LABEL_OCTETS: usize = 63;
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= MAX_LABEL_OCTETS
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-')
    };
    let Some((hosts, top)) = domain.rsplit_once('.') else { return false };
    hosts.split('.').all(is_label) && is_label(top) && is_top_level(top, top_levels)
}

fn is_top_level(label: &str, top_levels: TopLevels) -> bool {
    let has_digit = label.bytes().any(|octet| octet.is_ascii_digit());
    let encoded = label.get(..4).filter(|start| start.eq_ignore_ascii_case("xn--"));
    let is_encoded = encoded.is_some() && label.len() > 4 && !label[4..].contains('-');
    let is_todays = !has_digit || is_encoded;
    let is_earlier = !label.bytes().all(|octet| octet.is_ascii_digit());
    label.len() >= 2 && (is_todays || (top_levels == TopLevels::Ever && is_earlier))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Option<String> {
        EmailAddress::parse(text).ok().map(|address| address.to_string())
    }

    #[test]
    fn accepts_the_addresses_that_django_accepts() {
        for good in [
            "a@b.co",
            "first.last+tag@mail.example.com",
            "user@localhost",
            "user@[127.0.0.1]",
            "user@[::1]",
            "\"quoted\"@example.com",
            "\"with\\ space\"@example.com",
            "\"a@b\"@example.com",
            "!#$%&'*+-/=?^_`{|}~@example.com",
            "a@xn--bcher-kva.example",
            "a@b.xn--p1ai",
            "a@b-c.d--e.example",
        ] {
            assert_eq!(parsed(good).as_deref(), Some(good), "{good}");
        }
        assert_eq!(parsed(" user@example.com\n").as_deref(), Some("user@example.com"));
        let long_local = format!("{}@example.com", "a".repeat(100));
        assert_eq!(parsed(&long_local), Some(long_local));
        for bad in [
            "a",
            "a@b",
            "@b.co",
            "a@",
            "a b@c.de",
            "a@b..co",
            "a@-b.co",
            "a@b-.co",
            "a@b.c",
            "a@b.co-",
            "a@1.22",
            "a@b.c0m",
            "a@127.0.0.1",
            "user@[127.0.0.300]",
            "user@[127.0.0.01]",
            "user@[IPv6:::1]",
            "user@[evil.example]",
            "user@LOCALHOST",
            "a\r\nBcc: x@y.zz@b.co",
            "\"a\r\nb\"@b.co",
            "\"a\u{7}\"@b.co",
            "\"a\"b\"@b.co",
            "\"a\\\"@b.co",
            "a..b@c.de",
            ".a@c.de",
            "a.@c.de",
            "ä@example.com",
            "a@exa_mple.com",
            "a@例え.テ",
            "a@b.é-",
            "a@-é.de",
            "a@b\u{3000}c.example",
            "a@bücher.c0m",
            "a@bücher.пример1",
            "a@bücher.ｃ０m",
        ] {
            assert_eq!(EmailAddress::parse(bad), Err(TextError::NotAnEmail.into()), "{bad}");
        }
        assert_eq!(EmailAddress::parse(" \u{1c} "), Err(TextError::Blank.into()));
    }

    #[test]
    fn internationalised_domains_are_kept_in_ascii() {
        for (text, kept) in [
            ("ann@bücher.example", "ann@xn--bcher-kva.example"),
            ("ann@BÜCHER.Example", "ann@xn--bcher-kva.example"),
            ("ann@bu\u{308}cher.example", "ann@xn--bcher-kva.example"),
            ("ann@例え.jp", "ann@xn--r8jz45g.jp"),
            ("ann@müller-söhne.de", "ann@xn--mller-shne-kcb9d.de"),
            ("ann@пример.рф", "ann@xn--e1afmkfd.xn--p1ai"),
            ("ann@a.müller-söhne", "ann@a.xn--mller-shne-kcb9d"),
            ("Ann@EXAMPLE.com", "Ann@example.com"),
        ] {
            assert_eq!(parsed(text).as_deref(), Some(kept), "{text}");
        }
    }

    #[test]
    fn every_broken_rule_speaks() {
        let too_long = TextError::TooLong { max_characters: 254 };
        let errors_of =
            |text: &str| EmailAddress::parse(text).expect_err("refused").iter().collect::<Vec<_>>();
        let long = "a".repeat(255);
        assert_eq!(errors_of(&long), [too_long, TextError::NotAnEmail]);
        assert_eq!(errors_of(&format!("{long}@example.com")), [too_long]);
        let longest = format!("{}@example.com", "a".repeat(310));
        assert_eq!(errors_of(&longest), [too_long, TextError::NotAnEmail]);
        assert_eq!(
            errors_of("a\0@example.com"),
            [TextError::NullCharacters, TextError::NotAnEmail]
        );
        // It fits as it is typed and is too long to be mailed.
        let label = "ü".repeat(50);
        let wide = format!("{}@{label}.{label}.example", "a".repeat(140));
        assert_eq!(errors_of(&wide), [TextError::NotAnEmail]);
    }

    #[test]
    fn an_address_of_an_earlier_version_can_still_be_claimed() {
        for text in ["a@b.c0m", "a@host.x1y"] {
            assert!(EmailAddress::parse(text).is_err());
            assert_eq!(EmailAddress::claimed(text).map(|it| it.to_string()).as_deref(), Ok(text));
        }
        assert!(EmailAddress::claimed("a@1.22").is_err());
    }

    #[test]
    fn case_and_needless_quotes_do_not_make_a_second_user() {
        let unique = |text: &str| EmailAddress::parse(text).expect(text).unique_form();
        for same in
            ["ANN@example.com", "ann@EXAMPLE.com", "\"ann\"@example.com", "\"a\\nn\"@example.com"]
        {
            assert_eq!(unique(same), "ann@example.com", "{same}");
        }
        assert_ne!(unique("\"ann@home\"@example.com"), unique("ann@example.com"));
        assert_eq!(unique("ann@BÜCHER.example"), unique("ann@xn--bcher-kva.EXAMPLE"));
    }

    #[test]
    fn address_literals_are_tagged_for_mail() {
        for (text, domain) in [
            ("a@[::1]", "[IPv6:::1]"),
            ("a@[127.0.0.1]", "[127.0.0.1]"),
            ("a@example.com", "example.com"),
        ] {
            let address = EmailAddress::parse(text).expect(text);
            assert_eq!(address.for_mail(), ("a", domain.to_owned()));
        }
    }
}
