//! The signature of a webhook: `Stripe-Signature: t=SECONDS,v1=HEX[,v1=HEX…]`
//! (<https://docs.stripe.com/webhooks/signature>).

use crate::key::WebhookSecret;
use stripe_webhook::{Webhook, WebhookError};
use tracing::subscriber::NoSubscriber;

/// Longest header that is parsed.
const HEADER_CHARACTERS_MAX: usize = 4_096;

/// A message whose signature is older or newer than this is rejected; `async-stripe` has the bound.
pub const SIGNATURE_TOLERANCE_SECONDS: u64 = 300;

/// True if one of the secrets signed this body, not more than [`SIGNATURE_TOLERANCE_SECONDS`] from
/// `now_seconds` (since 1970). With several secrets, an operator can change them without losing a
/// message.
///
/// The caller parses the body itself: `construct_event` only accepts events of the API version and
/// the types it was generated for, and Stripe would repeat all others for days if they were not
/// acknowledged. `construct_event` checks the signature first, then the time, then the body, so a
/// body that it cannot read has a valid signature.
#[must_use]
pub fn is_signed(header: &str, body: &[u8], secrets: &[WebhookSecret], now_seconds: i64) -> bool {
    let Ok(body) = std::str::from_utf8(body) else { return false };
    if header.len() > HEADER_CHARACTERS_MAX {
        return false;
    }
    // It logs every body it cannot read as an error.
    tracing::subscriber::with_default(NoSubscriber::new(), || {
        secrets.iter().any(|secret| {
            let secret = secret.reveal();
            match Webhook::construct_event_with_timestamp(body, header, secret, now_seconds) {
                Ok(_) | Err(WebhookError::BadParse(_)) => true,
                Err(
                    WebhookError::BadKey
                    | WebhookError::BadHeader(_)
                    | WebhookError::BadSignature
                    | WebhookError::BadTimestamp(_),
                ) => false,
            }
        })
    })
}

/// A header that [`is_signed`] accepts for this body: for the sandbox, and for tests.
#[must_use]
pub fn sign(secret: &WebhookSecret, body: &str, now_seconds: i64) -> String {
    Webhook::generate_test_header(body, secret.reveal(), Some(now_seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_700_000_000;
    const BODY: &str = r#"{"id":"evt_1"}"#;

    fn header(secret: &str, seconds: i64) -> String {
        sign(&WebhookSecret::parse_list(secret)[0], BODY, seconds)
    }

    fn accepts(header: &str) -> bool {
        let secrets = WebhookSecret::parse_list("whsec_old,whsec_new");
        is_signed(header, BODY.as_bytes(), &secrets, NOW)
    }

    #[test]
    fn each_of_the_secrets_signs() {
        assert!(accepts(&header("whsec_old", NOW)));
        assert!(accepts(&header("whsec_new", NOW - 299)));
        assert!(accepts(&format!("{},v1=00,v0=ff", header("whsec_new", NOW + 299))));
    }

    #[test]
    fn forged_old_and_future_signatures_are_rejected() {
        let good = header("whsec_new", NOW);
        let secrets = WebhookSecret::parse_list("whsec_new");
        assert!(!accepts(&header("whsec_other", NOW)));
        assert!(!accepts(&header("whsec_new", NOW - 301)));
        assert!(!accepts(&header("whsec_new", NOW + 301)));
        assert!(!is_signed(&good, b"{}", &secrets, NOW));
        assert!(!is_signed(&good, b"\xff\xfe", &secrets, NOW));
        assert!(!is_signed(&good, BODY.as_bytes(), &[], NOW));
        let long = format!("{good},{}", "v1=00,".repeat(1_000));
        for odd in ["", "t=", "v1=00", "t=abc,v1=00", "t=1", "t=1700000000,v1=zz", "garbage", &long]
        {
            assert!(!accepts(odd), "{odd}");
        }
    }

    #[test]
    fn a_body_of_any_kind_may_be_signed() {
        let secrets = WebhookSecret::parse_list("whsec_x");
        for body in ["", "no json", "[]", r#"{"type":"some.day","api_version":"2041-01-01"}"#] {
            let header = Webhook::generate_test_header(body, "whsec_x", Some(NOW));
            assert!(is_signed(&header, body.as_bytes(), &secrets, NOW), "{body}");
        }
    }
}
