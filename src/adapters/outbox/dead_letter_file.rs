//! The file format of dead letters, used without a broker.

use crate::adapters::AdapterSettings;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// A dead letter's file content.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct DeadLetterFile {
    /// The subject the notification came on.
    pub(super) subject: String,
    /// Why it was given up.
    pub(super) reason: String,
    /// How often it was tried.
    pub(super) tries: u32,
    /// The notification's body.
    pub(super) body: String,
}

/// The directory of dead letters without a broker.
pub(in crate::adapters) fn folder(settings: &AdapterSettings) -> PathBuf {
    settings.data_dir.join("mail").join("dead")
}
