//! Rows of the sandbox, for the fixtures.

use super::books::{SandboxCheckout, SandboxEventRow, SandboxIntent, SandboxRefund};
use super::stored::{BY_KEY, CHECKOUT_BY_KEY, CHECKOUTS, EVENTS, INTENTS};
use crate::fixtures::{Example, TIME, text};
use crate::gateway::{CheckoutPages, Decline};
use souk_domain::{Money, PaymentStatus};

pub(crate) fn rows() -> Vec<Example> {
    let checkout = |intent, is_expired| SandboxCheckout {
        amount: Money::from_minor_units(2_001),
        currency: text("usd"),
        pages: CheckoutPages {
            shop: text("https://shop.example"),
            success: text("https://shop.example/thanks"),
            cancel: text("https://shop.example/cart"),
        },
        intent,
        is_expired,
        created_at: TIME,
    };
    let event = SandboxEventRow { id: text("evt_1"), body: text("{\"id\":\"evt_1\"}") };
    let paid = checkout(Some(text("pi_1")), false);
    let mut rows = intents();
    rows.extend([
        Example::of(BY_KEY, "an intent", &text("payment-1"), &text("pi_1")),
        Example::of(CHECKOUTS, "paid", &text("cs_1"), &paid),
        Example::of(CHECKOUTS, "given up", &text("cs_2"), &checkout(None, true)),
        Example::of(CHECKOUT_BY_KEY, "a checkout", &text("payment-1"), &text("cs_1")),
        Example::of(EVENTS, "an event", &300, &event),
    ]);
    rows
}

fn intents() -> Vec<Example> {
    let decline = |charge| Decline { charge, reason: text("Your card was declined.") };
    let refund = SandboxRefund {
        id: text("re_1"),
        key: text("refund-1"),
        amount: Money::from_minor_units(300),
    };
    let row = |name: &str, status: PaymentStatus, last_decline, refunds| {
        let intent = SandboxIntent {
            amount: Money::from_minor_units(2_001),
            currency: text("usd"),
            client_secret: format!("{name}_secret"),
            status,
            last_attempt: (status != PaymentStatus::Canceled).then(|| text("attempt-1")),
            last_decline,
            refunds,
            created_at: TIME,
        };
        Example::of(INTENTS, status.word(), &text(name), &intent)
    };
    let declined = Some(decline(Some(text("ch_1"))));
    vec![
        row("pi_1", PaymentStatus::RequiresPaymentMethod, declined, Vec::new()),
        row("pi_2", PaymentStatus::RequiresAction, Some(decline(None)), Vec::new()),
        row("pi_3", PaymentStatus::Processing, None, Vec::new()),
        row("pi_4", PaymentStatus::Succeeded, None, vec![refund.clone()]),
        row("pi_5", PaymentStatus::Canceled, None, Vec::new()),
        row("pi_6", PaymentStatus::Refunded, None, vec![refund.clone(), refund]),
    ]
}
