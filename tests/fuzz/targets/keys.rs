//! Keys, links and names that the shop gave out and somebody shows again.

use super::text;
use souk_actors::carts::CartKey;
use souk_actors::idempotency::WholeAnswer;
use souk_actors::users::{ResetToken, uid_of, user_of_uid};
use souk_actors::webhooks::{PatternError, check_pattern, matches};

/// The key of a cart.
pub(super) fn cart_key(input: &[u8]) {
    let Some(key) = CartKey::parse(text(input)) else { return };
    assert_eq!(key.as_str().as_bytes(), input);
    assert_eq!(CartKey::of_bytes(&key.bytes()), key);
}

/// `uidb64` and `token` of the link to a new password, with a space between them.
pub(super) fn reset_link(input: &[u8]) {
    let (uid, token) = text(input).split_once(' ').unwrap_or_default();
    if let Some(user) = user_of_uid(uid) {
        assert_eq!(user_of_uid(&uid_of(user)), Some(user));
    }
    if let Some(token) = ResetToken::parse(token) {
        assert_eq!(format!("{token:?}"), "ResetToken(…)");
    }
}

/// Which events somebody asks for.
pub(super) fn event_pattern(input: &[u8]) {
    const SENTENCE_BYTES_MAX: usize = 800;
    let pattern = text(input);
    let means_it = matches(&[pattern.to_owned()], "order.paid");
    match check_pattern(pattern) {
        Ok(()) => {
            assert_eq!(means_it, ["*", "order.*", "order.paid"].contains(&pattern), "{pattern}")
        }
        Err(PatternError::Misspelt { meant, .. }) => {
            assert_eq!(check_pattern(&meant), Ok(()), "the shop proposes what it takes");
        }
        Err(error) => assert!(error.to_string().len() <= SENTENCE_BYTES_MAX, "{error}"),
    }
}

/// An answer as it is kept under an idempotency key, once its seal is open.
pub(super) fn stored_answer(input: &[u8]) {
    let Some(answer) = WholeAnswer::from_bytes(input) else { return };
    let bytes = answer.to_bytes().expect("what was read can be written");
    let again = WholeAnswer::from_bytes(&bytes).expect("what was written can be read");
    assert_eq!(again.to_bytes(), Some(bytes));
}
