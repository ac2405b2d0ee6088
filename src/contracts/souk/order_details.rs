//! What only the answer about one order shows: its payments and refunds.

use super::wire::AdminOrderBody;
use crate::edge::values::{Moment, PaymentState};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use souk_actors::payments::{NumberedRefund, Payment, PaymentFlow, RefundedBy};
use souk_domain::PaymentId;

/// An order with its payments and refunds.
#[derive(JsonSchema, Serialize)]
pub(super) struct AdminOrderDetail {
    #[serde(flatten)]
    order: AdminOrderBody,
    /// Oldest first.
    payments: Vec<OrderPaymentBody>,
    /// Oldest first.
    refunds: Vec<OrderRefundBody>,
}

/// A payment of an order. Amounts are in minor units, in the currency of the order.
#[derive(JsonSchema, Serialize)]
struct OrderPaymentBody {
    #[schemars(range(min = 1))]
    id: u64,
    /// Increases with every change that is published as an event.
    version: u64,
    #[schemars(with = "PaymentState")]
    status: &'static str,
    /// How the customer pays: with a payment method, or at a page of the gateway.
    #[schemars(schema_with = "flow")]
    flow: &'static str,
    #[schemars(example = 1999)]
    amount: i64,
    /// What the gateway took.
    #[schemars(example = 1999)]
    received: i64,
    #[schemars(example = 0)]
    refunded: i64,
    #[schemars(with = "Moment")]
    created_at: String,
    #[schemars(with = "Moment")]
    updated_at: String,
}

/// A refund of a payment. The amount is in minor units, in the currency of the order.
#[derive(JsonSchema, Serialize)]
struct OrderRefundBody {
    #[schemars(range(min = 1))]
    id: u64,
    #[schemars(range(min = 1))]
    payment_id: u64,
    #[schemars(schema_with = "refund_state")]
    status: &'static str,
    #[schemars(example = 500)]
    amount: i64,
    /// May be empty.
    #[schemars(example = &"A scratch")]
    reason: String,
    /// Who decided it.
    #[schemars(schema_with = "decider")]
    decided_by: &'static str,
    #[schemars(with = "Moment")]
    created_at: String,
    #[schemars(with = "Moment")]
    updated_at: String,
}

fn flow(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "enum": ["intent", "checkout"]})
}

fn refund_state(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "enum": ["pending", "succeeded", "failed"]})
}

fn decider(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "enum": ["shop", "administrator", "gateway"]})
}

impl AdminOrderDetail {
    pub(super) fn new(
        order: AdminOrderBody,
        payments: Vec<(PaymentId, Payment)>,
        refunds: Vec<NumberedRefund>,
    ) -> Self {
        Self {
            order,
            payments: payments.into_iter().map(OrderPaymentBody::new).collect(),
            refunds: refunds.into_iter().map(OrderRefundBody::new).collect(),
        }
    }
}

impl OrderPaymentBody {
    fn new((id, payment): (PaymentId, Payment)) -> Self {
        Self {
            id: id.get(),
            version: payment.version,
            status: payment.status.word(),
            flow: match payment.flow {
                PaymentFlow::Intent => "intent",
                PaymentFlow::Checkout(_) => "checkout",
            },
            amount: payment.amount.minor_units(),
            received: payment.received.minor_units(),
            refunded: payment.refunded.minor_units(),
            created_at: payment.created_at.to_string(),
            updated_at: payment.updated_at.to_string(),
        }
    }
}

impl OrderRefundBody {
    fn new((payment, number, refund): NumberedRefund) -> Self {
        Self {
            id: number,
            payment_id: payment.get(),
            status: refund.state.word(),
            amount: refund.amount.minor_units(),
            reason: refund.reason,
            decided_by: match refund.by {
                RefundedBy::Shop => "shop",
                RefundedBy::Administrator(_) => "administrator",
                RefundedBy::Gateway => "gateway",
            },
            created_at: refund.created_at.to_string(),
            updated_at: refund.updated_at.to_string(),
        }
    }
}
