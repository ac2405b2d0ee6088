//! Whether what a payment gateway says of a payment fits the shop's books: one judgement for signed
//! messages and for answers to calls.
//!
//! For every payment 0 ≤ received ≤ asked for, and what was refunded or disputed is at least 0 and
//! at most what was received. What does not fit is never booked.

use crate::{Currency, Money, PaymentId, PaymentStatus};

/// An amount as a gateway wrote it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SaidAmount {
    /// It was left out.
    #[default]
    Absent,
    /// A whole number of minor units of 64 bits, of any sign.
    Minor(i64),
    /// Something else: a fraction, a text, a number past 64 bits.
    Malformed,
}

impl From<Money> for SaidAmount {
    fn from(amount: Money) -> Self {
        Self::Minor(amount.minor_units())
    }
}

/// How a gateway speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Speaker {
    /// It answers a call about the object that was asked for.
    #[default]
    Answer,
    /// It sends a signed message by itself.
    Message,
}

/// What a gateway says of a payment; `None` for what it leaves out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claim {
    /// How it says so.
    pub by: Speaker,
    /// The intent it is about.
    pub intent: Option<String>,
    /// The checkout it is about.
    pub checkout: Option<String>,
    /// The payment of ours that the object's metadata names.
    pub payment: Option<String>,
    /// Code of the currency, in any case.
    pub currency: Option<String>,
    /// Where the payment stands.
    pub status: Option<PaymentStatus>,
    /// What is to be charged.
    pub asked: SaidAmount,
    /// What was taken.
    pub received: SaidAmount,
    /// What went back in all.
    pub refunded: SaidAmount,
    /// The amount of one refund.
    pub refund: SaidAmount,
    /// What the customer disputes.
    pub disputed: SaidAmount,
}

/// What the shop's books say of the same payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PaymentBooks<'a> {
    /// Its id.
    pub payment: PaymentId,
    /// The currency of its order; `None` where it was compared before.
    pub currency: Option<Currency>,
    /// What its order owes.
    pub asked: Money,
    /// The gateway's intent, once it is known.
    pub intent: Option<&'a str>,
    /// The gateway's checkout, once it is known.
    pub checkout: Option<&'a str>,
    /// What was taken, once that is booked.
    pub received: Option<Money>,
    /// What the customer's bank took back.
    pub lost: Money,
    /// The amount of the refund that is spoken of, if it is one of ours.
    pub refund: Option<Money>,
}

/// Why a claim does not fit. The order is the precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    /// Another intent or checkout than the one that was asked for.
    #[error("it is about another object than the one that was asked for")]
    AnotherObject,
    /// An object that belongs to another payment of ours.
    #[error("it is about another payment")]
    AnotherPayment,
    /// Another currency than the order's.
    #[error("it is in another currency")]
    AnotherCurrency,
    /// No whole number of minor units.
    #[error("an amount is malformed")]
    Malformed,
    /// The charge is over another amount than the order owes.
    #[error("the charge is over {said} minor units, the order owes {owed}")]
    AnotherCharge {
        /// What was said.
        said: i64,
        /// What the order owes.
        owed: i64,
    },
    /// Below nothing, or more than was asked for; or not all of it, in a message.
    #[error("{said} minor units are said to be received of {asked}")]
    Received {
        /// What was said.
        said: i64,
        /// What was asked for.
        asked: i64,
    },
    /// It is paid, and nothing was received; or the other way round.
    #[error("{said} minor units are said to be received, which its state denies")]
    ReceivedAgainstState {
        /// What was said.
        said: i64,
    },
    /// Below nothing, or more than is there.
    #[error("{said} minor units are said to be refunded of {received}")]
    Refunded {
        /// What was said.
        said: i64,
        /// What was received, less what the customer's bank took back.
        received: i64,
    },
    /// The refund is over another amount than was decided.
    #[error("the refund is over {said} minor units, decided were {decided}")]
    AnotherRefund {
        /// What was said.
        said: i64,
        /// What was decided.
        decided: i64,
    },
    /// Below nothing, or more than was received.
    #[error("{said} minor units are said to be disputed of {received}")]
    Disputed {
        /// What was said.
        said: i64,
        /// What was received.
        received: i64,
    },
}

/// Judges whether a claim fits the books, so that it may be booked.
///
/// # Errors
/// The first [`Misfit`] in the order of its variants.
pub fn judge(books: &PaymentBooks<'_>, claim: &Claim) -> Result<(), Misfit> {
    judge_object(books, claim)?;
    let asked = books.asked.minor_units();
    if let Some(said) = minor(claim.asked)?
        && said != asked
    {
        return Err(Misfit::AnotherCharge { said, owed: asked });
    }
    let received = minor(claim.received)?;
    judge_received(asked, received, claim)?;
    // A message about a refund may come before the one about the payment.
    let received = books.received.map(Money::minor_units).or(received).unwrap_or(asked);
    let there = received.saturating_sub(books.lost.minor_units());
    if let Some(said) = minor(claim.refunded)?
        && !(0..=there).contains(&said)
    {
        return Err(Misfit::Refunded { said, received: there });
    }
    match (minor(claim.refund)?, books.refund.map(Money::minor_units)) {
        (Some(said), Some(decided)) if said != decided => {
            return Err(Misfit::AnotherRefund { said, decided });
        }
        (Some(said), None) if !(0..=there).contains(&said) => {
            return Err(Misfit::Refunded { said, received: there });
        }
        _ => {}
    }
    match minor(claim.disputed)? {
        Some(said) if !(0..=received).contains(&said) => Err(Misfit::Disputed { said, received }),
        _ => Ok(()),
    }
}

/// The sum of the refunds of one payment.
///
/// # Errors
/// [`Misfit::Malformed`] if one is below nothing or the sum is past 64 bits.
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
    let differ = |known: Option<&str>, said: &Option<String>| match (known, said.as_deref()) {
        (Some(known), Some(said)) => known != said,
        _ => false,
    };
    if differ(books.intent, &claim.intent) || differ(books.checkout, &claim.checkout) {
        return Err(Misfit::AnotherObject);
    }
    if claim.payment.as_ref().is_some_and(|named| *named != books.payment.to_string()) {
        return Err(Misfit::AnotherPayment);
    }
    match (books.currency, &claim.currency) {
        (Some(ours), Some(said)) if !said.eq_ignore_ascii_case(ours.code()) => {
            Err(Misfit::AnotherCurrency)
        }
        _ => Ok(()),
    }
}

fn judge_received(asked: i64, received: Option<i64>, claim: &Claim) -> Result<(), Misfit> {
    let Some(said) = received else { return Ok(()) };
    if !(0..=asked).contains(&said) {
        return Err(Misfit::Received { said, asked });
    }
    let is_paid = match claim.status {
        Some(PaymentStatus::Succeeded | PaymentStatus::Refunded) => true,
        Some(_) if said > 0 => return Err(Misfit::ReceivedAgainstState { said }),
        Some(_) | None => return Ok(()),
    };
    if is_paid && said == 0 && asked > 0 {
        return Err(Misfit::ReceivedAgainstState { said });
    }
    // Money in part is booked only if the gateway says so when it is asked.
    if claim.by == Speaker::Message && said != asked {
        return Err(Misfit::Received { said, asked });
    }
    Ok(())
}

fn minor(said: SaidAmount) -> Result<Option<i64>, Misfit> {
    match said {
        SaidAmount::Absent => Ok(None),
        SaidAmount::Minor(amount) => Ok(Some(amount)),
        SaidAmount::Malformed => Err(Misfit::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use SaidAmount::{Absent, Malformed, Minor};

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

    fn success(received: SaidAmount) -> Claim {
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
    fn what_is_received_is_at_most_what_was_asked_for() {
        for received in [Absent, Minor(1), Minor(999), Minor(1_000)] {
            assert_eq!(judge(&open(), &success(received)), Ok(()), "{received:?}");
        }
        for said in ABSURD.into_iter().chain([1_001]) {
            let expected = Err(Misfit::Received { said, asked: 1_000 });
            assert_eq!(judge(&open(), &success(Minor(said))), expected, "{said}");
            let pending = Claim { status: None, ..success(Minor(said)) };
            assert_eq!(judge(&open(), &pending), expected, "{said}");
        }
        assert_eq!(judge(&open(), &success(Malformed)), Err(Misfit::Malformed));
        let charge = |asked| judge(&open(), &Claim { asked, ..Claim::default() });
        assert_eq!(charge(Minor(1_000)), Ok(()));
        for said in ABSURD.into_iter().chain([0, 999]) {
            assert_eq!(charge(Minor(said)), Err(Misfit::AnotherCharge { said, owed: 1_000 }));
        }
    }

    #[test]
    fn a_message_must_speak_of_all_that_is_owed() {
        for said in [1, 999] {
            let claim = Claim { by: Speaker::Message, ..success(Minor(said)) };
            assert_eq!(judge(&open(), &claim), Err(Misfit::Received { said, asked: 1_000 }));
        }
        let whole = Claim { by: Speaker::Message, ..success(Minor(1_000)) };
        assert_eq!(judge(&open(), &whole), Ok(()));
    }

    #[test]
    fn money_and_state_agree() {
        let nothing = Err(Misfit::ReceivedAgainstState { said: 0 });
        assert_eq!(judge(&open(), &success(Minor(0))), nothing);
        let free = PaymentBooks { asked: Money::ZERO, ..open() };
        assert_eq!(judge(&free, &success(Minor(0))), Ok(()));
        for status in [
            PaymentStatus::RequiresPaymentMethod,
            PaymentStatus::RequiresAction,
            PaymentStatus::Processing,
            PaymentStatus::Canceled,
        ] {
            let said = |said| Claim { status: Some(status), ..success(Minor(said)) };
            assert_eq!(judge(&open(), &said(0)), Ok(()));
            let expected = Err(Misfit::ReceivedAgainstState { said: 500 });
            assert_eq!(judge(&open(), &said(500)), expected, "{status:?}");
        }
    }

    #[test]
    fn what_went_back_is_at_most_what_was_received_and_not_lost() {
        let refunded = |refunded| Claim { refunded, ..Claim::default() };
        for said in [0, 1, 1_000] {
            assert_eq!(judge(&paid(), &refunded(Minor(said))), Ok(()), "{said}");
            assert_eq!(judge(&open(), &refunded(Minor(said))), Ok(()), "{said}");
        }
        for said in ABSURD.into_iter().chain([1_001]) {
            let expected = Err(Misfit::Refunded { said, received: 1_000 });
            assert_eq!(judge(&paid(), &refunded(Minor(said))), expected, "{said}");
            assert_eq!(judge(&open(), &refunded(Minor(said))), expected, "{said}");
            let one = Claim { refund: Minor(said), ..Claim::default() };
            assert_eq!(judge(&paid(), &one), expected, "{said}");
        }
        let disputed = PaymentBooks { lost: Money::from_minor_units(600), ..paid() };
        assert_eq!(judge(&disputed, &refunded(Minor(400))), Ok(()));
        let expected = Err(Misfit::Refunded { said: 401, received: 400 });
        assert_eq!(judge(&disputed, &refunded(Minor(401))), expected);
        let in_part = Claim { refunded: Minor(501), ..success(Minor(500)) };
        let expected = Err(Misfit::Refunded { said: 501, received: 500 });
        assert_eq!(judge(&open(), &in_part), expected);
        assert_eq!(judge(&paid(), &refunded(Malformed)), Err(Misfit::Malformed));
    }

    #[test]
    fn a_refund_of_ours_is_over_what_was_decided() {
        let decided = PaymentBooks { refund: Some(Money::from_minor_units(300)), ..paid() };
        let refund = |said| judge(&decided, &Claim { refund: Minor(said), ..Claim::default() });
        assert_eq!(refund(300), Ok(()));
        for said in ABSURD.into_iter().chain([0, 299, 301]) {
            assert_eq!(refund(said), Err(Misfit::AnotherRefund { said, decided: 300 }));
        }
    }

    #[test]
    fn no_more_is_disputed_than_was_received() {
        let dispute = |said| judge(&paid(), &Claim { disputed: Minor(said), ..Claim::default() });
        for said in [0, 1, 1_000] {
            assert_eq!(dispute(said), Ok(()), "{said}");
        }
        for said in ABSURD.into_iter().chain([1_001]) {
            assert_eq!(dispute(said), Err(Misfit::Disputed { said, received: 1_000 }), "{said}");
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
