//! Checks of this machine.

use super::Finding;
use crate::control::{self, ControlRequest};
use crate::error_chain::chain;
use crate::settings::{JWT_SECRET_FILE, Settings};
use rustix::fs::{Access, access, statvfs};
use souk_actors::store::{OpenError, Store};
use souk_actors::{OpenShopError, clock};
use souk_domain::UnixMillis;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

/// With less free space than this, `souk doctor` warns.
const FREE_DISK_BYTES_GOOD: u64 = 1 << 30;
/// How far the clock may be off.
const CLOCK_SLACK: Duration = Duration::from_secs(5 * 60);
/// 2025-01-01T00:00:00Z: earlier than any release of this program.
const OLDEST_TIME: UnixMillis = UnixMillis::new(1_735_689_600_000);

/// Checks the data directory. Creates nothing: the first start does that.
pub(super) fn directory(settings: &Settings) -> Option<Finding> {
    let data = &settings.data;
    let shown = data.display();
    let there = nearest(data);
    let may = access(&there, Access::WRITE_OK | Access::EXEC_OK);
    match may {
        Ok(()) if data.is_dir() => None,
        Ok(()) => Some(Finding::warn(
            "data",
            format!("there is no shop in {shown} yet"),
            "`souk admin create` or `souk serve` makes one",
        )),
        Err(error) => Some(Finding::fail(
            "data",
            format!("{} cannot be written to: {error}", there.display()),
            "run souk as the user whose directory it is, or take another one with --data",
        )),
    }
}

/// Checks whether other users of this machine can read private files.
pub(super) fn file_modes(settings: &Settings) -> Vec<Finding> {
    let data = &settings.data;
    let files = [
        (data.clone(), 0o700),
        (data.join(Store::FILE_NAME), 0o600),
        (data.join(JWT_SECRET_FILE), 0o600),
    ];
    let open: Vec<_> =
        files.into_iter().filter_map(|(path, wanted)| opened(path, wanted)).collect();
    match open.is_empty() {
        true if data.is_dir() => vec![Finding::ok("modes", "only this user reads the data")],
        _ => open,
    }
}

fn opened(path: PathBuf, wanted: u32) -> Option<Finding> {
    let mode = fs::metadata(&path).ok()?.permissions().mode() & 0o777;
    let shown = path.display();
    (mode & 0o077 != 0).then(|| {
        Finding::warn(
            "modes",
            format!("{shown} has mode {mode:03o}: others on this machine may use it"),
            format!("chmod {wanted:o} {shown}"),
        )
    })
}

/// Checks the free space against the bound below which changes are refused.
pub(super) fn disk(settings: &Settings) -> Finding {
    let there = nearest(&settings.data);
    let least = settings.store_limits().min_free_disk_bytes;
    let free = match statvfs(&there) {
        Ok(disk) => disk.f_bavail.saturating_mul(disk.f_frsize),
        Err(error) => {
            let found = format!("the free space of {} is unknown: {error}", there.display());
            return Finding::warn("disk", found, "look with `df`");
        }
    };
    let found = format!("{} MiB free for {}", free >> 20, settings.data.display());
    if free < least {
        let advice = format!("free some: below {} MiB no change is taken", least >> 20);
        return Finding::fail("disk", found, advice);
    }
    if free < FREE_DISK_BYTES_GOOD {
        return Finding::warn("disk", found, "free some, or move the data to a larger disk");
    }
    Finding::ok("disk", found)
}

/// Opens the store, or asks the process that has it open.
pub(super) async fn store(settings: &Settings) -> Finding {
    let file = settings.data.join(Store::FILE_NAME);
    let shown = file.display();
    if !file.exists() {
        return Finding::ok("store", "none yet; the first start makes it");
    }
    match super::super::open_store(settings) {
        Ok(_) => Finding::ok("store", format!("{shown} opens; `souk check` proves what is in it")),
        Err(OpenShopError::Store(OpenError::InUse { .. })) => {
            match control::ask(&settings.data, &ControlRequest::Ping, |_| Ok(())) {
                Ok(answer) => Finding::ok("store", format!("{answer}, and answers")),
                Err(error) => Finding::warn(
                    "store",
                    chain(&error),
                    "copies, exports and `souk admin` work with the shop closed only",
                ),
            }
        }
        Err(error) => Finding::fail(
            "store",
            chain(&error),
            "run `souk check`; if it is damaged, restore a copy: souk restore FILE --force",
        ),
    }
}

/// Checks the clock: tokens, codes and signatures depend on it.
pub(super) fn clock(settings: &Settings) -> Finding {
    let now = clock::now();
    let advice = "set the clock, and keep it right with NTP";
    if now < OLDEST_TIME {
        return Finding::fail("clock", format!("it says {now}"), advice);
    }
    let written = fs::metadata(settings.data.join(Store::FILE_NAME))
        .and_then(|file| file.modified())
        .ok()
        .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
        .and_then(|since| i64::try_from(since.as_millis()).ok())
        .map(UnixMillis::new);
    match written.filter(|written| *written > now.after(CLOCK_SLACK)) {
        Some(written) => Finding::fail(
            "clock",
            format!("it says {now}, and the store was written to at {written}"),
            advice,
        ),
        None => Finding::ok("clock", format!("it says {now}")),
    }
}

/// Whether another clock shows that ours is behind.
pub(super) fn is_behind(other: UnixMillis) -> bool {
    other > clock::now().after(CLOCK_SLACK)
}

/// Reports which key signs tokens.
pub(super) fn token_key(settings: &Settings) -> Finding {
    let file = settings.data.join(JWT_SECRET_FILE);
    if settings.has_jwt_secret() {
        return Finding::ok("tokens", "signed with jwt_secret");
    }
    match fs::metadata(&file) {
        Ok(_) => Finding::ok("tokens", format!("signed with the key in {}", file.display())),
        Err(_) => Finding::ok("tokens", "no key yet; the first start makes it"),
    }
}

/// Reports where the links in mails lead, and whether customers can follow them.
pub(super) fn public_url(settings: &Settings) -> Finding {
    let is_local = settings.listen.is_loopback();
    match settings.public_url() {
        None if is_local => {
            let found =
                format!("links of mails lead to {}: this machine alone", settings.base_url());
            Finding::warn("public_url", found, "set public_url before others shop here")
        }
        None => {
            let found = format!("links of mails lead to {}", settings.base_url());
            Finding::fail("public_url", found, "set public_url to where customers find the shop")
        }
        Some(url) if url.starts_with("http://") && !is_this_machine(url) => {
            let found = format!("{url} is not encrypted: passwords can be read on the way");
            Finding::warn("public_url", found, "put a proxy with TLS in front, and write https://")
        }
        Some(url) => Finding::ok("public_url", url),
    }
}

fn is_this_machine(url: &str) -> bool {
    ["http://127.0.0.1", "http://localhost", "http://[::1]"].iter().any(|it| url.starts_with(it))
}

/// The path itself, or its nearest ancestor that exists.
fn nearest(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let there = path.ancestors().find(|path| path.exists());
    there.unwrap_or(&path).to_owned()
}
