//! Rows of payments and of the ledger, for the fixtures.

use super::ledger::{Account, Balance, LedgerEntry, Movement, Posting};
use super::payment::{Dispute, DisputeStatus, Doubt, Intent, Payment, PaymentFlow};
use super::refund::{Refund, RefundState, RefundedBy};
use super::stored::{
    BALANCES, BY_CHECKOUT, BY_INTENT, BY_ORDER, ENTRIES, ENTRIES_OF_ORDER, IN_DOUBT, OF_ORDER,
    OPEN, PAYMENTS, RECEIVED, RECEIVED_BY_TIME, REFUNDS, REFUNDS_DUE, TO_CLOSE,
};
use crate::fixtures::{Example, TIME, id, text};
use crate::gateway::CheckoutPages;
use souk_domain::{Money, OrderId, PaymentId, PaymentStatus, UnixMillis, UserId};

pub(crate) fn rows() -> Vec<Example> {
    let (payment, order) = (id(PaymentId::new, 300), id(OrderId::new, 200));
    let mut rows = vec![
        Example::of(BY_ORDER, "the payment of an order", &order, &payment),
        Example::of(OF_ORDER, "a payment of an order", &(order, payment), &()),
        Example::of(BY_INTENT, "a payment", &text("pi_1"), &payment),
        Example::of(BY_CHECKOUT, "a payment", &text("cs_1"), &payment),
        Example::of(OPEN, "a payment", &payment, &()),
        Example::of(TO_CLOSE, "a payment", &payment, &()),
        Example::of(IN_DOUBT, "the second try", &payment, &Doubt { attempt: 2, since: TIME }),
        Example::of(REFUNDS_DUE, "a refund of a payment", &(payment, 2), &()),
        Example::of(RECEIVED, "a message", &text("evt_1"), &()),
        Example::of(RECEIVED_BY_TIME, "when it was heard", &(TIME, text("evt_1")), &()),
        Example::of(ENTRIES_OF_ORDER, "an entry of an order", &(order, 300), &()),
        Example::of(BALANCES, "nothing", &1, &Balance(0)),
        Example::of(BALANCES, "what was earned", &3, &Balance(-123_456)),
    ];
    rows.extend(payments());
    rows.extend(refunds());
    rows.extend(entries());
    rows
}

fn payments() -> Vec<Example> {
    const STATUSES: [PaymentStatus; 6] = [
        PaymentStatus::RequiresPaymentMethod,
        PaymentStatus::RequiresAction,
        PaymentStatus::Processing,
        PaymentStatus::Succeeded,
        PaymentStatus::Canceled,
        PaymentStatus::Refunded,
    ];
    const DISPUTES: [Option<DisputeStatus>; 4] =
        [None, Some(DisputeStatus::Open), Some(DisputeStatus::Won), Some(DisputeStatus::Lost)];
    let row = |number: u64, (status, counts_as): (PaymentStatus, Account)| {
        let dispute = DISPUTES[usize::try_from(number).expect("a number") % DISPUTES.len()];
        let payment = Payment { status, counts_as, ..payment(dispute) };
        let what = format!("paid with an intent, {}", status.word());
        Example::of(PAYMENTS, &what, &id(PaymentId::new, number), &payment)
    };
    let at_a_page = Payment {
        flow: PaymentFlow::Checkout(CheckoutPages {
            shop: text("https://shop.example"),
            success: text("https://shop.example/thanks?session={CHECKOUT_SESSION_ID}"),
            cancel: text("https://shop.example/cart"),
        }),
        intent: None,
        checkout: Some(text("cs_1")),
        last_declined_charge: None,
        pays_at_finalize: false,
        ..payment(None)
    };
    let mut rows: Vec<Example> =
        (1..).zip(STATUSES.into_iter().zip(Account::ALL)).map(|(n, it)| row(n, it)).collect();
    rows.push(Example::of(PAYMENTS, "paid at a page", &id(PaymentId::new, 300), &at_a_page));
    rows
}

fn payment(dispute: Option<DisputeStatus>) -> Payment {
    let money = Money::from_minor_units;
    let dispute = dispute.map(|status| Dispute {
        id: text("dp_1"),
        amount: money(500),
        reason: text("fraudulent"),
        status,
    });
    Payment {
        order: id(OrderId::new, 200),
        amount: money(2_001),
        status: PaymentStatus::Processing,
        flow: PaymentFlow::Intent,
        intent: Some(Intent { id: text("pi_1"), client_secret: text("pi_1_secret") }),
        checkout: None,
        pays_at_finalize: true,
        received: money(2_002),
        refunded: money(300),
        refunding: money(200),
        lost: money(100),
        counts_as: Account::Gateway,
        owed_back: money(50),
        attempts: 129,
        last_declined_charge: Some(text("ch_1")),
        dispute,
        created_at: TIME,
        updated_at: UnixMillis::new(TIME.get() + 1),
        version: 300,
    }
}

fn refunds() -> Vec<Example> {
    let refund = |by, state, gateway_id| Refund {
        amount: Money::from_minor_units(300),
        reason: text("broken"),
        by,
        state,
        gateway_id,
        created_at: TIME,
        updated_at: UnixMillis::new(TIME.get() + 1),
    };
    let by_administrator = RefundedBy::Administrator(id(UserId::new, 200));
    let row = |number, what, refund| {
        Example::of(REFUNDS, what, &(id(PaymentId::new, 300), number), &refund)
    };
    vec![
        row(1, "by the shop, due", refund(RefundedBy::Shop, RefundState::Due, None)),
        row(2, "by an administrator, made", {
            refund(by_administrator, RefundState::Made, Some(text("re_1")))
        }),
        row(3, "by the gateway, failed", {
            refund(RefundedBy::Gateway, RefundState::Failed, Some(text("re_2")))
        }),
    ]
}

fn entries() -> Vec<Example> {
    const MOVEMENTS: [Movement; 6] = [
        Movement::Charged,
        Movement::Sold,
        Movement::Refunded,
        Movement::RefundFailed,
        Movement::Deleted,
        Movement::DisputeLost,
    ];
    let accounts = Account::ALL.into_iter().zip(Account::ALL.into_iter().rev());
    let row = |(number, (movement, (to, from)))| {
        let entry = LedgerEntry {
            time: TIME,
            order: id(OrderId::new, 200),
            payment: id(PaymentId::new, 300),
            movement,
            postings: [
                Posting { account: to, amount: 2_001 },
                Posting { account: from, amount: -2_001 },
            ],
        };
        let what = format!("{movement:?}, from {from:?} to {to:?}");
        Example::of(ENTRIES, &what, &number, &entry)
    };
    (1..).zip(MOVEMENTS.into_iter().zip(accounts)).map(row).collect()
}
