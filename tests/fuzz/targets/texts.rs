//! Text that people write, and the forms in which it is compared.

use super::text;
use souk_domain::text::{
    greeting_name, has_link, identity, is_space, mail_line, mail_lines, one_line,
};
use souk_domain::{EmailAddress, SearchTerms, SearchText, Username, slug_of};

/// An e-mail address.
pub(super) fn email(input: &[u8]) {
    let text = text(input);
    let address = match EmailAddress::parse(text) {
        Ok(address) => address,
        Err(errors) => return assert_ne!(errors.iter().count(), 0),
    };
    let kept = address.as_str();
    assert!(kept.len() <= EmailAddress::MAX_CHARACTERS, "{kept}");
    assert!(kept.bytes().all(|octet| octet == b' ' || octet.is_ascii_graphic()), "{kept:?}");
    assert_eq!(EmailAddress::claimed(text).as_ref(), Ok(&address));
    assert_eq!(EmailAddress::claimed(kept).as_ref(), Ok(&address));
    // Letters of other scripts and hyphens together are a top level only as they were written.
    let is_encoded = kept.rsplit('.').next().is_some_and(|top| top.starts_with("xn--"));
    assert!(is_encoded || EmailAddress::parse(kept).as_ref() == Ok(&address), "{kept}");
    let unique = address.unique_form();
    let again = EmailAddress::claimed(&unique).expect("the form that is compared is an address");
    assert_eq!(again.unique_form(), unique);
    let (local, domain) = address.for_mail();
    assert!(!local.is_empty() && !domain.is_empty(), "{kept}");
}

/// A user name.
pub(super) fn username(input: &[u8]) {
    let name = match Username::parse(text(input)) {
        Ok(name) => name,
        Err(errors) => return assert_ne!(errors.iter().count(), 0),
    };
    let kept = name.as_str();
    assert!((1..=Username::MAX_CHARACTERS).contains(&kept.chars().count()), "{kept}");
    assert!(!kept.contains(|one: char| is_space(one) || one.is_control()), "{kept:?}");
    assert_eq!(Username::parse(kept).as_ref(), Ok(&name));
    assert_eq!(Username::claimed(text(input)).unique_form(), name.unique_form());
    let unique = name.unique_form();
    assert_eq!(Username::claimed(&unique).unique_form(), unique, "{kept}");
}

/// A slug.
pub(super) fn slug(input: &[u8]) {
    let slug = slug_of(text(input));
    let is_plain = |one: char| one.is_alphanumeric() || matches!(one, '-' | '_');
    assert!(!slug.is_empty() && slug.chars().all(is_plain), "{slug:?}");
    assert!(!slug.starts_with(['-', '_']) && !slug.ends_with(['-', '_']), "{slug:?}");
    assert_eq!(slug_of(&slug), slug);
}

/// A name, in the store, in mails and as it is compared.
pub(super) fn name(input: &[u8]) {
    let text = text(input);
    let breaks = |one: char| one.is_control() || matches!(one, '\u{2028}' | '\u{2029}');
    let turns = |one: char| matches!(one, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let line = one_line(text);
    assert!(!line.contains(breaks), "{line:?}");
    assert_eq!(one_line(&line), line);
    let mailed = mail_line(text);
    assert!(!mailed.contains(breaks) && !mailed.contains(turns), "{mailed:?}");
    assert_eq!(mail_line(&mailed), mailed);
    for line in mail_lines(text).split('\n') {
        assert_eq!(mail_line(line), line);
    }
    let greeted = greeting_name(text);
    assert!(greeted.is_empty() || greeted == line, "{greeted:?}");
    assert!(!has_link(&greeted) && !greeted.contains(turns), "{greeted:?}");
    assert!(has_link(text) || !text.contains('@'), "{text:?}");
    let unique = identity(text);
    assert_eq!(identity(&unique), unique, "{text:?}");
}

/// A search: every word of a text finds that text.
pub(super) fn search(input: &[u8]) {
    let text = text(input);
    let searched = SearchText::of(&["Desk Lamp", text]);
    if let Some(terms) = SearchTerms::parse(text) {
        assert!(!terms.are_in(""), "there is something to look for in {text:?}");
    }
    let is_literal = |word: &&str| !word.contains(['"', '\'', ',', '\\', '\0']);
    for word in text.split(is_space).filter(is_literal) {
        let found = SearchTerms::parse(word).is_none_or(|term| term.are_in(&searched));
        assert!(found, "{word:?} finds {text:?}");
    }
}
