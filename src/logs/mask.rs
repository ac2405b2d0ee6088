//! Keeps secrets and personal data out of Souk's own log.
//!
//! - Fields are left out if their names suggest secrets, addresses or the peer ([`LEFT_OUT`]).
//! - In the message and in every other field, words are replaced that look like a mail address, a
//!   token, a key of a gateway, the password in a URL, or any long run of letters and digits.
//!
//! Numbers of users, orders and products stay: they are useless without access to the shop.

use std::borrow::Cow;

/// A field is left out if its name holds one of these.
const LEFT_OUT: [&str; 14] = [
    "password",
    "secret",
    "token",
    "authorization",
    "cookie",
    "cart_key",
    "email",
    "address",
    "phone",
    "recipient",
    "customer",
    "remote",
    "body",
    "panic",
];
/// A run of letters and digits this long is treated as a secret: message ids are shorter.
const OPAQUE_CHARACTERS: usize = 32;

/// Whether a field of this name may be kept.
pub(super) fn may_keep(field: &str) -> bool {
    let field = field.to_ascii_lowercase();
    !LEFT_OUT.iter().any(|word| field.contains(word))
}

/// The text with secrets and personal data replaced.
pub(super) fn masked(text: &str) -> Cow<'_, str> {
    let mut shown = String::new();
    let mut is_changed = false;
    let mut follows_bearer = false;
    for piece in text.split_inclusive(is_delimiter) {
        let word = piece.trim_end_matches(is_delimiter);
        let mask = if follows_bearer && !word.is_empty() {
            Some("[token]".to_owned())
        } else {
            mask_of(word)
        };
        if !word.is_empty() {
            follows_bearer = word.eq_ignore_ascii_case("bearer");
        }
        is_changed |= mask.is_some();
        shown.push_str(mask.as_deref().unwrap_or(word));
        shown.push_str(&piece[word.len()..]);
    }
    if is_changed { Cow::Owned(shown) } else { Cow::Borrowed(text) }
}

/// The path of a request without tokens and addresses, shortened to fit a line.
pub(crate) fn masked_path(path: &str) -> String {
    /// Longest path that is logged, in characters.
    const PATH_CHARACTERS_MAX: usize = 300;
    let shown = path.split('/').map(|part| match part.to_ascii_lowercase().contains("%40") {
        true => Cow::Borrowed("[mail address]"),
        false => masked(part),
    });
    let shown = shown.collect::<Vec<_>>().join("/");
    match shown.char_indices().nth(PATH_CHARACTERS_MAX) {
        Some((end, _)) => format!("{}…", &shown[..end]),
        None => shown,
    }
}

fn is_delimiter(c: char) -> bool {
    c.is_whitespace() || "\"'<>(),;`[]{}".contains(c)
}

/// The replacement for a word that must not be logged; `None` if it may stay.
fn mask_of(word: &str) -> Option<String> {
    if let Some((scheme, rest)) = word.split_once("://") {
        // The part before the host may hold a password, the part after `?` a link's token.
        let rest = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
        let rest = rest.split_once('?').map_or(rest, |(before, _)| before);
        let shown = format!("{scheme}://{}", without_opaque(rest).unwrap_or_else(|| rest.into()));
        return (shown != word).then_some(shown);
    }
    if word.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty()) {
        return Some("[mail address]".to_owned());
    }
    let is_key = ["sk_", "rk_", "pk_", "whsec_", "eyJ"].iter().any(|mark| word.starts_with(mark));
    if is_key || word.contains("_secret_") {
        return Some("[secret]".to_owned());
    }
    without_opaque(word)
}

/// The word with its long runs of letters and digits replaced; `None` if it has none.
fn without_opaque(word: &str) -> Option<String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "-_+".contains(c);
    let mut shown = String::new();
    let mut is_changed = false;
    for piece in word.split_inclusive(|c| !is_part(c)) {
        let run = piece.trim_end_matches(|c| !is_part(c));
        let is_opaque = run.len() >= OPAQUE_CHARACTERS && run.bytes().any(|c| c.is_ascii_digit());
        is_changed |= is_opaque;
        shown.push_str(if is_opaque { "[hidden]" } else { run });
        shown.push_str(&piece[run.len()..]);
    }
    is_changed.then_some(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_and_addresses_are_replaced() {
        let opaque = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
        for (said, kept) in [
            ("550 <ann@souk.example>: unknown", "550 <[mail address]>: unknown"),
            ("to=ann@souk.example", "[mail address]"),
            ("smtp://user:pa:ss@mail.example:587 failed", "smtp://mail.example:587 failed"),
            ("nats://s3cret@broker:4222", "nats://broker:4222"),
            ("Authorization: Bearer abc.def", "Authorization: Bearer [token]"),
            ("eyJhbGciOi.eyJ1c2Vy.c2ln went", "[secret] went"),
            ("key sk_test_123", "key [secret]"),
            ("pi_1_secret_2", "[secret]"),
            ("https://shop.example/reset?token=abc&uid=1", "https://shop.example/reset"),
            (&format!("/confirm/MQ/{opaque}/"), "/confirm/MQ/[hidden]/"),
            (opaque, "[hidden]"),
        ] {
            assert_eq!(masked(said), kept, "{said}");
        }
    }

    #[test]
    fn a_path_is_written_without_tokens_and_addresses() {
        let opaque = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
        for (path, written) in [
            ("/api/v1/orders/7/", "/api/v1/orders/7/"),
            ("/api/users/ann@souk.example/", "/api/users/[mail address]/"),
            ("/api/users/ann%40souk.example", "/api/users/[mail address]"),
            (&format!("/confirm/MQ/{opaque}/"), "/confirm/MQ/[hidden]/"),
            ("/x/eyJhbGciOi.eyJ1.c2ln", "/x/[secret]"),
            ("/", "/"),
        ] {
            assert_eq!(masked_path(path), written, "{path}");
        }
        assert_eq!(masked_path(&"/é".repeat(400)).chars().count(), 301);
    }

    #[test]
    fn what_helps_to_find_a_mistake_stays() {
        for said in [
            "an owner died and is started again",
            "0123456789abcdef.order.17.1.mail.order_placed",
            "http://127.0.0.1:8000/api/v1/orders/7/",
            "souk.notify.v1.email.welcome: 451 4.3.0 try again later",
            "",
            "   spaces  stay ",
        ] {
            assert_eq!(masked(said), said);
        }
    }

    #[test]
    fn fields_that_speak_of_people_and_secrets_are_left_out() {
        for field in
            ["password", "new_password", "Token", "smtp_secret", "email", "remote", "set_cookie"]
        {
            assert!(!may_keep(field), "{field}");
        }
        for field in ["reason", "id", "user", "order", "name", "error", "subject"] {
            assert!(may_keep(field), "{field}");
        }
    }
}
