//! The states of a payment, as the gateway reports them.

/// The status of a payment. The names follow the gateway's intent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaymentStatus {
    /// No usable payment method yet; also the state after a decline.
    RequiresPaymentMethod,
    /// The customer must act (3-D Secure).
    RequiresAction,
    /// The gateway is processing.
    Processing,
    /// The money is taken.
    Succeeded,
    /// Canceled; this intent can never be paid.
    Canceled,
    /// The money was taken and completely refunded.
    Refunded,
}

impl PaymentStatus {
    /// True while it can still be paid at the gateway.
    #[must_use]
    pub fn is_open(self) -> bool {
        matches!(self, Self::RequiresPaymentMethod | Self::RequiresAction | Self::Processing)
    }

    /// The status's name in events and answers.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::RequiresPaymentMethod => "requires_payment_method",
            Self::RequiresAction => "requires_action",
            Self::Processing => "processing",
            Self::Succeeded => "succeeded",
            Self::Canceled => "canceled",
            Self::Refunded => "refunded",
        }
    }
}
