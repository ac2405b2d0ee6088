//! The `search` parameter of lists, as Django REST Framework's `SearchFilter` reads it.

use crate::edge::{Answer, Request, limits};
use http::StatusCode;
use schemars::{Schema, json_schema};
use souk_domain::SearchTerms;

const NULL_CHARACTERS: [&str; 1] = ["Null characters are not allowed."];

/// The terms of the query parameter `search`; `None` if it is absent or blank.
///
/// # Errors
/// 400 for a null character.
pub(crate) fn search_terms(request: &Request) -> Result<Option<SearchTerms>, Answer> {
    let Some(text) = request.query("search") else { return Ok(None) };
    if text.contains('\0') {
        return Err(malformed_search());
    }
    let text: String = text.trim().chars().take(limits::SEARCH_CHARACTERS_MAX).collect();
    Ok(SearchTerms::parse(&text))
}

/// The refusal of a `search` with a null character. It is a list, because it belongs to no field.
pub(crate) fn malformed_search() -> Answer {
    Answer::json(StatusCode::BAD_REQUEST, &NULL_CHARACTERS)
}

/// The schema of `search`.
pub(crate) fn search_text() -> Schema {
    json_schema!({"type": "string", "pattern": r"^[^\x00]*$"})
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Method;

    #[test]
    fn reads_words_and_refuses_null_characters() {
        let read = |query: &str| search_terms(&Request::test(Method::GET, query));
        for nothing in ["/p", "/p?search=", "/p?search=+%20"] {
            assert!(matches!(read(nothing), Ok(None)), "{nothing}");
        }
        let terms = read("/p?search=+lamp").expect("words").expect("one");
        assert!(terms.are_in("desk lamp") && !terms.are_in("chair"));
        let long = "a".repeat(limits::SEARCH_CHARACTERS_MAX);
        for null in ["/p?search=%00", "/p?search=la%00mp", &format!("/p?search={long}%00")] {
            let refused = read(null).expect_err("a null character");
            assert_eq!(refused.status, 400, "{null}");
            assert_eq!(refused.text(), r#"["Null characters are not allowed."]"#);
        }
    }
}
