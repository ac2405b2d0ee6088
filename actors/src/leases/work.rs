//! The kinds of work that run under a lease.

/// Work that runs in one process at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LeasedWork {
    /// Publishing the outbox to the broker.
    Relay,
    /// Sending the outbox's mails, where no broker is configured.
    Mails,
    /// Deleting old rows of the outbox.
    OutboxPruning,
    /// Delivering events to webhook endpoints.
    Webhooks,
    /// Delivering completed orders to the CRM.
    Crm,
    /// Expiring orders, making refunds, resolving payments in doubt, announcing orders, deleting
    /// old rows.
    Housekeeping,
    /// Delivering the sandbox gateway's messages.
    SandboxMessages,
    /// Filling an empty shop with the demonstration.
    Demo,
}

impl LeasedWork {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::Relay,
        Self::Mails,
        Self::OutboxPruning,
        Self::Webhooks,
        Self::Crm,
        Self::Housekeeping,
        Self::SandboxMessages,
        Self::Demo,
    ];

    /// The key of its row, and its name in logs and metrics. It never changes.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Relay => "relay",
            Self::Mails => "mails",
            Self::OutboxPruning => "outbox_pruning",
            Self::Webhooks => "webhooks",
            Self::Crm => "crm",
            Self::Housekeeping => "housekeeping",
            Self::SandboxMessages => "sandbox_messages",
            Self::Demo => "demo",
        }
    }
}
