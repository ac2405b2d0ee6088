//! Checkout Sessions: pages of Stripe's where an order is paid
//! (<https://docs.stripe.com/api/checkout/sessions>).

use crate::client::Stripe;
use crate::error::CallError;
use crate::objects::{
    PAYMENT_ENTRY, Purchase, UNREADABLE, code, entry, require_id, shop_amount, stripe_amount,
    stripe_currency,
};
use souk_domain::{Currency, Money};
use stripe_checkout::checkout_session::{
    CreateCheckoutSession, CreateCheckoutSessionLineItems, CreateCheckoutSessionLineItemsPriceData,
    CreateCheckoutSessionPaymentIntentData, ExpireCheckoutSession, ProductData,
    RetrieveCheckoutSession,
};
use stripe_shared::{
    CheckoutSession, CheckoutSessionMode, CheckoutSessionPaymentStatus, CheckoutSessionStatus,
};

/// Where the customer goes from such a page; `{CHECKOUT_SESSION_ID}` stands for the session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pages {
    /// After paying.
    pub success: String,
    /// After giving up.
    pub cancel: String,
}

/// A Checkout Session, as far as the shop cares.
#[derive(Clone, PartialEq, Eq)]
pub struct Checkout {
    /// `cs_…`.
    pub id: String,
    /// The page; `None` when nothing is to be paid there any more. Whoever has it can pay, so it is
    /// not printed.
    pub url: Option<String>,
    /// The intent behind it; Stripe makes it when the customer begins to pay.
    pub intent: Option<String>,
    /// How much.
    pub amount: Money,
    /// Where it stands.
    pub state: CheckoutState,
    /// Code of its currency in small letters.
    pub currency: Option<String>,
    /// The payment of the shop it was made for, by its metadata.
    pub payment: Option<String>,
}

impl std::fmt::Debug for Checkout {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = formatter.debug_struct("Checkout");
        shown.field("id", &self.id).field("intent", &self.intent).field("state", &self.state);
        shown.finish_non_exhaustive()
    }
}

/// Where a Checkout Session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckoutState {
    /// It can be paid.
    Open,
    /// It is paid.
    Paid,
    /// The customer did what there is to do, and the bank is at it.
    Processing,
    /// It can be paid no more.
    Expired,
}

impl Stripe {
    /// Makes a page where an order can be paid.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn open_checkout(
        &self,
        key: &str,
        purchase: &Purchase,
        pages: &Pages,
    ) -> Result<Checkout, CallError> {
        let currency = purchase.currency;
        let mut price = CreateCheckoutSessionLineItemsPriceData::new(stripe_currency(currency)?);
        price.unit_amount = Some(stripe_amount(purchase.amount, currency));
        price.product_data = Some(ProductData::new(purchase.title.clone()));
        let mut line = CreateCheckoutSessionLineItems::new();
        line.price_data = Some(price);
        line.quantity = Some(1);
        // So that a payment can be traced to its order from either end.
        let mut intent = CreateCheckoutSessionPaymentIntentData::new();
        intent.description = Some(purchase.title.clone());
        intent.metadata = Some(purchase.metadata());
        let request = CreateCheckoutSession::new()
            .mode(CheckoutSessionMode::Payment)
            .line_items(vec![line])
            .metadata(purchase.metadata())
            .payment_intent_data(intent)
            .success_url(pages.success.clone())
            .cancel_url(pages.cancel.clone());
        read(self.change(&request, key).await?, currency)
    }

    /// Asks how a Checkout Session stands.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn retrieve_checkout(
        &self,
        id: &str,
        currency: Currency,
    ) -> Result<Checkout, CallError> {
        let request = RetrieveCheckoutSession::new(require_id(id)?);
        read(self.ask(&request).await?, currency)
    }

    /// Closes a page, so that it can be paid no more.
    ///
    /// # Errors
    /// [`CallError`]; [`CallError::Invalid`] if it is paid or closed: ask how it stands.
    pub async fn expire_checkout(
        &self,
        key: &str,
        id: &str,
        currency: Currency,
    ) -> Result<Checkout, CallError> {
        let request = ExpireCheckoutSession::new(require_id(id)?);
        read(self.change(&request, key).await?, currency)
    }
}

fn read(session: CheckoutSession, currency: Currency) -> Result<Checkout, CallError> {
    let state = match (&session.status, &session.payment_status) {
        (_, CheckoutSessionPaymentStatus::Paid) => CheckoutState::Paid,
        (Some(CheckoutSessionStatus::Open), _) => CheckoutState::Open,
        (Some(CheckoutSessionStatus::Expired), _) => CheckoutState::Expired,
        (Some(CheckoutSessionStatus::Complete), CheckoutSessionPaymentStatus::Unpaid) => {
            CheckoutState::Processing
        }
        _ => return Err(UNREADABLE),
    };
    Ok(Checkout {
        id: session.id.as_str().to_owned(),
        url: session.url,
        intent: session.payment_intent.map(|intent| intent.id().as_str().to_owned()),
        amount: shop_amount(session.amount_total.ok_or(UNREADABLE)?, currency)?,
        state,
        currency: session.currency.as_ref().map(code),
        payment: entry(session.metadata.as_ref(), PAYMENT_ENTRY),
    })
}
