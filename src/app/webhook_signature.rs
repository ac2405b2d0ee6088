//! The signature of a gateway's webhook: `Stripe-Signature: t=SECONDS,v1=HEX[,v1=HEX…]`, where the
//! hex is HMAC-SHA256 over `SECONDS.BODY` (<https://docs.stripe.com/webhooks/signature>).

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// How far the time in a signature may lie from now, as in Stripe's own libraries.
const TOLERANCE_SECONDS: i64 = 300;
/// Parts of a header that are looked at.
const PARTS_MAX: usize = 20;

/// Whether one of the secrets signed this body, not long ago. Several secrets let an operator
/// change them without losing a message.
pub(super) fn is_signed(header: &str, body: &[u8], secrets: &[String], now_seconds: i64) -> bool {
    let mut time = None;
    let mut signatures = Vec::new();
    for part in header.split(',').take(PARTS_MAX) {
        match part.trim().split_once('=') {
            Some(("t", seconds)) => time = Some(seconds),
            Some(("v1", hex)) => signatures.extend(decode_hex(hex)),
            _ => {}
        }
    }
    let Some(time) = time else { return false };
    let is_recent = time
        .parse::<i64>()
        .is_ok_and(|seconds| now_seconds.abs_diff(seconds) <= TOLERANCE_SECONDS.unsigned_abs());
    is_recent
        && secrets.iter().any(|secret| {
            let code = code_of(secret, time, body);
            signatures.iter().any(|signature| code.clone().verify_slice(signature).is_ok())
        })
}

/// The header that [`is_signed`] takes for this body.
pub(super) fn sign(secret: &str, body: &[u8], now_seconds: i64) -> String {
    let code = code_of(secret, &now_seconds.to_string(), body).finalize().into_bytes();
    let hex: String = code.iter().map(|octet| format!("{octet:02x}")).collect();
    format!("t={now_seconds},v1={hex}")
}

fn code_of(secret: &str, time: &str, body: &[u8]) -> Hmac<Sha256> {
    let mut code =
        Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
    code.update(time.as_bytes());
    code.update(b".");
    code.update(body);
    code
}

fn decode_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|digit| u8::try_from(digit.to_digit(16)?).ok()).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    Some(digits.chunks(2).map(|pair| pair[0] * 16 + pair[1]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_700_000_000;
    const BODY: &[u8] = br#"{"id":"evt_1"}"#;

    fn header(secret: &str, seconds: i64) -> String {
        sign(secret, BODY, seconds)
    }

    fn accepts(header: &str) -> bool {
        is_signed(header, BODY, &["whsec_old".to_owned(), "whsec_new".to_owned()], NOW)
    }

    #[test]
    fn each_of_the_secrets_signs() {
        assert!(accepts(&header("whsec_old", NOW)));
        assert!(accepts(&header("whsec_new", NOW - 299)));
        assert!(accepts(&format!("{},v1=00,v0=ff", header("whsec_new", NOW + 299))));
    }

    #[test]
    fn what_is_forged_old_or_from_the_future_is_refused() {
        let good = header("whsec_new", NOW);
        assert!(!accepts(&header("whsec_other", NOW)));
        assert!(!accepts(&header("whsec_new", NOW - 301)));
        assert!(!accepts(&header("whsec_new", NOW + 301)));
        assert!(!is_signed(&good, b"{}", &["whsec_new".to_owned()], NOW));
        assert!(!is_signed(&good, BODY, &[], NOW));
        for odd in ["", "t=", "v1=00", "t=abc,v1=00", "t=1", "t=1700000000,v1=zz", "garbage"] {
            assert!(!accepts(odd), "{odd}");
        }
    }
}
