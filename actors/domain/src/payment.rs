//! States of a payment, as the gateway tells them.

/// Where a payment stands. The names follow the gateway's intent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaymentStatus {
    /// No usable payment method yet; a decline leads back here.
    RequiresPaymentMethod,
    /// The customer must act (3-D Secure).
    RequiresAction,
    /// The gateway is at it.
    Processing,
    /// The money is taken.
    Succeeded,
    /// Given up; this intent can never be paid.
    Canceled,
    /// The money was taken and given back whole.
    Refunded,
}

impl PaymentStatus {
    /// True while the gateway may still take the money.
    #[must_use]
    pub fn is_open(self) -> bool {
        matches!(self, Self::RequiresPaymentMethod | Self::RequiresAction | Self::Processing)
    }

    /// The word for it in events and answers.
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
