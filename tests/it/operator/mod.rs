//! Operating the shop: commands, settings, backups, readiness.

mod administrators;
mod backup;
mod commandline;
mod crm;
mod data_directory;
mod doctor;
mod environment;
mod housekeeping;
mod metrics;
mod old_stores;
mod readiness;
mod settings;
