//! Signs messages, so that a receiver can verify that they come from the shop:
//! `Souk-Signature: t=SECONDS,v1=HEX`, where the hex is HMAC-SHA256 over `SECONDS.BODY` with the
//! receiver's secret.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::fmt::Write as _;

/// The header's value for a body sent at `now_seconds`.
pub(super) fn sign(secret: &str, body: &[u8], now_seconds: i64) -> String {
    let mut code =
        Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
    code.update(now_seconds.to_string().as_bytes());
    code.update(b".");
    code.update(body);
    let mut value = format!("t={now_seconds},v1=");
    for octet in code.finalize().into_bytes() {
        let _ = write!(value, "{octet:02x}");
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_the_one_that_openssl_makes() {
        // printf '1700000000.{"id":"a"}' | openssl dgst -sha256 -hmac secret
        let expected = "24d16fb59a06bae8d031d22eb88b663480215741cc94a5cd046993fa9ea6ac23";
        let signed = sign("secret", br#"{"id":"a"}"#, 1_700_000_000);
        assert_eq!(signed, format!("t=1700000000,v1={expected}"));
    }
}
