//! Checks whether a gateway's report about a payment fits the shop's books: the same check for
//! signed messages and for answers to calls.
//!
//! For every payment 0 ≤ received ≤ asked, and the refunded or disputed amount is at least 0 and at
//! most the received amount. A report that does not fit is never booked.

use crate::{Currency, Money, PaymentId, PaymentStatus};

/// An amount as a gateway wrote it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReportedAmount {
    /// The field is missing.
    #[default]
    Absent,
    /// A whole number of minor units in 64 bits, of any sign.
    Minor(i64),
    /// Anything else: a fraction, a text, a number beyond 64 bits.
    Malformed,
}

impl From<Money> for ReportedAmount {
    fn from(amount: Money) -> Self {
        Self::Minor(amount.minor_units())
    }
}

/// How a report was received.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReportSource {
    /// In the answer to a call about the object.
    #[default]
    Answer,
    /// In a signed message.
    Message,
}

/// A gateway's report about a payment; `None` for missing fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claim {
    /// How it was received.
    pub by: ReportSource,
    /// The intent concerned.
    pub intent: Option<String>,
    /// The checkout concerned.
    pub checkout: Option<String>,
    /// Our payment id from the object's metadata.
    pub payment: Option<String>,
    /// The currency's code, in upper or lower case.
    pub currency: Option<String>,
    /// The payment's status.
    pub status: Option<PaymentStatus>,
    /// The amount to charge.
    pub asked: ReportedAmount,
    /// The amount taken.
    pub received: ReportedAmount,
    /// The total refunded.
    pub refunded: ReportedAmount,
    /// The amount of one refund.
    pub refund: ReportedAmount,
    /// The disputed amount.
    pub disputed: ReportedAmount,
}

/// The same payment in the shop's books.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PaymentBooks<'a> {
    /// Its id.
    pub payment: PaymentId,
    /// The currency of its order; `None` if it was already compared.
    pub currency: Option<Currency>,
    /// The amount that its order owes.
    pub asked: Money,
    /// The gateway's intent, once it is known.
    pub intent: Option<&'a str>,
    /// The gateway's checkout, once it is known.
    pub checkout: Option<&'a str>,
    /// The amount taken, once that is booked.
    pub received: Option<Money>,
    /// The amount that the customer's bank took back.
    pub lost: Money,
    /// The amount of the refund concerned, if it is one of ours.
    pub refund: Option<Money>,
}

/// Why a claim does not fit. The order of the variants is their precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    /// It is about another intent or checkout than the requested one.
    #[error("it is about another object than the requested one")]
    AnotherObject,
    /// Its object belongs to another payment of ours.
    #[error("it is about another payment")]
    AnotherPayment,
    /// Its currency is not the order's.
    #[error("it is in another currency")]
    AnotherCurrency,
    /// An amount is not a whole number of minor units.
    #[error("an amount is malformed")]
    Malformed,
    /// The amount to charge is not what the order owes.
    #[error("the charge is over {reported} minor units, the order owes {owed}")]
    AnotherCharge {
        /// The reported amount.
        reported: i64,
        /// The amount that the order owes.
        owed: i64,
    },
    /// The received amount is negative or larger than the amount to charge; or, in a message, not
    /// all of it.
    #[error("the gateway reports {reported} minor units received of {asked}")]
    Received {
        /// The reported amount.
        reported: i64,
        /// The amount to charge.
        asked: i64,
    },
    /// It is paid but nothing was received, or the other way round.
    #[error("the gateway reports {reported} minor units received, which contradicts the status")]
    ReceivedAgainstState {
        /// The reported amount.
        reported: i64,
    },
    /// The refunded amount is negative or larger than what is left.
    #[error("the gateway reports {reported} minor units refunded of {received}")]
    Refunded {
        /// The reported amount.
        reported: i64,
        /// The received amount, minus what the customer's bank took back.
        received: i64,
    },
    /// The refund's amount is not the decided one.
    #[error("the refund is over {reported} minor units instead of {decided}")]
    AnotherRefund {
        /// The reported amount.
        reported: i64,
        /// The decided amount.
        decided: i64,
    },
    /// The disputed amount is negative or larger than the received amount.
    #[error("the gateway reports {reported} minor units disputed of {received}")]
    Disputed {
        /// The reported amount.
        reported: i64,
        /// The received amount.
        received: i64,
    },
}

/// Checks whether a claim fits the books, so that it may be booked.
///
/// # Errors
/// The first [`Misfit`] in the order of its variants.
pub fn judge(books: &PaymentBooks<'_>, claim: &Claim) -> Result<(), Misfit> {
    judge_object(books, claim)?;
    let asked = books.asked.minor_units();
    if let Some(reported) = minor(claim.asked)?
        && reported != asked
    {
        return Err(Misfit::AnotherCharge { reported, owed: asked });
    }
    let received = minor(claim.received)?;
    judge_received(asked, received, claim)?;
    // A message about a refund may come before the one about the payment.
    let received = books.received.map(Money::minor_units).or(received).unwrap_or(asked);
    let there = received.saturating_sub(books.lost.minor_units());
    if let Some(reported) = minor(claim.refunded)?
        && !(0..=there).contains(&reported)
    {
        return Err(Misfit::Refunded { reported, received: there });
    }
    match (minor(claim.refund)?, books.refund.map(Money::minor_units)) {
        (Some(reported), Some(decided)) if reported != decided => {
            return Err(Misfit::AnotherRefund { reported, decided });
        }
        (Some(reported), None) if !(0..=there).contains(&reported) => {
            return Err(Misfit::Refunded { reported, received: there });
        }
        _ => {}
    }
    match minor(claim.disputed)? {
        Some(reported) if !(0..=received).contains(&reported) => {
            Err(Misfit::Disputed { reported, received })
        }
        _ => Ok(()),
    }
}

/// The sum of the refunds of one payment.
///
/// # Errors
/// [`Misfit::Malformed`] if an amount is negative or the sum exceeds 64 bits.
pub fn sum_of_refunds(amounts: impl IntoIterator<Item = Money>) -> Result<Money, Misfit> {
    let mut sum = Money::ZERO;
    for amount in amounts {
        if amount < Money::ZERO {
            return Err(Misfit::Malformed);
        }
        sum = sum.checked_add(amount).ok_or(Misfit::Malformed)?;
    }
    Ok(sum)
}

fn judge_object(books: &PaymentBooks<'_>, claim: &Claim) -> Result<(), Misfit> {
    let differ = |known: Option<&str>, reported: &Option<String>| match (known, reported.as_deref())
    {
        (Some(known), Some(reported)) => known != reported,
        _ => false,
    };
    if differ(books.intent, &claim.intent) || differ(books.checkout, &claim.checkout) {
        return Err(Misfit::AnotherObject);
    }
    if claim.payment.as_ref().is_some_and(|named| *named != books.payment.to_string()) {
        return Err(Misfit::AnotherPayment);
    }
    match (books.currency, &claim.currency) {
        (Some(ours), Some(reported)) if !reported.eq_ignore_ascii_case(ours.code()) => {
            Err(Misfit::AnotherCurrency)
        }
        _ => Ok(()),
    }
}

fn judge_received(asked: i64, received: Option<i64>, claim: &Claim) -> Result<(), Misfit> {
    let Some(reported) = received else { return Ok(()) };
    if !(0..=asked).contains(&reported) {
        return Err(Misfit::Received { reported, asked });
    }
    let is_paid = match claim.status {
        Some(PaymentStatus::Succeeded | PaymentStatus::Refunded) => true,
        Some(_) if reported > 0 => return Err(Misfit::ReceivedAgainstState { reported }),
        Some(_) | None => return Ok(()),
    };
    if is_paid && reported == 0 && asked > 0 {
        return Err(Misfit::ReceivedAgainstState { reported });
    }
    // A partial amount is booked only if the gateway's answer to a call confirms it.
    if claim.by == ReportSource::Message && reported != asked {
        return Err(Misfit::Received { reported, asked });
    }
    Ok(())
}

fn minor(reported: ReportedAmount) -> Result<Option<i64>, Misfit> {
    match reported {
        ReportedAmount::Absent => Ok(None),
        ReportedAmount::Minor(amount) => Ok(Some(amount)),
        ReportedAmount::Malformed => Err(Misfit::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ReportedAmount::{Absent, Malformed, Minor};

    const ABSURD: [i64; 4] = [-1, i64::MIN, 1 << 62, i64::MAX];

    /// A payment over 1000 whose intent is known, and nothing else.
    fn open() -> PaymentBooks<'static> {
        PaymentBooks {
            payment: PaymentId::new(7).expect("positive"),
            currency: Some(Currency::USD),
            asked: Money::from_minor_units(1_000),
            intent: Some("pi_1"),
            checkout: None,
            received: None,
            lost: Money::ZERO,
            refund: None,
        }
    }

    fn paid() -> PaymentBooks<'static> {
        PaymentBooks { received: Some(Money::from_minor_units(1_000)), ..open() }
    }

    fn success(received: ReportedAmount) -> Claim {
        Claim { status: Some(PaymentStatus::Succeeded), received, ..Claim::default() }
    }

    #[test]
    fn a_claim_is_about_the_object_the_payment_and_the_currency_of_the_books() {
        let text = |text: &str| Some(text.to_owned());
        for (claim, expected) in [
            (Claim::default(), Ok(())),
            (Claim { intent: text("pi_1"), ..Claim::default() }, Ok(())),
            (Claim { intent: text("pi_2"), ..Claim::default() }, Err(Misfit::AnotherObject)),
            (Claim { intent: text(""), ..Claim::default() }, Err(Misfit::AnotherObject)),
            (Claim { checkout: text("cs_1"), ..Claim::default() }, Ok(())),
            (Claim { payment: text("7"), ..Claim::default() }, Ok(())),
            (Claim { payment: text("8"), ..Claim::default() }, Err(Misfit::AnotherPayment)),
            (Claim { payment: text("07"), ..Claim::default() }, Err(Misfit::AnotherPayment)),
            (Claim { currency: text("usd"), ..Claim::default() }, Ok(())),
            (Claim { currency: text("jpy"), ..Claim::default() }, Err(Misfit::AnotherCurrency)),
            (Claim { currency: text(""), ..Claim::default() }, Err(Misfit::AnotherCurrency)),
        ] {
            assert_eq!(judge(&open(), &claim), expected, "{claim:?}");
        }
        let at_page = PaymentBooks { checkout: Some("cs_1"), ..open() };
        let other = Claim { checkout: text("cs_2"), ..Claim::default() };
        assert_eq!(judge(&at_page, &other), Err(Misfit::AnotherObject));
    }

    #[test]
    fn the_received_amount_is_at_most_the_asked_amount() {
        for received in [Absent, Minor(1), Minor(999), Minor(1_000)] {
            assert_eq!(judge(&open(), &success(received)), Ok(()), "{received:?}");
        }
        for reported in ABSURD.into_iter().chain([1_001]) {
            let expected = Err(Misfit::Received { reported, asked: 1_000 });
            assert_eq!(judge(&open(), &success(Minor(reported))), expected, "{reported}");
            let pending = Claim { status: None, ..success(Minor(reported)) };
            assert_eq!(judge(&open(), &pending), expected, "{reported}");
        }
        assert_eq!(judge(&open(), &success(Malformed)), Err(Misfit::Malformed));
        let charge = |asked| judge(&open(), &Claim { asked, ..Claim::default() });
        assert_eq!(charge(Minor(1_000)), Ok(()));
        for reported in ABSURD.into_iter().chain([0, 999]) {
            assert_eq!(
                charge(Minor(reported)),
                Err(Misfit::AnotherCharge { reported, owed: 1_000 })
            );
        }
    }

    #[test]
    fn a_message_must_speak_of_all_that_is_owed() {
        for reported in [1, 999] {
            let claim = Claim { by: ReportSource::Message, ..success(Minor(reported)) };
            assert_eq!(judge(&open(), &claim), Err(Misfit::Received { reported, asked: 1_000 }));
        }
        let whole = Claim { by: ReportSource::Message, ..success(Minor(1_000)) };
        assert_eq!(judge(&open(), &whole), Ok(()));
    }

    #[test]
    fn money_and_state_agree() {
        let nothing = Err(Misfit::ReceivedAgainstState { reported: 0 });
        assert_eq!(judge(&open(), &success(Minor(0))), nothing);
        let free = PaymentBooks { asked: Money::ZERO, ..open() };
        assert_eq!(judge(&free, &success(Minor(0))), Ok(()));
        for status in [
            PaymentStatus::RequiresPaymentMethod,
            PaymentStatus::RequiresAction,
            PaymentStatus::Processing,
            PaymentStatus::Canceled,
        ] {
            let reported = |reported| Claim { status: Some(status), ..success(Minor(reported)) };
            assert_eq!(judge(&open(), &reported(0)), Ok(()));
            let expected = Err(Misfit::ReceivedAgainstState { reported: 500 });
            assert_eq!(judge(&open(), &reported(500)), expected, "{status:?}");
        }
    }

    #[test]
    fn the_refunded_amount_is_at_most_what_is_left() {
        let refunded = |refunded| Claim { refunded, ..Claim::default() };
        for reported in [0, 1, 1_000] {
            assert_eq!(judge(&paid(), &refunded(Minor(reported))), Ok(()), "{reported}");
            assert_eq!(judge(&open(), &refunded(Minor(reported))), Ok(()), "{reported}");
        }
        for reported in ABSURD.into_iter().chain([1_001]) {
            let expected = Err(Misfit::Refunded { reported, received: 1_000 });
            assert_eq!(judge(&paid(), &refunded(Minor(reported))), expected, "{reported}");
            assert_eq!(judge(&open(), &refunded(Minor(reported))), expected, "{reported}");
            let one = Claim { refund: Minor(reported), ..Claim::default() };
            assert_eq!(judge(&paid(), &one), expected, "{reported}");
        }
        let disputed = PaymentBooks { lost: Money::from_minor_units(600), ..paid() };
        assert_eq!(judge(&disputed, &refunded(Minor(400))), Ok(()));
        let expected = Err(Misfit::Refunded { reported: 401, received: 400 });
        assert_eq!(judge(&disputed, &refunded(Minor(401))), expected);
        let in_part = Claim { refunded: Minor(501), ..success(Minor(500)) };
        let expected = Err(Misfit::Refunded { reported: 501, received: 500 });
        assert_eq!(judge(&open(), &in_part), expected);
        assert_eq!(judge(&paid(), &refunded(Malformed)), Err(Misfit::Malformed));
    }

    #[test]
    fn our_refund_has_the_decided_amount() {
        let decided = PaymentBooks { refund: Some(Money::from_minor_units(300)), ..paid() };
        let refund =
            |reported| judge(&decided, &Claim { refund: Minor(reported), ..Claim::default() });
        assert_eq!(refund(300), Ok(()));
        for reported in ABSURD.into_iter().chain([0, 299, 301]) {
            assert_eq!(refund(reported), Err(Misfit::AnotherRefund { reported, decided: 300 }));
        }
    }

    #[test]
    fn the_disputed_amount_is_at_most_the_received_amount() {
        let dispute =
            |reported| judge(&paid(), &Claim { disputed: Minor(reported), ..Claim::default() });
        for reported in [0, 1, 1_000] {
            assert_eq!(dispute(reported), Ok(()), "{reported}");
        }
        for reported in ABSURD.into_iter().chain([1_001]) {
            assert_eq!(
                dispute(reported),
                Err(Misfit::Disputed { reported, received: 1_000 }),
                "{reported}"
            );
        }
    }

    #[test]
    fn refunds_add_up_or_are_malformed() {
        let sum = |amounts: &[i64]| {
            sum_of_refunds(amounts.iter().map(|amount| Money::from_minor_units(*amount)))
        };
        assert_eq!(sum(&[]), Ok(Money::ZERO));
        assert_eq!(sum(&[300, 0, 700]), Ok(Money::from_minor_units(1_000)));
        for absurd in [&[-1][..], &[500, -500], &[i64::MAX, 1], &[i64::MIN]] {
            assert_eq!(sum(absurd), Err(Misfit::Malformed), "{absurd:?}");
        }
    }
}
