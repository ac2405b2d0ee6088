//! A dead letter as a file, where there is no broker.

use crate::adapters::AdapterSettings;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// A dead letter as it lies in a file.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct LetterFile {
    /// What it came on.
    pub(super) subject: String,
    /// Why it was given up.
    pub(super) reason: String,
    /// How often it was tried.
    pub(super) tries: u32,
    /// The notification as it was.
    pub(super) body: String,
}

/// Where dead letters are kept without a broker.
pub(in crate::adapters) fn folder(settings: &AdapterSettings) -> PathBuf {
    settings.data_dir.join("mail").join("dead")
}
