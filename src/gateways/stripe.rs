//! Stripe as the shop's payment gateway: translates the gateway's contract into Stripe's API.

use souk_actors::gateway::{
    self, Answering, Attempt, Charge, CheckoutPages, CheckoutStatus, Decline, Gateway,
    GatewayCheckout, GatewayError, GatewayIntent, GatewayRefund, RefundRequest, RefundStatus,
};
use souk_actors::{Shop, clock};
use souk_domain::{Currency, Misfit, Money, PaymentStatus, sum_of_refunds};
use souk_stripe::{
    CallError, Cause, Checkout, CheckoutState, Confirmation, Intent, IntentState, Invalid, Pages,
    Purchase, Refund, RefundState, SetUpError, Stripe, StripeSettings,
};
use std::sync::Arc;
use std::time::SystemTime;

/// The shop with its gateway: Stripe if there are settings for it, else the sandbox.
///
/// # Errors
/// [`SetUpError`].
pub(crate) fn with_gateway(shop: Shop, stripe: Option<StripeSettings>) -> Result<Shop, SetUpError> {
    let Some(settings) = stripe else { return Ok(shop) };
    let currency = shop.settings.currency;
    let stripe = Stripe::new(settings)?;
    Ok(shop.with_gateway(Arc::new(StripeGateway { stripe, currency })))
}

/// What a test call to Stripe showed.
pub(crate) struct StripeReport {
    /// Whether Stripe answers and accepts the key; else a sentence about the failure.
    pub(crate) key: Result<(), String>,
    /// How many seconds our clock is ahead of Stripe's; negative if ours is behind. `None` if no answer
    /// had a `Date`.
    pub(crate) clock_ahead_seconds: Option<i64>,
}

/// Asks Stripe for an intent that does not exist.
pub(crate) async fn examine_stripe(settings: StripeSettings, currency: Currency) -> StripeReport {
    const NOBODYS_INTENT: &str = "pi_souk_doctor";
    let stripe = match Stripe::new(settings) {
        Ok(stripe) => stripe,
        Err(error) => {
            return StripeReport { key: Err(error.to_string()), clock_ahead_seconds: None };
        }
    };
    let key = match stripe.retrieve_intent(NOBODYS_INTENT, currency).await {
        Ok(_) | Err(CallError::NotFound | CallError::Invalid(_)) => Ok(()),
        Err(error) => Err(error.to_string()),
    };
    let seconds = |time: SystemTime| {
        let since = time.duration_since(SystemTime::UNIX_EPOCH).ok()?;
        i64::try_from(since.as_secs()).ok()
    };
    let theirs = stripe.last_date().and_then(seconds);
    let clock_ahead_seconds = theirs.map(|theirs| clock::now().get().div_euclid(1000) - theirs);
    StripeReport { key, clock_ahead_seconds }
}

/// The shop's account at Stripe.
struct StripeGateway {
    stripe: Stripe,
    currency: Currency,
}

impl StripeGateway {
    /// The intent with its refunds, which Stripe reports separately.
    async fn shown(&self, intent: Intent) -> Result<GatewayIntent, GatewayError> {
        let mut amount_refunded = Money::ZERO;
        if intent.state == IntentState::Succeeded {
            let refunds = self.stripe.refunds_of(&intent.id, self.currency).await;
            let refunds = refunds.map_err(|error| gateway_error(error, "refund"))?;
            let total = total_of(&intent, &refunds);
            amount_refunded = total.map_err(|why| misfit(&intent.id, why))?;
        }
        Ok(gateway_intent(intent, amount_refunded))
    }

    async fn current(&self, id: &str) -> Result<GatewayIntent, GatewayError> {
        let intent = self.stripe.retrieve_intent(id, self.currency).await;
        let intent = intent.map_err(|error| gateway_error(error, INTENT))?;
        if intent.id != id {
            // The shop may not know yet which intent belongs to a page, so it could not match this one.
            return Err(misfit(id, Misfit::AnotherObject));
        }
        self.shown(intent).await
    }

    async fn current_checkout(&self, id: &str) -> Result<GatewayCheckout, GatewayError> {
        let checkout = self.stripe.retrieve_checkout(id, self.currency).await;
        self.shown_checkout(checkout.map_err(|error| gateway_error(error, CHECKOUT))?).await
    }

    async fn shown_checkout(&self, checkout: Checkout) -> Result<GatewayCheckout, GatewayError> {
        let intent = match &checkout.intent {
            Some(intent) => Some(self.current(intent).await?),
            None => None,
        };
        let status = match checkout.state {
            CheckoutState::Open => CheckoutStatus::Open,
            CheckoutState::Paid | CheckoutState::Processing => CheckoutStatus::Complete,
            CheckoutState::Expired => CheckoutStatus::Expired,
        };
        let Checkout { id, url, amount, currency, payment, .. } = checkout;
        Ok(GatewayCheckout { id, url, status, amount, intent, currency, payment })
    }
}

/// Stripe's name for an object that it may not find.
const INTENT: &str = "payment_intent";
const CHECKOUT: &str = "checkout.session";

impl Gateway for StripeGateway {
    fn name(&self) -> &'static str {
        "stripe"
    }

    fn is_sandbox(&self) -> bool {
        false
    }

    fn pays_without_card(&self) -> Option<&'static str> {
        None
    }

    fn create_intent<'a>(&'a self, key: &'a str, charge: Charge) -> Answering<'a, GatewayIntent> {
        Box::pin(async move {
            let purchase = purchase(&charge);
            let made = match self.stripe.create_intent(key, &purchase).await {
                // Nobody knows this intent's secret, so nobody can pay it: a second one is harmless.
                Err(CallError::OutcomeUnknown { cause: Cause::ServerFailed }) => {
                    self.stripe.create_intent(&fresh_key(key), &purchase).await
                }
                made => made,
            };
            let intent = made.map_err(|error| gateway_error(error, INTENT))?;
            Ok(gateway_intent(intent, Money::ZERO))
        })
    }

    fn confirm<'a>(
        &'a self,
        key: &'a str,
        intent: &'a str,
        payment_method: &'a str,
    ) -> Answering<'a, Attempt> {
        Box::pin(async move {
            let confirming = self.stripe.confirm_intent(key, intent, payment_method, self.currency);
            match confirming.await {
                Ok(Confirmation::Answered(intent)) => {
                    Ok(Attempt::Answered(gateway_intent(intent, Money::ZERO)))
                }
                Ok(Confirmation::Declined(decline)) => {
                    let decline = gateway_decline(decline);
                    Ok(Attempt::Declined { intent: self.current(intent).await?, decline })
                }
                Err(CallError::WrongState) => Ok(Attempt::Answered(self.current(intent).await?)),
                Err(error) => Err(gateway_error(error, INTENT)),
            }
        })
    }

    fn retrieve<'a>(&'a self, intent: &'a str) -> Answering<'a, GatewayIntent> {
        Box::pin(self.current(intent))
    }

    fn cancel<'a>(&'a self, key: &'a str, intent: &'a str) -> Answering<'a, GatewayIntent> {
        Box::pin(async move {
            match self.stripe.cancel_intent(key, intent, self.currency).await {
                Ok(intent) => self.shown(intent).await,
                Err(CallError::WrongState) => self.current(intent).await,
                Err(error) => Err(gateway_error(error, INTENT)),
            }
        })
    }

    fn refund<'a>(&'a self, key: &'a str, request: RefundRequest) -> Answering<'a, GatewayRefund> {
        Box::pin(async move {
            let RefundRequest { intent, amount, reason } = request;
            let reason = reason.as_deref();
            let refunding =
                self.stripe.refund(key, &intent, Some(amount), self.currency, reason).await;
            match refunding {
                Ok(refund) => Ok(gateway_refund(refund)),
                // Stripe may repeat its failure as the answer to this key, so the refunds it made are
                // read instead.
                Err(unknown @ CallError::OutcomeUnknown { .. }) => {
                    let made = self.stripe.refunds_of(&intent, self.currency).await;
                    let made = made.map_err(|error| gateway_error(error, INTENT))?;
                    let ours = made.into_iter().find(|made| made.key.as_deref() == Some(key));
                    ours.map(gateway_refund).ok_or_else(|| refund_error(unknown))
                }
                Err(error) => Err(refund_error(error)),
            }
        })
    }

    fn refunds<'a>(&'a self, intent: &'a str) -> Answering<'a, Vec<GatewayRefund>> {
        Box::pin(async move {
            let refunds = self.stripe.refunds_of(intent, self.currency).await;
            let refunds = refunds.map_err(|error| gateway_error(error, INTENT))?;
            Ok(refunds.into_iter().map(gateway_refund).collect())
        })
    }

    fn open_checkout<'a>(
        &'a self,
        key: &'a str,
        charge: Charge,
        pages: CheckoutPages,
    ) -> Answering<'a, GatewayCheckout> {
        Box::pin(async move {
            let pages = Pages { success: pages.success, cancel: pages.cancel };
            let purchase = purchase(&charge);
            let opened = match self.stripe.open_checkout(key, &purchase, &pages).await {
                // As with an intent: nobody knows the address of this page, so nobody can pay there.
                Err(CallError::OutcomeUnknown { cause: Cause::ServerFailed }) => {
                    self.stripe.open_checkout(&fresh_key(key), &purchase, &pages).await
                }
                opened => opened,
            };
            self.shown_checkout(opened.map_err(|error| gateway_error(error, CHECKOUT))?).await
        })
    }

    fn checkout<'a>(&'a self, id: &'a str) -> Answering<'a, GatewayCheckout> {
        Box::pin(self.current_checkout(id))
    }

    fn expire_checkout<'a>(&'a self, key: &'a str, id: &'a str) -> Answering<'a, GatewayCheckout> {
        Box::pin(async move {
            match self.stripe.expire_checkout(key, id, self.currency).await {
                Ok(checkout) => self.shown_checkout(checkout).await,
                // The session is complete or expired; Stripe has no code for that.
                Err(CallError::Invalid(_) | CallError::WrongState) => {
                    self.current_checkout(id).await
                }
                Err(error) => Err(gateway_error(error, CHECKOUT)),
            }
        })
    }
}

/// Another idempotency key for the same step, a new one each minute. For a day Stripe repeats the
/// answer it gave to a key, even a failure of its own. Only for steps that are harmless to repeat.
fn fresh_key(key: &str) -> String {
    format!("{key}-again-{}", clock::now().seconds() / 60)
}

fn purchase(charge: &Charge) -> Purchase {
    Purchase {
        amount: charge.amount,
        currency: charge.currency,
        title: format!("Order {}", charge.order_number),
        about: vec![
            ("souk_store", charge.store_id.clone()),
            ("souk_order", charge.order.to_string()),
            ("souk_order_number", charge.order_number.clone()),
            ("souk_payment", charge.payment.to_string()),
        ],
    }
}

/// Raises the alarm about an answer that does not match the request.
fn misfit(asked: &str, why: Misfit) -> GatewayError {
    gateway::alarm(format_args!("an answer about {asked}"), why);
    GatewayError::Misfit(why)
}

/// The refunded total of an intent. A refund of another intent or in another currency makes the list
/// invalid.
fn total_of(intent: &Intent, refunds: &[Refund]) -> Result<Money, Misfit> {
    for refund in refunds {
        if refund.intent.as_ref().is_some_and(|of| *of != intent.id) {
            return Err(Misfit::AnotherObject);
        }
        if refund.currency != intent.currency {
            return Err(Misfit::AnotherCurrency);
        }
    }
    let counting = refunds.iter().filter(|refund| refund.state.counts());
    sum_of_refunds(counting.map(|refund| refund.amount))
}

fn gateway_intent(intent: Intent, amount_refunded: Money) -> GatewayIntent {
    let is_refunded = intent.state == IntentState::Succeeded
        && amount_refunded > Money::ZERO
        && amount_refunded >= intent.amount_received;
    let status = match intent.state {
        _ if is_refunded => PaymentStatus::Refunded,
        IntentState::RequiresPaymentMethod | IntentState::RequiresConfirmation => {
            PaymentStatus::RequiresPaymentMethod
        }
        IntentState::RequiresAction => PaymentStatus::RequiresAction,
        // The shop never asks Stripe to hold money for later capture; an operator must look at it.
        IntentState::Processing | IntentState::RequiresCapture => PaymentStatus::Processing,
        IntentState::Succeeded => PaymentStatus::Succeeded,
        IntentState::Canceled => PaymentStatus::Canceled,
    };
    GatewayIntent {
        id: intent.id,
        client_secret: intent.client_secret,
        amount: intent.amount,
        amount_received: intent.amount_received,
        amount_refunded,
        status,
        last_decline: intent.last_decline.map(gateway_decline),
        currency: intent.currency,
        payment: intent.payment,
    }
}

fn gateway_decline(decline: souk_stripe::Decline) -> Decline {
    Decline { charge: decline.charge, reason: decline.reason }
}

fn gateway_refund(refund: Refund) -> GatewayRefund {
    let status = match refund.state {
        RefundState::Pending => RefundStatus::Pending,
        RefundState::Succeeded => RefundStatus::Succeeded,
        RefundState::Failed | RefundState::Canceled => RefundStatus::Failed,
    };
    let Refund { id, amount, key, intent, currency, .. } = refund;
    GatewayRefund { id, amount, status, key, intent, currency: Some(currency) }
}

fn refund_error(error: CallError) -> GatewayError {
    match error {
        CallError::WrongState => GatewayError::RefundTooLarge,
        CallError::Invalid(Invalid { parameter: Some(parameter), .. }) if parameter == "amount" => {
            GatewayError::RefundTooLarge
        }
        // Stripe reports an unknown intent with a code in the body.
        CallError::Invalid(Invalid { code: Some(code), .. }) if code == "resource_missing" => {
            GatewayError::NoSuch { what: INTENT }
        }
        error => gateway_error(error, "refund"),
    }
}

fn gateway_error(error: CallError, what: &'static str) -> GatewayError {
    let not_served =
        |code: &str| GatewayError::Invalid { code: code.to_owned(), message: error.to_string() };
    match error {
        CallError::NotFound => GatewayError::NoSuch { what },
        CallError::Invalid(Invalid { parameter: Some(parameter), .. })
            if parameter == "payment_method" =>
        {
            GatewayError::UnknownPaymentMethod
        }
        CallError::Invalid(Invalid { message, .. }) => refused(message),
        CallError::Declined(decline) => refused(decline.reason),
        CallError::WrongState => refused(error.to_string()),
        CallError::KeyReused => not_served("idempotency_error"),
        CallError::NotAllowed => not_served("not_allowed"),
        CallError::Unavailable { .. } => GatewayError::Unavailable { why: error.to_string() },
        CallError::OutcomeUnknown { .. } => GatewayError::OutcomeUnknown { why: error.to_string() },
    }
}

/// The gateway rejects the request permanently; `reason` is its own text.
fn refused(reason: String) -> GatewayError {
    let reason = match reason.is_empty() {
        true => "The payment gateway does not accept this payment.".to_owned(),
        false => reason,
    };
    GatewayError::Refused { reason }
}
