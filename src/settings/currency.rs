//! The supported currencies.

use souk_domain::{Currency, nearest};

/// The ISO 4217 currencies in use, without funds, metals and test codes.
const IN_USE: &str = "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL \
    BSD BTN BWP BYN BZD CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR \
    FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY \
    KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU \
    MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD \
    RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY \
    TTD TWD TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG";

/// Parses a currency code.
///
/// # Errors
/// What would be right.
pub(super) fn parse(text: &str) -> Result<Currency, String> {
    let is_known = |code: &str| IN_USE.split_ascii_whitespace().any(|known| known == code);
    if !is_known(text) {
        let capitals = text.to_ascii_uppercase();
        let meant = if is_known(&capitals) {
            Some(capitals)
        } else {
            nearest(text, IN_USE.split_ascii_whitespace()).map(str::to_owned)
        };
        let hint = meant.map_or_else(|| "USD, EUR or JPY".to_owned(), |code| format!("`{code}`"));
        return Err(format!("write the ISO 4217 code of a currency, such as {hint}"));
    }
    let three = "a currency of three decimals cannot be used: prices have two or none";
    Currency::from_code(text).ok_or_else(|| three.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_currencies_of_iso_4217_are_taken() {
        for code in ["USD", "EUR", "JPY", "XAF", "ZWG"] {
            assert_eq!(parse(code).as_ref().map(Currency::code), Ok(code));
        }
        for (text, hint) in [
            ("usd", "`USD`"),
            ("EURO", "`EUR`"),
            ("XYZ", "ISO 4217"),
            ("ABC", "ISO 4217"),
            ("$", "ISO 4217"),
            ("XTS", "ISO 4217"),
            ("KWD", "three decimals"),
        ] {
            let rule = parse(text).expect_err(text);
            assert!(rule.contains(hint), "{text}: {rule}");
        }
    }
}
